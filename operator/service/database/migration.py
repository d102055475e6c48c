"""Bringing the database to the schema that this version of the code needs, and checking it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from alembic import command, op
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import Connection as Driver
from psycopg import sql
from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.pool import NullPool

import service
from service.database.location import database_location
from service.keys import Keys
from service.settings import Settings

SERVING_ROLES = (
    "coalition_partner",
    "coalition_operator",
    "coalition_member",
    "coalition_worker",
    "coalition_desk",
    "coalition_identity",
)


class SchemaOutdatedError(Exception):
    """The database is not at the schema that this code needs."""


def scripts() -> Path:
    """Return the migrations' folder: beside the package when installed, else the checkout's."""
    package = Path(service.__file__).parent
    installed = package / "migrations"
    return installed if installed.is_dir() else package.parent.parent / "alembic"


def configuration(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration, handing ``connection`` to ``env.py``."""
    config = Config()
    config.set_main_option("script_location", str(scripts()))
    config.attributes["connection"] = connection
    return config


def run(statements: str) -> None:
    """Run SQL statements as they stand, from a migration."""
    _driver(op.get_bind()).execute(statements.encode())


def load_functions(floor: str, names: Iterable[str]) -> None:
    """Load SQL functions from the ``sql`` folder of a floor, from a migration."""
    for name in names:
        run(function_file(floor, name).read_text())


def function_file(floor: str, name: str) -> Path:
    """Return the file that defines the SQL function ``floor.name``."""
    module = import_module(floor)
    assert module.__file__ is not None
    return Path(module.__file__).parent / "sql" / f"{name}.sql"


def _driver(connection: Connection) -> "Driver[tuple[object, ...]]":
    driver = connection.connection.driver_connection
    assert isinstance(driver, Driver)
    return driver


def migrate(location: URL, keys: Keys, *, revision: str = "head") -> None:
    """Bring the database at ``location`` to ``revision`` and give the serving roles passwords.

    Two at once on one database go one after the other; the second finds nothing left to do.
    """
    engine = create_engine(location, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            # Held by the session, over all the transactions of the migrations.
            connection.execute(
                text("select pg_advisory_lock(hashtextextended('coalition migrate', 0))")
            )
            connection.commit()
            command.upgrade(configuration(connection), revision)
            with _driver(connection).transaction():
                _set_passwords(_driver(connection), keys)
    finally:
        engine.dispose()


def _set_passwords(driver: "Driver[tuple[object, ...]]", keys: Keys) -> None:
    for role in SERVING_ROLES:
        # Hashed here, so that the server never sees or logs the password itself.
        verifier = driver.pgconn.encrypt_password(
            keys.role_password(role).encode(), role.encode(), b"scram-sha-256"
        )
        driver.execute(
            sql.SQL("alter role {} password {}").format(
                sql.Identifier(role), sql.Literal(verifier.decode())
            )
        )


def require_current(connection: Connection) -> None:
    """Raise SchemaOutdatedError unless the database is at the newest migration."""
    schema_exists = connection.execute(text("select to_regclass('migrations.alembic_version')"))
    found: set[str] = set()
    if schema_exists.scalar_one() is not None:
        context = MigrationContext.configure(
            connection, opts={"version_table_schema": "migrations"}
        )
        found = set(context.get_current_heads())
    needed = set(ScriptDirectory.from_config(configuration()).get_heads())
    if found != needed:
        raise SchemaOutdatedError(
            f"The database is at {', '.join(sorted(found)) or 'no migration'},"
            f" this version needs {', '.join(sorted(needed))}: run `coalition migrate`."
        )


@contextmanager
def administrator() -> Iterator[Connection]:
    """Open a connection as the role that the settings name, for a developer's ``alembic``."""
    with database_location(Settings()) as location:
        engine = create_engine(location, poolclass=NullPool)
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()
