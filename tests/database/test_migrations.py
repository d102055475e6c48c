"""Migrations: up, down and up again; the MetaData, the functions' files and the database agree."""

import fcntl
import re
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from alembic import command
from psycopg import Connection
from psycopg.rows import TupleRow
from sqlalchemy import URL, create_engine, make_url
from sqlalchemy.pool import NullPool

import coalition.tables
import ledger.tables
import partners.tables
from service.database.migration import (
    SchemaOutdatedError,
    configuration,
    function_file,
    migrate,
    require_current,
)
from service.database.transactions import Database
from service.keys import Keys
from tests.database.catalogue import FLOORS, administrator, names

pytestmark = pytest.mark.anyio

METADATA = {
    "ledger": ledger.tables.metadata,
    "partners": partners.tables.metadata,
    "coalition": coalition.tables.metadata,
}

SHAPE = """
    select format('%%s.%%s %%s %%s %%s', attrelid::regclass, attname,
      format_type(atttypid, atttypmod),
      case when attnotnull then 'not null' end, pg_get_expr(adbin, adrelid))
    from pg_attribute join pg_class on pg_class.oid = attrelid
    left join pg_attrdef on adrelid = attrelid and adnum = attnum
    where relnamespace::regnamespace::text = any(%s) and relkind = 'r' and attnum > 0
      and not attisdropped
    union all
    select format('%%s %%s %%s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    from pg_constraint where connamespace::regnamespace::text = any(%s) and conrelid <> 0
    union all
    select pg_get_indexdef(indexrelid) from pg_index join pg_class on pg_class.oid = indexrelid
    where relnamespace::regnamespace::text = any(%s)
    union all
    select format('%%s %%s', oid::regclass, reloptions) from pg_class
    where relnamespace::regnamespace::text = any(%s) and relkind = 'r'
    union all
    select format('%%s %%s %%s', objoid::regclass, objsubid, description)
    from pg_description join pg_class on pg_class.oid = objoid
    where relnamespace::regnamespace::text = any(%s)
    union all
    select format('%%s %%s', enumtypid::regtype, string_agg(enumlabel, ',' order by enumsortorder))
    from pg_enum join pg_type on pg_type.oid = enumtypid
    where typnamespace::regnamespace::text = any(%s) group by enumtypid
    order by 1
"""
"""Every column, constraint, index, option, comment and enumeration of some schemas, as text."""


@pytest.fixture
def turn(run_folder: Path) -> Iterator[None]:
    """The databases of one server share its roles: migrations go one by one."""
    with (run_folder / "migrating").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture
def empty(server: str, turn: None) -> Iterator[URL]:
    """A database without a migration."""
    name = f"empty_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
        yield make_url(server).set(drivername="postgresql+psycopg", database=name)
        connection.execute(f"drop database {name} with (force)".encode())


OBJECTS = """
    select identity from pg_depend
    cross join lateral pg_identify_object(classid, objid, 0)
    where refclassid = 'pg_namespace'::regclass and refobjid in (
      select oid from pg_namespace where nspname = any(%s))
    union all
    select format('%%s', policies) from pg_policies as policies where schemaname = any(%s)
    union all
    select format('%%s %%s', oid::regclass, relacl) from pg_class
    where relnamespace::regnamespace::text = any(%s)
    union all
    select format('%%s %%s', oid::regprocedure, proacl) from pg_proc
    where pronamespace::regnamespace::text = any(%s)
    order by 1
"""
"""Every object in some schemas, of any kind; policies and rights."""


def _shape(location: URL) -> list[str]:
    return names(location, SHAPE, *[FLOORS] * 6)


def _objects(location: URL) -> list[str]:
    return names(location, OBJECTS, *[FLOORS] * 4)


