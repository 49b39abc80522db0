"""Foreign words on a page: text, and nothing but text."""

from tracker.pages.words import as_text


def test_no_markup_and_no_sign_that_turns_what_is_around_it_is_left() -> None:
    assert as_text('<b>\u202eevil\x1b “a” & "q"') == "&lt;b&gt;evil\ufffd “a” &amp; &quot;q&quot;"
    assert as_text("two\nlines, ŁÓDŹ 漢字 عربي") == "two\nlines, ŁÓDŹ 漢字 عربي"
