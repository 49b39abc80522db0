"""Writes questions with years of prices, people's forecasts and outcomes: what the pages on questions look at.

Everything is made up and seeded. Prices are random walks on the log-odds scale that end at what came out.
"""

import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, insert

from db.engine import writing
from db.forecast_tables import Forecast, Forecaster, Question, Resolution, Topic
from db.rows import table_of, values_of
from db.tables import Base

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
SYNCED = NOW - timedelta(hours=3, minutes=20)
HOSTILE = "<script>alert(1)</script> [x](javascript:y) $latex$ =1+1"
WRITING = "manifold:will-large-reasoning-models-signifi"
RULES = """Resolves YES if, by the end of 2026, large reasoning models clearly outperform traditional LLMs at creative
writing, as o1 is than GPT-4o at well-specified coding.

**Not** markup: <b>text</b>, $x$ and [a link](javascript:alert(1)) are shown as they were written."""
# slug, title, probability at first and at last, days until it closes
OTHERS = (
    (
        "will-the-highestscoring-llm-on-dec",
        "Will the highest-scoring LLM of Dec 2026 beat that of Dec 2025 by 5 points on the average of MMLU, HumanEval, "
        "GSM8K, ARC and GPQA?",
        0.5,
        0.22,
        38,
    ),
    (
        "will-a-big-transformer-lm-compose-t",
        "Will a big transformer LM compose these facts without chain of thought by 2026?",
        0.3,
        0.12,
        38,
    ),
    ("frontier-math-half", "Will a model solve half of FrontierMath before 2028?", 0.4, 0.56, 403),
    ("closed-and-waiting", "Was a reasoning model’s story short-listed for a prize in October 2026?", 0.2, 0.04, -20),
    ("quiet-one", "Will an open-weights model lead LMArena’s creative writing board in 2027?", 0.18, 0.18, 220),
)
KINDS = {"manifold": "market", "polymarket": "market", "kalshi": "market", "Ada": "person", "Grace": "person"}
KINDS |= {"CDBiddulph": "person"}


def fill(engine: Engine, *, hostile: bool = True, now: datetime = NOW) -> None:
    """Two topics, markets of three sites, an own question, a quantity, holes, a withdrawal, and 60 outcomes."""
    rows = [*_topics(), *(Forecaster(name=name, kind=kind) for name, kind in KINDS.items())]
    save(engine, [*rows, *_open_questions(now, hostile), *_resolved_questions(now)])


def save(engine: Engine, rows: list[Base]) -> None:
    """The rows as they are, each table's together, in an order that what they refer to comes first."""
    with writing(engine) as connection:
        for kind in (Topic, Question, Resolution, Forecaster, Forecast):
            values = [values_of(row) for row in rows if isinstance(row, kind)]
            if values:
                connection.execute(insert(table_of(kind)), values)


def question(identity: str, title: str, now: datetime = NOW, **given: Any) -> Question:
    """A question that is valid as it comes: open, read a while ago, at the address that its site would give it."""
    source, _, slug = identity.partition(":")
    addresses = {
        "manifold": f"https://manifold.markets/somebody/{slug}",
        "polymarket": f"https://polymarket.com/event/{slug}",
        "kalshi": f"https://kalshi.com/markets/{slug.lower()}",
    }
    usual = {
        "source": source,
        "url": addresses.get(source),
        "opens_at": now - timedelta(days=600),
        "closes_at": now + timedelta(days=38),
        "synced_at": None if source == "own" else now - (NOW - SYNCED),
        "volume": None if source == "own" else 12_340.0,
        "volume_unit": {"manifold": "mana", "polymarket": "USD", "kalshi": "contracts"}.get(source),
        "forecasters": 61 if source == "manifold" else None,
    }
    return Question(id=identity, title=title, **{**usual, **given})


