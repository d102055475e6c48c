"""``coalition serve``: the doors, until interrupted."""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated

import anyio
import typer
import uvicorn

from service.app import create_app
from service.command.console import say
from service.database.location import database_location
from service.database.transactions import Database
from service.graphiql import Samples
from service.keys import Keys
from service.memory import settle
from service.settings import Settings


class AddressTakenError(Exception):
    """Something else serves at the address, or this machine doesn't have it."""


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
    with claim_address(settings) as address, database_location(settings) as location:
        run(Database(location, keys, pool_size=settings.pool_size), settings, keys, address)


@contextmanager
def claim_address(settings: Settings) -> Iterator[socket.socket]:
    """Yield a socket bound to the address to serve at. Raises AddressTakenError.

    It doesn't listen yet: who calls too early is turned away and not kept waiting.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as address:
        address.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            address.bind((settings.host, settings.port))
        except OSError as error:
            raise AddressTakenError(
                f"{settings.host}:{settings.port} can't be served at ({error.strerror}):"
                " choose another COALITION_PORT"
            ) from None
        yield address


def run(
    database: Database,
    settings: Settings,
    keys: Keys,
    address: socket.socket,
    samples: Samples | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; requests under way are finished first."""
    # The server raises the signal again when it has closed: SIGTERM's default would end the
    # process there, and leave an embedded database running.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    anyio.run(_check, database)
    say(f"Serving at http://{settings.host}:{address.getsockname()[1]}")
    config = uvicorn.Config(
        create_app(database, settings, keys, samples=samples),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=10,
    )
    settle()
    with suppress(KeyboardInterrupt):  # raised again by the server when it has closed
        uvicorn.Server(config).run(sockets=[address])


async def _check(database: Database) -> None:
    try:
        await database.require_current()
    finally:
        await database.close()
