"""The named reasons to distrust a number, as data: what each is called, says to a reader, and keeps out."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Flag:
    """`blocking`: a gap that carries it stays out of pooled numbers and rules; it is still drawn, with the sentence."""

    name: str
    sentence: str
    blocking: bool


FLAGS: dict[str, Flag] = {
    flag.name: flag
    for flag in (
        Flag("truncated", "More than 2 % of the outputs were cut off at the token limit.", True),
        Flag(
            "dead-metric",
            "This metric is exactly 0 or exactly 1 for every model of the set, while another metric or filter of the "
            "same task is not: it measures the answer format, or nothing.",
            True,
        ),
        Flag(
            "filters-disagree",
            "Two ways of reading the answer out of the same outputs differ by more than 0.05.",
            False,
        ),
        Flag(
            "unequal-settings",
            "The two runs differ in more than thinking: in limit, documents, task version, shots, chat template, "
            "system prompt or generation settings.",
            True,
        ),
        Flag(
            "log-likelihood",
            "Thinking is compared on a task that only ranks given answers and never lets the model think.",
            True,
        ),
        Flag("below-chance", "A score is significantly below what guessing would give.", False),
        Flag(
            "harness-default",
            "The reasoning model ran with the harness's default output limit, which is too short to think in.",
            True,
        ),
        Flag(
            "implausible-drop",
            "The reasoning model falls by more than 1 in log-odds on a task that can be checked; a fault in the "
            "measurement is likelier than such a loss.",
            False,
        ),
        Flag("shared-fit", "Both values come from one rating fit, so their errors are not independent.", False),
        Flag("inferred-twin", "How the two models are related is read off their names; nobody has stated it.", False),
        Flag("no-stderr", "No standard error could be had, so the gap is shown and not pooled.", False),
    )
}

BLOCKING: frozenset[str] = frozenset(flag.name for flag in FLAGS.values() if flag.blocking)
