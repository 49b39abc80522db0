"""The embedded pair: its problems are right, its training repeats to the last bit, what is shipped is what was made."""

import ast
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from tracker.evals.twins import problems
from tracker.evals.twins.build import opening
from tracker.evals.twins.problems import Problem
from tracker.evals.twins.shipping import card, digests, read_report
from tracker.evals.twins.train import SHIPPED, main
from tracker.evals.twins.training import MIXTURE, PLANS, Trained, draw, schedule, train

SIZES = range(2, 9)
PAIR = ("direct", "reasoning")


def some(generate: problems.Generator, count: int = 60) -> list[Problem]:
    rng = random.Random(7)
    return [generate(rng, rng.choice(SIZES)) for _ in range(count)]


@pytest.mark.parametrize("subject", MIXTURE, ids=lambda subject: subject.generate.__name__)
def test_a_generator_gives_the_same_problems_for_the_same_seed(subject):
    assert some(subject.generate) == some(subject.generate)
    assert len(set(some(subject.generate))) > 30


def test_chains_agree_with_plain_arithmetic_at_every_step():
    for problem in some(problems.chain):
        start, *operations = re.findall(r"(?<=Start at )\d|(?<=:)[-+*]\d", problem.prompt)
        value = int(start)
        results = [value := eval_last_digit(value, operation) for operation in operations]
        assert problem.answer == str(results[-1])
        assert [int(result) for result in re.findall(r"=(\d)", problem.trace)] == results
        for left, operation, result in re.findall(r":(\d)([-+*]\d)=(\d)", problem.trace):
            assert eval_last_digit(int(left), operation) == int(result)


def eval_last_digit(value: int, operation: str) -> int:
    number = int(operation[1])
    return {"+": value + number, "-": value - number, "*": value * number}[operation[0]] % 10


def test_cups_agree_with_moving_a_ball_through_a_list():
    for problem in some(problems.cups):
        table = ["", "", "", ""]
        table[int(problem.prompt.split("cup ")[1][0])] = "ball"
        seen = []
        for one, other in re.findall(r"[a-j]:(\d)(\d)", problem.prompt):
            table[int(one)], table[int(other)] = table[int(other)], table[int(one)]
            seen.append(str(table.index("ball")))
        assert problem.answer == seen[-1]
        assert re.findall(r"=(\d)", problem.trace) == seen


def test_lookups_largest_digits_and_capitals_have_the_right_answer():
    for problem in some(problems.lookup):
        key = problem.prompt[-2]
        assert dict(re.findall(r"([a-j]):(\d)", problem.prompt))[key] == problem.answer
        assert problem.trace == f" {key}:{problem.answer}"
    for problem in some(problems.largest):
        digits = re.findall(r"\d", problem.prompt)
        assert problem.answer == max(digits)
        assert problem.trace.split()[-1] == problem.answer
        assert len(problem.trace.split()) == len(digits)
    for problem in some(problems.fact):
        assert problem.trace.strip() in problem.prompt
        assert problems.CAPITALS[problem.trace.strip()] == problem.answer


def test_stories_are_about_whoever_ends_up_with_the_crown_and_scenes_are_as_asked():
    for problem in some(problems.story):
        crown, _, listed = problem.prompt.removesuffix(".").partition(" Story of: ")
        holders = {crown[len("Crown on ")]: "crown"}
        for one, other in re.findall(r"[a-j]:(\d)(\d)", crown):
            holders[one], holders[other] = holders.get(other, ""), holders.get(one, "")
        holder = next(place for place, held in holders.items() if held)
        hero = {"1": "king", "2": "queen", "3": "prince"}[holder]
        assert problem.trace[-1] == holder
        assert problem.asked == tuple(listed.replace("hero", hero).split(", "))
        assert tuple(re.findall(r"(?:First|Then) the (\w+ \w+)\.", problem.answer)) == problem.asked[:6]
    for problem in some(problems.scene):
        count, things = problem.trace.split(": ")
        assert problem.prompt == f"Scene with: {', '.join(problem.asked)}."
        assert tuple(things.split(", ")) == problem.asked[: int(count)]
        assert [thing in problem.answer for thing in problem.asked] == [
            place < int(count) for place in range(len(problem.asked))
        ]
        assert min(3, len(problem.asked)) <= int(count) <= 6


