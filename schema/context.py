"""What a door gives a request: transactions to read in, the desk, and the programme's calendar.

A request reads in one transaction, opened when first needed, used by one resolver at a time.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from time import monotonic
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from coalition.members import Holder
from coalition.programme.settings import Programme, read_programme

KEPT_SECONDS = 10.0
"""How long a process may go by settings that another has changed."""

Opening = Callable[[], AbstractAsyncContextManager[AsyncConnection]]
"""Opens a transaction; leaving the block ends it."""


class Transactions(Protocol):
    """Opens transactions for the doors."""

    def partner(self, partner_id: UUID) -> AbstractAsyncContextManager[AsyncConnection]:
        """Open a read-only transaction that sees one partner's rows."""
        ...

    def desk(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Open a transaction that may call the posting desk's functions."""
        ...

    def operator(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Open a transaction of the operator's staff."""
        ...

    def operator_reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Open a read-only transaction of the operator's staff."""
        ...

    def member(self, holder: Holder) -> AbstractAsyncContextManager[AsyncConnection]:
        """Open a read-only transaction that sees one member's rows, and what is public."""
        ...

    def member_deciding(self, holder: Holder) -> AbstractAsyncContextManager[AsyncConnection]:
        """Open a transaction in which a member may store decisions of their own."""
        ...


class Reading:
    """One read transaction of a request: opened by its first reader, used by one at a time."""

    def __init__(self, opening: Opening) -> None:
        """Take what opens the transaction; nothing is opened yet."""
        self._opening = opening
        self._turn = asyncio.Lock()
        self._opened = AsyncExitStack()
        self._connection: AsyncConnection | None = None
        self._closed = False

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[AsyncConnection]:
        """Wait for a turn to read."""
        async with self._turn:
            if self._closed:
                raise RuntimeError("the request has been answered")
            if self._connection is None:
                self._connection = await self._opened.enter_async_context(self._opening())
            yield self._connection

    async def close(self) -> None:
        """End the transaction, if one was opened; no other is opened after it."""
        async with self._turn:
            self._closed = True
            await self._opened.aclose()


class Turns:
    """Lets a request have one transaction of the desk at a time, however many fields ask."""

    def __init__(self, opening: Opening) -> None:
        """Take what opens a transaction."""
        self._opening = opening
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[AsyncConnection]:
        """Wait for a turn and open a transaction."""
        async with self._turn, self._opening() as connection:
            yield connection


class Calendar:
    """The programme, whose time zone cuts days: read once it is set up, then kept for seconds."""

    def __init__(self) -> None:
        """Begin knowing nothing."""
        self._programme: Programme | None = None
        self._read_at = 0.0

    async def programme(self, reading: Reading) -> Programme:
        """Return the programme. Raises ProgrammeMissingError."""
        if self._programme is None or monotonic() - self._read_at > KEPT_SECONDS:
            async with reading() as connection:
                self._programme = await read_programme(connection)
            self._read_at = monotonic()
        return self._programme


class DoorContext:
    """What a request has at every door: a transaction to read in, and the programme."""

    def __init__(self, opening: Opening, calendar: Calendar) -> None:
        """Take what opens the request's reading; nothing is opened until something is read."""
        self.reading = Reading(opening)
        self._calendar = calendar

    async def programme(self) -> Programme:
        """Return the programme. Raises ProgrammeMissingError."""
        return await self._calendar.programme(self.reading)

    async def close(self) -> None:
        """End what the request has opened."""
        await self.reading.close()
