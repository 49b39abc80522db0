"""How words stand on a page: foreign text as text, the headline, quiet lines, and the few rules of style they need."""

import html
from collections.abc import Sequence
from typing import Literal, NamedTuple

import streamlit as st

from tracker.charts.signs import shown

STYLE = """
<style>
.block-container { max-width: 1024px; padding: 3rem 2rem 4rem; }
.headline { font-family: 'Source Serif 4', Georgia, serif; font-weight: 600; font-size: 1.6rem; line-height: 1.3;
  letter-spacing: -0.005em; text-wrap: balance; margin: 0 0 .6rem; padding: 0; overflow-wrap: anywhere; }
.subhead { font-family: 'Source Serif 4', Georgia, serif; font-weight: 600; font-size: 1.2rem; line-height: 1.35;
  margin: 1.6rem 0 .1rem; padding: 0; }
.quiet { opacity: .72; font-size: .9rem; line-height: 1.5; margin: 0; overflow-wrap: anywhere;
  white-space: pre-line; }
.notice { border-left: 3px solid #c2571a; padding: .1rem 0 .1rem .8rem; font-size: .95rem; line-height: 1.5;
  margin: 0 0 .4rem; }
.error-text { font-family: 'IBM Plex Mono', monospace; font-size: .82rem; line-height: 1.45; white-space: pre-wrap;
  overflow-wrap: anywhere; max-height: 16rem; overflow-y: auto; margin: .1rem 0 .9rem; }
.fact { font-size: .9rem; line-height: 1.5; margin: 0 0 .15rem; overflow-wrap: anywhere; }
.fact span { opacity: .72; }
.fact a { color: inherit; }
.from { font-size: .87rem; line-height: 1.5; margin: -1rem 0 .5rem; max-width: 46rem; overflow-wrap: anywhere; }
.from span { opacity: .72; }
.from a { color: inherit; text-underline-offset: .15em; text-decoration-thickness: 1px; }
[data-testid="stLayoutWrapper"]:has(> [class*="st-key-narrow"]) { display: none; }
[class*="st-key-downloads"] { gap: 0 .9rem; }
[class*="st-key-downloads"] .quiet { line-height: 2.5rem; }
[class*="st-key-wide"] [data-testid="stElementToolbar"],
[class*="st-key-narrow"] [data-testid="stElementToolbar"] { display: none; }
[class*="st-key-foreign"] [data-testid="stElementToolbarButton"]:has([aria-label*="CSV"]) { display: none; }
[data-testid="stMain"] { container-type: inline-size; }
@container (max-width: 760px) {
  .block-container { padding: 4rem 1rem; }
  .headline { font-size: 1.35rem; }
  [data-testid="stLayoutWrapper"]:has(> [class*="st-key-narrow"]) { display: flex; }
  [data-testid="stLayoutWrapper"]:has(> [class*="st-key-wide"]) { display: none; }
  .st-key-filters [data-testid="stHorizontalBlock"] { gap: .4rem .8rem; }
  .st-key-filters [data-testid="stColumn"] { min-width: calc(50% - .4rem); flex: 1 1 calc(50% - .4rem); }
}
</style>
"""


def begin() -> None:
    """The rules of style; the first thing on every page."""
    st.html(STYLE)


def headline(sentence: str) -> None:
    """The sentence that answers the page's question."""
    _write("h1", "headline", sentence)


def subhead(text: str) -> None:
    _write("h2", "subhead", text)


def quiet(text: str, width: Literal["stretch", "content"] = "stretch") -> None:
    """A line that explains: how to read, where from. Without text there is no line."""
    if text:
        _write("p", "quiet", text, width)


def notice(text: str) -> None:
    """What a reader must know before reading on."""
    _write("p", "notice", text)


def error_text(text: str) -> None:
    """What a program said when it failed, letter by letter."""
    _write("div", "error-text", text)


def foreign(name: str) -> st.delta_generator.DeltaGenerator:
    """A place for a table with foreign text: without the browser's own CSV, which leaves formulas in it as they are."""
    return st.container(key=f"foreign-{name}")


class Fact(NamedTuple):
    """One thing that is known, under its name; `link` must be an address of the web to become one."""

    name: str
    text: str
    link: str | None = None


def facts(known: Sequence[Fact]) -> None:
    """A list of what is known, one a line."""
    st.html("".join(_fact(fact) for fact in known))


class Link(NamedTuple):
    """A place to go: an address of the web, or one within this dashboard such as "scores?domain=Math" or "#rule"."""

    text: str
    address: str


def come_from(links: Sequence[Link]) -> None:
    """Under numbers, where they come from; nothing where that is nowhere to be seen."""
    if links:
        st.html(f'<p class="from"><span>From</span> {" · ".join(map(_link, links))}</p>')


def _link(link: Link) -> str:
    outside = link.address.startswith(("https://", "http://"))
    target = '_blank" rel="noopener noreferrer' if outside else "_self"
    return f'<a href="{as_text(link.address)}" target="{target}">{as_text(link.text)}</a>'


def as_text(text: str) -> str:
    """Foreign words for a place between tags or in an attribute: no markup, and nothing that turns what is around."""
    return html.escape(shown(text))


def _fact(fact: Fact) -> str:
    told = as_text(fact.text)
    if fact.link and fact.link.startswith(("https://", "http://")):
        address = as_text(fact.link)
        told = f'<a href="{address}" target="_blank" rel="noopener noreferrer">{told}</a>'
    return f'<p class="fact"><span>{as_text(fact.name)}</span> {told}</p>'


def _write(tag: str, style: str, text: str, width: Literal["stretch", "content"] = "stretch") -> None:
    st.html(f'<{tag} class="{style}">{as_text(text)}</{tag}>', width=width)
