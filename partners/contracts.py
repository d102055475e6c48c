"""Contracts between the coalition and a partner: terms for a period, never edited afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Row,
    Uuid,
    any_,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSTZRANGE, Range
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.identifiers import new_id
from ledger.refusals import RefusedError
from partners.paging import page_of_each
from partners.refusals import ContractRefusal, RegistrationRefusal
from partners.tables import Rounding, contract, partner
from partners.terms import Offer, Terms, find_terms_flaw

__all__ = ["Contract", "Offer", "Terms"]

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """Terms in force from ``valid_from`` until just before ``valid_to`` (None: open)."""

    id: UUID
    partner_id: UUID
    valid_from: datetime | None
    valid_to: datetime | None
    terms: Terms


def read_contract(stored: Mapping[str, Any]) -> Contract:
    """Return the contract that SQL's ``partners.contract_terms`` describes."""
    return Contract(
        id=UUID(stored["id"]),
        partner_id=UUID(stored["partner_id"]),
        valid_from=_instant(stored["valid_from"]),
        valid_to=_instant(stored["valid_to"]),
        terms=_terms(stored),
    )


def contract_of_row(row: Row[Any]) -> Contract:
    """Return the contract of a row of ``partners.contract``."""
    return Contract(
        id=row.id,
        partner_id=row.partner_id,
        valid_from=row.period.lower,
        valid_to=row.period.upper,
        terms=_terms(row._mapping),
    )


def _offer_fields(stored: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "currency": stored["currency"],
        "points_per_unit": Decimal(stored["points_per_unit"]),
        "rounding": Rounding(stored["rounding"]),
        "excluded_categories": frozenset(stored["excluded_categories"]),
        "category_multipliers": {
            category: Decimal(multiplier)
            for category, multiplier in stored["category_multipliers"].items()
        },
        "redeem_value": Decimal(stored["redeem_value"]),
        "redeem_step": stored["redeem_step"],
        "redeem_least_balance": stored["redeem_least_balance"],
        "redeem_greatest_share": Decimal(stored["redeem_greatest_share"]),
    }


def _terms(stored: Mapping[Any, Any]) -> Terms:
    return Terms(
        **_offer_fields(stored),
        issue_price=Decimal(stored["issue_price"]),
        redeem_price=Decimal(stored["redeem_price"]),
        acceptance_days=stored["acceptance_days"],
    )


