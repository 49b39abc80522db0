"""The command line of `export dossier`, `export charts`, `export json` and `export atom`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from db.queries.questions import questions
from db.queries.record import last_day
from jobs.exported import File, Out, put_one
from jobs.import_commands import Edge
from jobs.named_questions import find_question
from jobs.nightly import UsageError, open_all
from jobs.questions import catalogue_of
from jobs.terminal import Terminal
from tracker.charts.export import ENDING, Format
from tracker.charts.theme import Mode
from tracker.figures.figure import Size

Question = Annotated[
    str, typer.Argument(metavar="QUESTION", help="Its id, address, slug, or a part of its title.", show_default=False)
]
AsOf = Annotated[
    datetime | None,
    typer.Option(
        "--as-of", formats=["%Y-%m-%d"], metavar="DATE", help="As known on this day (default: when it last changed)."
    ),
]


class Kind(StrEnum):
    """What a chart is written as, and how the program's own code calls that."""

    PNG = "png"
    PNG2 = "png2"
    SVG = "svg"
    PDF = "pdf"
    HTML = "html"
    JSON = "json"


class Look(StrEnum):
    LIGHT = "light"
    DARK = "dark"


class Place(StrEnum):
    POST = "post"
    SLIDE = "slide"
    SOCIAL = "social"


FORMATS: dict[Kind, Format] = {
    Kind.PNG: "png",
    Kind.PNG2: "png2x",
    Kind.SVG: "svg",
    Kind.PDF: "pdf",
    Kind.HTML: "html",
    Kind.JSON: "vega-lite",
}
NOTHING_SAID = (
    "{}: nothing to draw, because no probability of it has stood for any time. python -m jobs markets reads the prices"
    " of followed markets, python -m jobs forecast states one of your own, drawn once anything later is stored."
)
NOTHING_STORED = (
    "There is nothing to draw: no result is stored, and no probability has stood for any time. python -m jobs estimates"
    " stores the evidence and the questions that come with the program."
)
MODES: dict[Look, Mode] = {Look.LIGHT: "light", Look.DARK: "dark"}
PLACES: dict[Place, Size] = {Place.POST: "post", Place.SLIDE: "slide", Place.SOCIAL: "social"}


def add_to(export: typer.Typer, *, edge: Edge, now: Callable[[], datetime]) -> None:
    """Add the commands to the group `export`. `edge` turns what a person can act on into a sentence."""

    @export.command("dossier", short_help="One question, whole, as files good enough to resolve it on.")
    def dossier(which: Question, out: Out = Path("dossiers"), as_of: AsOf = None) -> None:
        """Write all that is known of a question: HTML, PDF, Markdown with pictures, and the data behind it.

        Its rules and their verdicts, the evidence with citations, charts, method, flags, our estimates so far, versions
        and hashes, so that somebody else can check a resolution. The HTML loads nothing; the same data gives the same
        bytes.

        \b
        Examples:
          python -m jobs export dossier "creative writing"
          python -m jobs export dossier will-large-reasoning-models-signifi --out dossiers --as-of 2025-12-31
        """
        from jobs.export_dossier import STEPS, export_dossier

        console = Terminal()
        with edge() as settings:
            engine, _ = open_all(settings)
            question_id = find_question(questions(engine), which)
            today = now().date()
            day = min(as_of.date(), today) if as_of else last_day(engine, question_id, today)
            rules = catalogue_of(settings.catalog_dir).rules.get(question_id, ())
            with _bar(console, "dossier", STEPS) as done, _writing(out):
                written = export_dossier(engine, question_id, rules, out, as_of=day, done=done)
            for path in written:
                _say(console, f"{path}: {path.stat().st_size:,} bytes")

    @export.command("charts", short_help="Every chart as a file, with nobody watching.")
    def charts(
        out: Out,
        which: Annotated[
            list[str] | None,
            typer.Option("--question", metavar="QUESTION", help="Only the history of this one; again for more."),
        ] = None,
        formats: Annotated[
            list[Kind] | None, typer.Option("--format", help="As what (default: png); again for more.")
        ] = None,
        mode: Annotated[Look, typer.Option("--mode", help="Light or dark.")] = Look.LIGHT,
        size: Annotated[
            Place, typer.Option("--size", help="For a post (1280 wide, 2×), a slide (1600 × 900), a card (1200 × 675).")
        ] = Place.SOCIAL,
    ) -> None:
        """Write all charts: evidence and its pairs, trends, capabilities, questions with their histories, calibration.

        Each carries what it shows in words, as title and description. The same data gives the same bytes. json is the
        chart as Vega-Lite.

        \b
        Examples:
          python -m jobs export charts --out charts
          python -m jobs export charts --out slides --size slide --mode dark --format svg --format pdf
          python -m jobs export charts --out charts --question "creative writing"
        """
        from jobs.export_charts import export_charts, question_name, works

        console = Terminal()
        with edge() as settings:
            engine, _ = open_all(settings)
            wanted = list(dict.fromkeys(find_question(questions(engine), text) for text in which or ()))
            todo = works(engine, wanted)
            kinds = [FORMATS[kind] for kind in dict.fromkeys(formats or [Kind.PNG])]
            with _bar(console, "charts", len(todo)) as done, _writing(out):
                written = export_charts(todo, out, kinds=kinds, mode=MODES[mode], size=PLACES[size], done=done)
            _say(console, f"{out}: {len(written):,} files.")
            drawn = {path.name for path in written}
            for question_id in wanted:
                if f"{question_name(question_id)}{ENDING[kinds[0]]}" not in drawn:
                    _say(console, NOTHING_SAID.format(question_id))
            if not drawn and not wanted:
                _say(console, NOTHING_STORED)

    @export.command("json", short_help="Questions and our estimates, for other people's sites.")
    def json(out: File) -> None:
        """Write every question with what stands and all our estimates as one JSON file; docs/export-json.md says how.

        \b
        Examples:
          python -m jobs export json --out questions.json
        """
        from jobs.export_json import export_json

        with edge() as settings:
            engine, _ = open_all(settings)
            body = export_json(engine, catalogue_of(settings.catalog_dir).rules)
            _write(Terminal(), out, body)

    @export.command("atom", short_help="Moves of ten points or more and new verdicts, as a feed.")
    def atom(out: File) -> None:
        """Write an Atom feed: each day on which a market or our estimate moved by ten points, and each new verdict.

        \b
        Examples:
          python -m jobs export atom --out moves.atom
        """
        from jobs.export_atom import export_atom

        with edge() as settings:
            engine, _ = open_all(settings)
            _write(Terminal(), out, export_atom(engine))


@contextmanager
def _bar(console: Console, what: str, total: int) -> Iterator[Callable[[str], None]]:
    """A bar on a terminal, that names what was last done."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)

        def done(name: str) -> None:
            bar.update(task, advance=1, description=f"{what}: {name}")

        yield done


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"{error.filename or out} cannot be written: {error.strerror or error}.") from error


def _write(console: Console, out: Path, body: bytes) -> None:
    with _writing(out):
        put_one(out, body)
    _say(console, f"{out}: {len(body):,} bytes.")


def _say(console: Console, text: str) -> None:
    console.print(escape(text), highlight=False, soft_wrap=True)
