"""``coalition migrate`` and ``coalition database url``: the schema, and how to reach it."""

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


@command.command()
def url(
    hold: bool = typer.Option(
        True, help="Keep an embedded server up until Ctrl-C, so that psql can use it."
    ),
) -> None:
    """Print the administrator's address of the running database, for psql."""
    with database_location(Settings()) as location:
        plain = location.set(drivername="postgresql").render_as_string(hide_password=False)
        typer.echo(plain)
        if hold and Settings().database_url is None:
            say("The embedded server is up until Ctrl-C. From another terminal:")
            say('  psql "$(coalition database url --no-hold)"')
            _wait_for_interrupt()


def _wait_for_interrupt() -> None:
    import threading  # noqa: PLC0415

    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        say("Bye.")
