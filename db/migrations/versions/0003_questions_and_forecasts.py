"""What is asked and what was said of it: topics, questions, resolutions, forecasters, forecasts."""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('forecaster',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.CheckConstraint("kind IN ('market', 'person', 'tracker', 'backtest')", name=op.f('ck_forecaster_kind')),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_forecaster'))
    )
    op.create_table('topic',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('asks', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_topic'))
    )
    op.create_table('question',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('market', sa.Text(), nullable=True),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('url', sa.Text(), nullable=True),
    sa.Column('topic', sa.Text(), nullable=True),
    sa.Column('inverted', sa.Boolean(), nullable=False),
    sa.Column('rules', sa.Text(), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('opens_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closes_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('resolved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('resolution', sa.Double(), nullable=True),
    sa.Column('annulled', sa.Boolean(), nullable=False),
    sa.Column('scale', sa.Text(), nullable=True),
    sa.Column('volume', sa.Double(), nullable=True),
    sa.Column('volume_unit', sa.Text(), nullable=True),
    sa.Column('forecasters', sa.Integer(), nullable=True),
    sa.Column('tracked', sa.Boolean(), nullable=False),
    sa.Column('synced_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('sync', sa.Text(), nullable=True),
    sa.Column('raw', sa.Text(), nullable=True),
    sa.CheckConstraint("source IN ('manifold', 'polymarket', 'kalshi', 'metaculus', 'own')", name=op.f('ck_question_source')),
    sa.CheckConstraint('resolution >= 0 AND resolution <= 1', name=op.f('ck_question_resolution')),
    sa.ForeignKeyConstraint(['topic'], ['topic.id'], name=op.f('fk_question_topic')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_question'))
    )
    op.create_table('forecast',
    sa.Column('question_id', sa.Text(), nullable=False),
    sa.Column('forecaster', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('probability', sa.Double(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('citation', sa.Text(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_because', sa.Text(), nullable=True),
    sa.CheckConstraint('probability >= 0 AND probability <= 1', name=op.f('ck_forecast_probability')),
    sa.ForeignKeyConstraint(['forecaster'], ['forecaster.name'], name=op.f('fk_forecast_forecaster')),
    sa.ForeignKeyConstraint(['question_id'], ['question.id'], name=op.f('fk_forecast_question_id')),
    sa.PrimaryKeyConstraint('question_id', 'forecaster', 'at', 'position', name=op.f('pk_forecast')),
    sqlite_with_rowid=False
    )
    op.create_table('resolution',
    sa.Column('question_id', sa.Text(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('resolution', sa.Double(), nullable=True),
    sa.Column('annulled', sa.Boolean(), nullable=False),
    sa.Column('resolved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('because', sa.Text(), nullable=True),
    sa.CheckConstraint('resolution >= 0 AND resolution <= 1', name=op.f('ck_resolution_resolution')),
    sa.ForeignKeyConstraint(['question_id'], ['question.id'], name=op.f('fk_resolution_question_id')),
    sa.PrimaryKeyConstraint('question_id', 'recorded_at', name=op.f('pk_resolution'))
    )


def downgrade() -> None:
    op.drop_table('resolution')
    op.drop_table('forecast')
    op.drop_table('question')
    op.drop_table('topic')
    op.drop_table('forecaster')
