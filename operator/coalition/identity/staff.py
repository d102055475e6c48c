"""The register of staff: who works for the operator or a partner, and may log in to its door.

The operator's role writes the register and can't read a password's hash; the identity role reads
the hash, and replaces it when its person does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Uuid,
    and_,
    any_,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from coalition.identity.subjects import Staff, staff_subject
from coalition.members import EnrolmentRefusal, NotEnrolled, read_contact
from coalition.tables import ContactKind, session, staff
from ledger.identifiers import new_id
from ledger.refusals import Refusal, RefusedError
from partners.receipts import LONGEST_NAME, printable
from partners.registry import require_partner
from partners.tables import PartnerStatus, partner


class StaffRefusal(Refusal):
    """Why the register of staff was not changed, besides what holds of every name and address."""

    PASSWORD_INVALID = (
        "PASSWORD_INVALID",
        "A password has 12 to 200 characters. Choose another.",
    )
    EMAIL_TAKEN = (
        "EMAIL_TAKEN",
        "Someone of the staff has this e-mail address. Register the person with their own.",
    )
    STAFF_UNKNOWN = ("STAFF_UNKNOWN", "Nobody of the staff has this id. Read the staff.")


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffMember:
    """An employee's entry in the register; without ``partner_id`` the operator's own."""

    id: UUID
    email: str
    name: str
    partner_id: UUID | None
    created_at: datetime
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class LogIn:
    """Who logs in by an e-mail address, and the hash that their password must have."""

    subject: Staff
    password_hash: str = field(repr=False)


_ENTRY = (
    staff.c.id,
    staff.c.email,
    staff.c.name,
    staff.c.partner_id,
    staff.c.created_at,
    staff.c.disabled_at,
)


async def create_staff(
    connection: AsyncConnection,
    *,
    email: str,
    name: str,
    partner_id: UUID | None,
    password_hash: str,
) -> StaffMember:
    """Let a person log in as an employee of a partner, or of the operator without one.

    Raises RefusedError: EMAIL_INVALID, NAME_INVALID, PARTNER_UNKNOWN, EMAIL_TAKEN (also in a
    race).
    """
    read = read_contact(ContactKind.EMAIL, email)
    if isinstance(read, NotEnrolled):
        raise RefusedError(read.refusal, "email")
    if not printable(name, LONGEST_NAME):
        raise RefusedError(EnrolmentRefusal.NAME_INVALID, "name")
    if partner_id is not None:
        await require_partner(connection, partner_id)
    created = (
        await connection.execute(
            insert(staff)
            .on_conflict_do_nothing(index_elements=[staff.c.email])
            .values(
                id=new_id(),
                email=read.value,
                name=name,
                partner_id=partner_id,
                password_hash=password_hash,
            )
            .returning(*_ENTRY)
        )
    ).one_or_none()
    if created is None:
        raise RefusedError(StaffRefusal.EMAIL_TAKEN, "email")
    return StaffMember(**created._mapping)


async def disable_staff(connection: AsyncConnection, staff_id: UUID) -> StaffMember:
    """Let a person log in no longer and end their sessions. Safe to repeat.

    Raises RefusedError (STAFF_UNKNOWN).
    """
    await connection.execute(
        update(staff)
        .where(staff.c.id == staff_id, staff.c.disabled_at.is_(None))
        .values(disabled_at=func.now())
    )
    disabled = await read_staff(connection, staff_id)
    if disabled is None:
        raise RefusedError(StaffRefusal.STAFF_UNKNOWN, "id")
    await _end_sessions(connection, staff_id)
    return disabled


async def read_staff(connection: AsyncConnection, staff_id: UUID) -> StaffMember | None:
    """Return a person's entry in the register, or None."""
    return (await staff_by_id(connection, [staff_id])).get(staff_id)


async def staff_by_id(
    connection: AsyncConnection, staff_ids: Sequence[UUID]
) -> dict[UUID, StaffMember]:
    """Return the entries of those of the people who have one."""
    wanted = staff.c.id == any_(literal(list(staff_ids), ARRAY(Uuid)))
    return {each.id: each for each in await _entries(connection, select(*_ENTRY).where(wanted))}


async def list_staff(
    connection: AsyncConnection,
    *,
    first: int,
    after: str | None = None,
    partner_id: UUID | None = None,
) -> list[StaffMember]:
    """Return up to ``first`` entries by e-mail address, from behind the address ``after`` on.

    ``partner_id`` leaves only that partner's employees.
    """
    wanted: list[ColumnElement[bool]] = []
    if after is not None:
        wanted.append(staff.c.email > after)
    if partner_id is not None:
        wanted.append(staff.c.partner_id == partner_id)
    return await _entries(
        connection, select(*_ENTRY).where(*wanted).order_by(staff.c.email).limit(first)
    )


async def _entries(
    connection: AsyncConnection,
    query: Select[tuple[UUID, str, str, UUID | None, datetime, datetime | None]],
) -> list[StaffMember]:
    return [StaffMember(**row._mapping) for row in await connection.execute(query)]


async def find_log_in(connection: AsyncConnection, email: str) -> LogIn | None:
    """Return who may log in by an e-mail address, or None.

    None for an unknown address, a disabled person and the staff of a suspended partner alike.
    """
    read = read_contact(ContactKind.EMAIL, email)
    if isinstance(read, NotEnrolled):
        return None
    row = (
        await connection.execute(
            select(staff.c.id, staff.c.partner_id, staff.c.password_hash)
            .select_from(staff.outerjoin(partner, partner.c.id == staff.c.partner_id))
            .where(staff.c.email == read.value, may_log_in())
        )
    ).one_or_none()
    if row is None:
        return None
    return LogIn(staff_subject(row.id, row.partner_id), row.password_hash)


def may_log_in() -> ColumnElement[bool]:
    """Return the condition on ``staff``, left joined to ``partner``, under which one is let in."""
    return and_(
        staff.c.disabled_at.is_(None),
        or_(staff.c.partner_id.is_(None), partner.c.status == PartnerStatus.ACTIVE),
    )


async def confirm_log_in(connection: AsyncConnection, log_in: LogIn) -> bool:
    """Tell whether the hash is still the person's, and keep it so until the transaction ends.

    Comparing a password takes a while, in which it may be changed and its sessions closed: one
    that is opened after this is either seen and closed, or never opened.
    """
    held = await connection.execute(
        select(staff.c.id)
        .where(
            staff.c.id == log_in.subject.staff_id,
            staff.c.password_hash == log_in.password_hash,
            staff.c.disabled_at.is_(None),
        )
        .with_for_update(read=True)
    )
    return held.scalar_one_or_none() is not None


async def change_password(connection: AsyncConnection, log_in: LogIn, password_hash: str) -> bool:
    """Replace the hash that a person logged in by and end their sessions.

    False, and nothing is done, when it is no longer theirs or they are disabled by now.
    """
    changed = await connection.execute(
        update(staff)
        .where(
            staff.c.id == log_in.subject.staff_id,
            staff.c.password_hash == log_in.password_hash,
            staff.c.disabled_at.is_(None),
        )
        .values(password_hash=password_hash)
        .returning(staff.c.id)
    )
    if changed.scalar_one_or_none() is None:
        return False
    await _end_sessions(connection, log_in.subject.staff_id)
    return True


async def _end_sessions(connection: AsyncConnection, staff_id: UUID) -> None:
    await connection.execute(
        update(session)
        .where(session.c.staff_id == staff_id, session.c.revoked_at.is_(None))
        .values(revoked_at=func.now())
    )
