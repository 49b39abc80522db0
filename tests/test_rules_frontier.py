"""The rules about the best models: a score that is reached, one kind ahead of the other."""

from datetime import date, timedelta

import pytest

from tests.simulated_worlds import at, evidence
from tracker.rules.crossover import CrossoverRule
from tracker.rules.evidence import Evidence
from tracker.rules.frontier import THROUGH_NAMES
from tracker.rules.level import LevelRule

LOOKED = date(2026, 1, 1)
END = date(2026, 12, 31)
COMMON = {"id": "r", "name": "A rule", "why": "The question asks for it.", "benchmark": "b"}


def level(score: float = 1400.0, **given: object) -> LevelRule:
    return LevelRule.model_validate(COMMON | {"kind": "level", "model_kind": "reasoning", "score": score} | given)


def crossover(**given: object) -> CrossoverRule:
    return CrossoverRule.model_validate(COMMON | {"kind": "crossover", "ahead": "reasoning"} | given)


def score(name: str, kind: str | None, days: int | None, value: float, **given: object) -> dict[str, object]:
    """A model released so many days before the last look; null: nobody knows when."""
    usual = {
        "model_id": name,
        "model_name": name.title(),
        "kind": kind,
        "released_on": None if days is None else LOOKED - timedelta(days=days),
        "benchmark_id": "b",
        "unit": "rating",
        "value": value,
        "finished_at": at(LOOKED),
    }
    return usual | given


def climbing(
    kind: str = "reasoning", count: int = 10, start: float = 1300.0, step: float = 5.0
) -> list[dict[str, object]]:
    scatter = (1.0, -2.0, 0.0, 1.5, -0.5)
    return [
        score(f"{kind}-{place}", kind, 40 * (count - 1 - place), start + step * place + scatter[place % 5])
        for place in range(count)
    ]


def known(*rows: dict[str, object], as_of: date = LOOKED) -> Evidence:
    return evidence(as_of, scores=list(rows))


def test_a_level_holds_once_the_best_model_reaches_it() -> None:
    there = known(*climbing(), score("other", "conventional", 10, 1500.0))
    verdict = level(1344.5).verdict(there)
    assert (verdict.holds, verdict.value, verdict.k, verdict.scale) == (True, 1344.5, 10, "rating")
    assert verdict.numbers == {"model": "Reasoning-9", "released_on": "2026-01-01"}
    assert level(1344.6).verdict(there).holds is False
    assert level(1500, model_kind="any").verdict(there).holds is True
    assert level(1500, model_kind="any").verdict(there).k == 11


def test_a_level_that_is_reached_is_predicted_to_hold() -> None:
    there = known(*climbing())
    found = level(1340.0).predict(there, END, 1)
    assert (found.probability, found.stderr, found.draws) == (1.0, 0.0, 0)
    assert level(1340.0).predict(there, LOOKED, 1).probability == 1.0
    assert level(1400.0).predict(there, LOOKED, 1).probability == 0.0


def test_the_higher_the_level_and_the_nearer_the_deadline_the_less_likely() -> None:
    there = known(*climbing())
    by_height = [level(height).predict(there, END, 1).probability for height in (1350.0, 1388.0, 1391.0, 1600.0)]
    assert by_height == sorted(by_height, reverse=True)
    assert by_height[0] > 0.95
    assert 0.02 < by_height[2] < by_height[1] < 0.98
    assert by_height[3] < 0.01
    by_day = [level(1380.0).predict(there, LOOKED + timedelta(days=days), 1).probability for days in (30, 200, 400)]
    assert by_day == sorted(by_day)


def test_a_frontier_of_fewer_than_four_points_has_a_verdict_and_no_probability() -> None:
    there = known(*climbing(count=3))
    assert level().verdict(there).holds is False
    assert level().predict(there, END, 1).probability is None
    assert level().predict(there, LOOKED, 1).probability == 0.0


