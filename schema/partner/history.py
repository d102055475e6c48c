"""Recorded purchases and the customers who made them, as the partner's door shows them."""

import asyncio
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry

from coalition.programme.earning import explain
from partners import customers as stored_customers
from partners import purchases as stored_purchases
from schema.connections import (
    DEFAULT_FIRST,
    After,
    Connection,
    First,
    connection,
    page_size,
    start_of,
)
from schema.fields import resolved
from schema.money import Money, money
from schema.nodes import Node
from schema.opaque import CUSTOMER, PURCHASE, PURCHASE_CURSOR
from schema.partner.context import Info
from schema.partner.explanation import ExplanationStep, explanation
from schema.partner.loaders import Favourites, HistoryPage
from schema.partner.registration import Contract, Outlet, contract, outlet
from schema.partner.spending import FavouriteCategory, Spending, favourite, spending
from schema.scalars import Cursor, PageSize, Points

DEFAULT_FAVOURITES = PageSize(5)


@strawberry.type(description="A line of a recorded purchase.")
class PurchaseLine:
    """A line with its share of the points."""

    number: int = strawberry.field(description="Its place on the receipt, from 1.")
    sku: str = strawberry.field(description="Your own code of the goods.")
    name: str = strawberry.field(description="The name of the goods.")
    category: str | None = strawberry.field(description="The category that rates go by, if any.")
    quantity: Decimal = strawberry.field(description="How much, in the till's own unit.")
    amount: Money = strawberry.field(description="What was paid for all of the quantity.")
    points: Points = strawberry.field(description="Its share of the purchase's points.")


@strawberry.type(description="A part of the total, and how it was paid.")
class Tender:
    """A part of the total."""

    kind: str = strawberry.field(description="How it was paid, in the till's own word.")
    amount: Money = strawberry.field(description="What was paid that way.")


@strawberry.type(description="A recorded purchase. It never changes.")
class Purchase(Node):
    """A recorded purchase; what belongs to it is loaded when asked for."""

    receipt_number: str = strawberry.field(description="The number on the receipt.")
    business_date: date = strawberry.field(description="The till's business day.")
    occurred_at: datetime = strawberry.field(description="When it was made, by the till.")
    recorded_at: datetime = strawberry.field(description="When the coalition recorded it.")
    terminal: str = strawberry.field(description="The code of the till, at the outlet.")
    total: Money = strawberry.field(description="What was paid in all.")
    points: Points = strawberry.field(description="Points that the customer earned.")
    card_last_four: str = strawberry.field(description="The last four digits of the card.")
    tenders: list[Tender] = strawberry.field(description="How the total was paid, if told.")
    stored: strawberry.Private[stored_purchases.Purchase]

    @resolved("The outlet where it was made.")
    async def outlet(self, info: Info) -> Outlet:
        """Load the outlet."""
        found = await info.context.loaders.outlets.load(self.stored.outlet_id)
        assert found is not None
        return outlet(found)

    @resolved("Who made it.")
    async def customer(self, info: Info) -> "Customer":
        """Load the customer."""
        found = await info.context.loaders.customers.load(self.stored.customer_id)
        assert found is not None
        return customer(found)

    @resolved("Its lines, in the receipt's order.")
    async def lines(self, info: Info) -> list[PurchaseLine]:
        """Load the lines."""
        return [
            PurchaseLine(
                number=each.number,
                sku=each.line.sku,
                name=each.line.name,
                category=each.line.category,
                quantity=each.line.quantity,
                amount=money(each.line.amount, self.stored.currency),
                points=Points(each.points),
            )
            for each in await info.context.loaders.lines.load(self._key())
        ]

    @resolved("The contract it was recorded under.")
    async def contract(self, info: Info) -> Contract:
        """Load the contract."""
        found = await info.context.loaders.contracts.load(self.stored.contract_id)
        assert found is not None
        return contract(found)

    @resolved("How its points came about.")
    async def explanation(self, info: Info) -> list[ExplanationStep]:
        """Explain the points again, from the stored lines and the purchase's contract."""
        lines, agreed = await asyncio.gather(
            info.context.loaders.lines.load(self._key()),
            info.context.loaders.contracts.load(self.stored.contract_id),
        )
        assert agreed is not None
        steps = explain([each.line for each in lines], agreed.terms)
        return explanation(steps, self.stored.currency)

    def _key(self) -> tuple[int, UUID]:
        return self.stored.bucket, self.stored.id


def purchase(stored: stored_purchases.Purchase) -> Purchase:
    """Return a purchase as the door shows it."""
    return Purchase(
        id=strawberry.ID(PURCHASE.seal(stored.place)),
        receipt_number=stored.number,
        business_date=stored.business_date,
        occurred_at=stored.occurred_at,
        recorded_at=stored.recorded_at,
        terminal=stored.terminal,
        total=money(stored.amount, stored.currency),
        points=Points(stored.points),
        card_last_four=stored.card_last_four,
        tenders=[
            Tender(kind=each.kind, amount=money(each.amount, stored.currency))
            for each in stored.tenders
        ],
        stored=stored,
    )


def purchase_page(
    rows: list[stored_purchases.Purchase], size: int, after: Cursor | None
) -> Connection[Purchase]:
    """Return a page of purchases as the door shows it."""
    return connection(
        rows,
        size=size,
        after=after,
        cursor=lambda row: PURCHASE_CURSOR.seal(row.place),
        node=purchase,
    )


@strawberry.type(description="A member as you know them: by your own id, with what they bought.")
class Customer(Node):
    """A customer; another partner knows the same member by another id."""

    purchase_count: int = strawberry.field(description="How many purchases, in all currencies.")
    spending: list[Spending] = strawberry.field(description="What they spent, by currency.")
    first_visit: date = strawberry.field(description="The business day of the first purchase.")
    last_visit: date = strawberry.field(description="The business day of the latest purchase.")
    stored: strawberry.Private[stored_customers.Customer]

    @resolved(
        "The categories they spent most on, the greatest amount first; in each currency for itself."
    )
    async def favourite_categories(
        self,
        info: Info,
        first: Annotated[
            PageSize | None,
            strawberry.argument(description="How many categories at most, of each currency."),
        ] = DEFAULT_FAVOURITES,
    ) -> list[FavouriteCategory]:
        """Load the favourite categories."""
        most = DEFAULT_FAVOURITES if first is None else first
        wanted = Favourites(self.stored.id, most)
        found = await info.context.loaders.favourites.load(wanted)
        return [favourite(each, self.stored) for each in found]

    @resolved("Their purchases with you, the newest first.")
    async def purchases(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[Purchase]:
        """Load a page of the purchases."""
        size = page_size(first)
        page = HistoryPage(self.stored.id, start_of(after, PURCHASE_CURSOR), size + 1)
        return purchase_page(await info.context.loaders.histories.load(page), size, after)


def customer(stored: stored_customers.Customer) -> Customer:
    """Return a customer as the door shows it."""
    return Customer(
        id=strawberry.ID(CUSTOMER.seal(stored.id)),
        purchase_count=sum(each.purchases for each in stored.spendings),
        spending=[spending(each) for each in stored.spendings],
        first_visit=min(each.first_date for each in stored.spendings),
        last_visit=max(each.last_date for each in stored.spendings),
        stored=stored,
    )
