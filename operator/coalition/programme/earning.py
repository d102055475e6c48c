"""What a receipt earns under a contract: exact over the receipt, rounded once, spread to lines.

Pure: data in, data out. A line earns ``amount x points per unit x multiplier of its category``,
nothing in an excluded category. With the rates of a contract over one common denominator every
step but the rounding is integer arithmetic, exact by construction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import StrEnum
from fractions import Fraction
from math import lcm

from coalition.programme.rounding import divide, spread
from ledger.currencies import MINOR_DIGITS
from partners.contracts import Offer
from partners.receipts import ReceiptLine
from partners.tables import Rounding

EXACT_PLACES = 12


class StepKind(StrEnum):
    """What a step of an explanation tells."""

    BASE_RATE = "base_rate"
    CATEGORY_EXCLUDED = "category_excluded"
    CATEGORY_MULTIPLIER = "category_multiplier"
    ROUNDING = "rounding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step from the receipt to its points.

    ``amount``: the minor units that the step is about; ``rate``: points per unit of money, or a
    multiplier; ``points``: what the step adds (base rate, multiplier) or the whole (rounding),
    exact up to 12 decimal places.
    """

    kind: StepKind
    category: str | None = None
    amount: int = 0
    rate: Decimal | None = None
    points: Decimal
    rounding: Rounding | None = None


@dataclass(frozen=True, slots=True)
class Earning:
    """Whole points of a receipt, and each line's share of them in the lines' order."""

    points: int
    line_points: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rates:
    """Points of one minor unit by category, as numerators over one ``denominator``."""

    base: int
    by_category: dict[str, int]
    denominator: int
    rounding: Rounding

    def exact(self, line: ReceiptLine) -> int:
        """Return a line's exact points, times the denominator."""
        rate = self.base
        if line.category is not None:
            rate = self.by_category.get(line.category, rate)
        return line.amount * rate


def compile_rates(offer: Offer) -> Rates:
    """Return the rates of an offer, over the least common denominator."""
    base = Fraction(offer.points_per_unit) / 10 ** MINOR_DIGITS[offer.currency]
    rates = {
        category: base * Fraction(multiplier)
        for category, multiplier in offer.category_multipliers.items()
    } | dict.fromkeys(offer.excluded_categories, Fraction(0))
    denominator = lcm(base.denominator, *(rate.denominator for rate in rates.values()))
    return Rates(
        base=int(base * denominator),
        by_category={category: int(rate * denominator) for category, rate in rates.items()},
        denominator=denominator,
        rounding=offer.rounding,
    )


def earn(lines: Sequence[ReceiptLine], rates: Rates) -> Earning:
    """Return what a receipt's lines earn. Amounts are >= 0, in the contract's currency."""
    exact = [rates.exact(line) for line in lines]
    points = divide(sum(exact), rates.denominator, rates.rounding)
    return Earning(points=points, line_points=tuple(spread(points, exact)))


def explain(lines: Sequence[ReceiptLine], offer: Offer) -> tuple[Step, ...]:
    """Return the steps from the lines to their points; the last is the rounding.

    The points of the steps before the rounding sum to the exact points that are rounded.
    """
    rates = compile_rates(offer)
    spent: dict[str | None, int] = {}
    for line in lines:
        spent[line.category] = spent.get(line.category, 0) + line.amount
    excluded = sorted(offer.excluded_categories & spent.keys())
    multiplied = sorted(
        (offer.category_multipliers.keys() & spent.keys()) - offer.excluded_categories
    )
    eligible = sum(amount for category, amount in spent.items() if category not in excluded)
    exact = sum(rates.exact(line) for line in lines)
    return (
        *(
            Step(
                kind=StepKind.CATEGORY_EXCLUDED,
                category=category,
                amount=spent[category],
                points=Decimal(0),
            )
            for category in excluded
        ),
        Step(
            kind=StepKind.BASE_RATE,
            amount=eligible,
            rate=offer.points_per_unit,
            points=_decimal(eligible * rates.base, rates.denominator),
        ),
        *(
            Step(
                kind=StepKind.CATEGORY_MULTIPLIER,
                category=category,
                amount=spent[category],
                rate=offer.category_multipliers[category],
                points=_decimal(
                    spent[category] * (rates.by_category[category] - rates.base),
                    rates.denominator,
                ),
            )
            for category in multiplied
        ),
        Step(
            kind=StepKind.ROUNDING,
            amount=eligible,
            points=Decimal(divide(exact, rates.denominator, rates.rounding)),
            rounding=rates.rounding,
        ),
    )


def _decimal(numerator: int, denominator: int) -> Decimal:
    with localcontext(prec=60):
        exact = Decimal(numerator) / Decimal(denominator)
        return exact.quantize(Decimal(1).scaleb(-EXACT_PLACES)).normalize() + 0