def test_no_score_is_too_little_evidence() -> None:
    verdict = level(benchmark="other").verdict(known(*climbing()))
    assert (verdict.holds, verdict.missing) == (None, "No reasoning model has a score on other that counts.")
    alone = crossover().verdict(known(*climbing()))
    assert (alone.holds, alone.missing) == (None, "No conventional model has a score on b that counts.")
    assert crossover().predict(known(*climbing()), END, 1).probability is None


def test_a_level_above_the_ceiling_is_asked_in_the_wrong_unit() -> None:
    rows = [
        row | {"unit": "fraction", "ceiling": 1.0, "value": 0.5 + 0.01 * place} for place, row in enumerate(climbing())
    ]
    verdict = level(60.0).verdict(known(*rows))
    assert (verdict.holds, verdict.missing) == (None, "The most that b gives is 1; the rule asks for 60.")
    assert 0 < level(0.675).predict(known(*rows), END, 1).probability < 1


def test_units_without_a_scale_have_a_verdict_and_no_probability() -> None:
    rows = [row | {"unit": "points", "ceiling": None} for row in climbing()]
    assert level(1400.0).verdict(known(*rows)).holds is False
    assert level(1400.0).predict(known(*rows), END, 1).probability is None


def test_a_model_of_unknown_release_counts_for_what_stands_and_not_for_the_climb() -> None:
    there = known(*climbing(), score("undated", "reasoning", None, 1390.0))
    assert level(1390.0).verdict(there).holds is True
    plain, with_it = (
        level(1400.0).predict(known(*rows), END, 1)
        for rows in (climbing(), [*climbing(), *there.scores.filter(model_id="undated").to_dicts()])
    )
    assert plain == with_it


def test_distrusted_scores_stay_out_unless_they_are_let_in() -> None:
    rows = [*climbing(), score("cut", "reasoning", 5, 1500.0, flags=["truncated"])]
    assert level(1450.0).verdict(known(*rows)).holds is False
    assert level(1450.0, admit=["truncated"]).verdict(known(*rows)).holds is True
    assert [name for name, _ in level(1450.0).variants(known(*rows))] == [
        "carried on through the frontier's own points",
        "with flagged scores",
    ]
    pair = [*climbing(), score("fine", "reasoning", 5, 1500.0, flags=["unequal-settings"])]
    assert level(1450.0).verdict(known(*pair)).holds is True


def test_the_climb_goes_on_from_the_day_of_the_last_look() -> None:
    """A leaderboard that nobody has read since does not stand still meanwhile."""
    fresh, stale = known(*climbing()), known(*climbing(), as_of=LOOKED + timedelta(days=200))
    assert level().predict(fresh, END, 1) == level().predict(stale, END, 1)


def test_who_is_ahead() -> None:
    there = known(*climbing(start=1305.0), *climbing("conventional"))
    verdict = crossover().verdict(there)
    assert (verdict.holds, verdict.value, verdict.low) == (True, 5.0, None)
    assert verdict.numbers["other_model"] == "Conventional-9"
    assert crossover(ahead="conventional").verdict(there).holds is False
    sure = [row | {"stderr": 3.0} for row in (*climbing(start=1305.0), *climbing("conventional"))]
    found = crossover().verdict(known(*sure))
    assert (found.low, found.high) == pytest.approx((5 - 1.96 * 18**0.5, 5 + 1.96 * 18**0.5))
    equal = known(*climbing(), *climbing("conventional"))
    assert crossover().verdict(equal).holds is False


def test_what_stands_on_the_deadline_and_what_was_once() -> None:
    rows = [*climbing(start=1300.0, step=1.0), *climbing("conventional", start=1290.0, step=6.0)]
    there = known(*rows)
    then, once = crossover(), crossover(when="by-deadline")
    assert then.verdict(there).holds is False
    assert once.verdict(there).holds is True
    assert once.predict(there, END, 1).probability == 1.0
    assert then.predict(there, END, 1).probability < 0.05
    back = crossover(ahead="conventional")
    assert back.predict(there, END, 1).probability > 0.95
    early = [
        row for row in rows if row["released_on"] is not None and row["released_on"] < LOOKED - timedelta(days=300)
    ]
    assert crossover(ahead="conventional", when="by-deadline").verdict(known(*early)).holds is False


