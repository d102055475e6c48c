"""``coalition schema export``: the GraphQL schema of each door as a file."""

from pathlib import Path
from typing import Annotated

import typer

from schema.export import sdl
from service.command.console import say

command = typer.Typer(help="The GraphQL schemas.", no_args_is_help=True)


@command.callback()
def doors() -> None:
    """The GraphQL schemas."""


@command.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Where the files go.")] = Path("schema"),
) -> None:
    """Write the schema of each door to ``<folder>/<door>.graphql``."""
    target = folder / "partner.graphql"
    target.write_text(sdl())
    say(f"Wrote {target}.")
