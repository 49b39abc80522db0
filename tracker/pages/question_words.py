"""A question's own words, which are foreign text: title, rules and note, letter by letter, and a link to its site."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from tracker.pages import words
from tracker.pages.words import Fact
from tracker.stats.sites import SITES, site_address

STYLE = """
<style>
.asked { font-weight: 600; font-size: 1.05rem; line-height: 1.4; margin: .2rem 0 .5rem; overflow-wrap: anywhere; }
.passage { font-size: .93rem; line-height: 1.55; white-space: pre-wrap; overflow-wrap: anywhere; max-width: 46rem;
  margin: .1rem 0 .8rem; }
.entry { margin: .15rem 0 .75rem; line-height: 1.5; overflow-wrap: anywhere; max-width: 46rem; }
.entry b { font-weight: 600; font-variant-numeric: tabular-nums; }
.entry .said { white-space: pre-wrap; font-size: .93rem; }
.entry .small { opacity: .72; font-size: .87rem; }
.entry.gone b, .entry.gone .said { text-decoration: line-through; opacity: .6; }
</style>
"""


def asked(title: str) -> None:
    """The question, above what is known of it."""
    st.html(STYLE)
    st.html(f'<p class="asked">{words.as_text(" ".join(title.split()))}</p>')


def passage(text: str, place: str = "") -> None:
    """Somebody's text with its own line breaks; `place`: what a link on this page calls it."""
    name = f' id="{words.as_text(place)}"' if place else ""
    st.html(f'<div class="passage"{name}>{words.as_text(text)}</div>')


def about(question: dict[str, Any], decided: Sequence[str]) -> None:
    """Its rules, what is known of it, what was decided, and where it is."""
    if question["rules"] or question["note"] or question["url"] or decided:
        words.subhead("The question")
    if question["note"]:
        words.quiet("What is known of it:")
        passage(question["note"])
    if question["rules"]:
        words.quiet("Its rules, as its source states them:" if question["source"] != "own" else "Its rules:")
        passage(question["rules"])
    if decided:
        words.quiet("What was decided:")
        for line in decided:
            passage(line)
    address = site_address(question["source"], question["url"])
    if address:
        words.facts([Fact(f"At {SITES.get(question['source'], question['source'])}:", address, address)])
    elif question["url"]:
        words.facts([Fact("Its address, which is none of a site known here, and so no link:", question["url"])])


def entry(who: str, text: str, when: str, *, reason: str | None, citation: str | None, gone: str | None) -> None:
    """One line of the journal; struck through where it was withdrawn, and never taken out."""
    parts = [f"<b>{words.as_text(who)}: {words.as_text(text)}</b> <span class='small'>{words.as_text(when)} UTC</span>"]
    if reason:
        parts.append(f'<div class="said">{words.as_text(reason)}</div>')
    if citation:
        parts.append(f'<div class="small">Found in: {words.as_text(citation)}</div>')
    if gone:
        parts.append(f'<div class="small">{words.as_text(gone)}</div>')
    st.html(f'<div class="entry{" gone" if gone else ""}">{"".join(parts)}</div>')
