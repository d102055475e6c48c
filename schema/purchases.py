"""A recorded purchase as every door shows it; each door adds who is at the other end of it."""

import asyncio
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

import strawberry

from coalition.programme.earning import explain
from partners import purchases as stored_purchases
from schema.connections import Connection, connection
from schema.explanation import ExplanationStep, explanation
from schema.fields import resolved
from schema.loaders import PurchaseInfo
from schema.money import Money, money
from schema.nodes import Node
from schema.opaque import PURCHASE, PURCHASE_CURSOR
from schema.outlets import Outlet, outlet
from schema.scalars import Cursor, Points

Door = TypeVar("Door", bound="PurchaseRecord")


@strawberry.type(description="A line of a recorded purchase.")
class PurchaseLine:
    """A line with its share of the points."""

    number: int = strawberry.field(description="Its place on the receipt, from 1.")
    sku: str = strawberry.field(description="The partner's own code of the goods.")
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
class PurchaseRecord(Node):
    """What all doors show; what belongs to it is loaded when asked for."""

    receipt_number: str = strawberry.field(description="The number on the receipt.")
    business_date: date = strawberry.field(description="The till's business day.")
    occurred_at: datetime = strawberry.field(description="When it was made, by the till.")
    recorded_at: datetime = strawberry.field(description="When the coalition recorded it.")
    terminal: str = strawberry.field(description="The code of the till, at the outlet.")
    total: Money = strawberry.field(description="What was paid in all.")
    points: Points = strawberry.field(description="Points earned on it.")
    card_last_four: str = strawberry.field(description="The last four digits of the card.")
    tenders: list[Tender] = strawberry.field(description="How the total was paid, if told.")
    stored: strawberry.Private[stored_purchases.Purchase]

    @resolved("Its lines, in the receipt's order.")
    async def lines(self, info: PurchaseInfo) -> list[PurchaseLine]:
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
            for each in await info.context.loaders.lines.load(self.key())
        ]

    @resolved("How its points came about.")
    async def explanation(self, info: PurchaseInfo) -> list[ExplanationStep]:
        """Explain the points again, from the stored lines and the purchase's contract."""
        lines, offered = await asyncio.gather(
            info.context.loaders.lines.load(self.key()),
            info.context.loaders.offers.load(self.stored.contract_id),
        )
        assert offered is not None
        steps = explain([each.line for each in lines], offered)
        return explanation(steps, self.stored.currency)

    def key(self) -> tuple[int, UUID]:
        """Return what its lines are found by."""
        return self.stored.bucket, self.stored.id


@strawberry.type(description="A recorded purchase. It never changes.")
class RecordedPurchase(PurchaseRecord):
    """A purchase as firms see it: at an outlet with its tills."""

    @resolved("The outlet where it was made.")
    async def outlet(self, info: PurchaseInfo) -> Outlet:
        """Load the outlet."""
        found = await info.context.loaders.outlets.load(self.stored.outlet_id)
        assert found is not None
        return outlet(found)


def shown_as(door: type[Door], stored: stored_purchases.Purchase) -> Door:
    """Return a purchase as a door's own type shows it."""
    fields: dict[str, Any] = {
        "id": strawberry.ID(PURCHASE.seal(stored.place)),
        "receipt_number": stored.number,
        "business_date": stored.business_date,
        "occurred_at": stored.occurred_at,
        "recorded_at": stored.recorded_at,
        "terminal": stored.terminal,
        "total": money(stored.amount, stored.currency),
        "points": Points(stored.points),
        "card_last_four": stored.card_last_four,
        "tenders": [
            Tender(kind=each.kind, amount=money(each.amount, stored.currency))
            for each in stored.tenders
        ],
        "stored": stored,
    }
    return door(**fields)


def purchase_page(
    door: Callable[[stored_purchases.Purchase], Door],
    rows: list[stored_purchases.Purchase],
    size: int,
    after: Cursor | None,
) -> Connection[Door]:
    """Return a page of purchases as ``door`` shows each."""
    return connection(
        rows,
        size=size,
        after=after,
        cursor=lambda row: PURCHASE_CURSOR.seal(row.place),
        node=door,
    )
