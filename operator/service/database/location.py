"""Where the database is: the server that the settings name, or the embedded one."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg import errors, sql
from sqlalchemy import URL, make_url

from service.embedded import EmbeddedPostgres
from service.settings import Settings

DATABASE = "coalition"


@contextmanager
def database_location(settings: Settings) -> Iterator[URL]:
    """Yield the administrator's URL of the database, keeping an embedded server up meanwhile."""
    if settings.database_url is not None:
        yield _for_sqlalchemy(settings.database_url.unicode_string())
        return
    with EmbeddedPostgres(settings.state_folder / "postgres") as server:
        server.watch()
        _ensure_database(server.url)
        yield _for_sqlalchemy(server.url).set(database=DATABASE)


def _for_sqlalchemy(url: str) -> URL:
    return make_url(url).set(drivername="postgresql+psycopg")


def _ensure_database(server: str) -> None:
    with (
        psycopg.connect(server, autocommit=True) as connection,
        suppress(errors.DuplicateDatabase, errors.UniqueViolation),
    ):
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
