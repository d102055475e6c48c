"""What the partner's door answers: the caller's own registration, purchases and customers."""

from datetime import datetime
from typing import Annotated

import strawberry

from coalition.card_lookup import Scan
from partners import customers as stored_customers
from partners import outlets as stored_outlets
from partners import purchases as stored_purchases
from partners import registry
from partners.contracts import contract_in_force
from partners.purchases import of_partner
from schema.connections import (
    DEFAULT_FIRST,
    After,
    Connection,
    First,
    connection,
    page_size,
    start_of,
)
from schema.contracts import Contract, contract
from schema.fields import resolved
from schema.nodes import Node
from schema.opaque import (
    CONTRACT,
    CUSTOMER,
    CUSTOMER_CURSOR,
    OUTLET,
    OUTLET_CURSOR,
    PURCHASE,
    PURCHASE_CURSOR,
)
from schema.outlets import Outlet, outlet, outlet_page
from schema.partner.card import CardLookupPayload, look_up_card
from schema.partner.context import Info, PartnerContext
from schema.partner.history import Customer, Purchase, customer, purchase
from schema.partner.receipts import ReceiptInput
from schema.partner.recording import QuotePurchasePayload, quote_purchase
from schema.partner.registration import Partner
from schema.purchases import purchase_page


@strawberry.type(description="What you may read: your own side of the coalition.")
class Query:
    """The door's queries."""

    @resolved(
        "What has this id: a purchase, customer, outlet or contract of yours. Null for"
        " any other text."
    )
    async def node(
        self,
        info: Info,
        id: Annotated[  # noqa: A002 Relay's name
            strawberry.ID, strawberry.argument(description="An id that this door gave.")
        ],
    ) -> Node | None:
        """Find a node."""
        return await _find(info.context, id)

    @resolved("Yourself, as registered.")
    async def partner(self, info: Info) -> Partner:
        """Read the caller's entry in the register."""
        async with info.context.reading() as reader:
            found = await registry.read_partner(reader, info.context.partner_id)
        return Partner(
            code=found.code,
            name=found.name,
            legal_name=found.legal_name,
            category=found.category,
        )

    @resolved("The contract in force at an instant; null if there was none.")
    async def contract(
        self,
        info: Info,
        at: Annotated[
            datetime | None, strawberry.argument(description="The instant; now unless given.")
        ] = None,
    ) -> Contract | None:
        """Read a contract."""
        async with info.context.reading() as reader:
            found = await contract_in_force(reader, info.context.partner_id, at)
        return None if found is None else contract(found)

    @resolved("Your outlets in the order of their codes.")
    async def outlets(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[Outlet]:
        """Read a page of the outlets."""
        size, start = page_size(first), start_of(after, OUTLET_CURSOR)
        async with info.context.reading() as reader:
            rows = await stored_outlets.read_outlets(
                reader, info.context.partner_id, after=start, most=size + 1
            )
        return outlet_page(rows, size, after)

    @resolved("Your recorded purchases, the newest first by occurredAt.")
    async def purchases(
        self,
        info: Info,
        first: First = DEFAULT_FIRST,
        after: After = None,
        occurred_from: Annotated[
            datetime | None,
            strawberry.argument(name="from", description="Only of this instant or later."),
        ] = None,
        occurred_to: Annotated[
            datetime | None,
            strawberry.argument(name="to", description="Only of before this instant."),
        ] = None,
    ) -> Connection[Purchase]:
        """Read a page of the purchases."""
        size, start = page_size(first), start_of(after, PURCHASE_CURSOR)
        async with info.context.reading() as reader:
            rows = await stored_purchases.newest_purchases(
                reader,
                of_partner(info.context.partner_id),
                before=start,
                occurred_from=occurred_from,
                occurred_to=occurred_to,
                most=size + 1,
            )
        return purchase_page(purchase, rows, size, after)

    @resolved("Your customers, in a stable order that means nothing.")
    async def customers(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[Customer]:
        """Read a page of the customers."""
        size, start = page_size(first), start_of(after, CUSTOMER_CURSOR)
        async with info.context.reading() as reader:
            rows = await stored_customers.read_customers(
                reader, info.context.partner_id, after=start, most=size + 1
            )
        return connection(
            rows,
            size=size,
            after=after,
            cursor=lambda row: CUSTOMER_CURSOR.seal(row.id),
            node=customer,
        )

    @resolved(
        "What a receipt would earn if it were recorded now, line by line and step by"
        " step. Nothing is written, and no key is used up."
    )
    async def quote_purchase(
        self,
        info: Info,
        receipt: Annotated[ReceiptInput, strawberry.argument(description="The sale.")],
    ) -> QuotePurchasePayload:
        """Quote a receipt."""
        return await quote_purchase(info, receipt)

    @resolved(
        "Whose a scanned card is: the name to greet by, the points they can spend, and what you"
        " know of them. Only a till's credential may ask. It reads, and writes only that it was"
        " asked: every look-up is recorded and counted, in the programme's days. A card of a"
        " customer of yours may be looked up 30 times a day; one till, 300 times a day cards of"
        " others or of nobody."
    )
    async def card(
        self,
        info: Info,
        number: Annotated[
            str, strawberry.argument(description="The card's number: 16 digits, as scanned.")
        ],
        outlet: Annotated[str, strawberry.argument(description="Your code of the outlet.")],
        terminal: Annotated[
            str, strawberry.argument(description="Your code of the till, at the outlet.")
        ],
    ) -> CardLookupPayload:
        """Look a card up."""
        return await look_up_card(info, Scan(number=number, outlet=outlet, terminal=terminal))


async def _find(context: PartnerContext, identifier: str) -> Node | None:
    loaders = context.loaders
    if (place := PURCHASE.unseal(identifier)) is not None:
        bought = await loaders.purchases.load(place)
        return None if bought is None else purchase(bought)
    if (customer_id := CUSTOMER.unseal(identifier)) is not None:
        person = await loaders.customers.load(customer_id)
        return None if person is None else customer(person)
    if (outlet_id := OUTLET.unseal(identifier)) is not None:
        registered = await loaders.outlets.load(outlet_id)
        return None if registered is None else outlet(registered)
    if (contract_id := CONTRACT.unseal(identifier)) is not None:
        agreed = await loaders.contracts.load(contract_id)
        return None if agreed is None else contract(agreed)
    return None
