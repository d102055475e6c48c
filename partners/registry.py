"""The register of partners, their outlets and terminals."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, any_, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.accounts import open_party_accounts
from ledger.identifiers import new_id
from ledger.refusals import RefusedError
from ledger.tables import AccountKind
from partners.receipts import LONGEST_CODE, LONGEST_NAME, printable
from partners.refusals import RegistrationRefusal
from partners.tables import PartnerStatus, customer_key, outlet, partner, terminal

LONGEST_ADDRESS = 500
MOST_OUTLETS = 1_000
MOST_TERMINALS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """A business that takes part. ``code`` is its short name, unique in the coalition."""

    id: UUID
    code: str
    name: str
    legal_name: str
    category: str
    status: PartnerStatus
    joined_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """A place of business, with the codes of its terminals; codes are the partner's own."""

    code: str
    name: str
    address: str | None = None
    terminals: tuple[str, ...] = ("1",)


@dataclass(frozen=True, slots=True)
class Address:
    """What an outlet's address is to become: a text, or None for no address."""

    text: str | None


_PARTNER = (
    partner.c.id,
    partner.c.code,
    partner.c.name,
    partner.c.legal_name,
    partner.c.category,
    partner.c.status,
    partner.c.joined_at,
)


async def create_partner(
    connection: AsyncConnection, *, code: str, name: str, legal_name: str, category: str
) -> Partner:
    """Register a partner and open its points accounts in every bucket.

    Raises RefusedError (RegistrationRefusal); a taken code is refused also in a race.
    """
    _require_code(code, "code")
    _require_names(name=name, legal_name=legal_name, category=category)
    identifier = new_id()
    accounts = await open_party_accounts(
        connection, identifier, (AccountKind.PARTNER_ISSUED, AccountKind.PARTNER_REDEEMED)
    )
    registered = await connection.execute(
        insert(partner)
        .on_conflict_do_nothing(index_elements=[partner.c.code])
        .returning(*_PARTNER)
        .values(
            id=identifier,
            code=code,
            name=name,
            legal_name=legal_name,
            category=category,
            status=PartnerStatus.ACTIVE,
            issued_account=accounts[AccountKind.PARTNER_ISSUED],
            redeemed_account=accounts[AccountKind.PARTNER_REDEEMED],
        )
    )
    row = registered.one_or_none()
    if row is None:
        raise RefusedError(RegistrationRefusal.PARTNER_CODE_TAKEN, "code")
    await connection.execute(
        insert(customer_key).values(partner_id=identifier, key=secrets.token_bytes(32))
    )
    return Partner(**row._mapping)


async def change_partner(
    connection: AsyncConnection,
    partner_id: UUID,
    *,
    name: str | None = None,
    legal_name: str | None = None,
    category: str | None = None,
) -> Partner:
    """Change what is given of a partner's entry. Raises RefusedError (RegistrationRefusal)."""
    _require_names(name=name, legal_name=legal_name, category=category)
    given = {"name": name, "legal_name": legal_name, "category": category}
    return await _set(
        connection, partner_id, {field: text for field, text in given.items() if text is not None}
    )


async def suspend_partner(connection: AsyncConnection, partner_id: UUID) -> Partner:
    """Let a partner neither give nor take points, from now on. Safe to repeat.

    Raises RefusedError (PARTNER_UNKNOWN).
    """
    return await _set(connection, partner_id, {"status": PartnerStatus.SUSPENDED})


async def resume_partner(connection: AsyncConnection, partner_id: UUID) -> Partner:
    """Let a suspended partner take part again. Safe to repeat.

    Raises RefusedError (PARTNER_UNKNOWN).
    """
    return await _set(connection, partner_id, {"status": PartnerStatus.ACTIVE})


