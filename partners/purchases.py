"""Recorded purchases, newest first, and their lines, as far as a reader's scope goes.

A purchase is found by its place in a history, when it occurred and its id: that is what the
indexes are on, and what a cursor or an id at a door holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Row,
    Select,
    SmallInteger,
    Uuid,
    and_,
    func,
    literal,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from partners.receipts import ReceiptLine, Tender
from partners.tables import partner, purchase, purchase_line, terminal

_INSTANT = DateTime(timezone=True)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which purchases a reader may see, and the column by which it knows who bought."""

    condition: ColumnElement[bool]
    buyer: ColumnElement[UUID]


@lru_cache(maxsize=1_024)
def of_partner(partner_id: UUID) -> Scope:
    """Return the scope of a partner: its own purchases, buyers by the partner's own ids."""
    return Scope(purchase.c.partner_id == partner_id, purchase.c.customer_id)


def of_member(bucket: int, member_id: UUID) -> Scope:
    """Return the scope of a member: what they bought, at all partners."""
    return Scope(
        and_(purchase.c.bucket == bucket, purchase.c.member_id == member_id), purchase.c.member_id
    )


def of_coalition(partner_id: UUID | None = None) -> Scope:
    """Return the scope of the operator: all purchases or one partner's, buyers as members."""
    if partner_id is not None:
        return Scope(purchase.c.partner_id == partner_id, purchase.c.member_id)
    # Every purchase is a partner's; to say so lets their index, which a partner leads, find it.
    return Scope(purchase.c.partner_id.in_(select(partner.c.id)), purchase.c.member_id)


class Place(NamedTuple):
    """Where a purchase stands in a history."""

    occurred_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """A recorded purchase; ``amount`` in minor units of ``currency``, ``terminal`` a code.

    ``buyer`` is who bought, by the id that the reader's scope knows them by.
    """

    bucket: int
    id: UUID
    partner_id: UUID
    buyer: UUID
    card_last_four: str
    outlet_id: UUID
    terminal: str
    contract_id: UUID
    number: str
    business_date: date
    occurred_at: datetime
    recorded_at: datetime
    currency: str
    amount: int
    points: int
    tenders: tuple[Tender, ...]

    @property
    def place(self) -> Place:
        """Return where the purchase stands in a history."""
        return Place(self.occurred_at, self.id)


@dataclass(frozen=True, slots=True)
class PurchaseLine:
    """A line, its number from 1, and its share of the purchase's points."""

    number: int
    line: ReceiptLine
    points: int


async def newest_purchases(
    connection: AsyncConnection,
    scope: Scope,
    *,
    before: Place | None = None,
    occurred_from: datetime | None = None,
    occurred_to: datetime | None = None,
    most: int,
) -> list[Purchase]:
    """Return up to ``most`` purchases, the newest first, of before a place.

    They occurred at ``occurred_from`` or later, and earlier than ``occurred_to``.
    """
    period = _within(occurred_from, occurred_to)
    query = _purchases(scope).where(_before(before), period).limit(most)
    return [_purchase(row) for row in await connection.execute(query)]


async def newest_of_coalition(
    connection: AsyncConnection,
    *,
    before: Place | None = None,
    occurred_from: datetime | None = None,
    occurred_to: datetime | None = None,
    most: int,
) -> list[Purchase]:
    """Return ``newest_purchases`` of all partners together."""
    # No index has the purchases of all partners in order; each partner's newest are quickly read.
    newest = (
        _purchases(Scope(purchase.c.partner_id == partner.c.id, purchase.c.member_id))
        .where(_before(before), _within(occurred_from, occurred_to))
        .limit(most)
        .correlate(partner)
        .lateral("newest")
    )
    query = (
        select(newest)
        .select_from(partner.join(newest, true()))
        .order_by(newest.c.occurred_at.desc(), newest.c.id.desc())
        .limit(most)
    )
    return [_purchase(row) for row in await connection.execute(query)]


async def purchases_of_customers(
    connection: AsyncConnection,
    partner_id: UUID,
    customer_ids: Sequence[UUID],
    *,
    before: Place | None = None,
    most: int,
) -> dict[UUID, list[Purchase]]:
    """Return up to ``most`` purchases of each customer, the newest first, of before a place."""
    wanted = (
        func.unnest(literal(list(customer_ids), ARRAY(Uuid)))
        .table_valued("customer_id")
        .render_derived()
    )
    newest = (
        _purchases(of_partner(partner_id))
        .where(purchase.c.customer_id == wanted.c.customer_id, _before(before))
        .limit(most)
        .lateral("newest")
    )
    rows = await connection.execute(select(newest).select_from(wanted.join(newest, true())))
    found: dict[UUID, list[Purchase]] = {customer_id: [] for customer_id in customer_ids}
    for row in rows:
        found[row.buyer].append(_purchase(row))
    for purchases in found.values():
        purchases.sort(key=lambda each: each.place, reverse=True)
    return found


