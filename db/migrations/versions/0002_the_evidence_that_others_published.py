"""The evidence that others published: capabilities, publications, published intervals, and what a gap rests on."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "capability",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("nature", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("nature IN ('checkable', 'taste', 'mixed')", name=op.f("ck_capability_nature")),
        sa.CheckConstraint("place IN ('superhuman', 'high-human')", name=op.f("ck_capability_place")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_capability")),
    )
    op.create_table(
        "publication",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("citation", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication")),
    )
    op.add_column("benchmark", sa.Column("overlaps", sa.Text(), nullable=True))
    op.add_column("gap", sa.Column("basis", sa.Text(), nullable=True))
    op.create_index("ix_gap_benchmark_id", "gap", ["benchmark_id"])
    for name, kind in (("low", sa.Double()), ("high", sa.Double()), ("url", sa.Text())):
        op.add_column("metric", sa.Column(name, kind, nullable=True))
    op.create_index("ix_metric_benchmark_id", "metric", ["benchmark_id"])
    # Written out: Alembic would copy the whole table on SQLite, and forget its CHECKs on the way.
    op.execute(
        "ALTER TABLE run ADD COLUMN publication_id TEXT CONSTRAINT fk_run_publication_id REFERENCES publication (id)"
    )


def downgrade() -> None:
    checks = (
        sa.CheckConstraint("origin IN ('local', 'imported', 'published')", name=op.f("ck_run_origin")),
        sa.CheckConstraint("status IN ('complete', 'limited')", name=op.f("ck_run_status")),
    )
    with op.batch_alter_table("run", table_args=checks) as run:
        run.drop_column("publication_id")
    op.drop_index("ix_metric_benchmark_id", table_name="metric")
    for name in ("url", "high", "low"):
        op.drop_column("metric", name)
    op.drop_index("ix_gap_benchmark_id", table_name="gap")
    op.drop_column("gap", "basis")
    op.drop_column("benchmark", "overlaps")
    op.drop_table("publication")
    op.drop_table("capability")
