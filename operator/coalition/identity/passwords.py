"""Passwords of staff: how long one is, how one is made, and its argon2id hash.

Hashing is slow on purpose (RFC 9106): call it off the event loop.
"""

import secrets

from partners.credentials import hash_matches, hash_secret

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 200


def password_valid(password: str) -> bool:
    """Tell whether a password may be chosen: 12 to 200 characters, whichever they are."""
    return SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD


def new_password() -> str:
    """Return a generated password of 20 characters, 120 random bits."""
    return secrets.token_urlsafe(15)


def hash_password(password: str) -> str:
    """Return the argon2id hash to store. Slow on purpose."""
    return hash_secret(password)


def password_matches(stored_hash: str | None, password: str) -> bool:
    """Tell whether the password has this hash. Slow on purpose, for a stranger (None) too."""
    return hash_matches(stored_hash, password)
