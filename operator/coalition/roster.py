"""The roster of members as staff work with it: who it is, and whether they take part."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from coalition.cards import read_number
from coalition.members import Contact, Holder, NotEnrolled, read_contact
from coalition.refusals import MemberRefusal
from coalition.tables import (
    ContactKind,
    MemberStatus,
    card,
    card_number,
    contact,
    member,
    member_account,
)
from ledger.refusals import RefusedError
from ledger.tables import AccountKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member as staff see them; ``contacts`` in the order of kind and value."""

    holder: Holder
    name: str
    status: MemberStatus
    joined_at: datetime
    contacts: tuple[Contact, ...]


async def holder_of_contact(
    connection: AsyncConnection, kind: ContactKind, typed: str
) -> Holder | None:
    """Return whose contact it is, however it is typed; None when it is nobody's.

    Raises RefusedError with PHONE_INVALID or EMAIL_INVALID.
    """
    read = read_contact(kind, typed)
    if isinstance(read, NotEnrolled):
        raise RefusedError(read.refusal, kind.value)
    found = await connection.execute(
        select(contact.c.bucket, contact.c.member_id).where(
            contact.c.kind == read.kind, contact.c.value == read.value
        )
    )
    row = found.one_or_none()
    return None if row is None else Holder(row.bucket, row.member_id)


async def holder_of_card(connection: AsyncConnection, typed: str) -> Holder | None:
    """Return whose card it is or was, however its number is typed; None: it was never issued.

    Raises RefusedError with CARD_NUMBER_INVALID.
    """
    found = await connection.execute(
        select(card.c.bucket, card.c.member_id)
        .join_from(
            card_number,
            card,
            and_(card.c.bucket == card_number.c.bucket, card.c.id == card_number.c.card_id),
        )
        .where(card_number.c.number == read_number(typed))
    )
    row = found.one_or_none()
    return None if row is None else Holder(row.bucket, row.member_id)


async def members_by_id(
    connection: AsyncConnection, holders: Sequence[Holder]
) -> dict[Holder, Member]:
    """Return those of the members that exist."""
    rows = await connection.execute(
        select(
            member.c.bucket,
            member.c.id,
            member.c.name,
            member.c.status,
            member.c.joined_at,
            contact.c.kind,
            contact.c.value,
        )
        .join_from(
            member,
            contact,
            and_(contact.c.bucket == member.c.bucket, contact.c.member_id == member.c.id),
            isouter=True,
        )
        .where(tuple_(member.c.bucket, member.c.id).in_(_keys(holders)))
        .order_by(contact.c.kind, contact.c.value)
    )
    found: dict[Holder, Member] = {}
    for row in rows:
        holder = Holder(row.bucket, row.id)
        known = found.get(holder)
        reached = () if row.value is None else (Contact(row.kind, row.value),)
        found[holder] = Member(
            holder=holder,
            name=row.name,
            status=row.status,
            joined_at=row.joined_at,
            contacts=(known.contacts if known else ()) + reached,
        )
    return found


async def accounts_of_members(
    connection: AsyncConnection, holders: Sequence[Holder]
) -> dict[Holder, UUID]:
    """Return the ledger's id of each member's available points, in the member's bucket."""
    rows = await connection.execute(
        select(
            member_account.c.bucket, member_account.c.member_id, member_account.c.account_id
        ).where(
            tuple_(member_account.c.bucket, member_account.c.member_id).in_(_keys(holders)),
            member_account.c.kind == AccountKind.MEMBER_AVAILABLE,
        )
    )
    return {Holder(row.bucket, row.member_id): row.account_id for row in rows}


async def holders_of_accounts(
    connection: AsyncConnection, accounts: Sequence[tuple[int, UUID]]
) -> dict[tuple[int, UUID], Holder]:
    """Return whose each of the ledger's accounts is, given as (bucket, id), if a member's."""
    rows = await connection.execute(
        select(
            member_account.c.bucket, member_account.c.member_id, member_account.c.account_id
        ).where(tuple_(member_account.c.bucket, member_account.c.account_id).in_(accounts))
    )
    return {(row.bucket, row.account_id): Holder(row.bucket, row.member_id) for row in rows}


async def block_member(connection: AsyncConnection, holder: Holder) -> None:
    """Let a member take part no longer: their cards are refused, what they have stays theirs.

    Safe to repeat. Raises RefusedError with MEMBER_UNKNOWN.
    """
    await _set_status(connection, holder, MemberStatus.BLOCKED)


async def unblock_member(connection: AsyncConnection, holder: Holder) -> None:
    """Let a blocked member take part again.

    Safe to repeat. Raises RefusedError with MEMBER_UNKNOWN.
    """
    await _set_status(connection, holder, MemberStatus.ACTIVE)


async def _set_status(connection: AsyncConnection, holder: Holder, status: MemberStatus) -> None:
    changed = await connection.execute(
        update(member)
        .where(member.c.bucket == holder.bucket, member.c.id == holder.member_id)
        .values(status=status)
        .returning(member.c.id)
    )
    if changed.scalar_one_or_none() is None:
        raise RefusedError(MemberRefusal.MEMBER_UNKNOWN, "id")


def _keys(holders: Sequence[Holder]) -> list[tuple[int, UUID]]:
    return [(each.bucket, each.member_id) for each in holders]
