"""The context of a request at the operator's door: which of the staff calls."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from coalition.identity.subjects import OperatorStaff
from ledger.refusals import RefusedError
from schema.context import Calendar, DoorContext, Reading, Transactions, Turns
from schema.operator.loaders import Loaders
from schema.operator.refusals import Refusal, refusal

Written = TypeVar("Written")


class OperatorContext(DoorContext):
    """One request of one of the operator's staff."""

    def __init__(
        self, staff: OperatorStaff, transactions: Transactions, calendar: Calendar
    ) -> None:
        """Take who calls; nothing is opened until something is read or written."""
        super().__init__(transactions.operator_reading, calendar)
        self.staff = staff
        self._opening = transactions.operator_reading
        self._writing = Turns(transactions.operator)
        self.loaders = Loaders(self.reading)

    async def write(
        self, change: Callable[[AsyncConnection], Awaitable[Written]]
    ) -> Written | Refusal:
        """Make a change in one transaction, or return why it was refused; then nothing stands."""
        # A request holds one connection at a time: requests that each held one to read in and
        # waited for another to write in would starve one another.
        await self.reading.close()
        self.reading = Reading(self._opening)
        self.loaders = Loaders(self.reading)  # read anew what was read before
        try:
            async with self._writing() as connection:
                written = await change(connection)
        except RefusedError as refused:
            return refusal(refused.refusal, *refused.path)
        return written


Info = strawberry.Info[OperatorContext, None]
