"""Money at the doors: decimal strings in major units; whole minor units below. Never a float."""

from decimal import Context, Decimal, Inexact

import strawberry

from ledger.currencies import MINOR_DIGITS
from partners.receipts import Flaw
from partners.refusals import PurchaseRefusal

_EXACT = Context(prec=60, traps=[Inexact])
"""More digits than a Decimal at the doors may have; to lose one would raise."""


@strawberry.type(description="An amount of money.")
class Money:
    """An amount in major units of its currency."""

    amount: Decimal = strawberry.field(
        description="In major units (roubles, dollars), exact, with all digits of the minor unit."
    )
    currency: str = strawberry.field(description="The ISO 4217 code.")


def money(minor: int, currency: str) -> Money:
    """Return an amount of minor units as the doors show it."""
    return Money(amount=_major(minor, MINOR_DIGITS[currency]), currency=currency)


def _major(minor: int, digits: int) -> Decimal:
    sign, whole = int(minor < 0), str(abs(minor))
    return Decimal((sign, tuple(map(int, whole)), -digits))


def minor_units(amount: Decimal, currency: str, path: str) -> int | Flaw:
    """Return an amount of major units in minor units, exactly.

    ``path`` is the amount's in its receipt, for the flaw when the amount has more decimal places
    than its currency, or the currency is unknown.
    """
    digits = MINOR_DIGITS.get(currency)
    if digits is None:
        return Flaw(PurchaseRefusal.CURRENCY_UNKNOWN, "currency")
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -digits:
        return Flaw(PurchaseRefusal.AMOUNT_NOT_OF_CURRENCY, path)
    return int(amount.scaleb(digits, _EXACT))
