"""Splits what a model wrote into the thinking and the answer that is scored."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """`thinking` is None when there was none; `closed` is False when the thinking was cut off before an answer."""

    text: str
    thinking: str | None
    closed: bool


def split_answer(raw: str, *, start: str, end: str, opened: bool = False) -> Answer:
    """The thinking and the answer in `raw`, which still holds special tokens.

    `opened` says that the prompt already ended with the start marker, as R1 and QwQ templates do. Thinking that was
    never closed has no answer: the last number in a trace is not an answer, so the text is empty and scores nothing.
    Nor is there one when the model went back to thinking after an answer and was cut off there.
    """
    before, marker, after = raw.rpartition(end)
    if marker and start not in after:
        return Answer(after.lstrip(), _trace(before, start), closed=True)
    if opened or start in raw:
        return Answer("", _trace(raw, start), closed=False)
    return Answer(raw, None, closed=True)


def trim_at(text: str, stop: Sequence[str]) -> str:
    """The text before the first stop string; empty stop strings are ignored."""
    cut = min((at for term in stop if term and (at := text.find(term)) >= 0), default=len(text))
    return text[:cut]


def without(text: str, tokens: Sequence[str]) -> str:
    """The text with special tokens taken out, longest first so that one inside another leaves no rest."""
    for token in sorted(tokens, key=len, reverse=True):
        if token:
            text = text.replace(token, "")
    return text


def _trace(text: str, start: str) -> str:
    return text.partition(start)[2] if start in text else text
