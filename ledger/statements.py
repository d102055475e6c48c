"""Reading the ledger: balances, statements and the trial balance at any pair of past instants.

``effective_at`` cuts by when things happened (``occurred_at``), ``known_at`` by when the
ledger learned of them (``posted_at``). An answer for a pair of both never changes, so
``known_at`` is answered only up to the instant below which no posting is still open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.posting import Refused
from ledger.refusals import PostingRefusal
from ledger.tables import AccountKind, Purpose, account, transfer

LinePlace: TypeAlias = tuple[datetime, UUID, int]
"""Where a line stands in a statement: ``(posted_at, posting_id, line)``."""

_AFTER_ALL = (None, UUID(int=0), 0)


@dataclass(frozen=True, slots=True)
class AsOf:
    """A pair of instants for which answers are promised never to change."""

    effective_at: datetime
    known_at: datetime

    def holds(self) -> ColumnElement[bool]:
        """Return the condition on transfers that both instants set."""
        return and_(
            transfer.c.occurred_at <= self.effective_at, transfer.c.posted_at <= self.known_at
        )


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One transfer as its account sees it: ``amount`` is positive for a credit."""

    posting_id: UUID
    line: int
    counter_account: UUID
    amount: int
    balance: int
    unit: str
    purpose: Purpose
    occurred_at: datetime
    posted_at: datetime

    @property
    def place(self) -> LinePlace:
        """Return where the line stands in its statement."""
        return self.posted_at, self.posting_id, self.line


@dataclass(frozen=True, slots=True)
class TrialBalanceRow:
    """All accounts of one kind, unit and party together."""

    kind: AccountKind
    unit: str
    party: UUID | None
    debits: int
    credits: int


async def as_of(
    connection: AsyncConnection,
    effective_at: datetime | None = None,
    known_at: datetime | None = None,
) -> AsOf | Refused:
    """Fix a pair of instants, each now unless given; refuse one that is not settled yet.

    The connection must be in READ COMMITTED, and the readings must follow in statements of
    their own, as they do in this module.
    """
    settled = (await connection.execute(text("select ledger.settled_until()"))).scalar_one()
    if settled is None or (known_at is not None and known_at > settled):
        return Refused(PostingRefusal.AS_OF_NOT_SETTLED)
    now = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
    return AsOf(effective_at=effective_at or now, known_at=known_at or settled)


def _amount_of(account_id: UUID) -> ColumnElement[int]:
    return case(
        (transfer.c.credit_account == account_id, transfer.c.amount), else_=-transfer.c.amount
    )


def _touches(bucket: int, account_id: UUID) -> ColumnElement[bool]:
    return and_(
        transfer.c.bucket == bucket,
        or_(transfer.c.credit_account == account_id, transfer.c.debit_account == account_id),
    )


async def balance(connection: AsyncConnection, bucket: int, account_id: UUID) -> int:
    """Return credits less debits of an account now; an account that isn't open has 0."""
    found = await connection.execute(
        select(account.c.credits - account.c.debits).where(
            account.c.bucket == bucket, account.c.id == account_id
        )
    )
    return int(found.scalar_one_or_none() or 0)


async def balance_as_of(
    connection: AsyncConnection, bucket: int, account_id: UUID, at: AsOf
) -> int:
    """Return credits less debits of an account at a pair of instants, from its transfers."""
    found = await connection.execute(
        select(func.coalesce(func.sum(_amount_of(account_id)), 0)).where(
            _touches(bucket, account_id), at.holds()
        )
    )
    return int(found.scalar_one())


async def statement(
    connection: AsyncConnection,
    bucket: int,
    account_id: UUID,
    at: AsOf,
    *,
    after: LinePlace | None = None,
    limit: int = 100,
) -> list[StatementLine]:
    """Return an account's lines at a pair of instants, oldest posting first, with balances.

    ``after`` is the place of the last line of the page before; ``limit`` caps the page at 1,000.
    """
    order = (transfer.c.posted_at, transfer.c.posting_id, transfer.c.line)
    running = (
        select(
            transfer,
            _amount_of(account_id).label("signed"),
            func.sum(_amount_of(account_id)).over(order_by=order).label("balance"),
        )
        .where(_touches(bucket, account_id), at.holds())
        .subquery()
    )
    position = (running.c.posted_at, running.c.posting_id, running.c.line)
    page = select(running).order_by(*position).limit(min(limit, 1_000))
    if after is not None:
        page = page.where(tuple_(*position) > tuple_(*(literal(part) for part in after)))
    rows = (await connection.execute(page)).mappings()
    return [_line({**row}, account_id) for row in rows]


