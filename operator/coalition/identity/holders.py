"""Whose a proven contact is."""

from dataclasses import dataclass

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from coalition.members import Contact, Holder
from coalition.tables import MemberStatus, contact, member


@dataclass(frozen=True, slots=True)
class KnownHolder:
    """A member who has the contact, and whether they take part."""

    holder: Holder
    status: MemberStatus


async def find_holder(connection: AsyncConnection, proven: Contact) -> KnownHolder | None:
    """Return the member who has a contact, or None. Ask only for who has proven to hold it."""
    row = (
        await connection.execute(
            select(member.c.bucket, member.c.id, member.c.status)
            .join_from(
                contact,
                member,
                and_(member.c.bucket == contact.c.bucket, member.c.id == contact.c.member_id),
            )
            .where(contact.c.kind == proven.kind, contact.c.value == proven.value)
        )
    ).one_or_none()
    return None if row is None else KnownHolder(Holder(row.bucket, row.id), row.status)
