"""Accounts of a test's own, by name, and what must hold of them after every posting."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.accounts import Account, open_accounts
from ledger.identifiers import new_id
from ledger.posting import Posted, Posting, Refused, Transfer, post
from ledger.statements import AsOf, as_of
from ledger.tables import POINT, AccountKind, Purpose, account
from service.database.transactions import Database

BUCKET = 7
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

KINDS = {
    "ann": (AccountKind.MEMBER_AVAILABLE, POINT),
    "bob": (AccountKind.MEMBER_AVAILABLE, POINT),
    "issued": (AccountKind.PARTNER_ISSUED, POINT),
    "redeemed": (AccountKind.PARTNER_REDEEMED, POINT),
    "goodwill": (AccountKind.OPERATOR_GOODWILL, POINT),
    "purse": (AccountKind.MEMBER_AVAILABLE, "RUB"),
    "bank": (AccountKind.PARTNER_ISSUED, "RUB"),
}
"""Members' accounts are floored at zero; partners' have a party; the rest has neither."""

FLOORED = frozenset(name for name, (kind, _) in KINDS.items() if kind is KINDS["ann"][0])


@dataclass(frozen=True)
class Books:
    """One account of every kind in each of some buckets; ``nobody`` is an account that isn't."""

    buckets: Sequence[int]
    party: UUID
    ids: dict[tuple[int, str], UUID]
    nobody: UUID = field(default_factory=new_id)

    def id_of(self, name: str, bucket: int = BUCKET) -> UUID:
        return self.nobody if name == "nobody" else self.ids[bucket, name]

    def transfer(
        self, debit: str, credit: str, amount: int, *, bucket: int = BUCKET, unit: str = POINT
    ) -> Transfer:
        return Transfer(
            bucket=bucket,
            debit=self.id_of(debit, bucket),
            credit=self.id_of(credit, bucket),
            amount=amount,
            unit=unit,
        )


async def open_books(database: Database, buckets: Sequence[int] = (BUCKET,)) -> Books:
    ids = {(bucket, name): new_id() for bucket in buckets for name in KINDS}
    books = Books(buckets, party=new_id(), ids=ids)
    async with database.operator() as connection:
        await open_accounts(
            connection,
            [
                Account(
                    bucket=bucket,
                    id=identifier,
                    kind=KINDS[name][0],
                    unit=KINDS[name][1],
                    party=books.party if KINDS[name][0].startswith("partner") else None,
                )
                for (bucket, name), identifier in ids.items()
            ],
        )
    return books


def posting(
    *transfers: Transfer,
    id: UUID | None = None,  # noqa: A002 - the field's name
    occurred_at: datetime = NOON,
    purpose: Purpose = Purpose.GOODWILL,
) -> Posting:
    return Posting(id=id or new_id(), purpose=purpose, occurred_at=occurred_at, transfers=transfers)


async def fund(
    database: Database, books: Books, name: str, amount: int, bucket: int = BUCKET
) -> Posting:
    """Give a member points of the partner's; return the posting."""
    made = posting(books.transfer("issued", name, amount, bucket=bucket))
    async with database.worker() as connection:
        assert isinstance(await post(connection, made), Posted)
    return made


async def settled(connection: AsyncConnection, effective_at: datetime, known_at: datetime) -> AsOf:
    """A pair of instants in the past. Where the server itself has a transaction open (it gathers
    statistics at times), the answer is to ask again.
    """
    for _ in range(5_000):
        at = await as_of(connection, effective_at, known_at)
        if not isinstance(at, Refused):
            return at
    raise AssertionError("the past is never settled")


def plain(outcomes: Sequence[Posted | Refused]) -> list[tuple[str, int]]:
    """Outcomes without their instants, so that they can be compared."""
    return [
        ("POSTED", 0) if isinstance(outcome, Posted) else (outcome.refusal.value, outcome.line)
        for outcome in outcomes
    ]


async def balances(connection: AsyncConnection, books: Books) -> dict[tuple[int, str], int]:
    names = {identifier: key for key, identifier in books.ids.items()}
    rows = await connection.execute(
        select(account.c.id, account.c.credits - account.c.debits).where(
            account.c.bucket.in_(books.buckets), account.c.id.in_(names)
        )
    )
    return {names[identifier]: int(balance) for identifier, balance in rows}


_TOTALS = text("""
    select account.bucket, account.unit, account.floored, account.credits, account.debits,
      coalesce(sum(amount) filter (where credit_account = id), 0) as credited,
      coalesce(sum(amount) filter (where debit_account = id), 0) as debited
    from ledger.account
    left join ledger.transfer on transfer.bucket = account.bucket
      and (account.id = credit_account or account.id = debit_account)
    where account.bucket = any(:buckets) and account.id = any(:ids)
    group by account.bucket, account.id
""")

_PARTNER_SIDE = text("""
    select transfer.bucket, account.party, posted_at, posting_id, line, account.kind,
      transfer.unit, purpose, occurred_at,
      case when credit_account = id then amount else -amount end as amount
    from ledger.transfer
    join ledger.account on account.bucket = transfer.bucket
      and (account.id = credit_account or account.id = debit_account)
    where account.bucket = any(:buckets) and account.id = any(:ids) and account.party is not null
""")

_PARTNER_LINES = text("""
    select bucket, party, posted_at, posting_id, line, kind, unit, purpose, occurred_at, amount
    from ledger.partner_line where bucket = any(:buckets) and party = :party
""")


async def assert_sound(connection: AsyncConnection, books: Books) -> None:
    """Every unit sums to zero in every bucket, balances are their transfers' and above their
    floor, and what the partner may read is its own side of the transfers.
    """
    sums: dict[tuple[int, str], int] = {}
    ours = {"buckets": list(books.buckets), "ids": list(books.ids.values())}
    rows = await connection.execute(_TOTALS, ours)
    for row in rows:
        assert (row.credits, row.debits) == (row.credited, row.debited)
        assert not row.floored or row.credits >= row.debits
        key = row.bucket, row.unit
        sums[key] = sums.get(key, 0) + row.credits - row.debits
    assert sums == {(bucket, unit): 0 for bucket in books.buckets for unit in (POINT, "RUB")}
    sides = (await connection.execute(_PARTNER_SIDE, ours)).all()
    lines = (await connection.execute(_PARTNER_LINES, ours | {"party": books.party})).all()
    assert sorted(map(tuple, lines)) == sorted(map(tuple, sides))
