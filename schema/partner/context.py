"""The context of a request at the partner's door: who calls, and what it reads through."""

from uuid import UUID

import strawberry

from coalition.programme.settings import Programme
from coalition.recording import Caller
from schema.context import Calendar, Reading, Transactions, Turns
from schema.partner.loaders import Loaders


class PartnerContext:
    """One request of a partner's system."""

    def __init__(self, caller: Caller, transactions: Transactions, calendar: Calendar) -> None:
        """Take who calls; nothing is opened until something is read."""
        self.caller = caller
        self.reading = Reading(lambda: transactions.partner(caller.partner_id))
        self.desk = Turns(transactions.desk)
        self._calendar = calendar
        self.loaders = Loaders(self.reading, caller.partner_id)

    @property
    def partner_id(self) -> UUID:
        """Return the partner that calls."""
        return self.caller.partner_id

    async def programme(self) -> Programme:
        """Return the programme. Raises ProgrammeMissingError."""
        return await self._calendar.programme(self.reading)

    def forget(self) -> None:
        """Read anew what was read before: something was written."""
        self.loaders = Loaders(self.reading, self.caller.partner_id)

    async def close(self) -> None:
        """End what the request has opened."""
        await self.reading.close()


Info = strawberry.Info[PartnerContext, None]