def _instant(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


async def agree_contract(
    connection: AsyncConnection,
    partner_id: UUID,
    terms: Terms,
    *,
    valid_from: datetime | None,
    valid_to: datetime | None = None,
) -> Contract:
    """Store a contract for a period; without ``valid_to`` it is open, without beginning if None.

    Raises RefusedError (RegistrationRefusal, ContractRefusal), CONTRACT_OVERLAPS also in a race.
    """
    _require_terms(terms)
    _require_period(valid_from, valid_to)
    await _lock_partner(connection, partner_id)
    return await _store(connection, partner_id, terms, valid_from, valid_to)


async def change_contract(
    connection: AsyncConnection, contract_id: UUID, terms: Terms, *, at: datetime
) -> Contract:
    """End an open contract at an instant and agree its successor from there; return that one.

    What was agreed until then stays as it was. Raises RefusedError (RegistrationRefusal,
    ContractRefusal); of raced changes one wins, and the others get CONTRACT_NOT_OPEN.
    """
    _require_terms(terms)
    ended = await end_contract(connection, contract_id, at=at)
    return await _store(connection, ended.partner_id, terms, at, None)


async def end_contract(connection: AsyncConnection, contract_id: UUID, *, at: datetime) -> Contract:
    """End an open contract at an instant, with no successor; return it as it is then.

    Raises RefusedError (ContractRefusal).
    """
    if not EARLIEST <= at < LATEST:
        raise RefusedError(ContractRefusal.PERIOD_INVALID, "at")
    found = (await contracts_by_id(connection, [contract_id])).get(contract_id)
    if found is None:
        raise RefusedError(ContractRefusal.CONTRACT_UNKNOWN, "id")
    await _lock_partner(connection, found.partner_id)
    ended = await connection.execute(select(func.partners.end_contract(contract_id, at)))
    stands = (await contracts_by_id(connection, [contract_id]))[contract_id]
    if ended.scalar_one():
        return stands
    if stands.valid_to is not None:
        raise RefusedError(ContractRefusal.CONTRACT_NOT_OPEN, "id")
    if stands.valid_from is not None and stands.valid_from >= at:
        raise RefusedError(ContractRefusal.CONTRACT_BEGINS_LATER, "at")
    raise RefusedError(ContractRefusal.CONTRACT_CHANGE_TOO_SOON, "at")


def _require_terms(terms: Terms) -> None:
    flaw = find_terms_flaw(terms)
    if flaw is not None:
        raise RefusedError(flaw.refusal, "terms", *flaw.path)


def _require_period(valid_from: datetime | None, valid_to: datetime | None) -> None:
    if valid_from is not None and not EARLIEST <= valid_from < LATEST:
        raise RefusedError(ContractRefusal.PERIOD_INVALID, "validFrom")
    if valid_to is None:
        return
    if not EARLIEST <= valid_to < LATEST or (valid_from is not None and valid_to <= valid_from):
        raise RefusedError(ContractRefusal.PERIOD_INVALID, "validTo")


async def _lock_partner(connection: AsyncConnection, partner_id: UUID) -> None:
    """Let one change of a partner's contracts wait for another: inserts of overlapping periods
    would wait for each other, a deadlock.
    """
    locked = await connection.execute(
        select(partner.c.id).where(partner.c.id == partner_id).with_for_update(key_share=True)
    )
    if locked.scalar_one_or_none() is None:
        raise RefusedError(RegistrationRefusal.PARTNER_UNKNOWN, "partnerId")


async def _store(
    connection: AsyncConnection,
    partner_id: UUID,
    terms: Terms,
    valid_from: datetime | None,
    valid_to: datetime | None,
) -> Contract:
    """Store a contract of a partner that is locked."""
    agreed = Contract(
        id=new_id(), partner_id=partner_id, valid_from=valid_from, valid_to=valid_to, terms=terms
    )
    period = Range(valid_from, valid_to, bounds="[)")
    overlapping = select(contract.c.id).where(
        contract.c.partner_id == partner_id,
        contract.c.period.overlaps(literal(period, TSTZRANGE)),
    )
    if (await connection.execute(overlapping.limit(1))).scalar_one_or_none() is not None:
        raise RefusedError(ContractRefusal.CONTRACT_OVERLAPS, "validFrom")
    await connection.execute(
        insert(contract).values(
            id=agreed.id,
            partner_id=partner_id,
            period=period,
            currency=terms.currency,
            points_per_unit=terms.points_per_unit,
            rounding=terms.rounding,
            excluded_categories=sorted(terms.excluded_categories),
            category_multipliers={
                category: str(multiplier)
                for category, multiplier in sorted(terms.category_multipliers.items())
            },
            redeem_value=terms.redeem_value,
            redeem_step=terms.redeem_step,
            redeem_least_balance=terms.redeem_least_balance,
            redeem_greatest_share=terms.redeem_greatest_share,
            issue_price=terms.issue_price,
            redeem_price=terms.redeem_price,
            acceptance_days=terms.acceptance_days,
        )
    )
    return agreed


async def contract_in_force(
    connection: AsyncConnection, partner_id: UUID, at: datetime | None = None
) -> Contract | None:
    """Return the partner's contract in force at an instant, now unless given; or None."""
    rows = await connection.execute(
        select(contract).where(contract.c.partner_id == partner_id, _in_force(at))
    )
    row = rows.one_or_none()
    return None if row is None else contract_of_row(row)


async def contracts_by_id(
    connection: AsyncConnection, contract_ids: Sequence[UUID], *, partner_id: UUID | None = None
) -> dict[UUID, Contract]:
    """Return those of the contracts that exist, and are the partner's if one is given."""
    query = select(contract).where(_among(contract.c.id, contract_ids))
    if partner_id is not None:
        query = query.where(contract.c.partner_id == partner_id)
    return {row.id: contract_of_row(row) for row in await connection.execute(query)}


async def contracts_in_force(
    connection: AsyncConnection, partner_ids: Sequence[UUID], at: datetime | None = None
) -> dict[UUID, Contract]:
    """Return the contract in force at an instant of each partner that has one."""
    rows = await connection.execute(
        select(contract).where(_among(contract.c.partner_id, partner_ids), _in_force(at))
    )
    return {row.partner_id: contract_of_row(row) for row in rows}


async def contracts_of_partners(
    connection: AsyncConnection, partner_ids: Sequence[UUID], *, after: UUID | None, most: int
) -> dict[UUID, list[Contract]]:
    """Return up to ``most`` contracts of each partner, the newest first, after one by its id."""
    page = select(contract).order_by(_beginning(contract.c.period).desc()).limit(most)
    if after is not None:
        last = contract.alias("last")
        beginning = select(_beginning(last.c.period)).where(last.c.id == after)
        page = page.where(_beginning(contract.c.period) < beginning.scalar_subquery())
    found: dict[UUID, list[Contract]] = {each: [] for each in partner_ids}
    query = page_of_each(
        page, contract.c.partner_id, partner_ids, lambda rows: _beginning(rows.c.period).desc()
    )
    for row in await connection.execute(query):
        found[row.partner_id].append(contract_of_row(row))
    return found


def _beginning(period: ColumnElement[Range[datetime]]) -> ColumnElement[datetime]:
    """Return when a period begins, which orders a partner's contracts: none overlap."""
    return func.coalesce(func.lower(period), text("'-infinity'::timestamptz"))


async def offers_by_contract(
    connection: AsyncConnection, contract_ids: Sequence[UUID]
) -> dict[UUID, Offer]:
    """Return what each contract offers to members."""
    rows = await connection.execute(
        select(contract.c.id, *_OFFERED).where(_among(contract.c.id, contract_ids))
    )
    return {row.id: Offer(**_offer_fields(row._mapping)) for row in rows}


async def offers_in_force(
    connection: AsyncConnection, partner_ids: Sequence[UUID]
) -> dict[UUID, Offer]:
    """Return what those of the partners that have a contract in force now offer to members."""
    rows = await connection.execute(
        select(contract.c.partner_id, *_OFFERED).where(
            _among(contract.c.partner_id, partner_ids), _in_force(None)
        )
    )
    return {row.partner_id: Offer(**_offer_fields(row._mapping)) for row in rows}


_OFFERED = tuple(contract.c[each.name] for each in fields(Offer))


def _among(column: ColumnElement[UUID], wanted: Sequence[UUID]) -> ColumnElement[bool]:
    return column == any_(literal(list(wanted), ARRAY(Uuid)))


def _in_force(at: datetime | None) -> ColumnElement[bool]:
    instant = func.clock_timestamp() if at is None else literal(at, DateTime(timezone=True))
    return contract.c.period.op("@>", is_comparison=True)(instant)
