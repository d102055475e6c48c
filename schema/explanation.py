"""How a receipt's points came about, step by step."""

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

import strawberry

from coalition.programme.earning import Step, StepKind
from schema.contracts import RoundingMode
from schema.enumerations import enumeration
from schema.money import Money, money

if TYPE_CHECKING:
    ExplanationKind: TypeAlias = StepKind
else:
    ExplanationKind = enumeration(
        "ExplanationKind",
        "What a step of an explanation tells.",
        {
            StepKind.BASE_RATE: "The contract's rate on the amount of all eligible lines.",
            StepKind.CATEGORY_EXCLUDED: "A category of the receipt that earns nothing.",
            StepKind.CATEGORY_MULTIPLIER: "What a category's multiplier adds or takes away.",
            StepKind.ROUNDING: "The exact points of all steps before, made whole.",
        },
    )


@strawberry.type(description="A step from a receipt to its points. Those before the last sum up.")
class ExplanationStep:
    """A step of an explanation."""

    kind: ExplanationKind = strawberry.field(description="What the step tells.")
    category: str | None = strawberry.field(
        description="The category it is about; null when about the whole receipt."
    )
    amount: Money = strawberry.field(description="The part of the receipt that it is about.")
    rate: Decimal | None = strawberry.field(
        description="Base rate: points for one major unit of the currency. Category: the factor."
    )
    points: Decimal = strawberry.field(
        description="Points that the step adds, up to 12 decimal places; rounding: the whole."
    )
    rounding: RoundingMode | None = strawberry.field(
        description="How the points were rounded; of the last step only."
    )


def explanation(steps: Iterable[Step], currency: str) -> list[ExplanationStep]:
    """Return steps as the door shows them."""
    return [
        ExplanationStep(
            kind=step.kind,
            category=step.category,
            amount=money(step.amount, currency),
            rate=step.rate,
            points=step.points,
            rounding=step.rounding,
        )
        for step in steps
    ]
