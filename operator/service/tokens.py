"""Access tokens of partners' systems: short-lived JWTs (RFC 7519), signed with Ed25519.

A token names its credential and partner. It holds until it expires, so a credential that is
revoked reads for that long; recording is refused at once, as the desk asks the database.
"""

import time
from uuid import UUID

import jwt

from coalition.recording import Caller
from service.keys import Keys

ISSUER = "coalition"
AUDIENCE = "coalition:partner"
ALGORITHM = "EdDSA"
CLOCKS_APART = 5
"""Seconds by which the clocks of two processes may differ."""
CLAIMS = ["aud", "iss", "sub", "iat", "nbf", "exp"]


class TokenInvalidError(Exception):
    """The token is not one of ours in force; the message says why, for the log and the caller."""


class AccessTokens:
    """Issues and verifies tokens with the installation's key."""

    def __init__(self, keys: Keys, seconds: int) -> None:
        """Take the key; tokens live for ``seconds``."""
        self._signing_key = keys.signing_key()
        self._public_key = self._signing_key.public_key()
        self._key_id = keys.signing_key_id()
        self.seconds = seconds

    def issue(self, caller: Caller) -> str:
        """Return a token for a credential, in force from now."""
        now = int(time.time())
        return jwt.encode(
            {
                "iss": ISSUER,
                "aud": AUDIENCE,
                "sub": str(caller.credential_id),
                "partner": str(caller.partner_id),
                "iat": now,
                "nbf": now,
                "exp": now + self.seconds,
            },
            self._signing_key,
            algorithm=ALGORITHM,
            headers={"kid": self._key_id},
        )

    def verify(self, token: str) -> Caller:
        """Return who the token is of. Raises TokenInvalidError."""
        try:
            if jwt.get_unverified_header(token).get("kid") != self._key_id:
                raise TokenInvalidError("The access token is signed with another key.")
            claims = jwt.decode(
                token,
                self._public_key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=CLOCKS_APART,
                options={"require": CLAIMS, "strict_aud": True},
            )
            return Caller(UUID(claims["sub"]), UUID(claims["partner"]))
        except jwt.ExpiredSignatureError:
            raise TokenInvalidError("The access token has expired.") from None
        except (jwt.PyJWTError, KeyError, ValueError, TypeError, AttributeError):
            raise TokenInvalidError("The access token is not valid here.") from None
