"""The context of a request at the partner's door: who calls, and what it reads through."""

from uuid import UUID

import strawberry

from coalition.desk import PostingDesk
from coalition.identity.subjects import PartnerStaff
from coalition.recording import Caller
from schema.context import Calendar, DoorContext, Transactions, Turns
from schema.partner.loaders import Loaders


class PartnerContext(DoorContext):
    """One request of a partner's system, or of a person who works for the partner."""

    def __init__(
        self,
        caller: Caller | PartnerStaff,
        transactions: Transactions,
        calendar: Calendar,
        posting_desk: PostingDesk,
    ) -> None:
        """Take who calls; nothing is opened until something is read."""
        super().__init__(lambda: transactions.partner(caller.partner_id), calendar)
        self._caller = caller
        self.posting_desk = posting_desk
        self.desk = Turns(transactions.desk)
        self.loaders = Loaders(self.reading, caller.partner_id)

    @property
    def partner_id(self) -> UUID:
        """Return the partner that calls."""
        return self._caller.partner_id

    @property
    def system(self) -> Caller | None:
        """Return the credential that calls; None when a person does."""
        return self._caller if isinstance(self._caller, Caller) else None

    def forget(self) -> None:
        """Read anew what was read before: something was written."""
        self.loaders = Loaders(self.reading, self.partner_id)


Info = strawberry.Info[PartnerContext, None]
