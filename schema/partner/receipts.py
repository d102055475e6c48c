"""A receipt as a till sends it, and how it becomes the receipt that the coalition records."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import strawberry

from coalition.programme.settings import Programme
from partners.receipts import Flaw, Receipt, ReceiptLine, Tender
from schema.inputs import prompt
from schema.money import minor_units

_AMOUNT = "a decimal string in major units, with no more places than the currency has."


@prompt
@strawberry.input(description="A line of a receipt.")
class ReceiptLineInput:
    """A line as the till sends it."""

    sku: str = strawberry.field(description="Your own code of the goods: 1 to 64 characters.")
    name: str = strawberry.field(description="The name of the goods: 1 to 200 characters.")
    category: str | None = strawberry.field(
        default=None, description="The category that rates go by: 1 to 200 characters."
    )
    quantity: Decimal = strawberry.field(
        description="How much, in the till's own unit: 0 to 10^9, at most 6 decimal places."
    )
    amount: Decimal = strawberry.field(
        description=f"What was paid for all of the quantity, after discounts: {_AMOUNT}"
    )


@prompt
@strawberry.input(description="A part of the total, and how it was paid.")
class TenderInput:
    """A tender as the till sends it."""

    kind: str = strawberry.field(
        description="How it was paid, in the till's own word: 1 to 64 characters."
    )
    amount: Decimal = strawberry.field(description=f"What was paid that way: {_AMOUNT}")


@prompt
@strawberry.input(
    description="A sale as the till prints it. Outlet, terminal, businessDate and receiptNumber"
    " name it: it is recorded once."
)
class ReceiptInput:
    """A receipt as the till sends it."""

    card: str = strawberry.field(description="The member card's number: 16 digits.")
    outlet: str = strawberry.field(description="Your code of the outlet.")
    terminal: str = strawberry.field(description="The code of the till at the outlet.")
    receipt_number: str = strawberry.field(
        description="Unique at its till and business day: 1 to 64 characters."
    )
    business_date: date | None = strawberry.field(
        default=None,
        description="The till's business day; else the day of occurredAt in the programme's"
        " time zone.",
    )
    occurred_at: datetime = strawberry.field(description="When it was sold, by the till's clock.")
    currency: str = strawberry.field(
        description="The ISO 4217 code of the currency of all amounts: the contract's."
    )
    total: Decimal = strawberry.field(
        description=f"What was paid in all, the sum of the lines: {_AMOUNT}"
    )
    lines: list[ReceiptLineInput] = strawberry.field(description="Its lines: 1 to 1,000.")
    tenders: list[TenderInput] | None = strawberry.field(
        default=None, description="How the total was paid, when told: up to 20, summing to it."
    )


def read_receipt(sent: ReceiptInput, programme: Programme | None) -> Receipt | Flaw:
    """Return the receipt with its amounts in minor units, or the first amount that has none.

    ``programme`` is needed when the till sent no business date.
    """
    flaws: list[Flaw] = []

    def minor(amount: Decimal, path: str) -> int:
        read = minor_units(amount, sent.currency, path)
        if isinstance(read, Flaw):
            flaws.append(read)
            return 0
        return read

    receipt = _receipt(sent, minor, sent.business_date or _business_day(sent, programme))
    return flaws[0] if flaws else receipt


def _receipt(sent: ReceiptInput, minor: Callable[[Decimal, str], int], day: date) -> Receipt:
    return Receipt(
        card=sent.card,
        outlet=sent.outlet,
        terminal=sent.terminal,
        number=sent.receipt_number,
        business_date=day,
        occurred_at=sent.occurred_at,
        currency=sent.currency,
        total=minor(sent.total, "total"),
        lines=tuple(
            ReceiptLine(
                sku=line.sku,
                name=line.name,
                category=line.category,
                quantity=line.quantity,
                amount=minor(line.amount, f"lines.{place}.amount"),
            )
            for place, line in enumerate(sent.lines)
        ),
        tenders=tuple(
            Tender(kind=tender.kind, amount=minor(tender.amount, f"tenders.{place}.amount"))
            for place, tender in enumerate(sent.tenders or ())
        ),
    )


def _business_day(sent: ReceiptInput, programme: Programme | None) -> date:
    assert programme is not None
    try:
        return programme.day_of(sent.occurred_at)
    except OverflowError:  # in the first or the last hours that a date can name
        return sent.occurred_at.astimezone(UTC).date()
