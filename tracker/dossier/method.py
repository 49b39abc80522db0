"""A dossier's part on how its numbers are made, and how somebody else can check them."""

from collections.abc import Iterator, Sequence

from tracker.dossier.blocks import Block, Heading, Items, Name, Text
from tracker.dossier.rules import hashes
from tracker.dossier.spoken import Spoken
from tracker.rules.arrivals import PRIOR_MEAN_SD, PRIOR_SPREAD_SD
from tracker.rules.claim import DRAWS, FRESH
from tracker.rules.frontier import FrontierRule
from tracker.rules.pooled import PooledRule
from tracker.stats.arrivals import YEARS_LOOKED_BACK
from tracker.stats.evidence_findings import METHODS

POOLED = (
    "The unit is a pair: a reasoning model and its conventional twin, as alike otherwise as can be. A gap is reasoning"
    " minus conventional on one benchmark. Fractions count as log-odds, and ratings too, 400 Elo being a factor of ten;"
    " an interval that a source gives is read as ±1.96 standard errors.",
    "Within a pair the gaps of a domain are combined by inverse variance; over pairs by random effects (spread after"
    " {names}, interval after Hartung and Knapp, t with k − 1 degrees of freedom). Below three pairs nothing is pooled."
    " Gaps with a blocking flag stay out.",
    "What is ahead: true gaps are taken as normal around a mean with a spread, the mean beforehand normal with a"
    f" standard deviation of {PRIOR_MEAN_SD:g} and the spread half-normal with {PRIOR_SPREAD_SD:g}, in log-odds. New"
    f" pairs arrive until the deadline at the rate of the last {YEARS_LOOKED_BACK:g} years, or of the time since the"
    f" first where that is less, measured as precisely as those seen; in {DRAWS:,} such futures the rule is judged"
    " again on all pairs together. P(rule) is the share in which it holds.",
)
FRONTIER = (
    "Of the best models: releases go on at the rate seen, along the trend with its uncertainty and scatter; in"
    f" {DRAWS:,} such futures the rule is judged at the deadline. P(rule) is the share in which it holds."
)
ALWAYS = (
    "P(YES) = fidelity × P(rule) + (1 − fidelity) × otherwise. The range is that of P(YES) over the rule’s variants,"
    " which are other choices that could be defended as well: each is listed with its number.",
    "Only evidence dated up to a day enters what is said of that day. Past a rule’s deadline the evidence of the"
    f" deadline decides it, where its sources had been read in the {FRESH} days before; where not, what may have come"
    " since they were read is simulated still.",
)


def method_blocks(found: Sequence[Spoken]) -> Iterator[Block]:
    """How it is computed: only what this question's rules need."""
    rules = [one.rule for one in found]
    pooled = [rule for rule in rules if isinstance(rule, PooledRule)]
    if not pooled and not any(isinstance(rule, FrontierRule) for rule in rules):
        return
    yield Heading("How the numbers are made")
    lines: list[tuple[str]] = []
    if pooled:
        names = " or ".join(dict.fromkeys(METHODS[rule.method] for rule in pooled))
        lines += [(text.format(names=names),) for text in POOLED]
    if any(isinstance(rule, FrontierRule) for rule in rules):
        lines.append((FRONTIER,))
    lines += [(text,) for text in ALWAYS]
    yield Items(tuple(lines))


def check_blocks(found: Sequence[Spoken], data_name: str) -> Iterator[Block]:
    """What a third person needs to compute every number again."""
    if not any(one.row is not None for one in found):
        return
    yield Heading("To check it")
    yield Text.of(
        "Each estimate is decided by its rule, the evidence of its day and a seed; the same three give the same number"
        " to the last digit. The evidence is in ",
        Name(data_name),
        ", as the rows that were hashed, with a few lines of Python that hash them again; the rules are there as data.",
    )
    yield hashes(found)
