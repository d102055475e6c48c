"""The context of a request at the member's door: whose it is, and what they read through."""

import strawberry

from coalition.members import Holder
from schema.context import Calendar, DoorContext, Transactions, Turns
from schema.member.loaders import Loaders


class MemberContext(DoorContext):
    """One request of a member, or of a page of theirs."""

    def __init__(self, holder: Holder, transactions: Transactions, calendar: Calendar) -> None:
        """Take whose request it is; nothing is opened until something is read or decided."""
        super().__init__(lambda: transactions.member(holder), calendar)
        self.holder = holder
        self.deciding = Turns(lambda: transactions.member_deciding(holder))
        self.loaders = Loaders(self.reading, holder)

    def forget(self) -> None:
        """Read anew what was read before: something was decided."""
        self.loaders = Loaders(self.reading, self.holder)


Info = strawberry.Info[MemberContext, None]
