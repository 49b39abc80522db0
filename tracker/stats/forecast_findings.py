"""What scores and calibration say, in words: no stronger than their intervals, and never over too few questions.

A difference whose interval holds zero is "not told apart from nothing"; a calibration error that chance alone would
give is "no more than chance gives".
"""

from datetime import datetime

import polars as pl

from tracker.stats.calibration import Moment, Split
from tracker.stats.findings import in_words
from tracker.stats.forecasts import BASE_RATE, FIFTY, scored_windows
from tracker.stats.head_to_head import Duel
from tracker.stats.resampled import FEWEST_GROUPS
from tracker.stats.scoring import Score
from tracker.stats.sites import SITES

# Below this many groups a 95 % interval of scores is still rather too narrow (tests/bench/score_intervals.py).
ENOUGH_GROUPS = 30
SCORE_NAMES: dict[Score, str] = {
    "brier": "Brier score",
    "log": "log score",
    "baseline": "baseline score",
    "peer": "peer score",
}
UNSCORED = {
    "open": ("is still open", "are still open"),
    "annulled": ("was annulled and is never scored", "were annulled and are never scored"),
    "quantity": (
        "asks for a quantity, whose price is no probability",
        "ask for a quantity, whose price is no probability",
    ),
    "no end": ("resolved on a day that is not known", "resolved on days that are not known"),
    "no time": ("ended before it began", "ended before they began"),
}


def named(forecaster: str, kind: str) -> str:
    """A forecaster as it is written: "Manifold", "Anna", "always 50 %", "our estimate"."""
    if forecaster == FIFTY:
        return "always 50 %"
    if forecaster == BASE_RATE:
        return "always the base rate"
    if kind == "tracker":
        return "our estimate"
    if kind == "backtest":
        return "our back-test"
    return SITES.get(forecaster, forecaster) if kind == "market" else forecaster


def owned(forecaster: str, kind: str) -> str:
    """What a forecaster says, as it is written: "Manifold’s prices", "Anna’s forecasts", "our estimates"."""
    if forecaster in (FIFTY, BASE_RATE):
        return named(forecaster, kind)
    if kind in ("tracker", "backtest"):
        return f"{named(forecaster, kind)}s"
    return f"{named(forecaster, kind)}’s {'prices' if kind == 'market' else 'forecasts'}"


def number(value: float, score: Score = "brier") -> str:
    """A score as it is written: "0.12", small ones "0.061"; baseline and peer scores "+12", whole numbers."""
    if score in ("baseline", "peer"):
        text = f"{value:+.0f}"
        return (text[1:] if float(text) == 0 else text).replace("-", "−")
    text = f"{value:.2f}" if abs(value) >= 0.0995 else f"{value:.3f}"
    return (text.lstrip("-") if float(text) == 0 else text).replace("-", "−")


def with_interval(value: float, low: float | None, high: float | None, score: Score = "brier") -> str:
    """A score with its interval: "0.12 [0.08, 0.17]"; without one "0.12"."""
    if low is None or high is None:
        return number(value, score)
    if score in ("baseline", "peer"):
        return f"{number(value, score)} [{number(low, score)}, {number(high, score)}]"
    decimals = 2 if high - low >= 0.02 else 3
    if any(end != 0 and round(end, decimals) == 0 for end in (value, low, high)):
        decimals = 3
    ends = [f"{end:.{decimals}f}" for end in (value, low, high)]
    ends = [(end.lstrip("-") if float(end) == 0 else end).replace("-", "−") for end in ends]
    return f"{ends[0]} [{ends[1]}, {ends[2]}]"


def nothing_resolved(questions: pl.DataFrame, now: datetime) -> str | None:
    """The empty page's sentence; None if there is a question that can be scored."""
    windows = scored_windows(questions)
    if windows.filter(pl.col("unscored").is_null()).height:
        return None
    if windows.is_empty():
        return "No question is here yet, so there is nothing to score."
    still = windows.filter(pl.col("unscored") == "open")
    closes = still.filter(pl.col("announced") > now)["announced"].min()
    if still.is_empty():
        return f"No question here can be scored: {unscored(questions)}"
    when = f", and the next closes on {in_words(closes.date())}" if isinstance(closes, datetime) else ""
    count = "1 is open" if still.height == 1 else f"{still.height} are open"
    return f"No question here has resolved yet: {count}{when}. Scores begin with the first that does."


def unscored(questions: pl.DataFrame) -> str:
    """How many questions no score counts, and why; how many count as the fraction they resolved to. May be empty."""
    windows = scored_windows(questions)
    counts = dict(windows.drop_nulls("unscored").group_by("unscored").len().iter_rows())
    parts = [f"{counts[reason]} {UNSCORED[reason][counts[reason] > 1]}" for reason in UNSCORED if counts.get(reason)]
    between = windows.filter(pl.col("unscored").is_null(), pl.col("resolution").is_between(0, 1, closed="none")).height
    if between:
        parts.append(
            f"{between} resolved in between YES and NO and {'counts' if between == 1 else 'count'} as a fraction"
        )
    return f"{'; '.join(parts)}." if parts else ""


