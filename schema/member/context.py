"""The context of a request at the member's door: whose it is, and what they read through."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from coalition.members import Holder
from schema.context import Calendar, DoorContext, Reading, Transactions, Turns
from schema.member.loaders import Loaders


class MemberContext(DoorContext):
    """One request of a member, or of a page of theirs."""

    def __init__(self, holder: Holder, transactions: Transactions, calendar: Calendar) -> None:
        """Take whose request it is; nothing is opened until something is read or decided."""
        self._opening = lambda: transactions.member(holder)
        super().__init__(self._opening, calendar)
        self.holder = holder
        self._turns = Turns(lambda: transactions.member_deciding(holder))
        self.loaders = Loaders(self.reading, holder)

    @asynccontextmanager
    async def deciding(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction to store a decision in; what was read before is read anew."""
        # A request holds one connection at a time: requests that each held one to read in and
        # waited for another to decide in would starve one another.
        await self.reading.close()
        self.reading = Reading(self._opening)
        self.loaders = Loaders(self.reading, self.holder)
        async with self._turns() as connection:
            yield connection


Info = strawberry.Info[MemberContext, None]
