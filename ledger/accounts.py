"""Opening accounts. An account lies in one bucket; a party has one of each kind in every bucket."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.identifiers import new_id
from ledger.tables import BUCKETS, POINT, AccountKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account to open: ``unit`` is POINT or an ISO 4217 code, ``party`` an opaque partner id."""

    bucket: int
    id: UUID
    kind: AccountKind
    unit: str = POINT
    party: UUID | None = None


_OPEN = text("""
    select ledger.open_accounts(
      cast(:buckets as smallint[]), cast(:ids as uuid[]), cast(:kinds as ledger.account_kind[]),
      cast(:units as text[]), cast(:parties as uuid[])
    )
""")


async def open_accounts(connection: AsyncConnection, accounts: Iterable[Account]) -> None:
    """Open ``accounts``; those open already stay as they are."""
    rows: Sequence[Account] = list(accounts)
    await connection.execute(
        _OPEN,
        {
            "buckets": [row.bucket for row in rows],
            "ids": [row.id for row in rows],
            "kinds": [row.kind.value for row in rows],
            "units": [row.unit for row in rows],
            "parties": [row.party for row in rows],
        },
    )


async def open_party_accounts(
    connection: AsyncConnection, party: UUID, kinds: Iterable[AccountKind]
) -> dict[AccountKind, UUID]:
    """Open one points account of each kind for ``party`` in every bucket; return their ids.

    An account has the same id in all buckets. All that one purchase writes then lies in the
    member's bucket, and no row is hot: a party's balance is the sum over the buckets.
    """
    accounts = {kind: new_id() for kind in kinds}
    await open_accounts(
        connection,
        (
            Account(bucket=bucket, id=identifier, kind=kind, party=party)
            for bucket in range(BUCKETS)
            for kind, identifier in accounts.items()
        ),
    )
    return accounts
