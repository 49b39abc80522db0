"""What a site sends, read field by field: each thing that is not as documented ends in one line."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.markets.reading import Fields, content, shown
from tracker.markets.source import Reply, SourceError

NOW = datetime(2026, 8, 1, tzinfo=UTC)


def reply(body: str) -> Reply:
    return Reply("https://site/x", 200, NOW, body)


@pytest.mark.parametrize("body", ['{"p": NaN}', '{"p": Infinity}', '{"p": 0.5', "", "<html>", "[" * 100_000])
def test_what_is_no_json_is_a_sentence(body: str) -> None:
    with pytest.raises(SourceError, match="Site answered https://site/x with something that is no JSON"):
        content("Site", reply(body))


@pytest.mark.parametrize(
    ("value", "read", "expected"),
    [
        ("0.25", Fields.number, 0.25),
        (3, Fields.number, 3.0),
        ("", Fields.number, None),
        (None, Fields.number, None),
        ("1.0000", Fields.fraction, 1.0),
        ("", Fields.text, None),
        (None, Fields.flag, False),
        ("2026-06-05 19:32:22+00", Fields.moment, datetime(2026, 6, 5, 19, 32, 22, tzinfo=UTC)),
        ("2026-06-05T21:32:22.5+02:00", Fields.moment, datetime(2026, 6, 5, 19, 32, 22, 500000, tzinfo=UTC)),
        ("2026-06-05T19:32:22Z", Fields.moment, datetime(2026, 6, 5, 19, 32, 22, tzinfo=UTC)),
        (1780687942.5, Fields.seconds, datetime(2026, 6, 5, 19, 32, 22, 500000, tzinfo=UTC)),
        (None, Fields.seconds, None),
    ],
)
def test_what_is_as_documented_is_read(value: Any, read: Callable[[Fields, str], Any], expected: Any) -> None:
    assert read(Fields("Site", "market x", {"field": value}), "field") == expected


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (True, Fields.number),
        ("nan", Fields.number),
        ("1e999", Fields.number),
        ("half", Fields.number),
        ([1], Fields.number),
        (None, Fields.fraction),
        (1.01, Fields.fraction),
        (-0.01, Fields.fraction),
        (7, Fields.text),
        ("", Fields.must),
        (None, Fields.must),
        ("yes", Fields.flag),
        (0, Fields.flag),
        ("2026-06-05", Fields.moment),
        ("2026-06-05T19:32:22", Fields.moment),
        ("0001-01-01T00:00:00+23:00", Fields.moment),
        (1780687942, Fields.moment),
        (1e18, Fields.seconds),
        ({}, Fields.listed),
        (None, Fields.listed),
    ],
)
def test_what_is_not_as_documented_names_the_field_and_what_it_held(
    value: Any, read: Callable[[Fields, str], Any]
) -> None:
    with pytest.raises(SourceError) as error:
        read(Fields("Site", "market x", {"field": value}), "field")
    text = str(error.value)
    assert text.startswith("Site has changed what it sends: “field” of market x is ")
    assert "\n" not in text


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_any_foreign_value_is_shown_short_and_without_control_characters(value: Any) -> None:
    text = shown(value)
    assert text.isprintable()
    assert len(text) <= 63
