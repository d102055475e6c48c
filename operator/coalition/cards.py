"""Cards: random numbers with a check digit, never issued twice; blocked, but never deleted."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from coalition.refusals import CardRefusal, MemberRefusal
from coalition.tables import MemberStatus, card, card_number, member
from ledger.identifiers import new_id
from ledger.refusals import RefusedError
from partners.receipts import LONGEST_NAME, printable

DIGITS = 16
"""15 random digits and a check digit: with a billion cards one number in a million is valid."""
MOST_CARDS = 5
"""In force at once for a member: enough for a household, and a bound for retried requests."""
MOST_LISTED = 100
_LONGEST_TYPED = 64
_BETWEEN_DIGITS = re.compile(r"[\s\-\u2010-\u2015.]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A card that was issued; ``number`` is what its barcode holds."""

    bucket: int
    id: UUID
    member_id: UUID
    number: str
    valid_from: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CardState:
    """A card as staff see it: its last four digits, and since when it is blocked, if it is."""

    bucket: int
    id: UUID
    member_id: UUID
    last_four: str
    valid_from: datetime
    blocked_at: datetime | None
    block_reason: str | None
    replaced_by: UUID | None


def check_digit(payload: str) -> str:
    """Return the check digit of a string of decimal digits (Luhn; ISO/IEC 7812-1, annex B)."""
    total = 0
    for position, digit in enumerate(reversed(payload)):
        doubled = int(digit) * (2 if position % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def is_card_number(number: str) -> bool:
    """Tell whether a text has 16 digits with the right check digit."""
    return (
        len(number) == DIGITS
        and number.isascii()
        and number.isdigit()
        and check_digit(number[:-1]) == number[-1]
    )


def random_number() -> str:
    """Return a random card number; the first digit isn't 0, so that no system drops it."""
    payload = str(10 ** (DIGITS - 2) + secrets.randbelow(9 * 10 ** (DIGITS - 2)))
    return payload + check_digit(payload)


async def issue_cards(
    connection: AsyncConnection, holders: Sequence[tuple[int, UUID]], *, valid_from: datetime
) -> list[Card]:
    """Issue one card to each (bucket, member id), valid from an instant on; in their order."""
    issued: dict[int, Card] = {}
    while waiting := [place for place in range(len(holders)) if place not in issued]:
        drafts = {
            random_number(): (
                place,
                Card(
                    bucket=holders[place][0],
                    id=new_id(),
                    member_id=holders[place][1],
                    number="",
                    valid_from=valid_from,
                ),
            )
            for place in waiting
        }
        reserved = await connection.execute(
            insert(card_number).on_conflict_do_nothing().returning(card_number.c.number),
            [
                {"number": number, "bucket": draft.bucket, "card_id": draft.id}
                for number, (_, draft) in drafts.items()
            ],
        )
        for number in reserved.scalars():
            place, draft = drafts[number]
            issued[place] = replace(draft, number=number)
    cards = [issued[place] for place in range(len(holders))]
    if cards:
        await connection.execute(insert(card), [asdict(new) for new in cards])
    return cards


def read_number(typed: str) -> str:
    """Return a card number as it was typed, without what stands between the digits.

    Raises RefusedError with CARD_NUMBER_INVALID; ``card`` is the input's name.
    """
    number = _BETWEEN_DIGITS.sub("", typed) if len(typed) <= _LONGEST_TYPED else ""
    if not is_card_number(number):
        raise RefusedError(CardRefusal.CARD_NUMBER_INVALID, "card")
    return number


async def cards_by_key(
    connection: AsyncConnection, cards: Sequence[tuple[int, UUID]]
) -> dict[tuple[int, UUID], CardState]:
    """Return those of the cards that exist, given as (bucket, id)."""
    rows = await connection.execute(_STATES.where(_among(card.c.id, cards)))
    return {(row.bucket, row.id): CardState(**row._mapping) for row in rows}


async def cards_of_members(
    connection: AsyncConnection, holders: Sequence[tuple[int, UUID]]
) -> dict[UUID, list[CardState]]:
    """Return the cards of each member, given as (bucket, member id): those in force, then the
    blocked ones, the newest first; at most 100.
    """
    rank = func.row_number().over(
        partition_by=card.c.member_id,
        order_by=(card.c.blocked_at.is_not(None), card.c.valid_from.desc(), card.c.id.desc()),
    )
    ranked = _STATES.add_columns(rank.label("rank")).where(_among(card.c.member_id, holders))
    listed = ranked.subquery()
    rows = await connection.execute(
        select(listed).where(listed.c.rank <= MOST_LISTED).order_by(listed.c.rank)
    )
    found: dict[UUID, list[CardState]] = {member_id: [] for _, member_id in holders}
    for row in rows:
        fields = dict(row._mapping)
        del fields["rank"]
        found[row.member_id].append(CardState(**fields))
    return found


_STATES = select(
    card.c.bucket,
    card.c.id,
    card.c.member_id,
    func.right(card.c.number, 4).label("last_four"),
    card.c.valid_from,
    card.c.blocked_at,
    card.c.block_reason,
    card.c.replaced_by,
)


def _among(column: ColumnElement[UUID], keys: Sequence[tuple[int, UUID]]) -> ColumnElement[bool]:
    return tuple_(card.c.bucket, column).in_(keys)


async def issue_card(connection: AsyncConnection, bucket: int, member_id: UUID) -> Card:
    """Issue another card to a member, valid from now on, beside those that they have.

    Raises RefusedError with MEMBER_UNKNOWN, MEMBER_BLOCKED or CARDS_TOO_MANY.
    """
    await _lock_holder(connection, bucket, member_id)
    in_force = await connection.execute(
        select(func.count()).where(
            card.c.bucket == bucket, card.c.member_id == member_id, card.c.blocked_at.is_(None)
        )
    )
    if in_force.scalar_one() >= MOST_CARDS:
        raise RefusedError(CardRefusal.CARDS_TOO_MANY, "memberId")
    return await _issue_now(connection, bucket, member_id)


async def block_card(
    connection: AsyncConnection, bucket: int, card_id: UUID, *, reason: str
) -> datetime:
    """Block a card from now on; purchases of before may still arrive. Returns since when.

    Raises RefusedError with REASON_INVALID, CARD_UNKNOWN or CARD_ALREADY_BLOCKED.
    """
    _require_reason(reason)
    await _holder(connection, bucket, card_id)
    return await _close(connection, bucket, card_id, reason=reason, replaced_by=None)


async def replace_card(
    connection: AsyncConnection, bucket: int, card_id: UUID, *, reason: str
) -> Card:
    """Block a card and issue another to its holder, who keeps all else.

    Raises RefusedError as ``block_card``, and with MEMBER_BLOCKED.
    """
    _require_reason(reason)
    member_id = await _holder(connection, bucket, card_id)
    await _lock_holder(connection, bucket, member_id, "id")
    fresh = await _issue_now(connection, bucket, member_id)
    await _close(connection, bucket, card_id, reason=reason, replaced_by=fresh.id)
    return fresh


def _require_reason(reason: str) -> None:
    if not printable(reason, LONGEST_NAME):
        raise RefusedError(CardRefusal.REASON_INVALID, "reason")


async def _holder(connection: AsyncConnection, bucket: int, card_id: UUID) -> UUID:
    found = await connection.execute(
        select(card.c.member_id).where(card.c.bucket == bucket, card.c.id == card_id)
    )
    member_id: UUID | None = found.scalar_one_or_none()
    if member_id is None:
        raise RefusedError(CardRefusal.CARD_UNKNOWN, "id")
    return member_id


async def _lock_holder(
    connection: AsyncConnection, bucket: int, member_id: UUID, path: str = "memberId"
) -> None:
    # Whoever gives the same member a card waits here, so what is read next is what stands.
    locked = await connection.execute(
        select(member.c.status)
        .where(member.c.bucket == bucket, member.c.id == member_id)
        .with_for_update(key_share=True)
    )
    status = locked.scalar_one_or_none()
    if status is None:
        raise RefusedError(MemberRefusal.MEMBER_UNKNOWN, path)
    if status is MemberStatus.BLOCKED:
        raise RefusedError(MemberRefusal.MEMBER_BLOCKED, path)


async def _issue_now(connection: AsyncConnection, bucket: int, member_id: UUID) -> Card:
    now = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
    [fresh] = await issue_cards(connection, [(bucket, member_id)], valid_from=now)
    return fresh


async def _close(
    connection: AsyncConnection,
    bucket: int,
    card_id: UUID,
    *,
    reason: str,
    replaced_by: UUID | None,
) -> datetime:
    blocked = await connection.execute(
        update(card)
        .where(card.c.bucket == bucket, card.c.id == card_id, card.c.blocked_at.is_(None))
        .values(blocked_at=func.clock_timestamp(), block_reason=reason, replaced_by=replaced_by)
        .returning(card.c.blocked_at)
    )
    blocked_at: datetime | None = blocked.scalar_one_or_none()
    if blocked_at is None:
        raise RefusedError(CardRefusal.CARD_ALREADY_BLOCKED, "id")
    return blocked_at
