"""An account of every key of the file of published numbers, and the checks that belong to no one function's tests.

`CHECKED` says where each key is checked; `NOT_OURS` gives the reason for what is not.
"""

import json
import math
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from statsmodels.api import GLM, families
from test_stats_miller import DETECTABLE, GALLEON, NEEDED, RESAMPLED, RESAMPLED_FOREVER
from test_stats_spread import BCG_H2, BCG_TAU2, KACKER_FIXED, KACKER_H2, KACKER_TAU
from test_stats_trends import METR_2025
from trend_frames import START, frame, score

import tracker.catalog
from tracker.stats.capability_index import Anchors, on_scale
from tracker.stats.gaps import Score, chance_corrected, unpaired_gap
from tracker.stats.trends import doubling_days, horizon, trends

TESTS = Path(__file__).parent
VECTORS = TESTS.parents[1] / "shared" / "vectors" / "statistics.json"
CATALOG = Path(tracker.catalog.__file__).parent

CHECKED = {
    "clustered_se_inspect_ai": (
        "test_stats_gaps.py::test_clustered_stderr_of_inspect_and_of_miller",
        "test_stats_gaps.py::test_shared_vectors_hold",
    ),
    "miller_2024": (
        "test_stats_gaps.py::test_binomial_stderr_and_interval_of_miller",
        "test_stats_gaps.py::test_paired_variance_is_that_of_miller",
        "test_stats_gaps.py::test_shared_vectors_hold",
        "test_stats_miller.py::test_a_mean_of_graded_scores_and_its_error",
        "test_stats_miller.py::test_galleon_and_dreadnought_document_by_document",
        "test_stats_miller.py::test_published_intervals_of_galleon_and_dreadnought_are_kept",
        "test_stats_miller.py::test_answers_to_one_question_are_not_independent",
        "test_stats_miller.py::test_greedy_answers_have_more_spread",
        "test_stats_miller.py::test_pairing_saves_what_the_scores_have_in_common",
        "test_stats_miller.py::test_documents_needed_to_see_three_points",
        "test_stats_miller.py::test_the_gap_that_198_documents_can_show",
    ),
    "meta_kacker2004": (
        "test_stats_pooling.py::test_kacker_fixed_effect",
        "test_stats_pooling.py::test_kacker_dersimonian_laird_with_hartung_knapp",
        "test_stats_pooling.py::test_kacker_paule_mandel",
        "test_stats_pooling.py::test_shared_vectors_hold",
        "test_stats_spread.py::test_kacker_fixed_effect_interval_and_h2",
        "test_stats_spread.py::test_moment_estimators_end_at_paule_and_mandel",
    ),
    "meta_bcg_DL": (
        "test_stats_pooling.py::test_bcg_vaccine_trials",
        "test_stats_pooling.py::test_shared_vectors_hold",
        "test_stats_spread.py::test_bcg_interval_of_the_spread",
    ),
    "bradley_terry_wikipedia": (
        "test_stats_vectors.py::test_log_odds_of_ratings_foretell_the_wins_they_were_fitted_to",
    ),
    "open_llm_leaderboard_v2_normalisation": (
        "test_stats_gaps.py::test_chance_correction_of_the_open_llm_leaderboard",
        "test_stats_gaps.py::test_shared_vectors_hold",
        "test_stats_vectors.py::test_chance_levels_of_the_catalogue_are_those_of_the_leaderboard",
        "test_stats_vectors.py::test_guessing_is_nought_after_correction",
    ),
    "metr_time_horizon": (
        "test_stats_trends.py::test_metr_horizons_of_one_fit",
        "test_stats_trends.py::test_metr_horizons_double_at_the_pace_they_published",
        "test_stats_vectors.py::test_a_published_pace_of_doubling_comes_back",
        "test_stats_vectors.py::test_shared_vectors_of_trends_and_the_index_hold",
    ),
    "eci": (
        "test_stats_capability_index.py::test_the_affine_map_of_the_published_vectors",
        "test_stats_capability_index.py::test_the_fit_is_the_least_of_its_formula",
        "test_stats_capability_index.py::test_the_anchors_stand_by_definition_and_have_no_interval",
        "test_stats_vectors.py::test_shared_vectors_of_trends_and_the_index_hold",
    ),
    "alpacaeval2_lc": ("test_stats_vectors.py::test_alpacaeval_has_its_number_of_instructions",),
}

