"""Seeded generators of the problems that the embedded models are trained on and that the embedded tasks ask.

A generator takes a random generator and a size and gives a problem: what is asked, the chain of thought that leads
to the answer one small step at a time, and the answer. Both models learn from the same problems; only the reasoning
one sees the chains.
"""

import random
import zlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

LETTERS = "abcdefghij"
CUPS = "123"
ADJECTIVES = ("red", "blue", "old", "tiny", "happy", "sleepy", "green", "brave", "quiet", "shiny")
NOUNS = ("cat", "dog", "robot", "bird", "horse", "fox", "girl", "boy", "wolf", "fish", "bear", "frog")
HEROES = ("king", "queen", "prince")
VERBS = ("sings", "naps", "reads", "digs", "swims", "runs", "paints", "cooks", "jumps", "waits", "hides", "laughs")
CAPITALS = {
    "Austria": "Vienna", "Belgium": "Brussels", "Canada": "Ottawa", "Chile": "Santiago", "China": "Beijing",
    "Cuba": "Havana", "Denmark": "Copenhagen", "Egypt": "Cairo", "Estonia": "Tallinn", "Finland": "Helsinki",
    "France": "Paris", "Germany": "Berlin", "Ghana": "Accra", "Greece": "Athens", "Hungary": "Budapest",
    "India": "Delhi", "Iran": "Tehran", "Iraq": "Baghdad", "Ireland": "Dublin", "Italy": "Rome",
    "Japan": "Tokyo", "Jordan": "Amman", "Kenya": "Nairobi", "Latvia": "Riga", "Lebanon": "Beirut",
    "Nepal": "Kathmandu", "Norway": "Oslo", "Peru": "Lima", "Poland": "Warsaw", "Portugal": "Lisbon",
    "Qatar": "Doha", "Russia": "Moscow", "Senegal": "Dakar", "Serbia": "Belgrade", "Spain": "Madrid",
    "Sweden": "Stockholm", "Syria": "Damascus", "Thailand": "Bangkok", "Turkey": "Ankara", "Vietnam": "Hanoi",
}  # fmt: skip
CAPITAL_QUESTIONS = (
    "What is the capital of {}?", "Name the capital city of {}.", "Capital of {}?", "Which city is the capital of {}?",
    "Tell me the capital of {}.", "The capital of {} is?", "What city is the capital of {}?", "Give the capital of {}.",
)  # fmt: skip
SCENE_SENTENCES = ("Here is the {}.", "We see the {}.", "There is the {} too.", "Look at the {}.")
SENTENCES = 6
"""The most sentences that a reference scene or story has, however many things were asked for."""
SHORT_SCENE = 3


class Problem(NamedTuple):
    prompt: str
    trace: str
    answer: str
    asked: tuple[str, ...] = ()
    """Fuzzy problems only: the two-word things that a good answer mentions, in the order that it should."""


Generator = Callable[[random.Random, int], Problem]


def chain(rng: random.Random, size: int) -> Problem:
    """`size` additions, subtractions and multiplications, each on the last digit of the one before."""
    value = rng.randrange(10)
    prompt, steps = f"Start at {value}.", []
    for letter in LETTERS[:size]:
        operator = rng.choice("+-*")
        operand = rng.choice((3, 7, 9)) if operator == "*" else rng.randint(1, 9)
        after = {"+": value + operand, "-": value - operand, "*": value * operand}[operator] % 10
        prompt += f" {letter}:{operator}{operand}"
        steps.append(f" {letter}:{value}{operator}{operand}={after}")
        value = after
    return Problem(f"{prompt}. Last digit?", "".join(steps), str(value))


def cups(rng: random.Random, size: int) -> Problem:
    """A ball under one of three cups, and `size` swaps of two cups."""
    game = _swaps(rng, size)
    return Problem(f"Ball is under cup {game.start}. Swap{game.swaps}. Where is the ball?", game.trace, game.end)


def lookup(rng: random.Random, size: int) -> Problem:
    """One value out of a table of `size` entries; the chain repeats the entry."""
    table = {letter: str(rng.randrange(10)) for letter in LETTERS[:size]}
    key = rng.choice(list(table))
    entries = "".join(f" {letter}:{value}" for letter, value in table.items())
    return Problem(f"Table{entries}. Value of {key}?", f" {key}:{table[key]}", table[key])


