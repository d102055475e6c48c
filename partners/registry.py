"""The register of partners, their outlets and terminals."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.accounts import open_party_accounts
from ledger.identifiers import new_id
from ledger.tables import AccountKind
from partners.receipts import LONGEST_CODE, LONGEST_NAME, printable
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


class RegistrationInvalidError(Exception):
    """A code or name can't be registered: no receipt could name it."""


async def create_partner(
    connection: AsyncConnection, *, code: str, name: str, legal_name: str, category: str
) -> Partner:
    """Register a partner and open its points accounts in every bucket.

    Raises PartnerExistsError when the code is taken, also in a race, and
    RegistrationInvalidError.
    """
    _require_printable(LONGEST_CODE, code=code)
    _require_printable(LONGEST_NAME, name=name, legal_name=legal_name, category=category)
    created = Partner(id=new_id(), code=code, name=name, legal_name=legal_name, category=category)
    accounts = await open_party_accounts(
        connection, created.id, (AccountKind.PARTNER_ISSUED, AccountKind.PARTNER_REDEEMED)
    )
    registered = await connection.execute(
        insert(partner)
        .on_conflict_do_nothing(index_elements=[partner.c.code])
        .returning(partner.c.id)
        .values(
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
    if registered.scalar_one_or_none() is None:
        raise PartnerExistsError(f"a partner with the code {code!r} takes part already")
    await connection.execute(
        insert(customer_key).values(partner_id=created.id, key=secrets.token_bytes(32))
    )
    return created


async def read_partner(connection: AsyncConnection, partner_id: UUID) -> Partner:
    """Return a partner's entry in the register."""
    row = (
        await connection.execute(
            select(
                partner.c.id,
                partner.c.code,
                partner.c.name,
                partner.c.legal_name,
                partner.c.category,
            ).where(partner.c.id == partner_id)
        )
    ).one()
    return Partner(**row._mapping)


async def open_outlets(
    connection: AsyncConnection, partner_id: UUID, outlets: Iterable[Outlet]
) -> None:
    """Register outlets with their terminals; the codes must be new at the partner.

    Raises RegistrationInvalidError.
    """
    opened = [(new_id(), opening) for opening in outlets]
    if not opened:
        return
    for _, opening in opened:
        _require_printable(LONGEST_CODE, outlet=opening.code)
        _require_printable(LONGEST_NAME, name=opening.name)
        for code in opening.terminals:
            _require_printable(LONGEST_CODE, terminal=code)
        if len(set(opening.terminals)) != len(opening.terminals):
            raise RegistrationInvalidError(f"outlet {opening.code!r} has a terminal twice")
    if len({opening.code for _, opening in opened}) != len(opened):
        raise RegistrationInvalidError("an outlet is named twice")
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
    terminals = [
        {"id": new_id(), "partner_id": partner_id, "outlet_id": identifier, "code": code}
        for identifier, opening in opened
        for code in opening.terminals
    ]
    if terminals:
        await connection.execute(insert(terminal), terminals)


def _require_printable(longest: int, **texts: str) -> None:
    for name, value in texts.items():
        if not printable(value, longest):
            raise RegistrationInvalidError(
                f"{name.replace('_', ' ')}: 1 to {longest} printable characters"
            )