# Whole keys, and parts of keys that are otherwise checked.
NOT_OURS = {
    "gao2022_overoptimization": "nothing here trains on or picks by a reward model, so no overoptimisation is computed",
    "wsr_betting_reference": "no test is stopped early: a run is complete or limited, and its interval is for its n",
    "msprt_normal": "no test is stopped early, as for the betting sequences",
    "tinybenchmarks_claims": "claims about other people's subsets; a benchmark here is run on its own documents",
    "metabench_claims": "claims about another subset, with no numbers to compute from",
    "fluid_claims": "a claim about adaptive selection of items, with no numbers to compute from",
    "miller_2024.worked.3": "ratios on Anthropic's own answers, which are not published",
    "open_llm_leaderboard_v2_normalisation.bbh_num_choices_seen": "of these subtasks only snarks is in the catalogue",
    "metr_time_horizon.published.TH1_1.full_trend_2019_2025": "the file holds no horizon of a model before 2025",
    "alpacaeval2_lc.claims": "its win rates are taken as published; only the number of instructions is used",
}

# The numbers as the file has them: the tests run without it, and cannot drift from it where it is.
WINS = {"A>B": 2, "B>A": 3, "A>D": 1, "D>A": 4, "B>C": 5, "C>B": 3, "C>D": 1, "D>C": 3}
POWERS = {"A": 0.64, "B": 1.043, "C": 0.66, "D": 2.27}
LOWEST = {
    "GPQA": 0.25,
    "MMLU_PRO": 0.1,
    "MuSR_murder_mysteries": 0.5,
    "MuSR_object_placement": 0.2,
    "MuSR_team_allocation": 0.3333333333333333,
    "IFEval": 0,
    "MATH": 0,
}
CHOICES_OF_SNARKS = 2
DOUBLING = {"doubling_days_since_2023": 131, "doubling_days_since_2024": 89, "full_trend_2019_2025": 196}


def at(vectors: Mapping[str, object], path: str) -> object:
    """What lies at "key.key.2.key"."""
    here: object = vectors
    for step in path.split("."):
        here = here[int(step)] if isinstance(here, list) else here[step]  # type: ignore[index]
    return here


def test_log_odds_of_ratings_foretell_the_wins_they_were_fitted_to() -> None:
    """Ratings are not fitted here but taken as log-odds of being preferred: on Bradley–Terry's example, they are.

    Fitted as a logistic regression, put on the Elo scale as arenas do, and taken back: every player is expected to win
    as often as it did.
    """
    names = sorted(POWERS)
    design = np.array([[(name == game[0]) - (name == game[2]) for name in names] for game in WINS], dtype=float)
    games = np.array([[won, WINS[game[::-1]]] for game, won in WINS.items()])
    # Each pair is there twice, from either side, which changes no estimate.
    strengths = np.append(GLM(games, design[:, :-1], family=families.Binomial()).fit().params, 0.0)
    powers = np.exp(strengths - strengths.mean())
    assert dict(zip(names, powers, strict=True)) == pytest.approx(POWERS, rel=1e-3)
    ratings = dict(zip(names, 400 / math.log(10) * np.log(powers) + 1000, strict=True))
    expected = dict.fromkeys(names, 0.0)
    for game, won in WINS.items():
        gap = unpaired_gap(Score(ratings[game[0]]), Score(ratings[game[2]]), unit="rating")
        assert gap.log_odds is not None
        assert gap.log_odds == pytest.approx(math.log(powers[names.index(game[0])] / powers[names.index(game[2])]))
        expected[game[0]] += (won + WINS[game[::-1]]) / (1 + math.exp(-gap.log_odds))
    for name in names:
        assert expected[name] == pytest.approx(sum(won for game, won in WINS.items() if game[0] == name), abs=1e-6)


def benchmarks() -> list[dict[str, object]]:
    """The benchmarks of both files of the catalogue, as they are written there."""
    files = [CATALOG / "benchmarks.toml", CATALOG / "published.toml"]
    return [entry for file in files for entry in tomllib.loads(file.read_text(encoding="utf-8"))["benchmark"]]


@pytest.mark.parametrize(
    ("starts", "task", "fewest"),
    [("gpqa", "GPQA", 6), ("mmlu-pro", "MMLU_PRO", 3), ("ifeval", "IFEval", 4), ("math-", "MATH", 4)],
)
def test_chance_levels_of_the_catalogue_are_those_of_the_leaderboard(starts: str, task: str, fewest: int) -> None:
    """MuSR has none: its three parts have three levels, and the score is of all."""
    named = [entry for entry in benchmarks() if str(entry["id"]).rpartition("/")[2].startswith(starts)]
    known = [entry["chance"] for entry in named if "chance" in entry]
    assert len(known) >= fewest
    assert known == [LOWEST[task]] * len(known)
    assert [entry["chance"] for entry in benchmarks() if entry["id"] == "bbh-snarks"] == [1 / CHOICES_OF_SNARKS]


def test_guessing_is_nought_after_correction() -> None:
    for level in LOWEST.values():
        assert chance_corrected(level, level) == 0
        assert chance_corrected(level / 2, level) == 0
        assert chance_corrected(1.0, level) == 1
        assert chance_corrected((1 + level) / 2, level) == pytest.approx(0.5)


