"""Access tokens: short-lived JWTs (RFC 7519), signed with Ed25519, each for one audience's door.

A token names who acts. It holds until it expires, so what is revoked reads for that long;
recording is refused at once, as the desk asks the database.
"""

import base64
import time
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal, TypeAlias, overload
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from coalition.identity.subjects import OperatorStaff, PartnerStaff, Subject
from coalition.members import Contact, Holder
from coalition.recording import Caller
from coalition.tables import ContactKind
from ledger.tables import BUCKETS
from service.keys import Keys

ISSUER = "coalition"
ALGORITHM = "EdDSA"
CLOCKS_APART = 5
"""Seconds by which the clocks of two processes may differ."""
CLAIMS = ["aud", "iss", "sub", "iat", "nbf", "exp", "kind"]
TICKET_AUDIENCE = "coalition:enrolment"
TICKET_SECONDS = 900


class Audience(StrEnum):
    """Whose door a token opens; the value is its ``aud``."""

    PARTNER = "coalition:partner"
    OPERATOR = "coalition:operator"
    MEMBER = "coalition:member"


class ActorKind(StrEnum):
    """What acts; the value is the claim ``kind``, which tells a partner's system from its staff."""

    SYSTEM = "system"
    STAFF = "staff"
    MEMBER = "member"


Identity: TypeAlias = Caller | Subject


class TokenInvalidError(Exception):
    """The token is not one of ours in force; the message says why, for the log and the caller."""


def audience_of(identity: Identity) -> Audience:
    """Return the one door that an identity may open."""
    match identity:
        case Caller() | PartnerStaff():
            return Audience.PARTNER
        case OperatorStaff():
            return Audience.OPERATOR
        case Holder():
            return Audience.MEMBER


class AccessTokens:
    """Issues and verifies tokens with the installation's key."""

    def __init__(self, keys: Keys, seconds: int) -> None:
        """Take the key; tokens live for ``seconds``."""
        self._signing_key = keys.signing_key()
        self._public_key = self._signing_key.public_key()
        self._key_id = keys.signing_key_id()
        self.seconds = seconds

    def issue(self, identity: Identity) -> str:
        """Return a token for the audience that the identity belongs to, in force from now."""
        return self._sign(audience_of(identity), _claims_of(identity), self.seconds)

    @overload
    def verify(self, token: str, audience: Literal[Audience.PARTNER]) -> Caller | PartnerStaff: ...
    @overload
    def verify(self, token: str, audience: Literal[Audience.OPERATOR]) -> OperatorStaff: ...
    @overload
    def verify(self, token: str, audience: Literal[Audience.MEMBER]) -> Holder: ...
    @overload
    def verify(self, token: str, audience: Audience) -> Identity: ...
    def verify(self, token: str, audience: Audience) -> Identity:
        """Return who the token is of at one audience's door. Raises TokenInvalidError."""
        try:
            identity = _identity(audience, self._claims(token, audience))
        except (KeyError, ValueError, TypeError, AttributeError):
            identity = None
        if identity is None:
            raise TokenInvalidError("The access token is not valid here.")
        return identity

    def issue_ticket(self, contact: Contact) -> str:
        """Return an enrolment ticket: its bearer has proven to hold the contact."""
        claims = {"sub": contact.value, "kind": contact.kind}
        return self._sign(TICKET_AUDIENCE, claims, TICKET_SECONDS)

    def verify_ticket(self, ticket: str) -> Contact:
        """Return the contact that a ticket's bearer has proven. Raises TokenInvalidError."""
        claims = self._claims(ticket, TICKET_AUDIENCE)
        try:
            return Contact(ContactKind(claims["kind"]), claims["sub"])
        except ValueError:
            raise TokenInvalidError("The enrolment ticket is not valid.") from None

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Return the public key as a JWK set (RFC 7517, RFC 8037)."""
        public = self._public_key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        key = {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": base64.urlsafe_b64encode(public).rstrip(b"=").decode(),
            "kid": self._key_id,
            "use": "sig",
            "alg": ALGORITHM,
        }
        return {"keys": [key]}

    def _sign(self, audience: str, claims: Mapping[str, object], seconds: int) -> str:
        now = int(time.time())
        return jwt.encode(
            {
                "iss": ISSUER,
                "aud": str(audience),
                **claims,
                "iat": now,
                "nbf": now,
                "exp": now + seconds,
            },
            self._signing_key,
            algorithm=ALGORITHM,
            headers={"kid": self._key_id},
        )

    def _claims(self, token: str, audience: str) -> dict[str, Any]:
        """Return the claims of a token of ours in force. Raises TokenInvalidError."""
        try:
            if jwt.get_unverified_header(token).get("kid") != self._key_id:
                raise TokenInvalidError("The access token is signed with another key.")
            return jwt.decode(
                token,
                self._public_key,
                algorithms=[ALGORITHM],
                audience=str(audience),
                issuer=ISSUER,
                leeway=CLOCKS_APART,
                options={"require": CLAIMS, "strict_aud": True},
            )
        except jwt.ExpiredSignatureError:
            raise TokenInvalidError("The access token has expired.") from None
        except (jwt.PyJWTError, KeyError, ValueError, TypeError, AttributeError):
            raise TokenInvalidError("The access token is not valid here.") from None


def _claims_of(identity: Identity) -> dict[str, object]:
    match identity:
        case Caller(credential_id=credential_id, partner_id=partner_id):
            return {
                "sub": str(credential_id),
                "partner": str(partner_id),
                "kind": ActorKind.SYSTEM,
            }
        case PartnerStaff(staff_id=staff_id, partner_id=partner_id):
            return {"sub": str(staff_id), "partner": str(partner_id), "kind": ActorKind.STAFF}
        case OperatorStaff(staff_id=staff_id):
            return {"sub": str(staff_id), "kind": ActorKind.STAFF}
        case Holder(bucket=bucket, member_id=member_id):
            return {"sub": str(member_id), "bucket": bucket, "kind": ActorKind.MEMBER}


def _identity(audience: Audience, claims: Mapping[str, Any]) -> Identity | None:
    subject = UUID(claims["sub"])
    match audience, ActorKind(claims["kind"]):
        case Audience.PARTNER, ActorKind.SYSTEM:
            return Caller(subject, UUID(claims["partner"]))
        case Audience.PARTNER, ActorKind.STAFF:
            return PartnerStaff(subject, UUID(claims["partner"]))
        case Audience.OPERATOR, ActorKind.STAFF:
            return OperatorStaff(subject)
        case Audience.MEMBER, ActorKind.MEMBER if claims["bucket"] in range(BUCKETS):
            return Holder(int(claims["bucket"]), subject)
    return None
