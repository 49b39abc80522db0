"""Answers kept through kills and halved batches: nothing lost, nothing doubled, nothing in another's place."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.evals.batches import OutOfMemory, Request, TaskAnswers
from tracker.evals.cache import CacheMismatch, Output, RequestCache, request_key
from tracker.evals.failures import HarnessError

ROOT = Path(__file__).parents[1]
OWNER = {"model": "m", "revision": "r1", "task": "t", "version": "1.0", "settings": "s1"}


@pytest.fixture
def cache(tmp_path):
    opened = RequestCache(tmp_path / "deep" / "requests.sqlite", OWNER)
    yield opened
    opened.close()


def written(text: str, tokens: int | None = 2) -> Output:
    return Output(f"<think>x</think>{text}", text, "x", tokens, "stop", 0.5)


def requests(count: int, arguments: object = None) -> list[Request]:
    return [Request(("t", at), f"prompt {at}", arguments) for at in range(count)]


def echo(batch, seed):
    return [written(f"to {request.prompt}") for request in batch]


def test_what_was_saved_is_found_again_by_the_same_owner(cache, tmp_path):
    values = [(f"k{at}", list(written(f"Ω\ud83d\x00{at}"))) for at in range(1201)]
    cache.save(values)
    cache.close()
    again = RequestCache(tmp_path / "deep" / "requests.sqlite", dict(reversed(OWNER.items())))
    assert again.count() == 1201
    assert again.find([key for key, _ in values] + ["unknown"]) == dict(values)
    again.save([("k0", ["new"])])
    assert again.find(["k0"]) == {"k0": ["new"]}
    assert again.count() == 1201
    again.close()


@pytest.mark.parametrize("changed", [*OWNER, "one more"])
def test_another_owner_is_refused_with_a_sentence(changed, cache, tmp_path):
    cache.save([("k", [1])])
    with pytest.raises(CacheMismatch, match=r"holds the answers of .*move it away") as caught:
        RequestCache(tmp_path / "deep" / "requests.sqlite", OWNER | {changed: "other"})
    assert isinstance(caught.value, HarnessError)
    assert cache.find(["k"]) == {"k": [1]}


def test_a_value_that_is_no_json_leaves_the_cache_as_it_was(cache):
    with pytest.raises(TypeError):
        cache.save([("a", [1]), ("b", object())])
    assert cache.count() == 0
    cache.save([("a", [1])])
    assert cache.count() == 1


def test_a_file_that_is_no_cache_is_refused_with_a_sentence(tmp_path):
    path = tmp_path / "requests.sqlite"
    path.write_bytes(b"not a database, and long enough to be taken for one" * 40)
    with pytest.raises(HarnessError, match=r"cannot be read .*not a database.*move it away"):
        RequestCache(path, OWNER)
    assert path.read_bytes().startswith(b"not a database")


def test_keys_tell_apart_all_that_changes_an_answer():
    keys = [
        request_key(kind, prompt, arguments, repeat)
        for kind in ("generate", "loglikelihood")
        for prompt in ("a", "b", "\ud83d")
        for arguments in ({"until": ["\n"]}, {"until": []}, "a")
        for repeat in (0, 1)
    ]
    assert len(set(keys)) == len(keys)
    assert request_key("g", "p", {"a": 1, "b": 2}) == request_key("g", "p", {"b": 2, "a": 1})


SAVES_UNTIL_KILLED = """
import sys
from pathlib import Path
from tracker.evals.cache import RequestCache
cache = RequestCache(Path(sys.argv[1]), {"model": "m"})
for batch in range(100_000):
    cache.save([(f"{batch}-{at}", ["x" * 2000, batch]) for at in range(7)])
    print(batch, flush=True)
