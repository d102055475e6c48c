"""The partner itself, its outlets, and its contracts, as the partner's door shows them."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

import strawberry

from partners.contracts import Contract as AgreedContract
from partners.outlets import RegisteredOutlet
from partners.tables import Rounding
from schema.enumerations import enumeration
from schema.nodes import Node
from schema.opaque import CONTRACT, OUTLET
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


@strawberry.type(description="The business that calls.")
class Partner:
    """The caller's own entry in the register."""

    code: str = strawberry.field(description="Its short name, unique in the coalition.")
    name: str = strawberry.field(description="The name that members know.")
    legal_name: str = strawberry.field(description="The name in its contracts.")
    category: str = strawberry.field(description="What kind of business it is.")


@strawberry.type(description="A place of business.")
class Outlet(Node):
    """An outlet with its terminals."""

    code: str = strawberry.field(description="Your own code of it, as receipts name it.")
    name: str = strawberry.field(description="Its name.")
    address: str | None = strawberry.field(description="Its postal address, if registered.")
    opened_at: datetime = strawberry.field(description="Since when it is registered.")
    terminals: list[str] = strawberry.field(
        description="The codes of its tills, as receipts name them."
    )


def outlet(registered: RegisteredOutlet) -> Outlet:
    """Return an outlet as the door shows it."""
    return Outlet(
        id=strawberry.ID(OUTLET.seal(registered.id)),
        code=registered.code,
        name=registered.name,
        address=registered.address,
        opened_at=registered.opened_at,
        terminals=list(registered.terminals),
    )


@strawberry.type(description="How much more, or less, a category earns.")
class CategoryMultiplier:
    """A category with its multiplier."""

    category: str = strawberry.field(description="The category, as receipt lines name it.")
    multiplier: Decimal = strawberry.field(
        description="What the points of its lines are multiplied by."
    )


@strawberry.type(description="Terms agreed with the coalition for a period.")
class Contract(Node):
    """A contract with all its terms."""

    valid_from: datetime | None = strawberry.field(
        description="The first instant it is in force at; null when it has no beginning."
    )
    valid_to: datetime | None = strawberry.field(
        description="The first instant it is no longer in force at; null while it is open."
    )
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
    issue_price: Decimal = strawberry.field(
        description="Minor units of the currency that you owe for a point you issued."
    )
    redeem_price: Decimal = strawberry.field(
        description="Minor units of the currency that you are owed for a point you redeemed."
    )
    acceptance_days: int = strawberry.field(
        description="How many days old a purchase may be when it arrives."
    )


def contract(agreed: AgreedContract) -> Contract:
    """Return a contract as the door shows it."""
    terms = agreed.terms
    return Contract(
        id=strawberry.ID(CONTRACT.seal(agreed.id)),
        valid_from=agreed.valid_from,
        valid_to=agreed.valid_to,
        currency=terms.currency,
        points_per_unit=terms.points_per_unit,
        rounding=terms.rounding,
        excluded_categories=sorted(terms.excluded_categories),
        category_multipliers=[
            CategoryMultiplier(category=category, multiplier=multiplier)
            for category, multiplier in sorted(terms.category_multipliers.items())
        ],
        redeem_value=terms.redeem_value,
        redeem_step=Points(terms.redeem_step),
        redeem_least_balance=Points(terms.redeem_least_balance),
        redeem_greatest_share=terms.redeem_greatest_share,
        issue_price=terms.issue_price,
        redeem_price=terms.redeem_price,
        acceptance_days=terms.acceptance_days,
    )
