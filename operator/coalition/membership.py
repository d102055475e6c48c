"""A membership as its member may read it: who they are, their contacts, cards and account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, Uuid, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from coalition.members import Contact, Holder
from coalition.tables import MemberStatus, card, contact, member, member_account
from ledger.tables import AccountKind


@dataclass(frozen=True, slots=True)
class Membership:
    """A member, by the name that they gave."""

    name: str
    since: datetime
    status: MemberStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCard:
    """A card of the member; ``number`` is what its barcode holds."""

    id: UUID
    number: str
    valid_from: datetime
    blocked_at: datetime | None


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """The ledger's account of the points that a member can spend, and when it was looked up."""

    id: UUID
    read_at: datetime


async def read_membership(connection: AsyncConnection, holder: Holder) -> Membership:
    """Return a member."""
    row = (
        await connection.execute(
            select(member.c.name, member.c.joined_at, member.c.status).where(
                member.c.bucket == holder.bucket, member.c.id == holder.member_id
            )
        )
    ).one()
    return Membership(row.name, row.joined_at, row.status)


async def contacts_of(connection: AsyncConnection, holder: Holder) -> list[Contact]:
    """Return how a member can be reached, phones first."""
    rows = await connection.execute(
        select(contact.c.kind, contact.c.value)
        .where(contact.c.bucket == holder.bucket, contact.c.member_id == holder.member_id)
        .order_by(contact.c.kind, contact.c.value)
    )
    return [Contact(row.kind, row.value) for row in rows]


async def cards_of(connection: AsyncConnection, holder: Holder) -> list[HeldCard]:
    """Return all cards that a member ever held, the newest first."""
    query = _cards(holder).order_by(card.c.valid_from.desc(), card.c.id.desc())
    return [_card(row) for row in await connection.execute(query)]


async def cards_by_id(
    connection: AsyncConnection, holder: Holder, card_ids: Sequence[UUID]
) -> dict[UUID, HeldCard]:
    """Return those of the cards that are the member's."""
    query = _cards(holder).where(card.c.id == any_(literal(list(card_ids), ARRAY(Uuid))))
    return {row.id: _card(row) for row in await connection.execute(query)}


async def available_account(connection: AsyncConnection, holder: Holder) -> OwnAccount:
    """Return the member's account; what is read of it from now on is as of ``read_at`` at least."""
    row = (
        await connection.execute(
            select(member_account.c.account_id, func.statement_timestamp().label("read_at")).where(
                member_account.c.bucket == holder.bucket,
                member_account.c.member_id == holder.member_id,
                member_account.c.kind == AccountKind.MEMBER_AVAILABLE,
            )
        )
    ).one()
    return OwnAccount(row.account_id, row.read_at)


def _cards(holder: Holder) -> Select[Any]:
    return select(card.c.id, card.c.number, card.c.valid_from, card.c.blocked_at).where(
        card.c.bucket == holder.bucket, card.c.member_id == holder.member_id
    )


def _card(row: Row[Any]) -> HeldCard:
    return HeldCard(
        id=row.id, number=row.number, valid_from=row.valid_from, blocked_at=row.blocked_at
    )
