"""The one module that opens transactions. Each is opened for an audience, under its own role.

A partner's or member's transaction carries their id, which the row policies read. Leaving the
block commits; an exception rolls back. Services below take the connection and never commit.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import URL
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from coalition.members import Holder, account_ids
from service.database.migration import SchemaOutdatedError, require_current
from service.keys import Keys


class Database:
    """One pool per audience, opened when first used."""

    def __init__(self, location: URL, keys: Keys, *, pool_size: int = 8) -> None:
        """Take the administrator's location; serving roles log in with passwords of their own."""
        self._location = location
        self._keys = keys
        self._pool_size = pool_size
        self._engines: dict[str, AsyncEngine] = {}

    def _engine(self, role: str) -> AsyncEngine:
        if role not in self._engines:
            self._engines[role] = create_async_engine(
                self._location.set(
                    drivername="postgresql+psycopg",
                    username=role,
                    password=self._keys.role_password(role),
                ),
                pool_size=self._pool_size,
                max_overflow=0,
                pool_pre_ping=True,
                hide_parameters=True,  # personal data stays out of logs
                connect_args={"application_name": role, "options": "-c timezone=UTC"},
            )
        return self._engines[role]

    async def close(self) -> None:
        """Close every pool."""
        for engine in self._engines.values():
            await engine.dispose()
        self._engines.clear()

    async def require_current(self) -> None:
        """Raise SchemaOutdatedError unless the database is at the newest migration."""
        try:
            async with self._engine("coalition_worker").connect() as connection:
                await connection.run_sync(require_current)
        except OperationalError as error:
            if "authentication failed" not in str(error.orig):
                raise
            raise SchemaOutdatedError(
                "The database doesn't know this installation's roles or passwords:"
                " run `coalition migrate`."
            ) from None

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that may call the desk's functions and touch no table."""
        async with self._engine("coalition_desk").begin() as connection:
            yield connection

    @asynccontextmanager
    async def partner(self, partner_id: UUID) -> AsyncIterator[AsyncConnection]:
        """Open a read-only transaction that sees one partner's rows."""
        async with self._engine("coalition_partner").begin() as connection:
            # From a typed id, so nothing can be injected. In one round trip.
            await connection.exec_driver_sql(
                f"set transaction read only; set local app.partner = '{partner_id}'"
            )
            yield connection

    @asynccontextmanager
    async def identity(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction for who is still a stranger: log-in, enrolment, sessions."""
        async with self._engine("coalition_identity").begin() as connection:
            yield connection

    @asynccontextmanager
    async def operator(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction of the operator's staff: the registry, members and cards."""
        async with self._engine("coalition_operator").begin() as connection:
            yield connection

    @asynccontextmanager
    async def operator_reading(self) -> AsyncIterator[AsyncConnection]:
        """Open a read-only transaction of the operator's staff, who see the whole."""
        async with self._engine("coalition_operator").begin() as connection:
            await connection.exec_driver_sql("set transaction read only")
            yield connection

    @asynccontextmanager
    async def member(self, holder: Holder) -> AsyncIterator[AsyncConnection]:
        """Open a read-only transaction that sees one member's rows, and what is public."""
        async with self._engine("coalition_member").begin() as connection:
            await connection.exec_driver_sql(
                f"set transaction read only; set local app.member = '{holder.member_id}'"
            )
            accounts = await account_ids(connection, holder)
            listed = ",".join(str(account) for account in accounts)
            await connection.exec_driver_sql(f"set local app.accounts = '{{{listed}}}'")
            yield connection

    @asynccontextmanager
    async def member_deciding(self, holder: Holder) -> AsyncIterator[AsyncConnection]:
        """Open a transaction in which a member may store decisions of their own."""
        async with self._engine("coalition_member").begin() as connection:
            await connection.exec_driver_sql(f"set local app.member = '{holder.member_id}'")
            yield connection

    @asynccontextmanager
    async def audit(self) -> AsyncIterator[AsyncConnection]:
        """Open a read-only transaction of the worker over one snapshot of everything."""
        async with self._engine("coalition_worker").begin() as connection:
            await connection.exec_driver_sql(
                "set transaction isolation level repeatable read, read only"
            )
            yield connection

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction of the worker: postings that the coalition itself makes."""
        async with self._engine("coalition_worker").begin() as connection:
            yield connection