def test_once_is_at_least_as_likely_as_in_the_end() -> None:
    there = known(*climbing(start=1299.0), *climbing("conventional"))
    in_the_end, once = (crossover(when=when).predict(there, END, 1) for when in ("at-deadline", "by-deadline"))
    assert 0.05 < in_the_end.probability < once.probability < 1


def test_one_kind_alone_cannot_be_carried_on_against_the_other() -> None:
    there = known(*climbing(), *climbing("conventional", count=3))
    assert crossover().verdict(there).holds is not None
    assert crossover().predict(there, END, 1).probability is None


def test_the_pieces_are_the_models_of_the_frontier() -> None:
    rows = [*climbing(), score("last", "reasoning", 1, 1000.0), score("undated", "reasoning", None, 1390.0)]
    there = known(*rows)
    pieces = level().pieces(there)
    assert "Last" not in [piece.name for piece in pieces]
    assert "Undated" in [piece.name for piece in pieces]
    for piece in pieces:
        never = known(*(row for row in rows if row["model_id"] != piece.key[0]))
        assert level().predict(level().without(there, piece), END, 1) == level().predict(never, END, 1)
    top = next(piece for piece in pieces if piece.name == "Undated")
    assert level().verdict(level().without(there, top)).value == 1344.5


def test_sources_are_left_out_one_by_one() -> None:
    rows = [
        *climbing(),
        *(row | {"model_id": f"x{row['model_id']}", "source": "Another"} for row in climbing(start=1310.0)),
    ]
    names = dict(level().variants(known(*rows)))
    assert list(names)[:2] == ["without Another", "without Simulated"]
    assert names["without Another"].verdict(known(*rows)).k == 10


def test_whether_both_kinds_climb_alike_is_a_choice() -> None:
    there = known(*climbing(start=1330.0, step=2.0), *climbing("conventional", step=5.0))
    names = dict(crossover().variants(there))
    assert list(names) == [
        "carried on through the frontier's own points",
        "carried on as if both kinds climbed alike",
    ]
    apart, alike = (asked.predict(there, END, 1).probability for asked in (crossover(), names[THROUGH_NAMES["alike"]]))
    assert apart < 0.1
    assert alike > 0.3


def test_since_keeps_older_models_out_of_the_climb_and_not_out_of_the_best() -> None:
    slow = [score(f"old-{place}", "reasoning", 1500 - 10 * place, 1000.0 + place) for place in range(8)]
    there = known(*slow, *climbing())
    recent = level(since=LOOKED - timedelta(days=500))
    assert recent.predict(there, END, 1) == level().predict(known(*climbing()), END, 1)
    assert recent.verdict(there).k == 18


def test_the_same_seed_gives_the_same_bytes() -> None:
    rows = [*climbing(), *climbing("conventional")]
    for asked in (level(1385.0), crossover()):
        first, again, other = (
            asked.predict(known(*given), END, seed) for given, seed in ((rows, 1), (rows[::-1], 1), (rows, 2))
        )
        assert first == again
        assert first != other


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (level(0.9), "The best reasoning model reaches 0.9 on b."),
        (level(1500.0, model_kind="any"), "The best model of any kind reaches 1500 on b."),
        (crossover(), "On b, the best reasoning model scores above the best conventional one on the deadline."),
        (
            crossover(ahead="conventional", when="by-deadline"),
            "On b, the best conventional model scores above the best reasoning one at some time up to the deadline.",
        ),
    ],
)
def test_the_rule_in_words(asked: LevelRule | CrossoverRule, words: str) -> None:
    assert asked.words() == words
