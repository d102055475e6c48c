"""Cards: random numbers with a check digit, never issued twice; blocked, but never deleted."""

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from coalition.tables import card, card_number
from ledger.identifiers import new_id

DIGITS = 16
"""15 random digits and a check digit: with a billion cards one number in a million is valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A card that was issued; ``number`` is what its barcode holds."""

    bucket: int
    id: UUID
    member_id: UUID
    number: str
    valid_from: datetime


class CardUnknownError(Exception):
    """No card with this number was ever issued."""


class CardBlockedError(Exception):
    """The card is blocked already."""


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


async def find_card(connection: AsyncConnection, number: str) -> Card:
    """Return the card with a number. Raises CardUnknownError."""
    row = (
        await connection.execute(
            select(card.c.bucket, card.c.id, card.c.member_id, card.c.number, card.c.valid_from)
            .join_from(
                card_number,
                card,
                and_(card.c.bucket == card_number.c.bucket, card.c.id == card_number.c.card_id),
            )
            .where(card_number.c.number == number)
        )
    ).one_or_none()
    if row is None:
        raise CardUnknownError("no card with this number was ever issued")
    return Card(**row._mapping)


async def block_card(connection: AsyncConnection, number: str, *, reason: str) -> datetime:
    """Block a card from now on; purchases of before may still arrive. Returns since when.

    Raises CardUnknownError, and CardBlockedError for a card that is blocked already.
    """
    found = await find_card(connection, number)
    return await _close(connection, found, reason=reason, replaced_by=None)


async def replace_card(connection: AsyncConnection, number: str, *, reason: str) -> Card:
    """Block a card and issue another to its holder, who keeps all else. Raises as block_card."""
    found = await find_card(connection, number)
    now = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
    [fresh] = await issue_cards(connection, [(found.bucket, found.member_id)], valid_from=now)
    await _close(connection, found, reason=reason, replaced_by=fresh.id)
    return fresh


async def _close(
    connection: AsyncConnection, found: Card, *, reason: str, replaced_by: UUID | None
) -> datetime:
    blocked = await connection.execute(
        update(card)
        .where(card.c.bucket == found.bucket, card.c.id == found.id, card.c.blocked_at.is_(None))
        .values(blocked_at=func.clock_timestamp(), block_reason=reason, replaced_by=replaced_by)
        .returning(card.c.blocked_at)
    )
    blocked_at: datetime | None = blocked.scalar_one_or_none()
    if blocked_at is None:
        raise CardBlockedError("the card is blocked already")
    return blocked_at
