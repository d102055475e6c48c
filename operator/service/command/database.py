"""``coalition migrate`` and ``coalition database url``: the schema, and how to reach it."""

from contextlib import suppress
from threading import Event
from typing import Annotated

import typer
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from service.command.console import AsJson, print_json, say
from service.database.location import database_location
from service.database.migration import migrate as bring_to_head
from service.database.migration import require_current
from service.settings import Settings

command = typer.Typer(help="The database that this installation uses.", no_args_is_help=True)


def migrate(as_json: AsJson = False) -> None:
    """Bring the database to the schema that this version needs. Safe to repeat."""
    settings = Settings()
    keys = settings.keys()
    with database_location(settings) as location:
        bring_to_head(location, keys)
        engine = create_engine(location, poolclass=NullPool)
        with engine.connect() as connection:
            require_current(connection)
        engine.dispose()
    if as_json:
        print_json({"migrated": True})
    else:
        say("The database is at the schema that this version needs.")


@command.callback()
def installation() -> None:
    """The database that this installation uses."""


@command.command()
def url(
    hold: Annotated[
        bool, typer.Option("--hold", help="Keep an embedded server up until Ctrl-C.")
    ] = False,
) -> None:
    """Print the administrator's address of the database: psql "$(coalition database url)".

    An embedded server runs while something uses it: `coalition serve`, a load, or --hold.
    """
    with database_location(Settings()) as location:
        plain = location.set(drivername="postgresql").render_as_string(hide_password=False)
        typer.echo(plain)
        if hold:
            say("The database is up until Ctrl-C.")
            with suppress(KeyboardInterrupt):
                Event().wait()
