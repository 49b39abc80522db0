"""What this program itself says of a question: dated estimates, kept as they were made."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from db.columns import JsonText
from db.forecast_tables import probability
from db.tables import Base, one_of

VERDICTS = ("yes", "no", "too-little")


class Estimate(Base):
    """How likely a rule is to hold at its deadline, from the evidence dated up to `as_of`; never changed afterwards.

    `backtest`: made later than the day it is for, of that day's evidence. `method`: the kind of rule, how it is
    computed, and a digest of what the rule asks for: another rule, or other evidence for the same day, is another
    estimate. `p_rule`, `p_yes` null: not known. `p_rule_stderr`: the simulation's own error. `low`, `high`: the range
    of p_yes over the rule's variants, named in `low_variant`, `high_variant`. `statistic`: what the verdict rests on;
    `drivers`: the pieces of evidence that move it most; `variants`: each with its numbers. `rule`: the rule as it
    stood. `evidence_hash`, `seed`, `code_version`: what it takes to compute it again.
    """

    __tablename__ = "estimate"
    __table_args__ = (
        one_of("verdict", VERDICTS),
        probability("p_rule"),
        probability("p_yes"),
        probability("low"),
        probability("high"),
    )

    question_id: Mapped[str] = mapped_column(ForeignKey("question.id"), primary_key=True)
    rule_id: Mapped[str] = mapped_column(primary_key=True)
    as_of: Mapped[date] = mapped_column(Date, primary_key=True)
    method: Mapped[str] = mapped_column(primary_key=True)
    backtest: Mapped[bool] = mapped_column(primary_key=True)
    evidence_hash: Mapped[str] = mapped_column(primary_key=True)
    headline: Mapped[bool]
    deadline: Mapped[date] = mapped_column(Date)
    verdict: Mapped[str]
    p_rule: Mapped[float | None]
    p_rule_stderr: Mapped[float | None]
    p_yes: Mapped[float | None]
    low: Mapped[float | None]
    high: Mapped[float | None]
    low_variant: Mapped[str | None]
    high_variant: Mapped[str | None]
    statistic: Mapped[Any] = mapped_column(JsonText)
    drivers: Mapped[Any] = mapped_column(JsonText)
    variants: Mapped[Any] = mapped_column(JsonText)
    rule: Mapped[Any] = mapped_column(JsonText)
    seed: Mapped[int]
    code_version: Mapped[str]
    computed_at: Mapped[datetime]
