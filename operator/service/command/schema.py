"""``coalition schema export``: the GraphQL schema of each door, and its refusals, as files."""

from pathlib import Path
from typing import Annotated

import typer

from schema.export import sdl
from service.command.console import say
from service.refusals_page import refusals_page

command = typer.Typer(help="The GraphQL schemas.", no_args_is_help=True)


@command.callback()
def doors() -> None:
    """The GraphQL schemas."""


@command.command()
def export(
    folder: Annotated[Path, typer.Argument(help="The checkout to write to.")] = Path(),
) -> None:
    """Write ``schema/<door>.graphql`` and ``docs/refusals.md``, which reviews and CI compare."""
    for file, content in (
        (folder / "schema" / "partner.graphql", sdl()),
        (folder / "docs" / "refusals.md", refusals_page()),
    ):
        file.write_text(content)
        say(f"Wrote {file}.")
