"""What the member's door answers: the member's own side, and what is public in the coalition."""

from typing import Annotated

import strawberry

from coalition.membership import cards_of, read_membership
from partners.directory import active_partners
from schema.connections import DEFAULT_FIRST, After, Connection, First, page_size, start_of
from schema.fields import resolved
from schema.member.context import Info
from schema.member.history import (
    HistoryLine,
    Purchase,
    find_purchase,
    read_history,
    read_purchases,
)
from schema.member.membership import Balance, Card, Member, card, myself, read_balance
from schema.member.places import Partner, find_partner, outlet, partner_page
from schema.nodes import Node
from schema.opaque import CARD, OUTLET, PARTNER, PARTNER_CURSOR, PURCHASE


@strawberry.type(description="The programme that you take part in.")
class Programme:
    """The programme's settings that members may know."""

    name: str = strawberry.field(description="What it is called.")
    time_zone: str = strawberry.field(
        description="Where its days begin and end: a name of the IANA database."
    )
    currency: str = strawberry.field(description="The ISO 4217 code that partners settle in.")


@strawberry.type(description="What you may read: what is yours, and who takes part.")
class Query:
    """The door's queries."""

    @resolved(
        "What has this id: a purchase or card of yours, a partner or an outlet. Null for any"
        " other text."
    )
    async def node(
        self,
        info: Info,
        id: Annotated[  # noqa: A002 Relay's name
            strawberry.ID, strawberry.argument(description="An id that this door gave.")
        ],
    ) -> Node | None:
        """Find a node."""
        return await _find(info, id)

    @resolved("The programme.")
    async def programme(self, info: Info) -> Programme:
        """Read the programme."""
        found = await info.context.programme()
        return Programme(name=found.name, time_zone=found.time_zone.key, currency=found.currency)

    @resolved("Yourself.")
    async def me(self, info: Info) -> Member:
        """Read the member."""
        async with info.context.reading() as reader:
            return myself(await read_membership(reader, info.context.holder))

    @resolved("The points that you can spend.")
    async def balance(self, info: Info) -> Balance:
        """Read the balance."""
        return await read_balance(info)

    @resolved("Every change of your balance, the newest first by postedAt.")
    async def history(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[HistoryLine]:
        """Read a page of the account's lines."""
        return await read_history(info, first, after)

    @resolved("Your purchases at all partners, the newest first by occurredAt.")
    async def purchases(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[Purchase]:
        """Read a page of the purchases."""
        return await read_purchases(info, first, after)

    @resolved("Your cards, the newest first; blocked ones, too.")
    async def cards(self, info: Info) -> list[Card]:
        """Read the cards."""
        async with info.context.reading() as reader:
            return [card(each) for each in await cards_of(reader, info.context.holder)]

    @resolved("Who takes part at present, by name.")
    async def partners(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[Partner]:
        """Read a page of the active partners."""
        size, start = page_size(first), start_of(after, PARTNER_CURSOR)
        async with info.context.reading() as reader:
            rows = await active_partners(reader, after=start, most=size + 1)
        return partner_page(rows, size, after)


async def _find(info: Info, identifier: str) -> Node | None:
    loaders = info.context.loaders
    if (place := PURCHASE.unseal(identifier)) is not None:
        return await find_purchase(info, place)
    if (card_id := CARD.unseal(identifier)) is not None:
        held = await loaders.cards.load(card_id)
        return None if held is None else card(held)
    if (partner_id := PARTNER.unseal(identifier)) is not None:
        return await find_partner(info, partner_id)
    if (outlet_id := OUTLET.unseal(identifier)) is not None:
        listed = await loaders.places.load(outlet_id)
        return None if listed is None else outlet(listed)
    return None
