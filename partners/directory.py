"""The directory: who takes part and where their outlets are, as anyone in the coalition may read.

Partners stand by name. One that is suspended is no longer listed, but found by its id: members
keep what they bought there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, Uuid, any_, func, literal, select, true, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from partners.tables import PartnerStatus, outlet, partner


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPartner:
    """A partner's public side. ``active``: it gives and takes points at present."""

    id: UUID
    code: str
    name: str
    category: str
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedOutlet:
    """An outlet's public side; ``code`` is the partner's own."""

    id: UUID
    code: str
    name: str
    address: str | None


async def active_partners(
    connection: AsyncConnection, *, after: UUID | None, most: int
) -> list[ListedPartner]:
    """Return up to ``most`` active partners by name, after the partner ``after``."""
    order = (partner.c.name, partner.c.code)
    query = _partners().where(partner.c.status == PartnerStatus.ACTIVE).order_by(*order).limit(most)
    if after is not None:
        last = partner.alias("last")
        # By where it stands now: a cursor holds no name, which could change or be long.
        query = query.where(last.c.id == after, tuple_(*order) > tuple_(last.c.name, last.c.code))
    return [_partner(row) for row in await connection.execute(query)]


async def partners_by_id(
    connection: AsyncConnection, partner_ids: Sequence[UUID]
) -> dict[UUID, ListedPartner]:
    """Return those of the partners that exist, suspended or not."""
    query = _partners().where(partner.c.id == any_(literal(list(partner_ids), ARRAY(Uuid))))
    return {row.id: _partner(row) for row in await connection.execute(query)}


async def outlets_of_partners(
    connection: AsyncConnection, partner_ids: Sequence[UUID], *, after: str | None, most: int
) -> dict[UUID, list[ListedOutlet]]:
    """Return up to ``most`` outlets of each partner by code, after the code ``after``."""
    wanted = (
        func.unnest(literal(list(partner_ids), ARRAY(Uuid)))
        .table_valued("partner_id")
        .render_derived()
    )
    page = _outlets().where(outlet.c.partner_id == wanted.c.partner_id).limit(most)
    if after is not None:
        page = page.where(outlet.c.code > after)
    listed = page.order_by(outlet.c.code).lateral("listed")
    rows = await connection.execute(
        select(listed)
        .select_from(wanted.join(listed, true()))
        .order_by(listed.c.partner_id, listed.c.code)
    )
    found: dict[UUID, list[ListedOutlet]] = {partner_id: [] for partner_id in partner_ids}
    for row in rows:
        found[row.partner_id].append(_outlet(row))
    return found


async def listed_outlets_by_id(
    connection: AsyncConnection, outlet_ids: Sequence[UUID]
) -> dict[UUID, ListedOutlet]:
    """Return those of the outlets that exist."""
    query = _outlets().where(outlet.c.id == any_(literal(list(outlet_ids), ARRAY(Uuid))))
    return {row.id: _outlet(row) for row in await connection.execute(query)}


def _partners() -> Select[Any]:
    return select(
        partner.c.id, partner.c.code, partner.c.name, partner.c.category, partner.c.status
    )


def _partner(row: Row[Any]) -> ListedPartner:
    return ListedPartner(
        id=row.id,
        code=row.code,
        name=row.name,
        category=row.category,
        active=row.status is PartnerStatus.ACTIVE,
    )


def _outlets() -> Select[Any]:
    return select(outlet.c.partner_id, outlet.c.id, outlet.c.code, outlet.c.name, outlet.c.address)


def _outlet(row: Row[Any]) -> ListedOutlet:
    return ListedOutlet(id=row.id, code=row.code, name=row.name, address=row.address)
