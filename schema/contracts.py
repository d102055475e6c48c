"""What a partner and the coalition agreed, as doors show it: all terms, or a member's part."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

import strawberry

from partners import contracts as agreements
from partners.tables import Rounding
from schema.enumerations import enumeration
from schema.nodes import Node
from schema.opaque import CONTRACT
from schema.scalars import Points

if TYPE_CHECKING:
    RoundingMode: TypeAlias = Rounding
else:
    RoundingMode = enumeration(
        "RoundingMode",
        "How a receipt's exact points become whole points, once.",
        {
            Rounding.HALF_UP: "To the nearest; a half goes up.",
            Rounding.HALF_EVEN: "To the nearest; a half goes to the even neighbour.",
            Rounding.DOWN: "Down.",
            Rounding.UP: "Up.",
        },
    )


@strawberry.type(description="How much more, or less, a category earns.")
class CategoryMultiplier:
    """A category with its multiplier."""

    category: str = strawberry.field(description="The category, as receipt lines name it.")
    multiplier: Decimal = strawberry.field(
        description="What the points of its lines are multiplied by."
    )


@strawberry.type(description="What a partner gives its customers, and takes as payment.")
class Offer:
    """The part of the terms that members may know."""

    currency: str = strawberry.field(description="The ISO 4217 code of receipts' currency.")
    points_per_unit: Decimal = strawberry.field(
        description="Points earned for one major unit of the currency (a rouble, a dollar)."
    )
    rounding: RoundingMode = strawberry.field(description="How a receipt's points are rounded.")
    excluded_categories: list[str] = strawberry.field(
        description="Categories whose lines earn nothing."
    )
    category_multipliers: list[CategoryMultiplier] = strawberry.field(
        description="Categories whose lines earn at another rate."
    )
    redeem_value: Decimal = strawberry.field(
        description="Minor units of the currency (kopecks, cents) off the price for one point."
    )
    redeem_step: Points = strawberry.field(
        description="Points are paid in whole multiples of this many points."
    )
    redeem_least_balance: Points = strawberry.field(
        description="The balance in points below which a member can't pay with points."
    )
    redeem_greatest_share: Decimal = strawberry.field(
        description="The greatest part of a receipt that points may pay: 0 to 1."
    )


@strawberry.type(description="Terms agreed between a partner and the coalition for a period.")
class Contract(Offer, Node):
    """A contract with all its terms."""

    valid_from: datetime | None = strawberry.field(
        description="The first instant it is in force at; null when it has no beginning."
    )
    valid_to: datetime | None = strawberry.field(
        description="The first instant it is no longer in force at; null while it is open."
    )
    issue_price: Decimal = strawberry.field(
        description="Minor units of the currency that the partner owes for a point it issued."
    )
    redeem_price: Decimal = strawberry.field(
        description="Minor units of the currency that the partner is owed for a point it redeemed."
    )
    acceptance_days: int = strawberry.field(
        description="How many days old a purchase may be when it arrives."
    )


def offer(agreed: agreements.Offer) -> Offer:
    """Return an offer as the doors show it."""
    return Offer(**_offered(agreed))


def contract(agreed: agreements.Contract) -> Contract:
    """Return a contract as the doors show it."""
    return Contract(
        id=strawberry.ID(CONTRACT.seal(agreed.id)),
        valid_from=agreed.valid_from,
        valid_to=agreed.valid_to,
        **_offered(agreed.terms),
        issue_price=agreed.terms.issue_price,
        redeem_price=agreed.terms.redeem_price,
        acceptance_days=agreed.terms.acceptance_days,
    )


def _offered(agreed: agreements.Offer) -> dict[str, Any]:
    return {
        "currency": agreed.currency,
        "points_per_unit": agreed.points_per_unit,
        "rounding": agreed.rounding,
        "excluded_categories": sorted(agreed.excluded_categories),
        "category_multipliers": [
            CategoryMultiplier(category=category, multiplier=multiplier)
            for category, multiplier in sorted(agreed.category_multipliers.items())
        ],
        "redeem_value": agreed.redeem_value,
        "redeem_step": Points(agreed.redeem_step),
        "redeem_least_balance": Points(agreed.redeem_least_balance),
        "redeem_greatest_share": agreed.redeem_greatest_share,
    }
