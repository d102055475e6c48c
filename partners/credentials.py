"""Client credentials of a partner's systems: a secret shown once, stored as an argon2id hash.

Hashing is slow on purpose (RFC 9106): call it off the event loop.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import Uuid, any_, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.identifiers import new_id
from ledger.refusals import RefusedError
from partners.paging import page_of_each
from partners.receipts import LONGEST_NAME, printable
from partners.refusals import RegistrationRefusal
from partners.registry import require_partner
from partners.tables import credential

_HASHER = PasswordHasher()
_NOBODYS = _HASHER.hash(secrets.token_urlsafe(32))


@dataclass(frozen=True, slots=True)
class Credential:
    """A fresh credential; ``secret`` can't be read again."""

    id: UUID
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredCredential:
    """A credential as it stands in the register; its secret's hash stays in the database."""

    id: UUID
    partner_id: UUID
    label: str
    created_at: datetime
    revoked_at: datetime | None


_ENTRY = (
    credential.c.id,
    credential.c.partner_id,
    credential.c.label,
    credential.c.created_at,
    credential.c.revoked_at,
)


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """Whose credential it is, and the hash of its secret."""

    partner_id: UUID
    secret_hash: str


def new_credential() -> tuple[Credential, str]:
    """Return a fresh credential and the hash to store. Slow on purpose."""
    secret = secrets.token_urlsafe(32)
    return Credential(id=new_id(), secret=secret), hash_secret(secret)


def hash_secret(secret: str) -> str:
    """Return the argon2id hash of a secret, with its parameters and salt. Slow on purpose."""
    return _HASHER.hash(secret)


async def store_credential(
    connection: AsyncConnection,
    partner_id: UUID,
    credential_id: UUID,
    secret_hash: str,
    *,
    label: str,
) -> None:
    """Let a partner's system log in with a credential whose secret has this hash.

    Raises RefusedError (RegistrationRefusal).
    """
    if not printable(label, LONGEST_NAME):
        raise RefusedError(RegistrationRefusal.LABEL_INVALID, "label")
    await require_partner(connection, partner_id)
    await connection.execute(
        insert(credential).values(
            id=credential_id, partner_id=partner_id, label=label, secret_hash=secret_hash
        )
    )


async def revoke_credential(connection: AsyncConnection, credential_id: UUID) -> None:
    """Let nobody log in or record with a credential from now on. Safe to repeat.

    Raises RefusedError (CREDENTIAL_UNKNOWN).
    """
    found = await credentials_by_id(connection, [credential_id])
    if not found:
        raise RefusedError(RegistrationRefusal.CREDENTIAL_UNKNOWN, "id")
    await connection.execute(
        update(credential)
        .where(credential.c.id == credential_id, credential.c.revoked_at.is_(None))
        .values(revoked_at=func.clock_timestamp())
    )


async def credentials_by_id(
    connection: AsyncConnection, credential_ids: Sequence[UUID]
) -> dict[UUID, RegisteredCredential]:
    """Return those of the credentials that exist."""
    rows = await connection.execute(
        select(*_ENTRY).where(credential.c.id == any_(literal(list(credential_ids), ARRAY(Uuid))))
    )
    return {row.id: RegisteredCredential(**row._mapping) for row in rows}


async def credentials_of_partners(
    connection: AsyncConnection, partner_ids: Sequence[UUID], *, after: UUID | None, most: int
) -> dict[UUID, list[RegisteredCredential]]:
    """Return up to ``most`` credentials of each partner, the oldest first, after one by its id.

    Ids are time-ordered.
    """
    page = select(*_ENTRY).order_by(credential.c.id).limit(most)
    if after is not None:
        page = page.where(credential.c.id > after)
    found: dict[UUID, list[RegisteredCredential]] = {each: [] for each in partner_ids}
    query = page_of_each(page, credential.c.partner_id, partner_ids, lambda rows: rows.c.id)
    for row in await connection.execute(query):
        found[row.partner_id].append(RegisteredCredential(**row._mapping))
    return found


async def stored_secret(connection: AsyncConnection, credential_id: UUID) -> StoredSecret | None:
    """Return what is stored of a credential in force, or None."""
    row = (
        await connection.execute(
            text("select partner_id, secret_hash from partners.credential_secret(:id)"),
            {"id": credential_id},
        )
    ).one_or_none()
    return None if row is None else StoredSecret(row.partner_id, row.secret_hash)


def secret_matches(stored: StoredSecret | None, secret: str) -> bool:
    """Tell whether ``secret`` is the stored one. Slow on purpose, for a stranger too."""
    return hash_matches(None if stored is None else stored.secret_hash, secret)


def hash_matches(stored_hash: str | None, secret: str) -> bool:
    """Tell whether ``secret`` has this argon2id hash. Slow on purpose, for a stranger (None) too.

    So the time it takes doesn't tell who is known.
    """
    try:
        _HASHER.verify(_NOBODYS if stored_hash is None else stored_hash, secret)
    except (Argon2Error, InvalidHashError):
        return False
    return stored_hash is not None
