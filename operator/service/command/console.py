"""What the command prints: tables and progress for a person, one JSON object for a program."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]

console = Console(highlight=False)
complaints = Console(stderr=True, highlight=False)


def print_json(answer: Mapping[str, Any]) -> None:
    """Print one JSON object on one line."""
    sys.stdout.write(orjson.dumps(answer).decode() + "\n")
    sys.stdout.flush()


def say(message: str) -> None:
    """Tell a person what happens; on standard error, so that it never mixes with an answer."""
    complaints.print(message, markup=False)


def print_table(
    title: str, columns: tuple[str, ...], rows: list[tuple[str | int | Decimal, ...]]
) -> None:
    """Print a table; whatever isn't text is set to the right."""
    table = Table(title=title, title_justify="left")
    for place, column in enumerate(columns):
        right = bool(rows) and not isinstance(rows[0][place], str)
        table.add_column(column, justify="right" if right else "left")
    for row in rows:
        table.add_row(*(Text(cell if isinstance(cell, str) else f"{cell:,}") for cell in row))
    console.print(table)


@contextmanager
def progress_bar(task: str, total: int) -> Iterator[Progress]:
    """Show progress on a terminal; elsewhere nothing moves."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=complaints,
        transient=True,
        disable=not complaints.is_terminal,
    ) as bar:
        bar.add_task(task, total=total)
        yield bar
