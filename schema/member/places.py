"""Partners and their outlets, as a member may know them: where to go, and what one gets there."""

from uuid import UUID

import strawberry

from partners.directory import ListedOutlet, ListedPartner
from schema.connections import (
    DEFAULT_FIRST,
    After,
    Connection,
    First,
    connection,
    page_size,
    start_of,
)
from schema.contracts import Offer, offer
from schema.fields import resolved
from schema.member.context import Info
from schema.member.loaders import OutletPage
from schema.nodes import Node
from schema.opaque import OUTLET, OUTLET_CURSOR, PARTNER, PARTNER_CURSOR
from schema.scalars import Cursor


@strawberry.type(description="A place of business.")
class Outlet(Node):
    """An outlet's public side."""

    code: str = strawberry.field(description="The partner's own code of it, as on receipts.")
    name: str = strawberry.field(description="Its name.")
    address: str | None = strawberry.field(description="Its postal address, if registered.")


def outlet(listed: ListedOutlet) -> Outlet:
    """Return an outlet as the door shows it."""
    return Outlet(
        id=strawberry.ID(OUTLET.seal(listed.id)),
        code=listed.code,
        name=listed.name,
        address=listed.address,
    )


@strawberry.type(description="A business that takes part in the coalition.")
class Partner(Node):
    """A partner's public side, and what the member decided about it."""

    code: str = strawberry.field(description="Its short name, unique in the coalition.")
    name: str = strawberry.field(description="Its name.")
    category: str = strawberry.field(description="What kind of business it is.")
    stored: strawberry.Private[ListedPartner]

    @resolved("Its outlets in the order of their codes.")
    async def outlets(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[Outlet]:
        """Load a page of the outlets."""
        size = page_size(first)
        page = OutletPage(self.stored.id, start_of(after, OUTLET_CURSOR), size + 1)
        return connection(
            await info.context.loaders.outlet_pages.load(page),
            size=size,
            after=after,
            cursor=lambda row: OUTLET_CURSOR.seal(row.code),
            node=outlet,
        )

    @resolved(
        "What it gives and takes now; null while it is suspended or has no contract in force."
    )
    async def offer(self, info: Info) -> Offer | None:
        """Load the offer in force."""
        if not self.stored.active:
            return None
        found = await info.context.loaders.offers_now.load(self.stored.id)
        return None if found is None else offer(found)

    @resolved(
        "Whether its tills may greet you by name when your card is scanned: your latest decision,"
        " no until you made one."
    )
    async def greets_me(self, info: Info) -> bool:
        """Load the latest decision."""
        return await info.context.loaders.greetings.load(self.stored.id)


def partner(listed: ListedPartner) -> Partner:
    """Return a partner as the door shows it."""
    return Partner(
        id=strawberry.ID(PARTNER.seal(listed.id)),
        code=listed.code,
        name=listed.name,
        category=listed.category,
        stored=listed,
    )


async def find_partner(info: Info, partner_id: UUID) -> Partner | None:
    """Load a partner by its id, suspended or not."""
    found = await info.context.loaders.partners.load(partner_id)
    return None if found is None else partner(found)


def partner_page(rows: list[ListedPartner], size: int, after: Cursor | None) -> Connection[Partner]:
    """Return a page of partners as the door shows it."""
    return connection(
        rows,
        size=size,
        after=after,
        cursor=lambda row: PARTNER_CURSOR.seal(row.id),
        node=partner,
    )