def walk(
    identity: str,
    name: str,
    start: datetime,
    end: datetime,
    *,
    first: float,
    last: float,
    every: float = 1.0,
    wild: float = 0.16,
    seed: str = "",
) -> Iterator[Forecast]:
    """Prices from `start` to `end`, on average one in so many days, from one probability to another."""
    rng = random.Random(f"{identity}{name}{seed}")
    days = (end - start).total_seconds() / 86_400
    times = sorted(rng.random() * days for _ in range(max(2, round(days / every))))
    times[0] = 0.0
    goal, level, here = _logit(last), _logit(first), 0.0
    for at in times:
        left = max(days - at, 1e-6)
        passed = at - here
        level += (goal - level) * passed / (left + passed) + rng.gauss(0, wild) * math.sqrt(passed)
        here = at
        probability = round(1 / (1 + math.exp(-level)), 4)
        yield Forecast(
            question_id=identity, forecaster=name, at=start + timedelta(days=at), position=0, probability=probability
        )


def forecast(identity: str, name: str, at: datetime, probability: float | None, **given: Any) -> Forecast:
    return Forecast(question_id=identity, forecaster=name, at=at, position=0, probability=probability, **given)


def _logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def _topics() -> Iterator[Topic]:
    yield Topic(
        id="creative-writing",
        name="Reasoning models ahead at creative writing",
        asks="Will reasoning models clearly outperform conventional ones at creative writing by the end of 2026?",
    )
    yield Topic(
        id="best-model", name="Best model at the end of 2026 reasons", asks="Is the best model a reasoning one?"
    )
    yield Topic(id="made-up", name="Made-up questions", asks="Anything.")


def _open_questions(now: datetime, hostile: bool) -> Iterator[Base]:
    ago = lambda days: now - timedelta(days=days)  # noqa: E731
    yield question(
        WRITING,
        "Will large reasoning models significantly outperform traditional LLMs at creative writing?",
        now,
        topic="creative-writing",
        rules=RULES,
        note="The question behind this program. Its author put a broader claim at 65 % in early 2025.",
    )
    yield from walk(WRITING, "manifold", ago(590), ago(300), first=0.62, last=0.47)
    yield forecast(WRITING, "manifold", ago(299), None)
    yield from walk(WRITING, "manifold", ago(262), ago(0.2), first=0.58, last=0.71, every=0.7)
    yield forecast(
        WRITING,
        "CDBiddulph",
        datetime(2025, 3, 31, tzinfo=UTC),
        0.65,
        reason="“65 %”, of a broader claim, by 2026",
        citation="An essay of early 2025",
    )
    for days, probability, reason in (
        (400, 0.55, "Judges like it, people do not say so yet."),
        (210, 0.40, "Fourteen twins, votes: [−7, 14]. <b>Not</b> told apart from nothing."),
        (90, 0.33, None),
    ):
        yield forecast(WRITING, "Ada", ago(days), probability, reason=reason, recorded_at=ago(days))
    yield forecast(
        WRITING,
        "Grace",
        ago(320),
        0.8,
        reason="A slip: meant another question.",
        recorded_at=ago(320),
        withdrawn_at=ago(180),
        withdrawn_because="I mistook the question.",
    )
    identity = "polymarket:reasoning-models-creative-writing"
    yield question(identity, "Reasoning models better at creative writing in 2026?", now, topic="creative-writing")
    yield from walk(identity, "polymarket", ago(200), ago(0.1), first=0.5, last=0.64, every=0.5, wild=0.1)
    identity = "kalshi:KXWRITING-26"
    yield question(
        identity, "No clear lead of reasoning models in creative writing", now, topic="creative-writing", inverted=True
    )
    yield from walk(identity, "kalshi", ago(150), ago(0.5), first=0.45, last=0.31)
    for identity, title, first, last in (
        ("manifold:sota-ai-at-eoy-2026-a-reasoning-mod", "SOTA AI at EOY 2026: a reasoning model?", 0.8, 0.93),
        (
            "polymarket:best-ai-end-of-2026-reasoning",
            "Will the best AI at the end of 2026 be a reasoning model?",
            0.8,
            0.95,
        ),
    ):
        yield question(identity, title, now, topic="best-model")
        name = identity.split(":")[0]
        yield from walk(identity, name, ago(320), ago(1), first=first, last=last, wild=0.08)
    for slug, title, first, last, closes in OTHERS:
        identity = f"manifold:{slug}"
        yield question(identity, title, now, closes_at=now + timedelta(days=closes), volume=800.0 + 37 * len(title))
        wild = 0.02 if slug == "quiet-one" else 0.12
        end = ago(max(0.3, -closes))
        yield from walk(identity, "manifold", ago(240), end, first=first, last=last, every=2, wild=wild)
    identity = "manifold:how-many-points"
    scale = {"min": 0, "max": 2000, "log": False}
    yield question(identity, "How high will the best LMArena score be at the end of 2026?", now, scale=scale)
    yield from walk(identity, "manifold", ago(100), ago(2), first=0.7, last=0.76, wild=0.03)
    yield question("manifold:never-read", "A question of the catalogue that was never read", now, synced_at=None)
    yield question("own:our-twins", "Will thinking add 5 points on our own story tasks this winter?", now)
    yield forecast("own:our-twins", "Ada", ago(40), 0.3, reason="Freshness fell.", recorded_at=ago(40))
    yield forecast("own:our-twins", "Ada", ago(10), 0.24, recorded_at=ago(10))
    yield forecast("own:our-twins", "Grace", ago(9), 0.5, recorded_at=ago(9))
    if hostile:
        identity = "manifold:hostile"
        yield question(identity, HOSTILE, now, rules=HOSTILE, note=HOSTILE, url="javascript:alert(1)")
        yield from walk(identity, "manifold", ago(30), ago(0.1), first=0.5, last=0.9)
        yield Forecaster(name=f"={HOSTILE}", kind="person")
        yield forecast(identity, f"={HOSTILE}", ago(5), 0.42, reason=HOSTILE, recorded_at=ago(5))