def calibration_finding(found: Split, table: pl.DataFrame, forecaster: str, kind: str, moment: Moment) -> str:
    """One sentence: the Brier score, what the fullest bin did, and whether the calibration is told apart from perfect.

    `table`: the forecaster's rows of `calibration`. Fewer than ten groups of questions: that they are too few.
    """
    who = _begin(owned(forecaster, kind))
    if found.brier is None:
        return f"{who}: on no resolved question here did one stand {moment.words}."
    score = with_interval(found.brier, found.brier_low, found.brier_high)
    opening = f"{who}, read {moment.words}: Brier {score} over {_questions(found.n)}"
    if found.groups < FEWEST_GROUPS:
        return f"{opening}{_apart(found.n, found.groups) or ','} too few to say how well calibrated."
    return f"{opening}; {_bin(table, beyond=_miscalibrated(found))}; {_error(found)}."


def calibration_headline(found: Split, forecaster: str, kind: str) -> str:
    """The finding as a chart's title, without its numbers."""
    who = _begin(owned(forecaster, kind))
    if found.brier is None or found.groups < FEWEST_GROUPS:
        return f"{who}: too few resolved questions to judge them by"
    if not _miscalibrated(found):
        return f"{who} are not told apart from well calibrated ones"
    return f"{who} are off by more than chance gives"


def calibration_reading(found: Split) -> str:
    """How to read the calibration chart, and what its band takes for granted."""
    parts = [
        "Dot: of what was called so, the share that happened; on the diagonal the two are the same.",
        "Band: where 90 of 100 such dots would lie were every probability right. Bars: questions.",
    ]
    if found.groups < found.n:
        parts.append(
            f"The {found.n} questions are {found.groups} groups that share their fate: the band, and what chance gives,"
            " take each group to come out together."
        )
    return " ".join(parts)


def duel_finding(duel: Duel, one_kind: str, other_kind: str) -> str:
    """One sentence on who scored better over the same questions and days, no stronger than the interval."""
    one, other = named(duel.one, one_kind), named(duel.other, other_kind)
    if duel.difference is None or duel.one_mean is None or duel.other_mean is None:
        return f"{_begin(one)} and {other} have no resolved question in common on which both had a forecast standing."
    scores = f"{number(duel.one_mean, duel.score)} and {number(duel.other_mean, duel.score)}"
    name = SCORE_NAMES[duel.score]
    over = f"over the same {_questions(duel.questions)} and days"
    if duel.low is None or duel.high is None:
        apart = _apart(duel.questions, duel.groups) or ","
        return f"{_begin(one)} and {other}: {name} {scores} {over}{apart} too few to say who is better."
    difference = with_interval(duel.difference, duel.low, duel.high, duel.score)
    if duel.ahead is None:
        return (
            f"{_begin(one)} and {other}: {name} {scores} {over}; the difference, {difference}, is not told apart from "
            "nothing."
        )
    better, worse = (one, other) if duel.ahead == duel.one else (other, one)
    return f"{_begin(better)} scored better than {worse}: {name} {scores} for {one} and {other} {over}, {difference}."


def certainty(groups: int) -> str:
    """What the intervals of scores cover; empty where there are none."""
    if groups < FEWEST_GROUPS:
        return ""
    text = "Each interval is a 95 % one, had by drawing the questions anew; those that share their fate together."
    if groups < ENOUGH_GROUPS:
        text += " With so few it is rather too narrow: scores are skewed, and rare large losses may be yet to come."
    return text


def scores_finding(table: pl.DataFrame) -> str:
    """One sentence on a frame of `forecaster_scores`: everybody's Brier score over the questions all share."""
    if table.is_empty():
        return "No resolved question has a day on which all of these had a forecast standing."
    count = max(table["questions"].to_list())
    listed = [
        f"{named(name, kind)} {with_interval(value, low, high)}"
        for name, kind, value, low, high in table.select(
            "forecaster", "kind", "brier", "brier_low", "brier_high"
        ).iter_rows()
    ]
    if len(listed) == 1:
        return f"Brier score over {_questions(count)}: {listed[0]}."
    order = "who is better is told by comparing two at a time, not by the order of this list"
    return f"Brier score over the same {_questions(count)} and days: {', '.join(listed)}; {order}."


def _miscalibrated(found: Split) -> bool:
    return found.ece is not None and found.ece_chance_high is not None and found.ece > found.ece_chance_high


def _bin(table: pl.DataFrame, *, beyond: bool) -> str:
    """What the fullest bin did: of those beyond their band, if the error is more than chance gives."""
    filled = table.filter(pl.col("n") > 0)
    worst = filled.filter("outside") if beyond else filled
    row = (worst if worst.height else filled).sort("n", "bin", descending=[True, False]).row(0, named=True)
    called = _percent(row["called"])
    about = "about " if called[0].isdigit() else ""
    return f"what was called {about}{called} ({row['n']} of them) happened in {_percent(row['happened'])}"


def _error(found: Split) -> str:
    assert found.ece is not None
    assert found.ece_chance_high is not None
    what = "more" if _miscalibrated(found) else "no more"
    limit = number(found.ece_chance_high)
    return f"the calibration error, {number(found.ece)}, is {what} than chance gives (up to {limit})"


def _apart(count: int, groups: int) -> str:
    if groups == count:
        return ""
    return f", {groups} groups that share their fate," if groups > 1 else ", all of one fate,"


def _questions(count: int) -> str:
    return "1 resolved question" if count == 1 else f"{count:,} resolved questions"


def _percent(share: float) -> str:
    """A share in percent, and nothing that is not 0 or 1 as 0 % or 100 %."""
    if 0 < share < 0.005:
        return "under 1 %"
    return "over 99 %" if 0.995 <= share < 1 else f"{share * 100:.0f} %"


def _begin(text: str) -> str:
    """The text as a sentence begins with it; a name stays as its owner writes it."""
    return text[0].upper() + text[1:] if text.startswith(("our ", "always ")) else text
