"""Client credentials of a partner's systems: a secret shown once, stored as an argon2id hash.

Hashing is slow on purpose (RFC 9106): call it off the event loop.
"""

import secrets
from dataclasses import dataclass, field
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.identifiers import new_id
from partners.tables import credential

_HASHER = PasswordHasher()
_NOBODYS = _HASHER.hash(secrets.token_urlsafe(32))


@dataclass(frozen=True, slots=True)
class Credential:
    """A fresh credential; ``secret`` can't be read again."""

    id: UUID
    secret: str = field(repr=False)


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
    """Let a partner's system log in with a credential whose secret has this hash."""
    await connection.execute(
        insert(credential).values(
            id=credential_id, partner_id=partner_id, label=label, secret_hash=secret_hash
        )
    )


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
    try:
        _HASHER.verify(_NOBODYS if stored is None else stored.secret_hash, secret)
    except (Argon2Error, InvalidHashError):
        return False
    return stored is not None
