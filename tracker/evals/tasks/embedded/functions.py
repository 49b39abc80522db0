"""The documents of the embedded tasks and how answers are scored, called by lm-eval from the YAML files beside this.

Documents come from the generators that made the training data, with other seeds, and only from the tenth of all
problems that training never draws (`problems.held_out`). Capitals are the exception: a fact can only be known by
having been taught, so all questions of `embedded_facts` are in the training data too.

Two tasks are fuzzy: they have no right answer, and two measures that pull apart. `coverage` is the share of the asked
things that the answer mentions; `freshness` is the share of its words that it has not used before. Every further thing
costs another sentence with the same connecting words, so an answer that covers more repeats more, and whoever stops
early looks fresh. Neither measure is the truth; a gap that shows on one and not on the other is the point. More is
asked than the sentences of the training data leave room for, so nothing that was learned there scores 1 on either.
"""

import random
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from datasets import Dataset

try:
    from tracker.evals.twins import problems
except ModuleNotFoundError:  # lm-eval reads this file by its path, perhaps where the project is not installed
    sys.path.append(str(Path(__file__).resolve().parents[4]))
    from tracker.evals.twins import problems

DOCUMENTS = 300


class Subject(NamedTuple):
    generate: problems.Generator
    smallest: int
    largest: int


SUBJECTS = {
    "chain_easy": Subject(problems.chain, 1, 2),
    "chain_hard": Subject(problems.chain, 5, 8),
    "cups_hard": Subject(problems.cups, 5, 8),
    "lookup": Subject(problems.lookup, 4, 8),
    "largest": Subject(problems.largest, 4, 8),
    "facts": Subject(problems.fact, 1, 1),
    "scene": Subject(problems.scene, 6, 8),
    "story": Subject(problems.story, 5, 8),
}

Document = dict[str, Any]


def data_set(subject: str, **_: Any) -> dict[str, Dataset]:
    """lm-eval's data set; it hands over the task's metadata too."""
    return {"test": Dataset.from_list(documents(subject))}


def documents(subject: str) -> list[Document]:
    """Three hundred different documents, the same on every call."""
    generate, smallest, largest = SUBJECTS[subject]
    rng = random.Random(f"documents of {subject}")
    found: dict[str, Document] = {}
    while len(found) < DOCUMENTS:
        problem = generate(rng, rng.randint(smallest, largest))
        if generate is problems.fact or problems.held_out(problem):
            found[problem.prompt] = {"prompt": problem.prompt, "answer": problem.answer, "asked": list(problem.asked)}
    return list(found.values())


def answers(responses: Iterable[Sequence[str]], documents: Iterable[Document]) -> list[str]:
    """lm-eval's filter: one answer per document, out of the first response to each."""
    return [answer_alone(response[0]) for response in responses]


def answer_alone(text: str) -> str:
    """What follows the thinking; nothing when the thinking was cut off, so a number in it earns no credit."""
    after = text.rpartition("</think>")[2]
    return "" if "<think>" in after else after.strip()


def scene_scores(document: Document, results: Sequence[str]) -> Mapping[str, float]:
    """Coverage in any order."""
    words = _words(results[0])
    pairs = set(pairwise(words))
    mentioned = [tuple(thing.split()) in pairs for thing in document["asked"]]
    return {"coverage": sum(mentioned) / len(mentioned), "freshness": freshness(words)}


def story_scores(document: Document, results: Sequence[str]) -> Mapping[str, float]:
    """Coverage in the order asked, with the right hero: an event told after a later one does not count."""
    words = _words(results[0])
    asked = [tuple(event.split()) for event in document["asked"]]
    told, latest = 0, -1
    for pair in pairwise(words):
        if pair in asked and asked.index(pair) > latest:
            told, latest = told + 1, asked.index(pair)
    return {"coverage": told / len(asked), "freshness": freshness(words)}


def freshness(words: Sequence[str]) -> float:
    """Distinct words over words ("distinct-1", Li et al. 2016); an empty answer says nothing and scores 0."""
    return len(set(words)) / len(words) if words else 0.0


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())
