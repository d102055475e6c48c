"""Terms that a partner and the coalition agree on: what they are, and what can be meant by them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from ledger.currencies import MINOR_DIGITS
from ledger.refusals import Refusal
from partners.receipts import LONGEST_NAME, printable
from partners.refusals import ContractRefusal, RegistrationRefusal
from partners.tables import Rounding

HIGHEST_RATE = 1_000_000
HIGHEST_MULTIPLIER = 1_000
HIGHEST_PRICE = 1_000_000
PLACES = 12
MOST_CATEGORIES = 1_000
MOST_POINTS = 10**9
LONGEST_ACCEPTANCE = 36_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What members may know of the terms: what a partner gives and takes. All rates are exact.

    ``points_per_unit``: points for one unit of money (a rouble, a dollar).
    ``redeem_value``: minor units off for one point; paid in steps of ``redeem_step`` points, by
    members with at least ``redeem_least_balance``, up to ``redeem_greatest_share`` of a receipt.
    """

    currency: str
    points_per_unit: Decimal
    rounding: Rounding = Rounding.HALF_UP
    excluded_categories: frozenset[str] = frozenset()
    category_multipliers: Mapping[str, Decimal] = field(default_factory=dict)
    redeem_value: Decimal = Decimal(1)
    redeem_step: int = 1
    redeem_least_balance: int = 0
    redeem_greatest_share: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms(Offer):
    """All that was agreed: the offer, and what only the partner and the operator may know.

    ``issue_price``, ``redeem_price``: minor units that the partner owes for a point it issued,
    and is owed for one it redeemed. ``acceptance_days``: how old a receipt may arrive.
    """

    issue_price: Decimal = Decimal(1)
    redeem_price: Decimal = Decimal(1)
    acceptance_days: int = 30


@dataclass(frozen=True, slots=True)
class TermsFlaw:
    """Why terms can't be agreed, and the path of the field that it is about."""

    refusal: Refusal
    path: tuple[str, ...]


def find_terms_flaw(terms: Terms) -> TermsFlaw | None:
    """Return the first flaw of the terms, or None. Looks at the terms alone."""
    return next(_flaws(terms), None)


def _flaws(terms: Terms) -> Iterator[TermsFlaw]:
    if terms.currency not in MINOR_DIGITS:
        yield TermsFlaw(ContractRefusal.CURRENCY_UNKNOWN, ("currency",))
    if not _fits(terms.points_per_unit, HIGHEST_RATE):
        yield TermsFlaw(ContractRefusal.RATE_INVALID, ("pointsPerUnit",))
    yield from _category_flaws(terms)
    if not _fits(terms.redeem_value, HIGHEST_PRICE):
        yield TermsFlaw(ContractRefusal.REDEEM_VALUE_INVALID, ("redeemValue",))
    if not 1 <= terms.redeem_step <= MOST_POINTS:
        yield TermsFlaw(ContractRefusal.REDEEM_STEP_INVALID, ("redeemStep",))
    if not 0 <= terms.redeem_least_balance <= MOST_POINTS:
        yield TermsFlaw(ContractRefusal.REDEEM_BALANCE_INVALID, ("redeemLeastBalance",))
    if not _fits(terms.redeem_greatest_share, 1):
        yield TermsFlaw(ContractRefusal.REDEEM_SHARE_INVALID, ("redeemGreatestShare",))
    if not _fits(terms.issue_price, HIGHEST_PRICE):
        yield TermsFlaw(ContractRefusal.PRICE_INVALID, ("issuePrice",))
    if not _fits(terms.redeem_price, HIGHEST_PRICE):
        yield TermsFlaw(ContractRefusal.PRICE_INVALID, ("redeemPrice",))
    if not 0 <= terms.acceptance_days <= LONGEST_ACCEPTANCE:
        yield TermsFlaw(ContractRefusal.ACCEPTANCE_INVALID, ("acceptanceDays",))


def _category_flaws(terms: Terms) -> Iterator[TermsFlaw]:
    if len(terms.excluded_categories) > MOST_CATEGORIES:
        yield TermsFlaw(ContractRefusal.TOO_MANY_CATEGORIES, ("excludedCategories",))
    if not all(printable(each, LONGEST_NAME) for each in terms.excluded_categories):
        yield TermsFlaw(RegistrationRefusal.CATEGORY_INVALID, ("excludedCategories",))
    if len(terms.category_multipliers) > MOST_CATEGORIES:
        yield TermsFlaw(ContractRefusal.TOO_MANY_CATEGORIES, ("categoryMultipliers",))
    for place, (category, multiplier) in enumerate(terms.category_multipliers.items()):
        path = ("categoryMultipliers", str(place))
        if not printable(category, LONGEST_NAME):
            yield TermsFlaw(RegistrationRefusal.CATEGORY_INVALID, (*path, "category"))
        if not _fits(multiplier, HIGHEST_MULTIPLIER):
            yield TermsFlaw(ContractRefusal.MULTIPLIER_INVALID, (*path, "multiplier"))


def _fits(rate: Decimal, highest: int) -> bool:
    if not rate.is_finite() or not 0 <= rate <= highest:
        return False
    exponent = rate.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -PLACES
