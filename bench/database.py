"""A fresh embedded server with the service's own settings, gone when the measurement is done."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import URL, make_url

from service.database.migration import migrate
from service.embedded import EmbeddedPostgres
from service.keys import Keys

KEYS = Keys(b"measurements need no secret of their own")


@contextmanager
def fresh_database() -> Iterator[URL]:
    """Yield the administrator's URL of a migrated, empty database."""
    with tempfile.TemporaryDirectory(prefix="coalition-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # a server started by root runs as another user
        with EmbeddedPostgres(folder / "postgres") as server:
            yield _migrated(server.url)


def _migrated(server: str) -> URL:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("create database bench")
    location = make_url(server).set(drivername="postgresql+psycopg", database="bench")
    migrate(location, KEYS)
    return location


def connect(location: URL) -> "psycopg.Connection[tuple[object, ...]]":
    """Connect as the administrator, autocommitting."""
    plain = location.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)