async def _set(
    connection: AsyncConnection, partner_id: UUID, changes: dict[str, object]
) -> Partner:
    if changes:
        changed = update(partner).where(partner.c.id == partner_id).values(changes)
        row = (await connection.execute(changed.returning(*_PARTNER))).one_or_none()
    else:
        unchanged = select(*_PARTNER).where(partner.c.id == partner_id)
        row = (await connection.execute(unchanged)).one_or_none()
    if row is None:
        raise RefusedError(RegistrationRefusal.PARTNER_UNKNOWN, "id")
    return Partner(**row._mapping)


async def read_partner(connection: AsyncConnection, partner_id: UUID) -> Partner:
    """Return a partner's entry in the register."""
    row = (await connection.execute(select(*_PARTNER).where(partner.c.id == partner_id))).one()
    return Partner(**row._mapping)


async def list_partners(
    connection: AsyncConnection, *, after: str | None, most: int
) -> list[Partner]:
    """Return up to ``most`` partners in the order of their codes, after the code ``after``."""
    query = select(*_PARTNER).order_by(partner.c.code).limit(most)
    if after is not None:
        query = query.where(partner.c.code > after)
    return [Partner(**row._mapping) for row in await connection.execute(query)]


async def find_partner(connection: AsyncConnection, code: str) -> Partner | None:
    """Return the partner with exactly this code, or None."""
    if not printable(code, LONGEST_CODE):
        return None
    row = (await connection.execute(select(*_PARTNER).where(partner.c.code == code))).one_or_none()
    return None if row is None else Partner(**row._mapping)


async def partners_by_id(
    connection: AsyncConnection, partner_ids: Sequence[UUID]
) -> dict[UUID, Partner]:
    """Return those of the partners that exist."""
    query = select(*_PARTNER).where(partner.c.id == any_(literal(list(partner_ids), ARRAY(Uuid))))
    return {row.id: Partner(**row._mapping) for row in await connection.execute(query)}


async def require_partner(connection: AsyncConnection, partner_id: UUID) -> None:
    """Raise RefusedError (PARTNER_UNKNOWN) unless there is a partner with this id."""
    known = select(partner.c.id).where(partner.c.id == partner_id)
    if (await connection.execute(known)).scalar_one_or_none() is None:
        raise RefusedError(RegistrationRefusal.PARTNER_UNKNOWN, "partnerId")


async def open_outlets(
    connection: AsyncConnection, partner_id: UUID, outlets: Iterable[Outlet]
) -> list[UUID]:
    """Register outlets with their terminals; return their ids in the same order.

    The codes must be new at the partner. Raises RefusedError (RegistrationRefusal); a taken
    code is refused also in a race.
    """
    opened = [(new_id(), opening) for opening in outlets]
    if len(opened) > MOST_OUTLETS:
        raise RefusedError(RegistrationRefusal.TOO_MANY_OUTLETS, "outlets")
    for place, (_, opening) in enumerate(opened):
        _require_outlet(opening, "outlets", str(place))
    await require_partner(connection, partner_id)
    if not opened:
        return []
    await _insert_outlets(connection, partner_id, opened)
    terminals = [
        {"id": new_id(), "partner_id": partner_id, "outlet_id": identifier, "code": code}
        for identifier, opening in opened
        for code in opening.terminals
    ]
    if terminals:
        await connection.execute(insert(terminal), terminals)
    return [identifier for identifier, _ in opened]


async def _insert_outlets(
    connection: AsyncConnection, partner_id: UUID, opened: Sequence[tuple[UUID, Outlet]]
) -> None:
    rows = [
        {
            "id": identifier,
            "partner_id": partner_id,
            "code": opening.code,
            "name": opening.name,
            "address": opening.address,
        }
        for identifier, opening in opened
    ]
    # Sorted, so that two openings of the same codes can't deadlock; of equal codes in one call
    # the first place wins.
    inserted = await connection.execute(
        insert(outlet).on_conflict_do_nothing().returning(outlet.c.id),
        sorted(rows, key=lambda row: str(row["code"])),
    )
    ours = set(inserted.scalars())
    for place, (identifier, _) in enumerate(opened):
        if identifier not in ours:
            raise RefusedError(RegistrationRefusal.OUTLET_CODE_TAKEN, "outlets", str(place), "code")


