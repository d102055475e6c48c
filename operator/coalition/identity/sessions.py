"""Sessions: a random token that stands for who logged in, until it ends or is closed.

Only the token's SHA-256 is stored. It has 256 random bits, so a slow hash would add nothing.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from coalition.identity.staff import may_log_in
from coalition.identity.subjects import Subject, staff_subject
from coalition.members import Holder
from coalition.tables import session, staff
from ledger.identifiers import new_id
from partners.tables import partner

TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long sessions last."""

    staff: timedelta = timedelta(hours=12)
    member: timedelta = timedelta(days=30)


async def open_session(connection: AsyncConnection, subject: Subject, lifetimes: Lifetimes) -> str:
    """Open a session and return its token, which can't be read again."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    whose: dict[str, object]
    if isinstance(subject, Holder):
        whose = {"bucket": subject.bucket, "member_id": subject.member_id}
        lifetime = lifetimes.member
    else:
        whose = {"staff_id": subject.staff_id}
        lifetime = lifetimes.staff
    await connection.execute(
        insert(session).values(
            id=new_id(),
            token_hash=_hash(token),
            created_at=func.now(),
            expires_at=func.now() + lifetime,
            **whose,
        )
    )
    return token


async def session_subject(connection: AsyncConnection, token: str) -> Subject | None:
    """Return whose session a token opens, or None.

    None when it has ended or was closed, and for who may not log in: a disabled person, and the
    staff of a suspended partner. A blocked member may look.
    """
    row = (
        await connection.execute(
            select(session.c.staff_id, staff.c.partner_id, session.c.bucket, session.c.member_id)
            .select_from(
                session.outerjoin(staff, staff.c.id == session.c.staff_id).outerjoin(
                    partner, partner.c.id == staff.c.partner_id
                )
            )
            .where(
                session.c.token_hash == _hash(token),
                session.c.revoked_at.is_(None),
                session.c.expires_at > func.now(),
                or_(session.c.member_id.is_not(None), and_(staff.c.id.is_not(None), may_log_in())),
            )
        )
    ).one_or_none()
    if row is None:
        return None
    if row.member_id is not None:
        return Holder(row.bucket, row.member_id)
    return staff_subject(row.staff_id, row.partner_id)


async def close_session(connection: AsyncConnection, token: str) -> None:
    """End the session of a token; one that has ended, or never was, stays as it is."""
    await connection.execute(
        update(session)
        .where(session.c.token_hash == _hash(token), session.c.revoked_at.is_(None))
        .values(revoked_at=func.now())
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()
