"""The command line of `markets add`, `markets find` and `markets list`."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Annotated

import polars as pl
import typer
from rich.console import Console
from rich.markup import escape
from sqlalchemy import Engine

from db.engine import RefusedRow
from db.followed import follow_market
from db.queries.forecasts import standing
from db.queries.markets import Followed, followed_markets
from db.queries.questions import questions, topics
from jobs.markets import Sites, sync_one
from jobs.named_questions import shown
from jobs.nightly import UsageError
from jobs.question_commands import listed, open_questions, percent
from jobs.raw_replies import RawReplies
from jobs.terminal import Terminal
from tracker.markets.client import Client
from tracker.markets.source import Found, Source, SourceError
from tracker.markets.sources import Place, source_of
from tracker.settings import Settings

Edge = Callable[[], AbstractContextManager[Settings]]
Now = Callable[[], datetime]
MOST_SHOWN = 20
EXAMPLE = "https://manifold.markets/CDBiddulph/will-large-reasoning-models-signifi"


def add_to(group: typer.Typer, *, edge: Edge, now: Now, log_to: Callable[[Settings], None]) -> None:
    """Add the commands to the group on markets. `edge` turns what a person can act on into a sentence."""

    @group.command(short_help="Follow a market: paste its address.")
    def add(
        address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The address of the market's page.")],
        topic: Annotated[
            str | None, typer.Option("--topic", metavar="TOPIC", help="A topic of questions.toml that it belongs to.")
        ] = None,
        inverted: Annotated[bool, typer.Option("--inverted", help="YES here is NO of the topic.")] = False,
    ) -> None:
        """Follow a market of Manifold, Polymarket, Kalshi or Metaculus: paste its address. This asks that site.

        \b
        Examples:
          python -m jobs markets add https://manifold.markets/CDBiddulph/will-large-reasoning-models-signifi
          python -m jobs markets add "https://polymarket.com/event/best-ai-model?tid=1" --topic best-model
        """
        with edge() as settings:
            log_to(settings)
            engine = open_questions(settings)
            sites, console = hurried(now), Terminal()
            status = add_market(engine, settings, sites, address, topic, inverted, console=console, now=now)
        raise typer.Exit(status)

    @group.command(short_help="Search the sites for open markets.")
    def find(
        words: Annotated[list[str], typer.Argument(metavar="WORDS", help="What the market's title should have.")],
        limit: Annotated[
            int, typer.Option("--limit", min=1, max=100, metavar="N", help="At most so many a site.")
        ] = 10,
    ) -> None:
        """Search the sites for open markets. Kalshi offers no search, and Metaculus one only to a key.

        \b
        Examples:
          python -m jobs markets find "reasoning models"
          python -m jobs markets find chain of thought --limit 30
        """
        with edge() as settings:
            log_to(settings)
            status = find_markets(hurried(now), " ".join(words), limit, console=Terminal())
        raise typer.Exit(status)

    @group.command("list", short_help="The followed markets, and when each was read.")
    def list_() -> None:
        """The followed markets, when each was last read, and the price that stands. This asks no site.

        \b
        Examples:
          python -m jobs markets list
        """
        with edge() as settings:
            engine = open_questions(settings)
            for line in followed_lines(engine, now()):
                _say(Terminal(), line)


def hurried(now: Now) -> Sites:
    """The sites themselves, for somebody who waits: fewer tries, close to each other."""

    def open_client(source: Source, token: str | None) -> Client:
        return Client(source, token=token, now=now, attempts=3, first_wait=0.5)

    return Sites(os.environ, open_client)


def add_market(
    engine: Engine,
    settings: Settings,
    sites: Sites,
    address: str,
    topic: str | None,
    inverted: bool,
    *,
    console: Console,
    now: Now,
) -> int:
    """Fetch and follow the market of an address, and say what it is now; the exit status.

    Raises UsageError for an address of no market, a missing key, or a topic that is not there.
    """
    place = _place(sites, address)
    if topic is None and inverted:
        raise UsageError("--inverted says how the market stands to its topic: give --topic, too.")
    known_topics = topics(engine)["topic"].to_list()
    if topic is not None and topic not in known_topics:
        raise UsageError(f"There is no topic “{shown(topic)}”: there are {', '.join(known_topics) or 'none'}.")
    name = f"{place.source.name}:{place.key}"
    before = questions(engine)
    part = before.filter("tracked", pl.col("question_id").str.ends_with(f"/{place.key}"), source=place.source.name)
    if part.height:
        raise UsageError(f"It is followed already, as one answer of its market: {part['question_id'][0]}")
    market = _stored(engine, place)
    with sites.open_client(place.source, sites.token(place.source)) as client:
        raw = RawReplies(settings.data_dir)
        outcome, _ = sync_one(engine, raw, place.source, client, market, console=console, now=now)
    if outcome.error is not None:
        return 1
    try:
        ids = follow_market(engine, name, topic=topic, inverted=inverted)
    except RefusedRow as error:
        raise UsageError(str(error)) from error
    moment = now()
    rows = questions(engine).filter(pl.col("question_id").is_in(ids))
    known = before.filter("tracked", pl.col("question_id").is_in(ids)).height
    _say(console, "Followed already; now it is:" if known else "Followed from now on:")
    for line in listed(rows.head(MOST_SHOWN), standing(engine, moment), moment):
        _say(console, f"  {line}")
    if rows.height > MOST_SHOWN:
        _say(console, f"  and {rows.height - MOST_SHOWN} more answers")
    return 0


def find_markets(sites: Sites, words: str, limit: int, *, console: Console) -> int:
    """Print what each site's search finds, and what it says where it cannot; the exit status."""
    status = 0
    found: list[Found] = []
    for source in sites.sources.values():
        token = sites.token(source)
        if source.search is None or (source.token and not token):
            continue
        try:
            with sites.open_client(source, token) as client:
                found += source.search(client.get, words, limit)
        except SourceError as error:
            _say(console, str(error))
            status = 1
    for line in found_lines(found):
        _say(console, line)
    if not found and not status:
        _say(console, f"Nothing open was found for “{shown(words)}”.")
    return status


