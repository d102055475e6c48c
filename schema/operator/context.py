"""The context of a request at the operator's door: which of the staff calls."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from coalition.identity.subjects import OperatorStaff
from ledger.refusals import RefusedError
from schema.context import Calendar, DoorContext, Transactions, Turns
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
        self._writing = Turns(transactions.operator)
        self.loaders = Loaders(self.reading)

    async def write(
        self, change: Callable[[AsyncConnection], Awaitable[Written]]
    ) -> Written | Refusal:
        """Make a change in one transaction, or return why it was refused; then nothing stands."""
        try:
            async with self._writing() as connection:
                written = await change(connection)
        except RefusedError as refused:
            return refusal(refused.refusal, *refused.path)
        self.loaders = Loaders(self.reading)  # read anew what was read before
        return written


Info = strawberry.Info[OperatorContext, None]
