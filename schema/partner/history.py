"""Recorded purchases and the customers who made them, as the partner's door shows them."""

from datetime import date
from typing import Annotated

import strawberry

from partners import customers as stored_customers
from partners import purchases as stored_purchases
from schema.connections import (
    DEFAULT_FIRST,
    After,
    Connection,
    First,
    page_size,
    start_of,
)
from schema.contracts import Contract, contract
from schema.fields import resolved
from schema.nodes import Node
from schema.opaque import CUSTOMER, PURCHASE_CURSOR
from schema.partner.context import Info
from schema.partner.loaders import Favourites, HistoryPage
from schema.partner.spending import FavouriteCategory, Spending, favourite, spending
from schema.purchases import RecordedPurchase, purchase_page, shown_as
from schema.scalars import PageSize

DEFAULT_FAVOURITES = PageSize(5)


@strawberry.type(description="A recorded purchase. It never changes.")
class Purchase(RecordedPurchase):
    """A purchase with the customer and the contract."""

    @resolved("Who made it.")
    async def customer(self, info: Info) -> "Customer":
        """Load the customer."""
        found = await info.context.loaders.customers.load(self.stored.buyer)
        assert found is not None
        return customer(found)

    @resolved("The contract it was recorded under.")
    async def contract(self, info: Info) -> Contract:
        """Load the contract."""
        found = await info.context.loaders.contracts.load(self.stored.contract_id)
        assert found is not None
        return contract(found)


def purchase(stored: stored_purchases.Purchase) -> Purchase:
    """Return a purchase as the door shows it."""
    return shown_as(Purchase, stored)


@strawberry.type(description="A member as you know them: by your own id, with what they bought.")
class Customer(Node):
    """A customer; another partner knows the same member by another id."""

    purchase_count: int = strawberry.field(description="How many purchases, in all currencies.")
    spending: list[Spending] = strawberry.field(description="What they spent, by currency.")
    first_visit: date = strawberry.field(description="The business day of the first purchase.")
    last_visit: date = strawberry.field(description="The business day of the latest purchase.")
    stored: strawberry.Private[stored_customers.Customer]

    @resolved(
        "The categories they spent most on, the greatest amount first; in each currency for itself."
    )
    async def favourite_categories(
        self,
        info: Info,
        first: Annotated[
            PageSize | None,
            strawberry.argument(description="How many categories at most, of each currency."),
        ] = DEFAULT_FAVOURITES,
    ) -> list[FavouriteCategory]:
        """Load the favourite categories."""
        most = DEFAULT_FAVOURITES if first is None else first
        wanted = Favourites(self.stored.id, most)
        found = await info.context.loaders.favourites.load(wanted)
        return [favourite(each, self.stored) for each in found]

    @resolved("Their purchases with you, the newest first.")
    async def purchases(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[Purchase]:
        """Load a page of the purchases."""
        size = page_size(first)
        page = HistoryPage(self.stored.id, start_of(after, PURCHASE_CURSOR), size + 1)
        rows = await info.context.loaders.histories.load(page)
        return purchase_page(purchase, rows, size, after)


def customer(stored: stored_customers.Customer) -> Customer:
    """Return a customer as the door shows it."""
    return Customer(
        id=strawberry.ID(CUSTOMER.seal(stored.id)),
        purchase_count=sum(each.purchases for each in stored.spendings),
        spending=[spending(each) for each in stored.spendings],
        first_visit=min(each.first_date for each in stored.spendings),
        last_visit=max(each.last_date for each in stored.spendings),
        stored=stored,
    )
