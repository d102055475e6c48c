"""A real database is migrated by a role that may create roles, and needs no superuser."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from service.database.migration import migrate
from service.embedded import EmbeddedPostgres
from service.keys import Keys
from tests.conftest import debian_server


@pytest.fixture(params=["embedded", "debian"])
def empty_server(request: pytest.FixtureRequest, run_folder: Path) -> Iterator[str]:
    """A server that has none of our roles yet, with an installer who owns a database."""
    folder = run_folder / f"installer-{secrets.token_hex(6)}"
    if request.param == "debian":
        for url in debian_server(folder):
            yield _prepared(url)
    else:
        with EmbeddedPostgres(folder, settings={"fsync": "off"}) as server:
            yield _prepared(server.url)


def _prepared(server: str) -> str:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("create role installer login createrole password 'installing'")
        connection.execute("create database club owner installer")
    return server


def _installs(server: str) -> None:
    address = make_url(server).set(
        drivername="postgresql+psycopg", username="installer", password="installing",
        database="club",
    )  # fmt: skip
    migrate(address, Keys(b"k" * 32))


def test_a_role_that_may_grant_statistics_migrates_again_and_again(empty_server: str) -> None:
    with psycopg.connect(empty_server, autocommit=True) as connection:
        connection.execute("grant pg_read_all_stats to installer with admin option")
    for _ in range(2):
        _installs(empty_server)
    with psycopg.connect(empty_server) as connection:
        owners = connection.execute(
            "select rolsuper, rolcreaterole, rolcanlogin from pg_roles"
            " where rolname = 'coalition_owner'"
        ).fetchall()
    assert owners == [(False, False, False)]


def test_what_the_role_lacks_is_told(empty_server: str) -> None:
    with psycopg.connect(empty_server) as connection:
        version = connection.info.server_version
    if version < 160_000:  # before 16 whoever may create roles may grant any but a superuser
        _installs(empty_server)
        return
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as refused:
        _installs(empty_server)
    assert "pg_read_all_stats" in str(refused.value.diag.message_hint)
