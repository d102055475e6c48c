"""What a member bought, and what became of their points: purchases and the lines of the account."""

from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

import strawberry

from coalition.membership import available_account
from ledger.statements import StatementLine, newest_lines
from ledger.tables import Purpose as StoredPurpose
from partners import purchases as stored_purchases
from partners.purchases import Place, newest_purchases, of_member
from schema.connections import Connection, connection, page_size, start_of
from schema.enumerations import enumeration
from schema.fields import resolved
from schema.member.context import Info
from schema.member.places import Outlet, Partner, find_partner, outlet
from schema.opaque import LINE_CURSOR, PURCHASE_CURSOR
from schema.purchases import PurchaseRecord, purchase_page, shown_as
from schema.scalars import Cursor, PageSize, Points

if TYPE_CHECKING:
    Purpose: TypeAlias = StoredPurpose
else:
    Purpose = enumeration(
        "Purpose",
        "Why points came or went.",
        {
            StoredPurpose.ACCRUAL: "Earned on a purchase.",
            StoredPurpose.REDEMPTION: "Paid with.",
            StoredPurpose.GOODWILL: "Given by the coalition's operator.",
            StoredPurpose.REVERSAL: "What was posted before was taken back.",
        },
    )


@strawberry.type(description="A purchase of yours. It never changes.")
class Purchase(PurchaseRecord):
    """A purchase with where it was made."""

    @resolved("The partner where it was made, also when it takes part no longer.")
    async def partner(self, info: Info) -> Partner:
        """Load the partner."""
        found = await find_partner(info, self.stored.partner_id)
        assert found is not None
        return found

    @resolved("The outlet where it was made.")
    async def outlet(self, info: Info) -> Outlet:
        """Load the outlet."""
        found = await info.context.loaders.places.load(self.stored.outlet_id)
        assert found is not None
        return outlet(found)


def purchase(stored: stored_purchases.Purchase) -> Purchase:
    """Return a purchase as the door shows it."""
    return shown_as(Purchase, stored)


async def find_purchase(info: Info, place: Place) -> Purchase | None:
    """Load a purchase of the member's by its place."""
    found = await info.context.loaders.purchases.load(place)
    return None if found is None else purchase(found)


async def read_purchases(
    info: Info, first: PageSize | None, after: Cursor | None
) -> Connection[Purchase]:
    """Read a page of the member's purchases, the newest first."""
    size, start = page_size(first), start_of(after, PURCHASE_CURSOR)
    holder = info.context.holder
    async with info.context.reading() as reader:
        rows = await newest_purchases(
            reader, of_member(holder.bucket, holder.member_id), before=start, most=size + 1
        )
    return purchase_page(purchase, rows, size, after)


@strawberry.type(description="Points that came or went, at one moment for one reason.")
class HistoryLine:
    """A line of the member's account."""

    kind: Purpose = strawberry.field(description="Why.")
    points: Points = strawberry.field(
        description="How many points: positive when they came, negative when they went."
    )
    balance_after: Points = strawberry.field(
        description="The balance in points that this line left."
    )
    occurred_at: datetime = strawberry.field(
        description="When what it is about happened, such as a purchase by the till."
    )
    posted_at: datetime = strawberry.field(
        description="When the coalition recorded it: the balance changed then."
    )
    stored: strawberry.Private[StatementLine]

    @resolved("The purchase that it is about; null when it is about none.")
    async def purchase(self, info: Info) -> Purchase | None:
        """Load the purchase: its posting bears its id and instant."""
        return await find_purchase(info, Place(self.stored.occurred_at, self.stored.posting_id))


def history_line(stored: StatementLine) -> HistoryLine:
    """Return a line as the door shows it."""
    return HistoryLine(
        kind=stored.purpose,
        points=Points(stored.amount),
        balance_after=Points(stored.balance),
        occurred_at=stored.occurred_at,
        posted_at=stored.posted_at,
        stored=stored,
    )


async def read_history(
    info: Info, first: PageSize | None, after: Cursor | None
) -> Connection[HistoryLine]:
    """Read a page of the member's account, the newest line first."""
    size, start = page_size(first), start_of(after, LINE_CURSOR)
    holder = info.context.holder
    async with info.context.reading() as reader:
        account = await available_account(reader, holder)
        rows = await newest_lines(reader, holder.bucket, account.id, before=start, limit=size + 1)
    return connection(
        rows,
        size=size,
        after=after,
        cursor=lambda row: LINE_CURSOR.seal(row.place),
        node=history_line,
    )
