"""``coalition schema``: the GraphQL schema of each door and its refusals as files, and changes."""

import subprocess
from pathlib import Path
from typing import Annotated

import typer

from schema.export import changes, schemas
from service.command.console import say
from service.refusals_page import refusals_page

command = typer.Typer(help="The GraphQL schemas.", no_args_is_help=True)

Checkout = Annotated[Path, typer.Argument(help="The checkout.")]


@command.callback()
def doors() -> None:
    """The GraphQL schemas."""


@command.command()
def export(folder: Checkout = Path()) -> None:
    """Write ``schema/<door>.graphql`` and ``docs/refusals.md``, which reviews and CI compare."""
    files = {folder / _file(door): sdl for door, sdl in schemas().items()}
    for file, content in {**files, folder / "docs" / "refusals.md": refusals_page()}.items():
        file.write_text(content)
        say(f"Wrote {file}.")


@command.command("changes")
def show_changes(
    folder: Checkout = Path(),
    since: Annotated[
        str | None,
        typer.Option(
            help="A commit or tag; else the latest release, or before each file's last change."
        ),
    ] = None,
) -> None:
    """Tell what would break or surprise clients of an earlier schema. It forbids nothing."""
    for door, sdl in schemas().items():
        earlier = since or _release(folder) or _before_last_change(folder, door)
        before = None if earlier is None else _git(folder, "show", f"{earlier}:{_file(door)}")
        if before is None:
            say(f"{door}: there is no earlier schema.")
            continue
        breaking, dangerous = changes(before, sdl)
        say(f"{door}: {len(breaking)} breaking, {len(dangerous)} dangerous since {earlier}")
        for kind, descriptions in (("BREAKING", breaking), ("dangerous", dangerous)):
            for description in descriptions:
                say(f"  {kind}: {description}")


def _file(door: str) -> str:
    return f"schema/{door}.graphql"


def _release(folder: Path) -> str | None:
    return _git(folder, "describe", "--tags", "--abbrev=0", "--match", "v*")


def _before_last_change(folder: Path, door: str) -> str | None:
    last = _git(folder, "log", "-1", "--format=%h", "--", _file(door))
    return f"{last}^" if last else None


def _git(folder: Path, *arguments: str) -> str | None:
    """Return what git prints, or None when it has no answer."""
    ran = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    return ran.stdout.strip() if ran.returncode == 0 else None