async def change_outlet(
    connection: AsyncConnection,
    outlet_id: UUID,
    *,
    name: str | None = None,
    address: Address | None = None,
) -> None:
    """Change what is given of an outlet's entry. Raises RefusedError (RegistrationRefusal)."""
    changes: dict[str, object] = {}
    if name is not None:
        _require_name(name, "name")
        changes["name"] = name
    if address is not None:
        _require_address(address.text, "address")
        changes["address"] = address.text
    await _require_outlet_known(connection, outlet_id, "id")
    if changes:
        await connection.execute(update(outlet).where(outlet.c.id == outlet_id).values(changes))


async def add_terminals(connection: AsyncConnection, outlet_id: UUID, codes: Sequence[str]) -> None:
    """Register terminals of an outlet; the codes must be new at it.

    Raises RefusedError (RegistrationRefusal); a taken code is refused also in a race.
    """
    _require_terminals(codes)
    partner_id = await _require_outlet_known(connection, outlet_id, "outletId")
    added = {new_id(): (place, code) for place, code in enumerate(codes)}
    if not added:
        return
    inserted = await connection.execute(
        insert(terminal).on_conflict_do_nothing().returning(terminal.c.id),
        [
            {"id": identifier, "partner_id": partner_id, "outlet_id": outlet_id, "code": code}
            for identifier, (_, code) in sorted(added.items(), key=lambda item: item[1][1])
        ],
    )
    ours = set(inserted.scalars())
    for identifier, (place, _) in added.items():
        if identifier not in ours:
            raise RefusedError(RegistrationRefusal.TERMINAL_CODE_TAKEN, "terminals", str(place))


async def _require_outlet_known(connection: AsyncConnection, outlet_id: UUID, path: str) -> UUID:
    """Return whose the outlet is."""
    found = await connection.execute(select(outlet.c.partner_id).where(outlet.c.id == outlet_id))
    partner_id: UUID | None = found.scalar_one_or_none()
    if partner_id is None:
        raise RefusedError(RegistrationRefusal.OUTLET_UNKNOWN, path)
    return partner_id


def _require_outlet(opening: Outlet, *above: str) -> None:
    _require_code(opening.code, *above, "code")
    _require_name(opening.name, *above, "name")
    _require_address(opening.address, *above, "address")
    _require_terminals(opening.terminals, *above)
    for place, code in enumerate(opening.terminals):
        if code in opening.terminals[:place]:
            raise RefusedError(
                RegistrationRefusal.TERMINAL_CODE_TAKEN, *above, "terminals", str(place)
            )


def _require_terminals(codes: Sequence[str], *above: str) -> None:
    if len(codes) > MOST_TERMINALS:
        raise RefusedError(RegistrationRefusal.TOO_MANY_TERMINALS, *above, "terminals")
    for place, code in enumerate(codes):
        _require_code(code, *above, "terminals", str(place))


def _require_code(code: str, *path: str) -> None:
    if not printable(code, LONGEST_CODE):
        raise RefusedError(RegistrationRefusal.CODE_INVALID, *path)


def _require_name(name: str, *path: str) -> None:
    if not printable(name, LONGEST_NAME):
        raise RefusedError(RegistrationRefusal.NAME_INVALID, *path)


def _require_names(*, name: str | None, legal_name: str | None, category: str | None) -> None:
    if name is not None:
        _require_name(name, "name")
    if legal_name is not None:
        _require_name(legal_name, "legalName")
    if category is not None and not printable(category, LONGEST_NAME):
        raise RefusedError(RegistrationRefusal.CATEGORY_INVALID, "category")


def _require_address(address: str | None, *path: str) -> None:
    if address is not None and not printable(address, LONGEST_ADDRESS):
        raise RefusedError(RegistrationRefusal.ADDRESS_INVALID, *path)
