"""What a customer spent with the partner: totals by currency, and favourite categories."""

from decimal import Decimal

import strawberry

from coalition.programme.rounding import divide
from partners.customers import CategorySpending
from partners.customers import Customer as StoredCustomer
from partners.customers import Spending as StoredSpending
from partners.tables import Rounding
from schema.money import Money, money
from schema.scalars import Points

SHARE_PLACES = 4


@strawberry.type(description="What a customer spent with you in one currency.")
class Spending:
    """Totals in one currency."""

    currency: str = strawberry.field(description="The ISO 4217 code.")
    total: Money = strawberry.field(description="The sum of all purchases.")
    average_cheque: Money = strawberry.field(
        description="The total by the number of purchases, rounded half up to the minor unit."
    )
    purchases: int = strawberry.field(description="How many purchases.")
    points: Points = strawberry.field(description="Points earned on them.")


def spending(stored: StoredSpending) -> Spending:
    """Return a spending as the door shows it."""
    average = divide(stored.amount, stored.purchases, Rounding.HALF_UP)
    return Spending(
        currency=stored.currency,
        total=money(stored.amount, stored.currency),
        average_cheque=money(average, stored.currency),
        purchases=stored.purchases,
        points=Points(stored.points),
    )


@strawberry.type(description="A category and what a customer spent on it with you.")
class FavouriteCategory:
    """A category by amount spent."""

    category: str = strawberry.field(description="The category, as receipt lines name it.")
    amount: Money = strawberry.field(description="The sum of its lines.")
    share: Decimal = strawberry.field(
        description="Its part of all that the customer spent in this currency: 0 to 1,"
        f" rounded half up to {SHARE_PLACES} places."
    )


def favourite(stored: CategorySpending, customer: StoredCustomer) -> FavouriteCategory:
    """Return a category's spending as the door shows it."""
    [total] = [each.amount for each in customer.spendings if each.currency == stored.currency]
    share = divide(stored.amount * 10**SHARE_PLACES, total, Rounding.HALF_UP)
    return FavouriteCategory(
        category=stored.category,
        amount=money(stored.amount, stored.currency),
        share=Decimal(share).scaleb(-SHARE_PLACES),
    )