def found_lines(found: list[Found]) -> list[str]:
    """Two lines a market: price, close and title; below them its address, whole, so that it can be copied."""
    lines = [f"{'Price':>6}  {'Closes':<10}  Title"] if found else []
    for one in found:
        price = "–" if one.probability is None else f"{100 * one.probability:.0f} %"
        closes = "–" if one.closes_at is None else f"{one.closes_at:%Y-%m-%d}"
        lines += [f"{price:>6}  {closes:<10}  {shown(one.title)}", f"{'':20}{shown(one.url, 300)}"]
    return lines


def followed_lines(engine: Engine, now: datetime) -> list[str]:
    """Two lines a market: its id, its price or how many answers it has, and when it was read; its title."""
    rows = {row["question_id"]: row for row in questions(engine).iter_rows(named=True)}
    prices = {
        question_id: chance
        for question_id, kind, chance in standing(engine, now).select("question_id", "kind", "probability").iter_rows()
        if kind == "market"
    }
    lines = []
    for market in followed_markets(engine):
        own = [rows[question_id] for question_id in market.question_ids if rows[question_id]["tracked"]]
        read = "never read" if market.synced_at is None else f"read {market.synced_at:%Y-%m-%d %H:%M} UTC"
        if len(own) == 1:
            price = prices.get(own[0]["question_id"])
            stands = "no price" if price is None else percent(price)
        else:
            stands = f"{len(own)} answers"
        lines += [f"{market.id} · {stands} · {read}", f"  {shown(own[0]['title'])}"]
    return lines or ["No market is followed: python -m jobs markets add ADDRESS"]


def _place(sites: Sites, address: str) -> Place:
    """Raises UsageError where the address is of no market, or its site wants a key that is not set."""
    place = source_of(address)
    if place is None or place.source.name not in sites.sources:
        titles = [source.title for source in sites.sources.values()]
        named = f"{', '.join(titles[:-1])} or {titles[-1]}" if len(titles) > 1 else "".join(titles)
        raise UsageError(
            f"“{shown(address)}” is no address of a market at {named}: paste that of the market's own page, such as"
            f" {EXAMPLE}"
        )
    source = sites.sources[place.source.name]
    if source.token and not sites.token(source):
        raise UsageError(f"{source.title} is read only with a key of your own in {source.token}. {source.terms}")
    return Place(source, place.key)


def _stored(engine: Engine, place: Place) -> Followed:
    """The market as it was last read; one that is not followed is read from its beginning."""
    name = f"{place.source.name}:{place.key}"
    known = [market for market in followed_markets(engine) if market.id == name]
    return known[0] if known else Followed(place.source.name, place.key, (), {}, None)


def _say(console: Console, line: str) -> None:
    """Names and titles are a site's own: shown as text, never as markup."""
    console.print(escape(line), highlight=False, soft_wrap=True)
