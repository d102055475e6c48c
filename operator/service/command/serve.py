"""``coalition serve``: the doors, until interrupted."""

from typing import Annotated

import anyio
import typer
import uvicorn

from service.app import create_app
from service.command.console import say
from service.database.location import database_location
from service.database.transactions import Database
from service.keys import Keys
from service.settings import Settings


def serve(
    host: Annotated[str | None, typer.Option(help="Address; COALITION_HOST otherwise.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; COALITION_PORT otherwise.")] = None,
) -> None:
    """Serve the doors. Refuses to start on a schema of another version."""
    settings = Settings()
    if host is not None:
        settings.host = host
    if port is not None:
        settings.port = port
    keys = settings.keys()
    with database_location(settings) as location:
        run(Database(location, keys, pool_size=settings.pool_size), settings, keys)


def run(database: Database, settings: Settings, keys: Keys) -> None:
    """Serve until SIGINT or SIGTERM; requests under way are finished first."""
    anyio.run(_check, database)
    say(f"Serving at http://{settings.host}:{settings.port}/graphql/partner")
    uvicorn.run(
        create_app(database, settings, keys),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=10,
    )


async def _check(database: Database) -> None:
    try:
        await database.require_current()
    finally:
        await database.close()