"""


def test_a_process_killed_while_saving_leaves_whole_batches(tmp_path):
    """Killed at several moments, the file opens, holds no part of a batch, and all that was reported saved."""
    path = tmp_path / "requests.sqlite"
    for seed in range(4):
        path.unlink(missing_ok=True)
        child = subprocess.Popen(
            [sys.executable, "-c", SAVES_UNTIL_KILLED, str(path)], stdout=subprocess.PIPE, cwd=ROOT, text=True
        )
        with child:
            child.stdout.readline()
            time.sleep(random.Random(seed).uniform(0.0, 0.06))
            os.kill(child.pid, signal.SIGKILL)
            said = [0, *(int(line) for line in child.stdout if line.endswith("\n"))]
        assert child.returncode == -signal.SIGKILL
        cache = RequestCache(path, {"model": "m"})
        count = cache.count()
        cache.close()
        assert count % 7 == 0
        assert count >= 7 * (said[-1] + 1)
        with sqlite3.connect(path) as file:
            [(whole,)] = file.execute("PRAGMA integrity_check")
        file.close()
        assert whole == "ok"


@settings(max_examples=60, deadline=None)
@given(
    asked=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2)), max_size=30),
    size=st.integers(1, 9),
    fits=st.integers(1, 9),
    die_at=st.integers(0, 40),
)
def test_results_follow_the_requests_whatever_the_sizes_repeats_halving_and_kills(asked, size, fits, die_at):
    """Each answer names its request and how often that came before, as sampling would make them differ."""
    cache = RequestCache(Path(":memory:"), OWNER)
    batch = [Request(("t", at), "p" * prompt, {"n": arguments}) for at, (prompt, arguments) in enumerate(asked)]
    answered = 0

    def compute(part, seed):
        nonlocal answered
        if len(part) > fits:
            raise OutOfMemory
        assert len({str(one.arguments) for one in part}) == 1
        if die_at < 40 and answered >= die_at:
            raise KeyboardInterrupt
        answered += len(part)
        return [written(f"{one.prompt}{one.arguments['n']} {seed}") for one in part]

    first = TaskAnswers(cache, size, lambda *_: None)
    try:
        first.generate(batch, len, compute)
    except KeyboardInterrupt:
        die_at = 40
    kept = cache.count()
    again = TaskAnswers(cache, size, lambda *_: None)
    found = again.generate(batch, len, compute)
    assert again.resumed == kept
    assert answered == cache.count() == len(batch)
    assert [one.answer.split()[0] for one in found] == [f"{'p' * p}{n}" for p, n in asked]
    assert [again.outputs[one.owner] for one in batch] == [[one] for one in found]
    cache.close()


def test_a_request_asked_again_gets_answers_of_its_own(cache):
    asked = [Request(("t", at // 3), f"prompt {at // 3}", {"temperature": 0.6}) for at in range(6)]
    answers = TaskAnswers(cache, 1, lambda *_: None)
    found = answers.generate(asked, len, lambda batch, seed: [written(str(seed))])
    assert len({one.answer for one in found}) == 6
    assert answers.outputs[("t", 0)] == found[:3]
    assert TaskAnswers(cache, 1, lambda *_: None).generate(asked, len, None) == found


def test_the_longest_prompts_come_first_and_batches_stay_the_same_after_a_kill(cache):
    asked = [Request(("t", at), "p" * at, None) for at in range(10)]
    seen: list[tuple[list[int], int]] = []

    def compute(batch, seed):
        seen.append(([len(one.prompt) for one in batch], seed))
        if len(seen) == 3:
            raise KeyboardInterrupt
        return echo(batch, seed)

    with pytest.raises(KeyboardInterrupt):
        TaskAnswers(cache, 4, lambda *_: None).generate(asked, len, compute)
    assert [sizes for sizes, _ in seen] == [[9, 8, 7, 6], [5, 4, 3, 2], [1, 0]]
    TaskAnswers(cache, 4, lambda *_: None).generate(asked, len, compute)
    assert seen[3] == seen[2]


def test_a_batch_that_does_not_fit_is_halved_for_the_rest_of_the_task(cache):
    sizes = []

    def compute(batch, seed):
        sizes.append(len(batch))
        if len(batch) > 3:
            raise OutOfMemory("8 do not fit")
        return echo(batch, seed)

    answers = TaskAnswers(cache, 8, lambda *_: None)
    found = answers.generate(requests(20), lambda text: 1, compute)
    assert sizes == [8, 4, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]
    assert answers.smallest_batch == 2
    assert [one.answer for one in found] == [f"to prompt {at}" for at in range(20)]


def test_one_document_that_does_not_fit_is_an_error(cache):
    def compute(batch, seed):
        raise OutOfMemory("1 does not fit")

    with pytest.raises(OutOfMemory, match="1 does not fit"):
        TaskAnswers(cache, 8, lambda *_: None).generate(requests(8), len, compute)


def test_scores_are_kept_in_batches_and_progress_counts_to_the_end(cache):
    seen = []
    told = []

    def compute(batch, seed):
        seen.append(len(batch))
        return [[-1.5, True] for _ in batch]

    answers = TaskAnswers(cache, 8, lambda *said: told.append(said))
    assert answers.score("loglikelihood", requests(10, " yes"), compute, at_once=4) == [[-1.5, True]] * 10
    assert seen == [4, 4, 2]
    assert told == [(0, 10, None), (4, 10, None), (8, 10, None), (10, 10, None)]
    assert answers.score("loglikelihood", requests(10, " yes"), None) == [[-1.5, True]] * 10
    assert not answers.outputs


def test_asked_one_by_one_order_and_repeats_hold_and_all_run_at_once(cache):
    asked = [Request(("t", at), f"prompt {at % 7}", None) for at in range(21)]
    meeting = threading.Barrier(5)

    def answer(request, seed):
        if int(request.prompt[-1]) < 5 and request.owner[1] < 5:
            meeting.wait(10)  # passes only when five are under way together
        time.sleep(random.Random(seed).uniform(0, 0.005))
        return written(f"{request.prompt} {seed}")

    answers = TaskAnswers(cache, 1, lambda *_: None)
    found = answers.generate_each(asked, answer, at_once=5)
    assert [one.answer[:8] for one in found] == [one.prompt for one in asked]
    assert len({one.answer for one in found}) == 21
    again = TaskAnswers(cache, 1, lambda *_: None)
    assert again.generate_each(asked, None, at_once=5) == found
    assert again.resumed == 21


@pytest.mark.parametrize("at_once", [1, 3, 50])
def test_one_that_fails_for_good_ends_it_and_the_finished_are_kept(at_once, cache):
    """With many still waiting, it must end and ask for no more of them."""
    begun = []

    def answer(request, seed):
        begun.append(request.prompt)
        time.sleep(0.005)
        if request.owner[1] == 4:
            raise HarnessError("refused")
        return written(request.prompt)

    told = []
    answers = TaskAnswers(cache, 1, lambda *said: told.append(said))
    with pytest.raises(HarnessError, match="refused"):
        answers.generate_each(requests(60), answer, at_once=at_once)
    assert cache.count() == len(begun) - 1
    assert len(begun) <= 60 if at_once == 50 else len(begun) <= 5 + 2 * at_once
    assert told[-1][0] == len(begun) - 1
    rest = []
    again = TaskAnswers(cache, 1, lambda *_: None)
    found = again.generate_each(requests(60), lambda one, seed: rest.append(one) or written(one.prompt), at_once=2)
    assert {one.prompt for one in rest}.isdisjoint(set(begun) - {"prompt 4"})
    assert len(rest) == 60 - len(begun) + 1
    assert [one.answer for one in found] == [f"prompt {at}" for at in range(60)]


def test_a_cache_that_cannot_be_written_ends_it_without_asking_for_the_rest(cache):
    begun = []

    def answer(request, seed):
        begun.append(request)
        time.sleep(0.005)
        return written(request.prompt)

    with pytest.raises(sqlite3.ProgrammingError):
        TaskAnswers(cache, 1, lambda done, *_: done and cache.close()).generate_each(requests(60), answer, at_once=2)
    assert len(begun) < 20


def test_a_task_without_requests_has_no_answers(cache):
    answers = TaskAnswers(cache, 8, lambda *_: None)
    assert answers.generate([], len, None) == []
    assert answers.generate_each([], None, at_once=4) == []
    assert answers.score("loglikelihood", [], None) == []
