"""Dated estimates."""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('estimate',
    sa.Column('question_id', sa.Text(), nullable=False),
    sa.Column('rule_id', sa.Text(), nullable=False),
    sa.Column('as_of', sa.Date(), nullable=False),
    sa.Column('method', sa.Text(), nullable=False),
    sa.Column('backtest', sa.Boolean(), nullable=False),
    sa.Column('headline', sa.Boolean(), nullable=False),
    sa.Column('deadline', sa.Date(), nullable=False),
    sa.Column('verdict', sa.Text(), nullable=False),
    sa.Column('p_rule', sa.Double(), nullable=True),
    sa.Column('p_rule_stderr', sa.Double(), nullable=True),
    sa.Column('p_yes', sa.Double(), nullable=True),
    sa.Column('low', sa.Double(), nullable=True),
    sa.Column('high', sa.Double(), nullable=True),
    sa.Column('low_variant', sa.Text(), nullable=True),
    sa.Column('high_variant', sa.Text(), nullable=True),
    sa.Column('statistic', sa.Text(), nullable=False),
    sa.Column('drivers', sa.Text(), nullable=False),
    sa.Column('variants', sa.Text(), nullable=False),
    sa.Column('rule', sa.Text(), nullable=False),
    sa.Column('evidence_hash', sa.Text(), nullable=False),
    sa.Column('seed', sa.Integer(), nullable=False),
    sa.Column('code_version', sa.Text(), nullable=False),
    sa.Column('computed_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("verdict IN ('yes', 'no', 'too-little')", name=op.f('ck_estimate_verdict')),
    sa.CheckConstraint('high >= 0 AND high <= 1', name=op.f('ck_estimate_high')),
    sa.CheckConstraint('low >= 0 AND low <= 1', name=op.f('ck_estimate_low')),
    sa.CheckConstraint('p_rule >= 0 AND p_rule <= 1', name=op.f('ck_estimate_p_rule')),
    sa.CheckConstraint('p_yes >= 0 AND p_yes <= 1', name=op.f('ck_estimate_p_yes')),
    sa.ForeignKeyConstraint(['question_id'], ['question.id'], name=op.f('fk_estimate_question_id')),
    sa.PrimaryKeyConstraint('question_id', 'rule_id', 'as_of', 'method', 'backtest', 'evidence_hash', name=op.f('pk_estimate'))
    )


def downgrade() -> None:
    op.drop_table('estimate')
