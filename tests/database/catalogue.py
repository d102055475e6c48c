"""Looking into the database as its administrator and as each of the roles that serve."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow
from sqlalchemy import URL

from service.database.migration import SERVING_ROLES
from service.keys import Keys

ROLES = SERVING_ROLES
FLOORS = ["ledger", "partners", "coalition"]
"""The floors' schemas, from the lowest up."""

OURS = [*FLOORS, "migrations"]


@contextmanager
def administrator(location: URL) -> Iterator[Connection[TupleRow]]:
    """Log in as the role that migrates. Nothing is committed."""
    url = location.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as connection:
        yield connection
        connection.rollback()


def serving(location: URL, keys: Keys, role: str) -> AbstractContextManager[Connection[TupleRow]]:
    """Log in as a serving role. Nothing is committed."""
    return administrator(location.set(username=role, password=keys.role_password(role)))


def names(location: URL, query: str, *parameters: object) -> list[str]:
    """The first column of a query's rows, as the administrator sees them."""
    with administrator(location) as connection:
        return [str(row[0]) for row in connection.execute(query.encode(), parameters)]


TABLES = """
    select format('%%I.%%I', nspname, relname) from pg_class
    join pg_namespace on pg_namespace.oid = relnamespace
    where nspname = any(%s) and relkind in ('r', 'p', 'v', 'm', 'f') order by 1
"""

FUNCTIONS = """
    select pg_proc.oid::regprocedure::text from pg_proc
    join pg_namespace on pg_namespace.oid = pronamespace
    where nspname = any(%s) order by 1
"""
