"""The register of partners, their outlets and terminals."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.accounts import open_party_accounts
from ledger.identifiers import new_id
from ledger.tables import AccountKind
from partners.tables import PartnerStatus, customer_key, outlet, partner, terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """A business that takes part. ``code`` is its short name, unique in the coalition."""

    id: UUID
    code: str
    name: str
    legal_name: str
    category: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """A place of business, with the codes of its terminals; codes are the partner's own."""

    code: str
    name: str
    address: str | None = None
    terminals: tuple[str, ...] = ("1",)


class PartnerExistsError(Exception):
    """A partner with this code takes part already."""


async def create_partner(
    connection: AsyncConnection, *, code: str, name: str, legal_name: str, category: str
) -> Partner:
    """Register a partner and open its points accounts in every bucket.

    Raises PartnerExistsError when the code is taken.
    """
    if await find_partner(connection, code) is not None:
        raise PartnerExistsError(f"a partner with the code {code!r} takes part already")
    created = Partner(id=new_id(), code=code, name=name, legal_name=legal_name, category=category)
    accounts = await open_party_accounts(
        connection, created.id, (AccountKind.PARTNER_ISSUED, AccountKind.PARTNER_REDEEMED)
    )
    await connection.execute(
        insert(partner).values(
            id=created.id,
            code=code,
            name=name,
            legal_name=legal_name,
            category=category,
            status=PartnerStatus.ACTIVE,
            issued_account=accounts[AccountKind.PARTNER_ISSUED],
            redeemed_account=accounts[AccountKind.PARTNER_REDEEMED],
        )
    )
    await connection.execute(
        insert(customer_key).values(partner_id=created.id, key=secrets.token_bytes(32))
    )
    return created


async def find_partner(connection: AsyncConnection, code: str) -> Partner | None:
    """Return the partner with this code, or None."""
    row = (
        await connection.execute(
            select(
                partner.c.id,
                partner.c.code,
                partner.c.name,
                partner.c.legal_name,
                partner.c.category,
            ).where(partner.c.code == code)
        )
    ).one_or_none()
    return None if row is None else Partner(**row._mapping)


async def open_outlets(
    connection: AsyncConnection, partner_id: UUID, outlets: Iterable[Outlet]
) -> None:
    """Register outlets with their terminals; the codes must be new at the partner."""
    opened = [(new_id(), opening) for opening in outlets]
    if not opened:
        return
    await connection.execute(
        insert(outlet),
        [
            {
                "id": identifier,
                "partner_id": partner_id,
                "code": opening.code,
                "name": opening.name,
                "address": opening.address,
            }
            for identifier, opening in opened
        ],
    )
    await connection.execute(
        insert(terminal),
        [
            {"id": new_id(), "partner_id": partner_id, "outlet_id": identifier, "code": code}
            for identifier, opening in opened
            for code in opening.terminals
        ],
    )
