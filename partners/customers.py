"""A partner's customers as it knows them: by an id of its own, with what they spent with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, Uuid, and_, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from partners.tables import customer, purchase, purchase_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What a customer spent with the partner in one currency, in minor units."""

    currency: str
    purchases: int
    amount: int
    points: int
    first_date: date
    last_date: date


@dataclass(frozen=True, slots=True)
class Customer:
    """A member as one partner knows it. ``spendings`` has at least one, by currency."""

    id: UUID
    spendings: tuple[Spending, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CategorySpending:
    """What a customer spent on a category in one currency, in minor units."""

    category: str
    currency: str
    amount: int


async def read_customers(
    connection: AsyncConnection, partner_id: UUID, *, after: UUID | None, most: int
) -> list[Customer]:
    """Return up to ``most`` customers in the order of their ids, after the id ``after``."""
    page = (
        select(customer.c.customer_id)
        .where(customer.c.partner_id == partner_id)
        .group_by(customer.c.customer_id)
        .order_by(customer.c.customer_id)
        .limit(most)
    )
    if after is not None:
        page = page.where(customer.c.customer_id > after)
    wanted = page.subquery()
    rows = await connection.execute(
        _spendings(partner_id).join_from(
            wanted, customer, customer.c.customer_id == wanted.c.customer_id
        )
    )
    return list(_customers(rows.all()).values())


async def customers_by_id(
    connection: AsyncConnection, partner_id: UUID, customer_ids: Sequence[UUID]
) -> dict[UUID, Customer]:
    """Return those of the customers that are the partner's."""
    rows = await connection.execute(
        _spendings(partner_id).where(
            customer.c.customer_id == any_(literal(list(customer_ids), ARRAY(Uuid)))
        )
    )
    return _customers(rows.all())


async def favourite_categories(
    connection: AsyncConnection, partner_id: UUID, customer_ids: Sequence[UUID], *, most: int
) -> dict[UUID, list[CategorySpending]]:
    """Return the categories on which each customer spent most, the greatest amount first.

    Up to ``most`` in each currency, currencies in alphabetical order: amounts of two currencies
    don't compare. Lines without a category count for none.
    """
    amount = func.sum(purchase_line.c.amount)
    place = func.row_number().over(
        partition_by=(purchase.c.customer_id, purchase.c.currency),
        order_by=(amount.desc(), purchase_line.c.category),
    )
    ranked = (
        select(
            purchase.c.customer_id,
            purchase.c.currency,
            purchase_line.c.category,
            amount.label("amount"),
            place.label("place"),
        )
        .join_from(
            purchase,
            purchase_line,
            and_(
                purchase_line.c.bucket == purchase.c.bucket,
                purchase_line.c.purchase_id == purchase.c.id,
            ),
        )
        .where(
            purchase.c.partner_id == partner_id,
            purchase.c.customer_id == any_(literal(list(customer_ids), ARRAY(Uuid))),
            purchase_line.c.category.is_not(None),
        )
        .group_by(purchase.c.customer_id, purchase.c.currency, purchase_line.c.category)
        .subquery()
    )
    rows = await connection.execute(
        select(ranked)
        .where(ranked.c.place <= most, ranked.c.amount > 0)
        .order_by(ranked.c.customer_id, ranked.c.currency, ranked.c.place)
    )
    found: dict[UUID, list[CategorySpending]] = {each: [] for each in customer_ids}
    for row in rows:
        found[row.customer_id].append(
            CategorySpending(category=row.category, currency=row.currency, amount=int(row.amount))
        )
    return found


def _spendings(partner_id: UUID) -> Select[Any]:
    return (
        select(
            customer.c.customer_id,
            customer.c.currency,
            customer.c.purchases,
            customer.c.amount,
            customer.c.points,
            customer.c.first_date,
            customer.c.last_date,
        )
        .where(customer.c.partner_id == partner_id)
        .order_by(customer.c.customer_id, customer.c.currency)
    )


def _customers(rows: Sequence[Row[Any]]) -> dict[UUID, Customer]:
    spendings: dict[UUID, list[Spending]] = {}
    for row in rows:
        spendings.setdefault(row.customer_id, []).append(
            Spending(
                currency=row.currency,
                purchases=row.purchases,
                amount=row.amount,
                points=row.points,
                first_date=row.first_date,
                last_date=row.last_date,
            )
        )
    return {identifier: Customer(identifier, tuple(each)) for identifier, each in spendings.items()}
