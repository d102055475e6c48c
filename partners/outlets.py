"""Reading outlets, with their terminals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, Select, Uuid, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from partners.paging import page_of_each
from partners.tables import outlet, terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredOutlet:
    """An outlet as it stands in the register, with the codes of its terminals in order."""

    id: UUID
    code: str
    name: str
    address: str | None
    opened_at: datetime
    terminals: tuple[str, ...]


async def read_outlets(
    connection: AsyncConnection, partner_id: UUID, *, after: str | None, most: int
) -> list[RegisteredOutlet]:
    """Return up to ``most`` outlets in the order of their codes, after the code ``after``."""
    query = _outlets().where(outlet.c.partner_id == partner_id).order_by(outlet.c.code).limit(most)
    if after is not None:
        query = query.where(outlet.c.code > after)
    return [_outlet(row) for row in await connection.execute(query)]


async def outlets_by_id(
    connection: AsyncConnection, outlet_ids: Sequence[UUID], *, partner_id: UUID | None = None
) -> dict[UUID, RegisteredOutlet]:
    """Return those of the outlets that exist, and are the partner's if one is given."""
    query = _outlets().where(outlet.c.id == any_(literal(list(outlet_ids), ARRAY(Uuid))))
    if partner_id is not None:
        query = query.where(outlet.c.partner_id == partner_id)
    rows = await connection.execute(query)
    return {row.id: _outlet(row) for row in rows}


async def outlets_of_partners(
    connection: AsyncConnection, partner_ids: Sequence[UUID], *, after: str | None, most: int
) -> dict[UUID, list[RegisteredOutlet]]:
    """Return up to ``most`` outlets of each partner by their codes, after the code ``after``."""
    page = _outlets().add_columns(outlet.c.partner_id).order_by(outlet.c.code).limit(most)
    if after is not None:
        page = page.where(outlet.c.code > after)
    found: dict[UUID, list[RegisteredOutlet]] = {each: [] for each in partner_ids}
    query = page_of_each(page, outlet.c.partner_id, partner_ids, lambda rows: rows.c.code)
    for row in await connection.execute(query):
        found[row.partner_id].append(_outlet(row))
    return found


def _outlets() -> Select[tuple[UUID, str, str, str | None, datetime, list[str]]]:
    terminals = (
        select(terminal.c.code)
        .where(terminal.c.outlet_id == outlet.c.id)
        .order_by(terminal.c.code)
        .scalar_subquery()
    )
    return select(
        outlet.c.id,
        outlet.c.code,
        outlet.c.name,
        outlet.c.address,
        outlet.c.opened_at,
        func.array(terminals).label("terminals"),
    )


def _outlet(
    row: Row[tuple[UUID, str, str, str | None, datetime, list[str]]],
) -> RegisteredOutlet:
    return RegisteredOutlet(
        id=row.id,
        code=row.code,
        name=row.name,
        address=row.address,
        opened_at=row.opened_at,
        terminals=tuple(row.terminals),
    )
