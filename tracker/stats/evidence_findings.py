"""What the pooled gaps say, in sentences composed from them.

An interval that holds zero is "not told apart from nothing"; what cannot be pooled is counted, never stated.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import polars as pl

from tracker.stats.evidence import once
from tracker.stats.evidence_domains import NATURES, odds_text
from tracker.stats.findings import RELATIONS, gap_text, in_words
from tracker.stats.pooling import Method, pool_twins, twin_differences

METHODS: dict[Method, str] = {"paule-mandel": "Paule–Mandel", "dersimonian-laird": "DerSimonian–Laird"}
OWN = {"local": "own lm-eval runs", "imported": "imported lm-eval results"}
GRADED = {
    "voted": "People vote",
    "verifiable": "Answers are checked",
    "judged": "A model judges",
    "proxy": "A measure stands in for taste",
}
WHERE = {
    "voted": "where people vote",
    "verifiable": "where answers are checked",
    "judged": "where a model judges",
    "proxy": "in measures that stand in for taste",
}
MOST_NAMED = 3
MOST_TEXT = {"voted": "Human votes", "verifiable": "Checked answers", "judged": "Model judges", "proxy": "Measures"}


def sentence(rows: pl.DataFrame, relation: str | None) -> str:
    """The answer in one sentence, of the first grading that is pooled: what is told apart first, then what is not."""
    gradings = _pooled_gradings(rows)
    if not gradings:
        return "Nothing can be pooled yet: it takes three pairs of models with standard errors in one domain."
    return _sentence(rows, gradings[0], relation)


def besides(rows: pl.DataFrame, relation: str | None) -> str:
    """What the other gradings say: a sentence for each, a count where nothing is pooled."""
    gradings = _pooled_gradings(rows)
    sentences = [
        f"{WHERE.get(grading or '', 'elsewhere')}, {lower(_sentence(rows, grading, relation))}"
        for grading in gradings[1:]
    ]
    bare = rows.filter(~pl.col("grading").is_in(gradings))
    for grading in bare["grading"].drop_nulls().unique(maintain_order=True) if gradings else ():
        own = bare.filter(grading=grading)
        up, counted = own["up"].sum(), own["counted"].sum()
        if counted:
            sentences.append(
                f"{WHERE[grading]}, {up} of {counted} gaps are up; without enough standard errors they are not pooled."
            )
    return " ".join(text[0].upper() + text[1:] for text in sentences)


def _pooled_gradings(rows: pl.DataFrame) -> list[str | None]:
    return rows.filter(pl.col("standing") != "unpooled")["grading"].unique(maintain_order=True).to_list()


def _sentence(rows: pl.DataFrame, grading: str | None, relation: str | None) -> str:
    own = rows.filter(pl.col("grading").eq_missing(grading), pl.col("standing") != "unpooled")
    # Domains of both natures stand against each other; mixed ones would blur that, and are in the picture.
    pure = own.filter(pl.col("nature").is_in(["checkable", "taste"]))
    text = _clauses(own if pure.is_empty() else pure, relation)
    return f"{text[0].upper()}{text[1:]}."


def _clauses(rows: pl.DataFrame, relation: str | None) -> str:
    thinking = relation == "same-weights"
    right = rows["grading"][0] == "verifiable"
    subject = "thinking" if thinking else "the reasoning model"
    parts = []
    for standing in ("ahead", "behind"):
        for scale in ("value", "log_odds"):
            own = rows.filter(standing=standing, scale=scale)
            if own.is_empty():
                continue
            if scale == "value":
                verb = (
                    {"ahead": "adds", "behind": "costs"}
                    if thinking
                    else {"ahead": "is ahead by", "behind": "is behind by"}
                )
                parts.append(f"{subject} {verb[standing]} {_listed(own, rows, ' Elo')}")
            else:
                odds = f"odds of {'a right answer' if right else 'being preferred'}"
                if thinking:
                    parts.append(f"{subject} multiplies the {odds} by {_listed(own, rows, '')}")
                else:
                    parts.append(f"{subject} has {_listed(own, rows, f' times its twin’s {odds}')}")
    open_rows = rows.filter(standing="open")
    if open_rows.height:
        named = open_rows.head(MOST_NAMED)
        listed = [f"in {lower(row['name'])} {_bare(row)}" for row in named.iter_rows(named=True)]
        rest = [f"in {open_rows.height - named.height} more"] if open_rows.height > named.height else []
        about = "" if parts else f"what {subject} adds, " if thinking else f"how far {subject} is ahead, "
        unit = "" if parts or rows["scale"][0] != "value" else " (Elo)"
        parts.append(f"{about}{joined(listed + rest)}{unit}: not told apart from nothing")
    return "; ".join(parts)


def _listed(own: pl.DataFrame, among: pl.DataFrame, unit: str) -> str:
    """ "15 Elo in math [5, 26] and 13 in programming [5, 21]"; only the ends where there are many."""
    rows = list(own.sort(pl.col("mean").abs(), descending=True).iter_rows(named=True))
    if len(rows) > MOST_NAMED:
        first, last = rows[-1], rows[0]
        number = f"all {own.height}" if own.height == among.height else f"{own.height} of {among.height}"
        one, other = (_amount(row) for row in (first, last))
        return (
            f"{one[0]}{unit} in {lower(first['name'])} {one[1]} up to {other[0]} in {lower(last['name'])} {other[1]}, "
            f"told apart from nothing in {number} domains"
        )
    written = []
    for place, row in enumerate(rows):
        value, interval = _amount(row)
        written.append(f"{value}{unit if place == 0 else ''} in {lower(row['name'])} {interval}")
    return joined(written)


def _amount(row: Mapping[str, Any]) -> tuple[str, str]:
    if row["scale"] == "value" and row["standing"] == "behind":
        # What is lost is said as a loss, and so are the ends of its interval.
        row = {**row, "text": gap_text(-row["mean"], -row["high"], -row["low"])}
    value, interval = _bare(row).split(" ", 1)
    return value, interval


def _bare(row: Mapping[str, Any]) -> str:
    """ "16 [6, 26]", "4.4 [3.5, 5.6]": the sign of a gain and the sign of a factor are said in words."""
    text = str(row["text"])
    return (
        text if row["scale"] == "log_odds" and row["standing"] == "open" else text.removeprefix("+").removeprefix("×")
    )


def title(rows: pl.DataFrame, relation: str | None) -> str:
    """The finding over the picture, by nature: no stronger than the intervals."""
    drawn = rows.filter(pl.col("standing") != "unpooled")
    if drawn.is_empty():
        return "Nothing can be pooled yet"
    own = drawn.filter(pl.col("grading").eq_missing(drawn["grading"][0]))
    helps = "thinking helps" if relation == "same-weights" else "the reasoning model is ahead"
    hurts = "thinking hurts" if relation == "same-weights" else "the reasoning model is behind"
    pure = own.filter(pl.col("nature").is_in(["checkable", "taste"]))
    clauses, undecided = [], []
    for nature in ("checkable", "taste", "mixed"):
        part = (own if pure.is_empty() else pure).filter(nature=nature)
        if part.is_empty():
            continue
        where = f"where {NATURES[nature]}" if nature != "mixed" else "in mixed tasks"
        ahead, behind, total = (part["standing"] == "ahead").sum(), (part["standing"] == "behind").sum(), part.height
        if ahead == total:
            clauses.append(f"{helps} {where}")
        elif behind == total:
            clauses.append(f"{hurts} {where}")
        elif not ahead and not behind:
            undecided.append(where)
        else:
            told = joined([f"{verb} in {n} of {total} domains" for verb, n in ((helps, ahead), (hurts, behind)) if n])
            clauses.append(f"{told} {where}")
    if undecided:
        what = "it" if clauses else "thinking" if relation == "same-weights" else "the reasoning model"
        clauses.append(f"{joined(undecided)}{'' if clauses else ','} {what} is not told apart from nothing")
    text = "; ".join(clauses)
    if drawn["grading"].n_unique() > 1 or (drawn["grading"] == "voted").all():
        text = f"{'By votes, ' if drawn['grading'][0] == 'voted' else ''}{text}"
    return text[0].upper() + text[1:]


def reading(rows: pl.DataFrame, relation: str | None) -> str:
    """How to read the picture; names only what is drawn."""
    drawn = rows.filter(pl.col("standing") != "unpooled")
    parts = []
    graded = [MOST_TEXT.get(grading or "", "Not catalogued") for grading in rows["grading"].unique(maintain_order=True)]
    counted = graded[:1] + [text.lower() for text in graded[1:]]
    what = {"same-weights": "models with thinking switched on and off"}.get(
        relation or "", f"pairs of models ({RELATIONS[relation]})" if relation in RELATIONS else "pairs of models"
    )
    ks = drawn["k"].to_list()
    count = "" if not ks else f"{min(ks)} " if min(ks) == max(ks) else f"{min(ks)} to {max(ks)} "
    parts.append(f"{joined(counted)}, {count}{what}.")
    if ks:
        parts.append("Dot: pooled gap; bar: 95 % interval.")
    if (drawn["standing"] == "open").any():
        parts.append("Grey: interval holds zero.")
    if (drawn["standing"] == "behind").any():
        parts.append("Orange: the conventional model is ahead.")
    if (drawn["scale"] == "log_odds").any():
        parts.append("×2: the odds are doubled.")
    if drawn["scale"].n_unique() > 1:
        parts.append("The scales differ; zero stands under zero.")
    return " ".join(parts)


def source(gaps: pl.DataFrame, rows: pl.DataFrame, method: Method) -> str:
    """Where the numbers came from, as of when, and the method."""
    drawn = rows.filter(pl.col("standing") != "unpooled")
    sources = gaps.with_columns(_name=pl.coalesce("source", pl.col("origin").replace(OWN)))
    listed = []
    for name, on in sources.group_by("_name").agg(pl.col("finished_at").max().dt.date()).sort("_name").iter_rows():
        listed.append(f"{name}, {in_words(on)}" if on else f"{name}, date not known")
    ks = drawn["k"].to_list()
    over = "" if not ks else f" over {min(ks)} twins" if min(ks) == max(ks) else f" over {min(ks)} to {max(ks)} twins"
    shown = listed if len(listed) <= 6 else [*listed[:5], f"{len(listed) - 5} more"]
    return f"Source: {'; '.join(shown)} · random effects ({METHODS[method]}, Hartung–Knapp){over}"


def caution(rows: pl.DataFrame) -> str:
    """What the pooled intervals do not say."""
    drawn = rows.filter(pl.col("standing") != "unpooled")
    if drawn.is_empty():
        return ""
    sentences = []
    wide = drawn.filter((pl.col("predicted_low") <= 0) & (pl.col("predicted_high") >= 0)).height
    if wide:
        every = "every domain" if wide == drawn.height else f"{wide} of {drawn.height} domains"
        sentences.append(f"That is the average pair. In {every} a new pair could fall on either side of zero.")
    out = int(drawn["blocked"].sum())
    if out:
        sentences.append(f"{out} distrusted {'gap is' if out == 1 else 'gaps are'} left out.")
    bare = rows.filter(standing="unpooled")
    if bare.height:
        names = joined([lower(name) for name in bare["name"].unique(maintain_order=True)][:6])
        sentences.append(f"Not pooled, for want of pairs or standard errors: {names}.")
    return " ".join(sentences)


def differences(
    gaps: pl.DataFrame, rows: pl.DataFrame, *, method: Method = "paule-mandel", admit: Collection[str] = ()
) -> str:
    """How far checkable domains stand above the best-covered domain of taste, within the same twins."""
    drawn = rows.filter(pl.col("standing") != "unpooled")
    tastes = drawn.filter(nature="taste").sort("k", "capability", descending=[True, False])
    texts: list[str] = []
    for taste in tastes.head(1).iter_rows(named=True):
        same = drawn.filter(nature="checkable", grading=taste["grading"], unit=taste["unit"])
        one_unit = once(gaps.filter(grading=taste["grading"], unit=taste["unit"]), admit=admit)
        for row in same.head(MOST_NAMED).iter_rows(named=True):
            pair = (one_unit.filter(capability=name) for name in (row["capability"], taste["capability"]))
            result = pool_twins(twin_differences(*pair, scale=taste["scale"], admit=admit), method=method)
            if result.mean is None or result.low is None or result.high is None:
                continue
            elo = taste["scale"] == "value"
            text = (gap_text if elo else odds_text)(result.mean, result.low, result.high)
            texts.append(f"{lower(row['name'])} {text}{' Elo' if elo and not texts else ''}")
        if texts:
            return f"Against {lower(taste['name'])}, within the same models: {joined(texts)}."
    return ""


def joined(parts: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def lower(name: str) -> str:
    """A name within a sentence: its first letter small, unless the word is an abbreviation."""
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]


def description(rows: pl.DataFrame, relation: str | None) -> str:
    """The picture in words for those who cannot see it."""
    lines = [
        f"{row['name']} ({lower(GRADED.get(row['grading'], 'not catalogued'))}): {row['text']}"
        for row in rows.iter_rows(named=True)
    ]
    return f"Pooled gaps, reasoning minus conventional. {sentence(rows, relation)} {'; '.join(lines)}."