async def purchases_of_members(
    connection: AsyncConnection,
    members: Sequence[tuple[int, UUID]],
    *,
    before: Place | None = None,
    most: int,
) -> dict[UUID, list[Purchase]]:
    """Return up to ``most`` purchases of each member, given as (bucket, id), at all partners:
    the newest first, of before a place.
    """
    wanted = (
        func.unnest(
            literal([bucket for bucket, _ in members], ARRAY(SmallInteger)),
            literal([member_id for _, member_id in members], ARRAY(Uuid)),
        )
        .table_valued("bucket", "member_id")
        .render_derived()
    )
    newest = (
        _purchases(of_coalition())
        .where(
            purchase.c.bucket == wanted.c.bucket,
            purchase.c.member_id == wanted.c.member_id,
            _before(before),
        )
        .limit(most)
        .lateral("newest")
    )
    rows = await connection.execute(select(newest).select_from(wanted.join(newest, true())))
    found: dict[UUID, list[Purchase]] = {member_id: [] for _, member_id in members}
    for row in rows:
        found[row.buyer].append(_purchase(row))
    for purchases in found.values():
        purchases.sort(key=lambda each: each.place, reverse=True)
    return found


async def purchases_by_place(
    connection: AsyncConnection, scope: Scope, places: Sequence[Place]
) -> dict[Place, Purchase]:
    """Return those of the purchases that are in the scope."""
    wanted = (
        func.unnest(
            literal([place.occurred_at for place in places], ARRAY(_INSTANT)),
            literal([place.id for place in places], ARRAY(Uuid)),
        )
        .table_valued("occurred_at", "id")
        .render_derived()
    )
    rows = await connection.execute(
        _purchases(scope).join_from(
            purchase,
            wanted,
            and_(purchase.c.occurred_at == wanted.c.occurred_at, purchase.c.id == wanted.c.id),
        )
    )
    found = [_purchase(row) for row in rows]
    return {each.place: each for each in found}


async def lines_of(
    connection: AsyncConnection, scope: Scope, purchases: Sequence[tuple[int, UUID]]
) -> dict[UUID, tuple[PurchaseLine, ...]]:
    """Return the lines of each purchase in the scope, given as (bucket, id), in their order."""
    wanted = (
        func.unnest(
            literal([bucket for bucket, _ in purchases], ARRAY(SmallInteger)),
            literal([identifier for _, identifier in purchases], ARRAY(Uuid)),
        )
        .table_valued("bucket", "purchase_id")
        .render_derived()
    )
    rows = await connection.execute(
        select(
            purchase_line.c.purchase_id,
            purchase_line.c.line,
            purchase_line.c.sku,
            purchase_line.c.name,
            purchase_line.c.category,
            purchase_line.c.quantity,
            purchase_line.c.amount,
            purchase_line.c.points,
        )
        .join_from(
            wanted,
            purchase_line,
            and_(
                purchase_line.c.bucket == wanted.c.bucket,
                purchase_line.c.purchase_id == wanted.c.purchase_id,
            ),
        )
        .join(
            purchase,
            and_(
                purchase.c.bucket == purchase_line.c.bucket,
                purchase.c.id == purchase_line.c.purchase_id,
            ),
        )
        .where(scope.condition)
        .order_by(purchase_line.c.purchase_id, purchase_line.c.line)
    )
    found: dict[UUID, list[PurchaseLine]] = {identifier: [] for _, identifier in purchases}
    for row in rows:
        line = ReceiptLine(
            sku=row.sku,
            name=row.name,
            category=row.category,
            quantity=row.quantity,
            amount=row.amount,
        )
        found[row.purchase_id].append(PurchaseLine(row.line, line, row.points))
    return {identifier: tuple(lines) for identifier, lines in found.items()}


def _within(occurred_from: datetime | None, occurred_to: datetime | None) -> ColumnElement[bool]:
    bounds: list[ColumnElement[bool]] = [true()]
    if occurred_from is not None:
        bounds.append(purchase.c.occurred_at >= occurred_from)
    if occurred_to is not None:
        bounds.append(purchase.c.occurred_at < occurred_to)
    return and_(*bounds)


def _before(place: Place | None) -> ColumnElement[bool]:
    if place is None:
        return true()
    return tuple_(purchase.c.occurred_at, purchase.c.id) < tuple_(
        literal(place.occurred_at, _INSTANT), literal(place.id, Uuid)
    )


def _purchases(scope: Scope) -> Select[Any]:
    return (
        select(
            purchase.c.bucket,
            purchase.c.id,
            purchase.c.partner_id,
            scope.buyer.label("buyer"),
            purchase.c.card_last_four,
            purchase.c.outlet_id,
            terminal.c.code.label("terminal"),
            purchase.c.contract_id,
            purchase.c.number,
            purchase.c.business_date,
            purchase.c.occurred_at,
            purchase.c.recorded_at,
            purchase.c.currency,
            purchase.c.amount,
            purchase.c.points,
            purchase.c.tenders,
        )
        .join_from(purchase, terminal, terminal.c.id == purchase.c.terminal_id)
        .where(scope.condition)
        .order_by(purchase.c.occurred_at.desc(), purchase.c.id.desc())
    )


def _purchase(row: Row[Any]) -> Purchase:
    fields = dict(row._mapping)
    fields["tenders"] = tuple(Tender(**tender) for tender in row.tenders or ())
    return Purchase(**fields)
