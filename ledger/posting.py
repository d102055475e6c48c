"""Posting: moving points and money between accounts, whole or not at all.

======================  =====================================================================
field                   rule (refusal)
======================  =====================================================================
``Posting.id``          new in its bucket (ALREADY_POSTED); the caller chooses it, so that a
                        retry is recognised
``Transfer.amount``     1 to 10^12 (AMOUNT_NOT_POSITIVE, AMOUNT_TOO_LARGE)
``debit``, ``credit``   two open accounts of the bucket (ACCOUNTS_MUST_DIFFER,
                        DEBIT_ACCOUNT_UNKNOWN, CREDIT_ACCOUNT_UNKNOWN) in one unit
                        (UNITS_MUST_MATCH)
``Transfer.unit``       the accounts' unit (UNIT_NOT_OF_ACCOUNTS)
floored accounts        credits >= debits after the posting (BALANCE_TOO_LOW)
======================  =====================================================================
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.refusals import PostingRefusal
from ledger.tables import POINT, Purpose

LARGEST_AMOUNT = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """``amount`` units (points, or kopecks and the like) from ``debit`` to ``credit``."""

    bucket: int
    debit: UUID
    credit: UUID
    amount: int
    unit: str = POINT


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One or more transfers that are made together. ``occurred_at`` is the business instant."""

    id: UUID
    purpose: Purpose
    occurred_at: datetime
    transfers: tuple[Transfer, ...]

    def __post_init__(self) -> None:
        """Refuse what no caller can mean."""
        if not self.transfers:
            raise ValueError("a posting has at least one transfer")


@dataclass(frozen=True, slots=True)
class Posted:
    """The posting stands since ``posted_at``, the ledger's own clock."""

    posted_at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was written. ``line`` is the index of the transfer that was refused."""

    refusal: PostingRefusal
    line: int = 0


_POST_MANY = text("""
    select ordinal, refusal, refused_line, posted_at
    from ledger.post_many(
      cast(:ordinals as int[]), cast(:buckets as smallint[]), cast(:posting_ids as uuid[]),
      cast(:lines as smallint[]), cast(:purposes as ledger.purpose[]),
      cast(:occurred_ats as timestamptz[]), cast(:debits as uuid[]), cast(:credits as uuid[]),
      cast(:units as text[]), cast(:amounts as bigint[])
    )
    order by ordinal
""")

_REVERSE = text("""
    select refusal, posted_at
    from ledger.reverse(
      cast(:original as uuid), cast(:reversal as uuid), cast(:occurred_at as timestamptz)
    )
""")


async def post(connection: AsyncConnection, posting: Posting) -> Posted | Refused:
    """Post one posting within the caller's transaction."""
    return (await post_many(connection, [posting]))[0]


async def post_many(
    connection: AsyncConnection, postings: Sequence[Posting]
) -> list[Posted | Refused]:
    """Post ``postings`` in one call; outcomes equal posting them one by one, in order.

    A posting that is refused leaves the others standing. Nothing is committed here.
    """
    if not postings:
        return []
    rows = [
        (ordinal, line, posting, transfer)
        for ordinal, posting in enumerate(postings)
        for line, transfer in enumerate(posting.transfers)
    ]
    outcomes = await connection.execute(
        _POST_MANY,
        {
            "ordinals": [ordinal for ordinal, _, _, _ in rows],
            "buckets": [transfer.bucket for _, _, _, transfer in rows],
            "posting_ids": [posting.id for _, _, posting, _ in rows],
            "lines": [line for _, line, _, _ in rows],
            "purposes": [posting.purpose.value for _, _, posting, _ in rows],
            "occurred_ats": [posting.occurred_at for _, _, posting, _ in rows],
            "debits": [transfer.debit for _, _, _, transfer in rows],
            "credits": [transfer.credit for _, _, _, transfer in rows],
            "units": [transfer.unit for _, _, _, transfer in rows],
            "amounts": [_storable(transfer.amount) for _, _, _, transfer in rows],
        },
    )
    return [
        Posted(row.posted_at)
        if row.refusal is None
        else Refused(PostingRefusal[row.refusal], row.refused_line)
        for row in outcomes
    ]


def _storable(amount: int) -> int:
    # Whatever is too large, or not positive, is refused as such and not as an overflow.
    return max(0, min(amount, LARGEST_AMOUNT + 1))


async def reverse(
    connection: AsyncConnection,
    *,
    original: UUID,
    reversal: UUID,
    occurred_at: datetime,
) -> Posted | Refused:
    """Post the mirror image of the posting ``original`` under the new id ``reversal``.

    The floor holds here too: points that were spent since can't be taken back by reversal.
    """
    row = (
        await connection.execute(
            _REVERSE,
            {
                "original": original,
                "reversal": reversal,
                "occurred_at": occurred_at,
            },
        )
    ).one()
    if row.refusal is None:
        return Posted(row.posted_at)
    return Refused(PostingRefusal[row.refusal])
