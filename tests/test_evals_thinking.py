"""What counts as thinking and what as the answer, for every form of marker in use."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tracker.evals.thinking import Answer, split_answer, trim_at, without

MARKERS = {
    "tokens or text": ("<think>", "</think>"),
    "gpt-oss": ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
    "Magistral": ("[THINK]", "[/THINK]"),
}
pieces = st.sampled_from([*(mark for pair in MARKERS.values() for mark in pair), "42", "\n", " ", "so", "<", ">", "é"])
texts = st.lists(pieces, max_size=12).map("".join) | st.text(max_size=30)


def split(raw: str, form: str = "tokens or text", **options: bool) -> Answer:
    start, end = MARKERS[form]
    return split_answer(raw, start=start, end=end, **options)


@pytest.mark.parametrize("form", MARKERS)
def test_thinking_and_answer_come_apart(form):
    start, end = MARKERS[form]
    assert split(f"{start}6 × 7 is 42{end}\n\nIt is 42", form) == Answer("It is 42", "6 × 7 is 42", closed=True)


def test_what_gpt_oss_really_writes():
    raw = "<|channel|>analysis<|message|>Simple.<|end|><|start|>assistant<|channel|>final<|message|>4"
    assert split(raw, "gpt-oss") == Answer("4", "Simple.<|end|><|start|>assistant", closed=True)


@pytest.mark.parametrize(
    ("raw", "options", "answer"),
    [
        ("42", {}, Answer("42", None, closed=True)),
        ("", {}, Answer("", None, closed=True)),
        # The prompt held the start marker, as R1's does.
        ("it is 42</think>\n42", {"opened": True}, Answer("42", "it is 42", closed=True)),
        ("it is 42</think>\n42", {}, Answer("42", "it is 42", closed=True)),
        # Cut off while thinking: the trace names a number, and there is no answer.
        ("<think>it is 42", {}, Answer("", "it is 42", closed=False)),
        ("it is 42", {"opened": True}, Answer("", "it is 42", closed=False)),
        ("", {"opened": True}, Answer("", "", closed=False)),
        # Closed with nothing after it.
        ("<think>it is 42</think>", {}, Answer("", "it is 42", closed=True)),
        # Thinking that was not needed.
        ("<think>\n\n</think>\n\n42", {}, Answer("42", "\n\n", closed=True)),
        # Closed several times: the answer follows the last.
        ("<think>a</think>1<think>b</think>2", {}, Answer("2", "a</think>1<think>b", closed=True)),
        ("a</think>b</think>2", {}, Answer("2", "a</think>b", closed=True)),
        # Back to thinking after an answer, and cut off there.
        ("<think>a</think>1 <think>or 2", {}, Answer("", "a</think>1 <think>or 2", closed=False)),
        # Something before the thinking is no part of either.
        ("Well: <think>a</think>1", {}, Answer("1", "a", closed=True)),
    ],
)
def test_every_way_of_opening_and_closing(raw, options, answer):
    assert split(raw, **options) == answer


@settings(deadline=None)
@given(raw=texts, form=st.sampled_from(list(MARKERS)), opened=st.booleans())
def test_an_answer_never_holds_a_marker_and_is_what_the_text_ends_with(raw, form, opened):
    answer = split(raw, form, opened=opened)
    assert not any(mark in answer.text for mark in MARKERS[form])
    assert raw.endswith(answer.text)
    if not answer.closed:
        assert answer.text == ""
        assert answer.thinking is not None
    if answer.thinking is not None:
        assert answer.thinking in raw


@settings(deadline=None)
@given(trace=texts, text=texts, form=st.sampled_from(list(MARKERS)))
def test_what_was_put_together_comes_apart(trace, text, form):
    start, end = MARKERS[form]
    assume(not any(mark in trace + text for mark in (start, end)))
    raw = f"{start}{trace}{end}{text}"
    assume(raw.count(start) == raw.count(end) == 1)
    assert split(raw, form) == Answer(text.lstrip(), trace, closed=True)


stops = st.lists(st.sampled_from(["", "\n", "\n\n", "Question:", "so", "4"]) | st.text(max_size=3), max_size=4)


@settings(deadline=None)
@given(text=texts, stop=stops)
def test_trimmed_text_is_the_longest_beginning_without_a_stop_string(text, stop):
    cut = trim_at(text, stop)
    assert text.startswith(cut)
    assert not any(term in cut for term in stop if term)
    assert trim_at(cut, stop) == cut
    assert cut == text or any(text.startswith(term, len(cut)) for term in stop if term)


def test_the_first_stop_string_in_the_text_cuts_and_empty_ones_do_not():
    assert trim_at("one. two\nthree", ["\n", ". "]) == "one"
    assert trim_at("one", ["", "x"]) == "one"
    assert trim_at("one", ["one"]) == ""
    assert trim_at("one", []) == "one"


@settings(deadline=None)
@given(text=texts, tokens=st.lists(st.sampled_from(["", "<|end|>", "<|end|>x", "</s>"]), max_size=4))
def test_text_without_special_tokens_keeps_the_rest(text, tokens):
    marked = "<|end|>".join(text)
    assume("<|end|>" not in text)
    assume(not any(token and token in text for token in tokens))
    if "<|end|>" in tokens and "<|end|>x" not in tokens:
        assert without(marked, tokens) == text
    assert without(text, tokens) == text


def test_a_token_inside_another_leaves_no_rest():
    assert without("4<|end|>", ["<|end", "<|end|>", ""]) == "4"
