"""Contracts between the coalition and a partner: terms for a period, never edited afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
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
)
from sqlalchemy.dialects.postgresql import ARRAY, Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.currencies import MINOR_DIGITS
from ledger.identifiers import new_id
from partners.tables import Rounding, contract

HIGHEST_RATE = 1_000_000
HIGHEST_MULTIPLIER = 1_000
RATE_PLACES = 12


def _require_rate(name: str, rate: Decimal, highest: int) -> None:
    exponent = rate.as_tuple().exponent
    if not (rate.is_finite() and 0 <= rate <= highest) or (
        isinstance(exponent, int) and exponent < -RATE_PLACES
    ):
        raise ValueError(f"{name}: 0 to {highest:,} with at most {RATE_PLACES} decimal places")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What members may know of the terms: what a partner gives and takes. All rates are exact.

    ``points_per_unit``: points for one unit of money (a rouble, a dollar).
    ``redeem_value``: minor units off for one point; paid in steps of ``redeem_step`` points, by
    members with at least ``redeem_least_balance``, up to ``redeem_greatest_share`` of a receipt.
    """

    currency: str
    points_per_unit: Decimal
    rounding: Rounding = Rounding.HALF_UP
    excluded_categories: frozenset[str] = frozenset()
    category_multipliers: Mapping[str, Decimal] = field(default_factory=dict)
    redeem_value: Decimal = Decimal(1)
    redeem_step: int = 1
    redeem_least_balance: int = 0
    redeem_greatest_share: Decimal = Decimal(1)

    def __post_init__(self) -> None:
        """Refuse what no one can mean and the database can't see; it checks the rest."""
        if self.currency not in MINOR_DIGITS:
            raise ValueError(f"{self.currency!r} is no ISO 4217 code that we know")
        _require_rate("points_per_unit", self.points_per_unit, HIGHEST_RATE)
        for category, multiplier in self.category_multipliers.items():
            _require_rate(f"the multiplier of {category!r}", multiplier, HIGHEST_MULTIPLIER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms(Offer):
    """All that was agreed: the offer, and what only the partner and the operator may know.

    ``issue_price``, ``redeem_price``: minor units that the partner owes for a point it issued,
    and is owed for one it redeemed. ``acceptance_days``: how old a receipt may arrive.
    """

    issue_price: Decimal = Decimal(1)
    redeem_price: Decimal = Decimal(1)
    acceptance_days: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """Terms in force from ``valid_from`` until just before ``valid_to`` (None: open)."""

    id: UUID
    partner_id: UUID
    valid_from: datetime | None
    valid_to: datetime | None
    terms: Terms


class ContractOverlapError(Exception):
    """The partner has a contract in force during part of the period."""


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
    """Store a contract. Raises ContractOverlapError when its period meets another's."""
    agreed = Contract(
        id=new_id(), partner_id=partner_id, valid_from=valid_from, valid_to=valid_to, terms=terms
    )
    try:
        async with connection.begin_nested():
            await connection.execute(
                insert(contract).values(
                    id=agreed.id,
                    partner_id=partner_id,
                    period=Range(valid_from, valid_to, bounds="[)"),
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
    except IntegrityError as error:
        if "contract_periods_disjoint" in str(error.orig):
            raise ContractOverlapError(
                f"partner {partner_id} has a contract in force during part of"
                f" {valid_from} to {valid_to}"
            ) from error
        raise
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