def _resolved_questions(now: datetime) -> Iterator[Base]:
    """Sixty that are over: the market leans towards what came out, Ada a little less, Grace hardly; one annulled."""
    rng = random.Random(20261123)
    for number in range(60):
        truth = rng.random()
        result = 1.0 if rng.random() < truth else 0.0
        end = now - timedelta(days=5 + 6 * number)
        start = end - timedelta(days=90)
        identity = f"manifold:past-{number:02d}"
        annulled = number == 7
        because = "The event was called off." if annulled else None
        if number == 11:
            result = 0.4
        resolution = None if annulled else result
        yield question(
            identity,
            f"Made-up question {number:02d}: did it happen by {end:%B %Y}?",
            now,
            topic="made-up" if number % 5 == 0 else None,
            opens_at=start,
            closes_at=end,
            resolved_at=end,
            resolution=resolution,
            annulled=annulled,
        )
        yield Resolution(
            question_id=identity,
            recorded_at=end + timedelta(hours=2),
            resolution=resolution,
            annulled=annulled,
            resolved_at=end,
            because=because,
        )
        near = min(max(0.75 * truth + 0.25 * result, 0.03), 0.97)
        yield from walk(
            identity, "manifold", start, end - timedelta(hours=1), first=min(max(truth, 0.05), 0.95), last=near, every=4
        )
        for name, lean in (("Ada", 0.6), ("Grace", 0.25)):
            if name == "Grace" and number % 2:
                continue
            for back in (70, 20):
                guess = min(max(0.5 + lean * (truth - 0.5) + rng.gauss(0, 0.1), 0.03), 0.97)
                at = end - timedelta(days=back)
                yield forecast(identity, name, at, round(guess, 2), recorded_at=at)
