"""The embedded tasks: three hundred fixed documents each, and scores that thinking cut short cannot earn."""

from pathlib import Path

import pytest
import yaml
from lm_eval.tasks import TaskManager

from tracker.evals.tasks.embedded import functions
from tracker.evals.twins import problems

FOLDER = Path(functions.__file__).parent
NAMES = [f"embedded_{subject}" for subject in functions.SUBJECTS]


@pytest.mark.parametrize("subject", functions.SUBJECTS)
def test_a_task_has_300_different_documents_that_never_change(subject: str):
    documents = functions.documents(subject)
    assert documents == functions.documents(subject)
    assert len({document["prompt"] for document in documents}) == len(documents) == 300


@pytest.mark.parametrize("subject", sorted(set(functions.SUBJECTS) - {"facts"}))
def test_no_document_is_ever_drawn_for_training(subject: str):
    for document in functions.documents(subject):
        assert problems.held_out(problems.Problem(document["prompt"], "", ""))


@pytest.mark.parametrize("subject", functions.SUBJECTS)
def test_sizes_are_those_that_the_task_is_named_for(subject: str):
    prompts = [document["prompt"] for document in functions.documents(subject)]
    counted = {prompt.count(":") for prompt in prompts}
    if subject == "chain_easy":
        assert counted == {1, 2}
    elif subject in ("chain_hard", "cups_hard"):
        assert counted == {5, 6, 7, 8}


@pytest.mark.parametrize("subject", functions.SUBJECTS)
def test_the_yaml_of_a_task_agrees_with_its_name(subject: str):
    text = (FOLDER / f"embedded_{subject}.yaml").read_text()
    assert f"task: embedded_{subject}\n" in text
    assert f"subject: {subject}\n" in text
    assert "data_files" not in text


def test_there_is_a_yaml_for_every_subject_and_no_other():
    assert {file.stem for file in FOLDER.glob("embedded_*.yaml")} == set(NAMES)
    common = (FOLDER / "_embedded.yaml").read_text().replace("!function ", "")
    assert yaml.safe_load(common)["generation_kwargs"]["max_gen_toks"] == 128


def test_lm_eval_loads_every_task_from_any_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    manager = TaskManager(include_path=str(FOLDER.parent), include_defaults=False)
    loaded = manager.load(NAMES)["tasks"]
    assert set(loaded) == set(NAMES)
    for name, task in loaded.items():
        assert list(task.test_docs()) == functions.documents(name.removeprefix("embedded_"))
        assert task.config.metadata["version"] == 1.0
        assert set(task.aggregation()) == (
            {"coverage", "freshness"} if name in ("embedded_scene", "embedded_story") else {"exact_match"}
        )


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think> a:3+4=7</think>7", "7"),
        (" 7\n", "7"),
        ("7", "7"),
        (" a:3+4=7</think>7", "7"),
        ("<think> a:3+4=7", ""),
        ("<think> a:3+4=", ""),
        ("<think>1</think>2<think>7", ""),
        ("", ""),
    ],
    ids=["thought", "spaces", "alone", "opened by the template", "cut off", "cut off early", "thinks again", "silent"],
)
def test_the_answer_is_what_follows_closed_thinking(text: str, answer: str):
    assert functions.answer_alone(text) == answer
    assert functions.answers([[text], ["5"]], [{}, {}]) == [answer, "5"]


SCENE = {"asked": ["red cat", "old king", "shiny fish", "green dog"]}
STORY = {"asked": ["fox naps", "king reads", "girl digs", "frog runs"]}


def test_coverage_and_freshness_disagree_about_who_wrote_the_better_scene():
    thorough = "Here is the red cat. Here is the old king. Here is the shiny fish. Here is the green dog."
    brief = "A red cat."
    assert functions.scene_scores(SCENE, [thorough]) == {"coverage": 1.0, "freshness": 11 / 20}
    assert functions.scene_scores(SCENE, [brief]) == {"coverage": 0.25, "freshness": 1.0}


def test_coverage_and_freshness_disagree_about_who_wrote_the_better_story():
    thorough = "First the fox naps. Then the king reads. Then the girl digs. Then the frog runs. The end."
    brief = "First the fox naps. The end."
    assert functions.story_scores(STORY, [thorough]) == {"coverage": 1.0, "freshness": 12 / 18}
    assert functions.story_scores(STORY, [brief]) == {"coverage": 0.25, "freshness": 5 / 6}


def test_an_event_told_too_late_does_not_count():
    backwards = "First the frog runs. Then the girl digs. Then the king reads. Then the fox naps."
    assert functions.story_scores(STORY, [backwards])["coverage"] == 0.25


def test_things_are_only_covered_with_their_own_word():
    swapped = "Here is the old cat. Here is the red king."
    assert functions.scene_scores(SCENE, [swapped])["coverage"] == 0.0


def test_saying_it_twice_adds_nothing_to_coverage_and_takes_from_freshness():
    for score, asked, once in (
        (functions.scene_scores, SCENE, "The red cat. "),
        (functions.story_scores, STORY, "The fox naps. "),
    ):
        assert score(asked, [once * 2])["coverage"] == score(asked, [once])["coverage"] == 0.25
        assert score(asked, [once * 2])["freshness"] == score(asked, [once])["freshness"] / 2


def test_thinking_cut_short_scores_nothing_on_either_fuzzy_measure():
    answer = functions.answer_alone("<think> red cat, old king, shiny fish")
    assert functions.scene_scores(SCENE, [answer]) == {"coverage": 0.0, "freshness": 0.0}
    assert functions.story_scores(STORY, [answer]) == {"coverage": 0.0, "freshness": 0.0}


@pytest.mark.parametrize(
    ("subject", "score", "low", "high"),
    [("scene", functions.scene_scores, 0.6, 0.8), ("story", functions.story_scores, 0.85, 0.95)],
)
def test_even_the_reference_has_no_room_for_everything_that_is_asked(subject, score, low, high):
    scores = [score(document, [document["answer"]]) for document in functions.documents(subject)]
    assert low < sum(each["coverage"] for each in scores) / len(scores) < high
    assert all(0 < each["freshness"] < 1 for each in scores)