def test_up_down_and_up_again(empty: URL, keys: Keys, location: URL) -> None:
    migrate(empty, keys)
    once, objects = _shape(empty), _objects(empty)
    assert once == _shape(location)
    assert len(once) > 100
    assert len(objects) > 100
    engine = create_engine(empty, poolclass=NullPool)
    with engine.connect() as connection:
        command.downgrade(configuration(connection), "base")
    assert _objects(empty) == []
    assert names(empty, "select nspname from pg_namespace where nspname = any(%s)", FLOORS) == []
    migrate(empty, keys)
    assert _shape(empty) == once
    assert _objects(empty) == objects


def test_a_migrated_database_is_left_as_it_is(location: URL, keys: Keys, turn: None) -> None:
    before = _shape(location), _objects(location)
    migrate(location, keys)
    assert (_shape(location), _objects(location)) == before


@pytest.mark.parametrize("revision", ["0001", "0002", "0003"])
def test_each_migration_goes_down_to_what_was_before_it(
    empty: URL, keys: Keys, revision: str
) -> None:
    migrate(empty, keys, revision=revision)
    before = _shape(empty), _objects(empty)
    migrate(empty, keys)
    engine = create_engine(empty, poolclass=NullPool)
    with engine.connect() as connection:
        command.downgrade(configuration(connection), revision)
    after = _shape(empty), _objects(empty)
    assert [set(now) ^ set(then) for now, then in zip(after, before, strict=True)] == [set(), set()]
    assert after == before


def test_alembic_finds_no_difference_to_the_metadata(location: URL) -> None:
    engine = create_engine(location, poolclass=NullPool)
    with engine.connect() as connection:
        command.check(configuration(connection))


def test_a_database_made_from_the_metadata_is_the_same(empty: URL, location: URL) -> None:
    engine = create_engine(empty, poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("create extension btree_gist")
        for floor, metadata in METADATA.items():
            connection.exec_driver_sql(f"create schema {floor}")
            metadata.create_all(connection)
    assert _shape(empty) == _shape(location)


def _definitions(connection: Connection[TupleRow]) -> dict[str, str]:
    rows = connection.execute(
        """
        select pg_proc.oid::regprocedure::text,
          pg_get_functiondef(pg_proc.oid) || coalesce(proacl::text, '')
        from pg_proc join pg_namespace on pg_namespace.oid = pronamespace where nspname = any(%s)
        """,
        [FLOORS],
    ).fetchall()
    return dict(rows)


def _files() -> list[Path]:
    folders = {function_file(floor, "x").parent for floor in FLOORS}
    return sorted(file for folder in folders for file in folder.glob("*.sql"))


def test_functions_are_as_their_files_say(location: URL) -> None:
    with administrator(location) as connection:
        before = _definitions(connection)
        for file in _files():
            connection.execute(file.read_bytes())
        assert _definitions(connection) == before


def test_every_function_has_a_file_of_its_name(location: URL) -> None:
    with administrator(location) as connection:
        loaded = {
            re.sub(r"\(.*", "", signature).replace(".", "/")
            for signature in _definitions(connection)
        }
    assert {f"{file.parent.parent.name}/{file.stem}" for file in _files()} == loaded


def _require(location: URL) -> None:
    engine = create_engine(location, poolclass=NullPool)
    with engine.connect() as connection:
        require_current(connection)


def test_the_newest_schema_is_current(location: URL) -> None:
    _require(location)


async def test_the_service_finds_the_schema_current(database: Database) -> None:
    await database.require_current()


def test_an_older_schema_is_outdated(empty: URL, keys: Keys) -> None:
    with pytest.raises(SchemaOutdatedError, match=r"no migration.*coalition migrate"):
        _require(empty)
    for revision in ("0001", "0002", "0003"):
        migrate(empty, keys, revision=revision)
        with pytest.raises(SchemaOutdatedError, match=f"at {revision}, this version needs"):
            _require(empty)


def test_two_migrations_of_one_database_go_one_after_the_other(empty: URL, keys: Keys) -> None:
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda _: migrate(empty, keys), range(3)))
    _require(empty)