def largest(rng: random.Random, size: int) -> Problem:
    """The largest of `size` digits; the chain keeps the largest so far."""
    digits = [rng.randrange(10) for _ in range(size)]
    so_far = [max(digits[: end + 1]) for end in range(size)]
    return Problem(f"Largest digit: {_spaced(digits)}?", f" {_spaced(so_far)}", str(so_far[-1]))


def fact(rng: random.Random, size: int = 1) -> Problem:
    """The capital of a country: known or not, with nothing to work out, so `size` is ignored."""
    country = rng.choice(list(CAPITALS))
    return Problem(rng.choice(CAPITAL_QUESTIONS).format(country), f" {country}", CAPITALS[country])


def scene(rng: random.Random, size: int) -> Problem:
    """`size` things to describe; the reference mentions some of them; the chain says how many and which.

    The likeliest length is all that there is room for. Yet once three things are mentioned, stopping is likelier than
    any single one of the four ways to go on. So whoever plans first and always takes the likeliest word says much, and
    whoever writes at once says little, though both have learned the same.
    """
    things = _pairs(rng, ADJECTIVES, NOUNS, size)
    plan = things[: _scene_length(rng, min(size, SENTENCES))]
    sentences = [rng.choice(SCENE_SENTENCES).format(thing) for thing in plan]
    prompt, trace = f"Scene with: {', '.join(things)}.", f" {len(plan)}: {', '.join(plan)}"
    return Problem(prompt, trace, " ".join(sentences), tuple(things))


def story(rng: random.Random, size: int) -> Problem:
    """`size` events, of which the reference tells the first six; some happen to whoever holds the crown at last.

    The crown is swapped between the three heroes as a ball is between cups, about half as often as there are events;
    the chain follows it.
    """
    game = _swaps(rng, size // 2 + 1)
    subjects = [rng.choice(("hero", noun)) for noun in rng.sample(NOUNS, size)]
    listed = [f"{subject} {verb}" for subject, verb in zip(subjects, rng.sample(VERBS, size), strict=True)]
    asked = tuple(event.replace("hero", HEROES[int(game.end) - 1]) for event in listed)
    told = [f"{'Then' if place else 'First'} the {event}." for place, event in enumerate(asked[:SENTENCES])]
    prompt = f"Crown on {game.start}. Swap{game.swaps}. Story of: {', '.join(listed)}."
    return Problem(prompt, game.trace, f"{' '.join(told)} The end.", asked)


def held_out(problem: Problem) -> bool:
    """Whether the problem is kept from training: a tenth of all, by a checksum of the prompt, so the same for ever."""
    return zlib.crc32(problem.prompt.encode()) % 10 == 0


def _scene_length(rng: random.Random, most: int) -> int:
    """Three in 30 of 100 cases, the most in 42, otherwise something between."""
    if most <= SHORT_SCENE + 1:
        return most
    between = range(SHORT_SCENE + 1, most)
    return rng.choices([SHORT_SCENE, most, rng.choice(between)], [30, 42, 28])[0]


class _Swaps(NamedTuple):
    start: str
    end: str
    swaps: str
    trace: str


def _swaps(rng: random.Random, count: int) -> _Swaps:
    """Something that changes places `count` times, or stays where it is when two other places are swapped."""
    start = place = rng.choice(CUPS)
    swaps = trace = ""
    for letter in LETTERS[:count]:
        one, other = rng.sample(CUPS, 2)
        after = {one: other, other: one}.get(place, place)
        swaps += f" {letter}:{one}{other}"
        trace += f" {letter}:{one}{other}{place}={after}"
        place = after
    return _Swaps(start, place, swaps, trace)


def _pairs(rng: random.Random, first: Sequence[str], second: Sequence[str], size: int) -> list[str]:
    """Two-word things without a common word."""
    return [" ".join(pair) for pair in zip(rng.sample(first, size), rng.sample(second, size), strict=True)]


def _spaced(digits: list[int]) -> str:
    return " ".join(map(str, digits))
