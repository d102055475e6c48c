"""Accounts and postings as they stand, found by their ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, SmallInteger, Uuid, any_, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.tables import BUCKETS, AccountKind, Purpose, account, transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAccount:
    """An account with its totals in whole units; ``party`` is an opaque partner id."""

    bucket: int
    id: UUID
    kind: AccountKind
    unit: str
    party: UUID | None
    floored: bool
    debits: int
    credits: int
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyAccount:
    """A party's accounts of one kind and unit, of all buckets together."""

    kind: AccountKind
    unit: str
    debits: int
    credits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTransfer:
    """``amount`` units from ``debit`` to ``credit``, two accounts of ``bucket``."""

    bucket: int
    line: int
    debit: UUID
    credit: UUID
    amount: int
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPosting:
    """A posting with all its transfers; ``reverses`` is the posting that it takes back, if any."""

    id: UUID
    purpose: Purpose
    occurred_at: datetime
    posted_at: datetime
    reverses: UUID | None
    transfers: tuple[StoredTransfer, ...]


async def accounts_by_key(
    connection: AsyncConnection, accounts: Sequence[tuple[int, UUID]]
) -> dict[tuple[int, UUID], OpenAccount]:
    """Return those of the accounts that are open, given as (bucket, id)."""
    rows = await connection.execute(
        select(account).where(tuple_(account.c.bucket, account.c.id).in_(accounts))
    )
    return {(row.bucket, row.id): OpenAccount(**row._mapping) for row in rows}


async def accounts_of_party(connection: AsyncConnection, party: UUID) -> list[PartyAccount]:
    """Return a party's accounts, each summed over the buckets, in the order of kind and unit."""
    # A party's accounts have one id each in every bucket: the first bucket tells them, and the
    # primary key finds the rest.
    own = select(account.c.id).where(account.c.bucket == 0, account.c.party == party)
    rows = await connection.execute(
        select(
            account.c.kind,
            account.c.unit,
            func.sum(account.c.debits).label("debits"),
            func.sum(account.c.credits).label("credits"),
        )
        .where(_in_any_bucket(account.c.bucket), account.c.id.in_(own))
        .group_by(account.c.kind, account.c.unit)
        .order_by(account.c.kind, account.c.unit)
    )
    return [
        PartyAccount(kind=row.kind, unit=row.unit, debits=int(row.debits), credits=int(row.credits))
        for row in rows
    ]


async def postings_by_id(
    connection: AsyncConnection, posting_ids: Sequence[UUID]
) -> dict[UUID, StoredPosting]:
    """Return those of the postings that stand, whichever buckets they are in."""
    wanted = (
        func.unnest(literal(list(posting_ids), ARRAY(Uuid)))
        .table_valued("posting_id")
        .render_derived()
    )
    rows = await connection.execute(
        select(transfer)
        .join_from(wanted, transfer, transfer.c.posting_id == wanted.c.posting_id)
        .where(_in_any_bucket(transfer.c.bucket))
        .order_by(transfer.c.posting_id, transfer.c.bucket, transfer.c.line)
    )
    found: dict[UUID, StoredPosting] = {}
    for row in rows:
        begun = found.get(row.posting_id)
        moved = StoredTransfer(
            bucket=row.bucket,
            line=row.line,
            debit=row.debit_account,
            credit=row.credit_account,
            amount=row.amount,
            unit=row.unit,
        )
        found[row.posting_id] = StoredPosting(
            id=row.posting_id,
            purpose=row.purpose,
            occurred_at=row.occurred_at,
            posted_at=row.posted_at,
            reverses=row.reverses,
            transfers=(*(begun.transfers if begun else ()), moved),
        )
    return found


def _in_any_bucket(column: ColumnElement[int]) -> ColumnElement[bool]:
    # Naming all of them lets the primary key, which the bucket leads, find a row by its id.
    return column == any_(literal(list(range(BUCKETS)), ARRAY(SmallInteger)))