_NEWEST_LINES = text("""
    select wanted.bucket, wanted.account_id, page.*,
      account.credits - account.debits - coalesce(above.moved, 0) as opening
    from unnest(cast(:buckets as smallint[]), cast(:account_ids as uuid[]))
      as wanted (bucket, account_id)
    join ledger.account on account.bucket = wanted.bucket and account.id = wanted.account_id
    cross join (
      select coalesce(cast(:posted_at as timestamptz), 'infinity') as posted_at,
        cast(:posting_id as uuid) as posting_id, cast(:line as smallint) as line
    ) as place
    cross join lateral (
      select sum(signed) as moved
      from (
        select amount as signed from ledger.transfer
        where bucket = wanted.bucket and credit_account = wanted.account_id
          and (posted_at, posting_id, transfer.line)
            >= (place.posted_at, place.posting_id, place.line)
        union all
        select -amount from ledger.transfer
        where bucket = wanted.bucket and debit_account = wanted.account_id
          and (posted_at, posting_id, transfer.line)
            >= (place.posted_at, place.posting_id, place.line)
      ) as newer
    ) as above
    cross join lateral (
      select *
      from (
        (
          select posting_id, line, debit_account, credit_account, amount as signed, unit, purpose,
            occurred_at, posted_at
          from ledger.transfer
          where bucket = wanted.bucket and credit_account = wanted.account_id
            and (posted_at, posting_id, transfer.line)
              < (place.posted_at, place.posting_id, place.line)
          order by posted_at desc, posting_id desc, line desc
          limit :most
        )
        union all
        (
          select posting_id, line, debit_account, credit_account, -amount, unit, purpose,
            occurred_at, posted_at
          from ledger.transfer
          where bucket = wanted.bucket and debit_account = wanted.account_id
            and (posted_at, posting_id, transfer.line)
              < (place.posted_at, place.posting_id, place.line)
          order by posted_at desc, posting_id desc, line desc
          limit :most
        )
      ) as side
      order by posted_at desc, posting_id desc, line desc
      limit :most
    ) as page
    order by wanted.bucket, wanted.account_id,
      page.posted_at desc, page.posting_id desc, page.line desc
""")
# Each side has an index in the order of posting; an OR over both would have none. The balance
# below the pages above is the account's own total less what they moved, so that the first page
# costs no more than itself.


async def newest_lines(
    connection: AsyncConnection,
    bucket: int,
    account_id: UUID,
    *,
    before: LinePlace | None = None,
    limit: int = 100,
) -> list[StatementLine]:
    """Return an account's lines as it stands, the newest posting first, with balances.

    A line's balance is the account's after it. ``before`` is the place of the last line of the
    page before; ``limit`` caps the page at 1,000.
    """
    key = (bucket, account_id)
    return (await newest_lines_of(connection, [key], before=before, limit=limit))[key]


async def newest_lines_of(
    connection: AsyncConnection,
    accounts: Sequence[tuple[int, UUID]],
    *,
    before: LinePlace | None = None,
    limit: int = 100,
) -> dict[tuple[int, UUID], list[StatementLine]]:
    """Return ``newest_lines`` of each account, given as (bucket, id): in one statement, so that
    lines and balances are of one snapshot.
    """
    posted_at, posting_id, line = before or _AFTER_ALL
    rows = await connection.execute(
        _NEWEST_LINES,
        {
            "buckets": [bucket for bucket, _ in accounts],
            "account_ids": [account_id for _, account_id in accounts],
            "posted_at": posted_at,
            "posting_id": posting_id,
            "line": line,
            "most": min(limit, 1_000),
        },
    )
    found: dict[tuple[int, UUID], list[StatementLine]] = {key: [] for key in accounts}
    for row in rows.mappings():
        lines = found[row["bucket"], row["account_id"]]
        stood = lines[-1].balance - lines[-1].amount if lines else row["opening"]
        lines.append(_line({**row, "balance": stood}, row["account_id"]))
    return found


def _line(row: Mapping[str, Any], account_id: UUID) -> StatementLine:
    credited = row["credit_account"] == account_id
    return StatementLine(
        posting_id=row["posting_id"],
        line=row["line"],
        counter_account=row["debit_account"] if credited else row["credit_account"],
        amount=row["signed"],
        balance=int(row["balance"]),
        unit=row["unit"],
        purpose=Purpose(row["purpose"]),
        occurred_at=row["occurred_at"],
        posted_at=row["posted_at"],
    )


async def trial_balance(connection: AsyncConnection, at: AsOf) -> list[TrialBalanceRow]:
    """Return debits and credits by kind, unit and party at a pair of instants.

    In each unit the debits equal the credits; ``coalition verify`` proves it per bucket.
    """
    debit = select(
        transfer.c.bucket,
        transfer.c.debit_account.label("account_id"),
        transfer.c.amount.label("debits"),
        literal(0).label("credits"),
    ).where(at.holds())
    credit = select(
        transfer.c.bucket, transfer.c.credit_account, literal(0), transfer.c.amount
    ).where(at.holds())
    side = debit.union_all(credit).subquery()
    rows = await connection.execute(
        select(
            account.c.kind,
            account.c.unit,
            account.c.party,
            func.sum(side.c.debits).label("debits"),
            func.sum(side.c.credits).label("credits"),
        )
        .join_from(
            side,
            account,
            and_(account.c.bucket == side.c.bucket, account.c.id == side.c.account_id),
        )
        .group_by(account.c.kind, account.c.unit, account.c.party)
        .order_by(account.c.kind, account.c.unit, account.c.party)
    )
    return [
        TrialBalanceRow(row.kind, row.unit, row.party, int(row.debits), int(row.credits))
        for row in rows
    ]