@pytest.mark.parametrize("size", [6, 7, 8])
def test_a_long_scene_is_the_likeliest_plan_though_after_three_things_stopping_is_the_likeliest_word(size: int):
    rng = random.Random(11)
    scenes = [problems.scene(rng, size).answer.split(". ") for _ in range(2000)]
    lengths = [len(sentences) for sentences in scenes]
    fourth = [sentences[3].split()[0] for sentences in scenes if len(sentences) > 3]
    assert max(set(lengths), key=lengths.count) == 6
    assert lengths.count(3) > 1.4 * max(fourth.count(word) for word in fourth)


def test_training_never_draws_what_is_held_out_except_facts():
    rng = random.Random(5)
    drawn = [draw(rng, 1.0) for _ in range(2000)]
    assert {problem.prompt.split()[0] for problem in drawn if problems.held_out(problem)} <= {
        question.split()[0] for question in problems.CAPITAL_QUESTIONS
    }
    shares = [problems.held_out(problem) for subject in MIXTURE[:4] for problem in some(subject.generate, 300)]
    assert 0.07 < sum(shares) / len(shares) < 0.13


def test_the_learning_rate_warms_up_and_ends_low():
    rates = [schedule(step, PLANS["direct"]) for step in range(1, PLANS["direct"].steps + 1)]
    assert rates[0] < 0.03
    assert 0.95 < max(rates) <= 1.0
    assert rates[-1] == pytest.approx(0.05)


@pytest.fixture(scope="module")
def short_trainings() -> list[Trained]:
    plan = replace(PLANS["reasoning"], steps=2, batch=4, corpus=500)
    return [train(replace(plan, seed=seed), lambda step, loss: None) for seed in (0, 0, 1)]


def test_training_again_gives_the_same_bytes_and_another_seed_does_not(short_trainings):
    first, second, other = (
        b"".join(value.detach().numpy().tobytes() for value in trained.model.parameters())
        for trained in short_trainings
    )
    assert first == second
    assert first != other


def test_check_tells_by_its_exit_status_whether_the_bytes_are_the_same(tmp_path: Path, capsys):
    few = ["--only", "direct", "--steps", "1", "--out", str(tmp_path)]
    plans = {"direct": replace(PLANS["direct"], batch=4, corpus=500)}
    assert main(few, plans) == 0
    assert main([*few, "--check"], plans) == 0
    (tmp_path / "direct" / "tokenizer.json").write_text("{}")
    assert main([*few, "--check"], plans) == 1
    assert "tokenizer.json DIFFERS" in capsys.readouterr().out


@pytest.mark.parametrize("name", PAIR)
def test_what_is_shipped_is_what_the_report_says(name: str):
    report = read_report(SHIPPED / name)
    assert digests(SHIPPED / name) == report["sha256"]
    assert report["plan"]["steps"] == PLANS[name].steps
    assert (SHIPPED / name / "model.safetensors").stat().st_size < 1_100_000


@pytest.mark.parametrize("name", PAIR)
def test_the_card_says_that_the_model_is_no_evidence_and_no_file_names_a_folder_of_the_maker(name: str):
    text = (SHIPPED / name / "README.md").read_text()
    assert text == card(name, PLANS[name], read_report(SHIPPED / name)["parameters"])
    assert "no evidence" in text
    for file in (SHIPPED / name).glob("*.json"):
        if file.name != "tokenizer.json":
            assert not re.search(r'"(/|[A-Z]:\\)', file.read_text()), file.name


def test_the_pair_shares_one_tokenizer_that_can_encode_any_text():
    assert digests(SHIPPED / "direct")["tokenizer.json"] == digests(SHIPPED / "reasoning")["tokenizer.json"]
    tokenizer = AutoTokenizer.from_pretrained(SHIPPED / "direct")
    for text in ("Grüße, 世界 \U0001f600\n\tx", "<think> 12</think>3"):
        assert tokenizer.decode(tokenizer(text).input_ids, skip_special_tokens=True) == text
    assert len(tokenizer("<think></think>").input_ids) == 2


def test_the_chat_template_writes_what_the_models_were_trained_on():
    tokenizer = AutoTokenizer.from_pretrained(SHIPPED / "reasoning")
    turns = [{"role": "user", "content": "Capital of Peru?"}]
    for settings, thinking in (({}, True), ({"enable_thinking": True}, True), ({"enable_thinking": False}, False)):
        written = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True, **settings)
        assert written == opening("Capital of Peru?", thinking)


def test_the_program_does_nothing_on_import():
    for file in SHIPPED.glob("*.py"):
        tree = ast.parse(file.read_text())
        assert not any(isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) for node in tree.body), file.name
