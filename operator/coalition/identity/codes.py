"""One-time codes: who reads six digits that were sent to a contact proves to hold it.

A code is asked for, sent and counted alike whether the contact is a member's or a stranger's:
nothing here looks at members. Of a code an HMAC is stored, bound to its challenge: who reads the
table without the installation's secret can't try the million codes out.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from coalition.members import Contact
from coalition.tables import code_allowance, one_time_code
from ledger.columns import instant
from ledger.identifiers import new_id
from ledger.refusals import Refusal, RefusedError

DIGITS = 6
LIFETIME = timedelta(minutes=10)
MOST_ATTEMPTS = 5
MOST_CODES = 5
ALLOWANCE_PERIOD = timedelta(hours=1)


class CodeRefusal(Refusal):
    """Why no code was sent, or a code proved nothing. Checked in this order."""

    CODES_TOO_MANY = (
        "CODES_TOO_MANY",
        "Five codes were asked for with this contact within an hour. Use the last one, or ask"
        " again an hour after the first.",
    )
    CHALLENGE_UNKNOWN = (
        "CHALLENGE_UNKNOWN",
        "No code was sent under this challenge. Ask for a code.",
    )
    CODE_USED = ("CODE_USED", "The code was used before; it works once. Ask for a new one.")
    ATTEMPTS_SPENT = (
        "ATTEMPTS_SPENT",
        "Five wrong codes were tried; the right one works no longer either. Ask for a new one.",
    )
    CODE_EXPIRED = (
        "CODE_EXPIRED",
        "The code is older than ten minutes and works no longer. Ask for a new one.",
    )
    CODE_WRONG = (
        "CODE_WRONG",
        "This is not the code that was sent. Look again; after five attempts it works no longer.",
    )


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a code answers, until ``expires_at``."""

    id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Issued:
    """A challenge, and the code to send; it can't be read again."""

    challenge: Challenge
    code: str = field(repr=False)


async def request_code(connection: AsyncConnection, contact: Contact, *, key: bytes) -> Issued:
    """Store a fresh code for a contact under the key, and return what to send.

    Raises RefusedError (CODES_TOO_MANY), also when the sixth of an hour races the others.
    """
    if not await _allow(connection, contact):
        raise RefusedError(CodeRefusal.CODES_TOO_MANY, "contact")
    identifier = new_id()
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    stored = await connection.execute(
        insert(one_time_code)
        .values(
            id=identifier,
            kind=contact.kind,
            value=contact.value,
            code_hash=_hash(key, identifier, code),
            created_at=func.now(),
            expires_at=func.now() + LIFETIME,
            attempts_left=MOST_ATTEMPTS,
        )
        .returning(one_time_code.c.expires_at)
    )
    return Issued(Challenge(identifier, stored.scalar_one()), code)


async def _allow(connection: AsyncConnection, contact: Contact) -> bool:
    # One statement on the contact's one row: of requests at once each sees those before it.
    recent = _recent()
    allowed = await connection.execute(
        upsert(code_allowance)
        .values(kind=contact.kind, value=contact.value, asked_at=array([func.now()]))
        .on_conflict_do_update(
            index_elements=[code_allowance.c.kind, code_allowance.c.value],
            set_={"asked_at": func.array_append(recent, func.now())},
            where=func.cardinality(recent) < MOST_CODES,
        )
        .returning(code_allowance.c.kind)
    )
    return allowed.scalar_one_or_none() is not None


def _recent() -> ColumnElement[list[datetime]]:
    """Return the instants of a contact's row that still count."""
    asked = func.unnest(code_allowance.c.asked_at).column_valued("asked")
    counting = select(asked).where(asked > func.now() - ALLOWANCE_PERIOD)
    return func.array(counting.scalar_subquery(), type_=ARRAY(instant))


async def prove(
    connection: AsyncConnection, challenge_id: UUID, code: str, *, key: bytes
) -> Contact | CodeRefusal:
    """Return the contact that a code proves, or why it proves none.

    The attempt is counted by the same statement that compares, so guesses at once share the five,
    and of two right ones one wins. A refusal is returned and not raised: the attempt must be
    committed.
    """
    guess = _hash(key, challenge_id, "".join(code.split()))
    tried = (
        await connection.execute(
            update(one_time_code)
            .where(
                one_time_code.c.id == challenge_id,
                one_time_code.c.used_at.is_(None),
                one_time_code.c.expires_at > func.now(),
                one_time_code.c.attempts_left > 0,
            )
            .values(
                attempts_left=one_time_code.c.attempts_left - 1,
                used_at=case((one_time_code.c.code_hash == literal(guess), func.now())),
            )
            .returning(one_time_code.c.kind, one_time_code.c.value, one_time_code.c.used_at)
        )
    ).one_or_none()
    if tried is None:
        return await _why_not(connection, challenge_id)
    if tried.used_at is None:
        return CodeRefusal.CODE_WRONG
    return Contact(tried.kind, tried.value)


async def _why_not(connection: AsyncConnection, challenge_id: UUID) -> CodeRefusal:
    found = (
        await connection.execute(
            select(
                one_time_code.c.used_at.is_not(None).label("used"),
                (one_time_code.c.attempts_left == 0).label("spent"),
            ).where(one_time_code.c.id == challenge_id)
        )
    ).one_or_none()
    if found is None:
        return CodeRefusal.CHALLENGE_UNKNOWN
    if found.used:
        return CodeRefusal.CODE_USED
    return CodeRefusal.ATTEMPTS_SPENT if found.spent else CodeRefusal.CODE_EXPIRED


def _hash(key: bytes, challenge_id: UUID, code: str) -> bytes:
    message = challenge_id.bytes + code.encode(errors="replace")
    return hmac.new(key, message, hashlib.sha256).digest()
