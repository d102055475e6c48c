"""Whose a proven contact is."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from coalition.members import Contact, Holder
from coalition.tables import contact


async def find_holder(connection: AsyncConnection, proven: Contact) -> Holder | None:
    """Return the member who has a contact, or None. Ask only for who has proven to hold it.

    A blocked member is let in, too: they may look at what is theirs, and take consent back.
    """
    row = (
        await connection.execute(
            select(contact.c.bucket, contact.c.member_id).where(
                contact.c.kind == proven.kind, contact.c.value == proven.value
            )
        )
    ).one_or_none()
    return None if row is None else Holder(row.bucket, row.member_id)