@pytest.mark.parametrize("days", DOUBLING.values())
def test_a_published_pace_of_doubling_comes_back(days: int) -> None:
    rows = [
        score(
            f"m{place}", "reasoning", START + timedelta(days=70 * place), 60 * 2 ** (70 * place / days), unit="minutes"
        )
        for place in range(6)
    ]
    found = trends(frame(rows), rng=np.random.default_rng(1), draws=10)
    assert found is not None
    slope = found.lines["reasoning"].slope
    assert slope is not None
    assert doubling_days(slope).value == pytest.approx(days, abs=1e-6)


def test_alpacaeval_has_its_number_of_instructions() -> None:
    counts = [entry["n"] for entry in benchmarks() if "alpacaeval" in str(entry["id"])]
    assert counts
    assert set(counts) == {805}


def test_every_test_named_here_exists() -> None:
    for named in {name for names in CHECKED.values() for name in names}:
        file, _, test = named.partition("::")
        assert f"def {test}(" in (TESTS / file).read_text(encoding="utf-8"), named


@pytest.mark.skipif(not VECTORS.exists(), reason="shared vectors are not beside this checkout")
def test_every_key_is_checked_or_has_its_reason() -> None:
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    assert not set(CHECKED) & set(NOT_OURS)
    assert set(vectors) == set(CHECKED) | {path for path in NOT_OURS if "." not in path}
    for path in NOT_OURS:
        assert at(vectors, path), path


@pytest.mark.skipif(not VECTORS.exists(), reason="shared vectors are not beside this checkout")
def test_the_numbers_here_are_those_of_the_file() -> None:
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    worked = at(vectors, "miller_2024.worked")
    assert isinstance(worked, list)
    graded = {"n": 200, "mean": 0.62, "var": 0.04, "se": 0.014, "ci": [0.592, 0.648]}
    assert {name: worked[1][name] for name in graded} == graded
    for name, (n, galleon, dreadnought, difference, ends) in GALLEON.items():
        assert list(worked[2][name].values()) == [n, galleon, dreadnought, difference, list(ends)]
    assert {times: worked[4][f"K{times}"] for times in RESAMPLED} == RESAMPLED
    assert worked[4]["Kinf"] == RESAMPLED_FOREVER
    assert "1/12 -> 1/4" in worked[5]["what"]
    assert "rho=0.5 cuts Var(diff) by 1/3" in worked[6]["what"]
    assert (worked[7]["n"], worked[7]["recomputed"]) == (math.ceil(NEEDED), NEEDED)
    for times, (claimed, exact) in DETECTABLE.items():
        assert (worked[8][f"K{times}_claimed"], worked[8][f"K{times}_recomputed"]) == (claimed, exact)
    assert at(vectors, "meta_kacker2004.expected.Kacker_table1_tau") == KACKER_TAU
    assert at(vectors, "meta_kacker2004.expected.FE.ci") == list(KACKER_FIXED)
    assert at(vectors, "meta_kacker2004.expected.DL.H2") == KACKER_H2
    assert at(vectors, "meta_bcg_DL.expected.H2") == BCG_H2
    assert at(vectors, "meta_bcg_DL.expected.tau2_qprofile_ci") == list(BCG_TAU2)
    assert at(vectors, "bradley_terry_wikipedia.wins") == WINS
    assert at(vectors, "bradley_terry_wikipedia.expected_power_geomean1") == POWERS
    assert at(vectors, "open_llm_leaderboard_v2_normalisation.lower") == LOWEST
    assert at(vectors, "open_llm_leaderboard_v2_normalisation.bbh_num_choices_seen.snarks") == CHOICES_OF_SNARKS
    for name, days in DOUBLING.items():
        assert at(vectors, f"metr_time_horizon.published.TH1_1.{name}") == days
    minutes = {name: value for name, (_, value) in METR_2025.items()}
    assert at(vectors, "metr_time_horizon.published.TH1_1.p50_minutes") == minutes
    assert at(vectors, "alpacaeval2_lc.claims.n_instructions") == 805


@pytest.mark.skipif(not VECTORS.exists(), reason="shared vectors are not beside this checkout")
def test_shared_vectors_of_trends_and_the_index_hold() -> None:
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    for case in vectors["metr_time_horizon"]["vectors"]:
        assert horizon(case["b0"], case["b1"]) == pytest.approx(case["p50"], abs=1e-6)
        assert horizon(case["b0"], case["b1"], 0.8) == pytest.approx(case["p80"], abs=1e-6)
    epoch = Anchors("Winogrande", "Claude 3.5 Sonnet", "GPT-5", 130.0, 150.0)
    for case in vectors["eci"]["vectors"]:
        found = on_scale(np.array([case["C"]]), case["C_low"], case["C_high"], epoch)
        assert found == pytest.approx([case["eci"]], abs=1e-6)
