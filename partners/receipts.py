"""A till's receipt as it arrives: its form, and the fingerprint that tells two contents apart."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import orjson

from ledger.currencies import MINOR_DIGITS
from partners.refusals import PurchaseRefusal

LARGEST_AMOUNT = 10**12
LARGEST_QUANTITY = 10**9
QUANTITY_PLACES = 6
MOST_LINES = 1_000
MOST_TENDERS = 20
LONGEST_CODE = 64
LONGEST_NAME = 200
_PRECEDENCE = {refusal: place for place, refusal in enumerate(PurchaseRefusal)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptLine:
    """One line. ``amount`` is what was paid for all of ``quantity``, in minor units."""

    sku: str
    name: str
    category: str | None
    quantity: Decimal
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tender:
    """A part of the total in minor units, and how it was paid (the till's own word)."""

    kind: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A purchase as the till tells it; amounts in minor units of ``currency``.

    ``outlet`` and ``terminal`` are the partner's own codes; with ``business_date`` and
    ``number`` they name the receipt. ``occurred_at`` has an offset.
    """

    card: str
    outlet: str
    terminal: str
    number: str
    business_date: date
    occurred_at: datetime
    currency: str
    total: int
    lines: tuple[ReceiptLine, ...]
    tenders: tuple[Tender, ...] = ()

    def identity(self) -> tuple[str, str, date, str]:
        """Return what names the receipt at its partner."""
        return self.outlet, self.terminal, self.business_date, self.number

    def fingerprint(self) -> bytes:
        """Return SHA-256 over the canonical content: equal for equal purchases."""
        content = [
            self.card,
            self.outlet,
            self.terminal,
            self.number,
            self.business_date.isoformat(),
            (self.occurred_at - _EPOCH) // timedelta(microseconds=1),
            self.currency,
            str(self.total),
            [
                [line.sku, line.name, line.category, _plain(line.quantity), str(line.amount)]
                for line in self.lines
            ],
            [[tender.kind, str(tender.amount)] for tender in self.tenders],
        ]
        try:
            canonical = orjson.dumps(content)
        except TypeError:  # half a surrogate pair, which no UTF-8 has; the form refuses it
            canonical = json.dumps(content).encode()
        return hashlib.sha256(canonical).digest()


@dataclass(frozen=True, slots=True)
class Flaw:
    """A refusal and the path of the field that it is about, dotted: ``lines.3.amount``."""

    refusal: PurchaseRefusal
    path: str


def find_flaw(receipt: Receipt) -> Flaw | None:
    """Return the flaw of the receipt's form that PurchaseRefusal names first, or None.

    Of several with one code it is the first on the receipt. Looks at the receipt alone.
    """
    return min(_flaws(receipt), key=lambda flaw: _PRECEDENCE[flaw.refusal], default=None)


def printable(value: str, longest: int) -> bool:
    """Tell whether a text has 1 to ``longest`` characters, all printable."""
    return 0 < len(value) <= longest and value.isprintable()


def _flaws(receipt: Receipt) -> Iterator[Flaw]:
    yield from _text_flaws(receipt)
    if abs(receipt.business_date - receipt.occurred_at.date()) > timedelta(days=1):
        yield Flaw(PurchaseRefusal.BUSINESS_DATE_INVALID, "businessDate")
    if receipt.currency not in MINOR_DIGITS:
        yield Flaw(PurchaseRefusal.CURRENCY_UNKNOWN, "currency")
    if not receipt.lines:
        yield Flaw(PurchaseRefusal.LINES_MISSING, "lines")
    if len(receipt.lines) > MOST_LINES:
        yield Flaw(PurchaseRefusal.TOO_MANY_LINES, "lines")
    if len(receipt.tenders) > MOST_TENDERS:
        yield Flaw(PurchaseRefusal.TOO_MANY_TENDERS, "tenders")
    yield from _amount_flaws(receipt.total, "total")
    for index, line in enumerate(receipt.lines):
        yield from _line_flaws(line, f"lines.{index}")
    for index, tender in enumerate(receipt.tenders):
        if not printable(tender.kind, LONGEST_CODE):
            yield Flaw(PurchaseRefusal.TEXT_INVALID, f"tenders.{index}.kind")
        yield from _amount_flaws(tender.amount, f"tenders.{index}.amount")
    if receipt.total == 0:
        yield Flaw(PurchaseRefusal.TOTAL_ZERO, "total")
    if sum(line.amount for line in receipt.lines) != receipt.total:
        yield Flaw(PurchaseRefusal.LINES_DO_NOT_SUM, "total")
    if receipt.tenders and sum(tender.amount for tender in receipt.tenders) != receipt.total:
        yield Flaw(PurchaseRefusal.TENDERS_DO_NOT_SUM, "tenders")


def _text_flaws(receipt: Receipt) -> Iterator[Flaw]:
    for path, value in (
        ("outlet", receipt.outlet),
        ("terminal", receipt.terminal),
        ("receiptNumber", receipt.number),
    ):
        if not printable(value, LONGEST_CODE):
            yield Flaw(PurchaseRefusal.TEXT_INVALID, path)


def _line_flaws(line: ReceiptLine, path: str) -> Iterator[Flaw]:
    if not printable(line.sku, LONGEST_CODE):
        yield Flaw(PurchaseRefusal.TEXT_INVALID, f"{path}.sku")
    if not printable(line.name, LONGEST_NAME):
        yield Flaw(PurchaseRefusal.TEXT_INVALID, f"{path}.name")
    if line.category is not None and not printable(line.category, LONGEST_NAME):
        yield Flaw(PurchaseRefusal.TEXT_INVALID, f"{path}.category")
    if not _quantity_fits(line.quantity):
        yield Flaw(PurchaseRefusal.QUANTITY_INVALID, f"{path}.quantity")
    yield from _amount_flaws(line.amount, f"{path}.amount")


def _amount_flaws(amount: int, path: str) -> Iterator[Flaw]:
    if amount < 0:
        yield Flaw(PurchaseRefusal.AMOUNT_NEGATIVE, path)
    if amount > LARGEST_AMOUNT:
        yield Flaw(PurchaseRefusal.AMOUNT_TOO_LARGE, path)


def _quantity_fits(quantity: Decimal) -> bool:
    if not quantity.is_finite() or not 0 <= quantity <= LARGEST_QUANTITY:
        return False
    exponent = quantity.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -QUANTITY_PLACES


def _plain(quantity: Decimal) -> str:
    # 1.50 and 1.5 are one quantity, and so are 0 and -0.
    return str(quantity.normalize() + 0) if _quantity_fits(quantity) else str(quantity)
