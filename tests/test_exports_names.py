"""What exported files are called: possible on every system, the same for the same id, and no two ids alike."""

import hashlib
import re
from datetime import timedelta
from itertools import combinations
from pathlib import Path

import pytest
from joined import CLAIM, LEADER, MISSION, NOW, RULELESS
from seeded_questions import forecast, question, save
from sqlalchemy import Engine

from db.forecast_tables import Forecaster
from jobs.export_charts import export_charts, question_name, works
from tracker.dossier.names import LONGEST, file_name, safe, told_apart

IDS = (
    "manifold:same",
    "polymarket:same",
    "own:same",
    "manifold:own-same",
    "manifold:Same",
    "manifold:sa/me",
    "manifold:sa-me",
    "manifold:sa:me",
    "manifold:-sa-me",
    "manifold:sa--me",
    "metaculus:7",
    "metaculus:7/Да",
    "metaculus:7/Нет",
    "metaculus:7/…",
    "manifold:…",
    "manifold:",
    "kalshi:KX-26",
    "kalshi:kx-26",
    "own:../../etc",
    "own:con\0\ud800",
    f"manifold:{'x' * 200}",
    f"manifold:{'x' * 200}y",
    f"manifold:{'x' * (LONGEST - 1)}-",
)


@pytest.mark.parametrize("called", [file_name, question_name])
def test_no_two_ids_have_one_name(called) -> None:  # type: ignore[no-untyped-def]
    names = {called(identity): identity for identity in IDS}
    assert len(names) == len(IDS)
    assert [name for name in names if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)] == []
    assert max(map(len, names)) <= LONGEST + len("question-")
    assert [called(identity) for identity in names.values()] == list(names)


def test_ids_that_are_words_already_are_kept() -> None:
    assert file_name(MISSION) == "will-large-reasoning-models-signifi"
    assert file_name(LEADER) == "sota-ai-at-eoy-2026-a-reasoning-mod"
    assert file_name(CLAIM) == "own-chain-of-thought-outperforms-by-2026"
    for identity in (MISSION, LEADER, RULELESS, CLAIM):
        assert question_name(identity) == f"question-{identity.replace(':', '-')}"


def test_a_name_that_is_not_the_id_ends_in_digits_of_its_hash() -> None:
    assert safe("Да") == hashlib.sha256("Да".encode()).hexdigest()[:8]
    assert re.fullmatch(r"7-[0-9a-f]{8}", safe("7/Да"))
    assert re.fullmatch(r"x{91}-[0-9a-f]{8}", safe("x" * 200))


def test_of_ids_that_are_all_known_only_those_alike_have_digits() -> None:
    assert told_apart(["lmarena/overall", "epoch/gpqa-diamond"]) == {
        "lmarena/overall": "lmarena-overall",
        "epoch/gpqa-diamond": "epoch-gpqa-diamond",
    }
    names = told_apart(["a/b-c", "a-b/c", "…", "?", "", "d", "x" * 200])
    assert all(one != other for one, other in combinations(names.values(), 2))
    assert all(re.fullmatch(r"(a-b-c-|x+-)?[0-9a-f]{8}", name) for identity, name in names.items() if identity != "d")
    assert names["d"] == "d"


def test_each_question_has_a_chart_of_its_own(sqlite_engine: Engine, tmp_path: Path) -> None:
    answers, said = ["metaculus:7/Да", "metaculus:7/Нет"], NOW - timedelta(days=1)
    asked = [question(answer, "Will it?") for answer in answers]
    stated = [forecast(answer, "Ada", said, 0.4, recorded_at=said) for answer in answers]
    save(sqlite_engine, [Forecaster(name="Ada", kind="person"), *asked, *stated])
    out = tmp_path / "charts"
    written = export_charts(works(sqlite_engine, answers), out, kinds=["vega-lite", "svg"])
    assert set(written) == set(out.iterdir())
    assert len(written) == 4
