"""Models, twins, benchmarks, runs with their metrics and samples, gaps, and job reports."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "benchmark",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=True),
        sa.Column("metric", sa.Text(), nullable=True),
        sa.Column("filter", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("chance", sa.Double(), nullable=True),
        sa.Column("ceiling", sa.Double(), nullable=True),
        sa.Column("human", sa.Double(), nullable=True),
        sa.Column("human_source", sa.Text(), nullable=True),
        sa.Column("capability", sa.Text(), nullable=True),
        sa.Column("grading", sa.Text(), nullable=True),
        sa.Column("log_likelihood", sa.Boolean(), nullable=False),
        sa.Column("demonstration", sa.Boolean(), nullable=False),
        sa.Column("catalogued", sa.Boolean(), nullable=False),
        sa.CheckConstraint("grading IN ('verifiable', 'proxy', 'judged', 'voted')", name=op.f("ck_benchmark_grading")),
        sa.CheckConstraint("unit IN ('fraction', 'rating', 'points')", name=op.f("ck_benchmark_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_benchmark")),
    )
    op.create_table(
        "job_report",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('running', 'done', 'failed', 'skipped', 'interrupted')", name=op.f("ck_job_report_outcome")
        ),
        sa.PrimaryKeyConstraint("job", "unit", "started_at", name=op.f("pk_job_report")),
    )
    op.create_table(
        "model",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("weights", sa.Text(), nullable=True),
        sa.Column("revision", sa.Text(), nullable=True),
        sa.Column("base", sa.Text(), nullable=True),
        sa.Column("lab", sa.Text(), nullable=True),
        sa.Column("released_on", sa.Date(), nullable=True),
        sa.Column("parameters", sa.BigInteger(), nullable=True),
        sa.Column("thinking_budget", sa.Integer(), nullable=True),
        sa.Column("demonstration", sa.Boolean(), nullable=False),
        sa.Column("catalogued", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('reasoning', 'conventional')", name=op.f("ck_model_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model")),
    )
    op.create_table(
        "sample",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("benchmark_id", sa.Text(), nullable=False),
        sa.Column("doc", sa.Integer(), nullable=False),
        sa.Column("doc_hash", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("output_tokens", sa.Integer(), nullable=True),
        sa.Column("truncated", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("run_id", "benchmark_id", "doc", name=op.f("pk_sample")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=True),
        sa.Column("task_version", sa.Text(), nullable=True),
        sa.Column("revision", sa.Text(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("settings_hash", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("harness_version", sa.Text(), nullable=True),
        sa.Column("device", sa.Text(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("output_tokens", sa.BigInteger(), nullable=True),
        sa.Column("truncated", sa.Integer(), nullable=True),
        sa.Column("folder", sa.Text(), nullable=True),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.CheckConstraint("origin IN ('local', 'imported', 'published')", name=op.f("ck_run_origin")),
        sa.CheckConstraint("status IN ('complete', 'limited')", name=op.f("ck_run_status")),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name=op.f("fk_run_model_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
    )
    op.create_index("ix_run_due", "run", ["model_id", "task", "settings_hash"], unique=False)

    op.create_table(
        "twin",
        sa.Column("reasoning_id", sa.Text(), nullable=False),
        sa.Column("conventional_id", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("inferred", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "relation IN ('same-weights', 'same-base', 'same-family', 'same-lab')", name=op.f("ck_twin_relation")
        ),
        sa.ForeignKeyConstraint(["conventional_id"], ["model.id"], name=op.f("fk_twin_conventional_id")),
        sa.ForeignKeyConstraint(["reasoning_id"], ["model.id"], name=op.f("fk_twin_reasoning_id")),
        sa.PrimaryKeyConstraint("reasoning_id", "conventional_id", name=op.f("pk_twin")),
    )
    op.create_table(
        "gap",
        sa.Column("reasoning_run_id", sa.Text(), nullable=False),
        sa.Column("conventional_run_id", sa.Text(), nullable=False),
        sa.Column("benchmark_id", sa.Text(), nullable=False),
        sa.Column("reasoning_id", sa.Text(), nullable=False),
        sa.Column("conventional_id", sa.Text(), nullable=False),
        sa.Column("reasoning_value", sa.Double(), nullable=False),
        sa.Column("conventional_value", sa.Double(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("stderr", sa.Double(), nullable=True),
        sa.Column("n", sa.Integer(), nullable=True),
        sa.Column("paired", sa.Boolean(), nullable=False),
        sa.Column("log_odds", sa.Double(), nullable=True),
        sa.Column("log_odds_stderr", sa.Double(), nullable=True),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["benchmark_id"], ["benchmark.id"], name=op.f("fk_gap_benchmark_id")),
        sa.ForeignKeyConstraint(["conventional_run_id"], ["run.id"], name=op.f("fk_gap_conventional_run_id")),
        sa.ForeignKeyConstraint(
            ["reasoning_id", "conventional_id"], ["twin.reasoning_id", "twin.conventional_id"], name="fk_gap_twin"
        ),
        sa.ForeignKeyConstraint(["reasoning_run_id"], ["run.id"], name=op.f("fk_gap_reasoning_run_id")),
        sa.PrimaryKeyConstraint("reasoning_run_id", "conventional_run_id", "benchmark_id", name=op.f("pk_gap")),
    )
    op.create_table(
        "metric",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("benchmark_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("filter", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("stderr", sa.Double(), nullable=True),
        sa.Column("n", sa.Integer(), nullable=True),
        sa.Column("task_version", sa.Text(), nullable=True),
        sa.Column("task_hash", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["benchmark_id"], ["benchmark.id"], name=op.f("fk_metric_benchmark_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_metric_run_id")),
        sa.PrimaryKeyConstraint("run_id", "benchmark_id", "name", "filter", name=op.f("pk_metric")),
    )


def downgrade() -> None:
    op.drop_table("metric")
    op.drop_table("gap")
    op.drop_table("twin")
    op.drop_index("ix_run_due", table_name="run")

    op.drop_table("run")
    op.drop_table("sample")
    op.drop_table("model")
    op.drop_table("job_report")
    op.drop_table("benchmark")
