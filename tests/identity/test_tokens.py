"""Access tokens: each opens its own audience's door and no other, and tells who acts there."""

import time
from itertools import product
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coalition.identity.subjects import OperatorStaff, PartnerStaff
from coalition.members import Contact, Holder
from coalition.recording import Caller
from coalition.tables import ContactKind
from service.keys import Keys
from service.tokens import TICKET_AUDIENCE, AccessTokens, Audience, Identity, TokenInvalidError

ONE, TWO = UUID(int=1), UUID(int=2)
IDENTITIES: dict[str, tuple[Identity, Audience]] = {
    "a partner's system": (Caller(ONE, TWO), Audience.PARTNER),
    "a partner's employee": (PartnerStaff(ONE, TWO), Audience.PARTNER),
    "the operator's employee": (OperatorStaff(ONE), Audience.OPERATOR),
    "a member": (Holder(1_023, ONE), Audience.MEMBER),
}
CONTACT = Contact(ContactKind.EMAIL, "ann@example.test")


def claims(audience: str, **changes: Any) -> dict[str, Any]:
    """Sound claims of everyone at once; None takes one away."""
    now = int(time.time())
    whole = {
        "iss": "coalition", "aud": audience, "sub": str(ONE), "partner": str(TWO), "bucket": 7,
        "kind": "staff", "iat": now, "nbf": now, "exp": now + 600,
    } | changes  # fmt: skip
    return {name: value for name, value in whole.items() if value is not None}


def signed(keys: Keys, content: dict[str, Any]) -> str:
    headers = {"kid": keys.signing_key_id()}
    return jwt.encode(content, keys.signing_key(), algorithm="EdDSA", headers=headers)


@pytest.mark.parametrize(("who", "audience"), [*product(IDENTITIES, Audience)])
def test_a_token_opens_its_own_audiences_door_only(
    tokens: AccessTokens, who: str, audience: Audience
) -> None:
    identity, own = IDENTITIES[who]
    token = tokens.issue(identity)
    if audience is own:
        verified = tokens.verify(token, audience)
        assert verified == identity
        assert type(verified) is type(identity)
    else:
        with pytest.raises(TokenInvalidError):
            tokens.verify(token, audience)


@pytest.mark.parametrize("audience", Audience)
def test_a_sound_forgery_is_what_the_others_differ_from(
    tokens: AccessTokens, keys: Keys, audience: Audience
) -> None:
    kind = "member" if audience is Audience.MEMBER else "staff"
    assert tokens.verify(signed(keys, claims(audience, kind=kind)), audience)


FLAWS: dict[str, tuple[Audience, dict[str, Any]]] = {
    "a system at the operator's": (Audience.OPERATOR, {"kind": "system"}),
    "a member at the operator's": (Audience.OPERATOR, {"kind": "member"}),
    "a member at a partner's": (Audience.PARTNER, {"kind": "member"}),
    "staff at the members'": (Audience.MEMBER, {"kind": "staff"}),
    "nobody's kind": (Audience.PARTNER, {"kind": "queen"}),
    "a kind that is no text": (Audience.PARTNER, {"kind": ["staff"]}),
    "staff of no partner": (Audience.PARTNER, {"partner": None}),
    "a member of no bucket": (Audience.MEMBER, {"kind": "member", "bucket": None}),
    "a bucket too high": (Audience.MEMBER, {"kind": "member", "bucket": 1_024}),
    "a bucket too low": (Audience.MEMBER, {"kind": "member", "bucket": -1}),
    "a bucket in words": (Audience.MEMBER, {"kind": "member", "bucket": "7"}),
    "several audiences": (Audience.OPERATOR, {"aud": [*Audience]}),
    "expired": (Audience.OPERATOR, {"exp": 1_000}),
    "not yet valid": (Audience.OPERATOR, {"nbf": 4_000_000_000}),
} | {
    f"without {claim}": (audience, {"kind": kind} | {claim: None})
    for claim in ("iss", "aud", "sub", "iat", "nbf", "exp", "kind")
    for audience, kind in ((Audience.MEMBER, "member"), (Audience.OPERATOR, "staff"))
}


@pytest.mark.parametrize("case", FLAWS)
def test_a_flawed_token_opens_nothing(tokens: AccessTokens, keys: Keys, case: str) -> None:
    audience, changes = FLAWS[case]
    with pytest.raises(TokenInvalidError):
        tokens.verify(signed(keys, claims(audience, **changes)), audience)


@pytest.mark.parametrize("audience", Audience)
def test_nobody_else_signs(tokens: AccessTokens, keys: Keys, audience: Audience) -> None:
    content = claims(audience, kind="member" if audience is Audience.MEMBER else "staff")
    headers = {"kid": keys.signing_key_id()}
    for forged in (
        jwt.encode(content, None, algorithm="none", headers=headers),
        jwt.encode(content, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers=headers),
    ):
        with pytest.raises(TokenInvalidError):
            tokens.verify(forged, audience)


def test_a_ticket_and_an_access_token_are_not_worth_each_other(tokens: AccessTokens) -> None:
    ticket = tokens.issue_ticket(CONTACT)
    assert tokens.verify_ticket(ticket) == CONTACT
    for audience in Audience:
        with pytest.raises(TokenInvalidError):
            tokens.verify(ticket, audience)
    for identity, _ in IDENTITIES.values():
        with pytest.raises(TokenInvalidError):
            tokens.verify_ticket(tokens.issue(identity))


@pytest.mark.parametrize(
    "changes",
    [{"exp": 1_000}, {"kind": "staff"}, {"kind": None}, {"sub": None}, {"aud": "coalition:member"}],
    ids=str,
)
def test_a_flawed_ticket_proves_nothing(
    tokens: AccessTokens, keys: Keys, changes: dict[str, Any]
) -> None:
    sound = claims(TICKET_AUDIENCE, kind="phone", sub="+79120000000")
    assert tokens.verify_ticket(signed(keys, sound)) == Contact(ContactKind.PHONE, sound["sub"])
    content = claims(TICKET_AUDIENCE, **{"kind": "phone", "sub": "+79120000000"} | changes)
    with pytest.raises(TokenInvalidError):
        tokens.verify_ticket(signed(keys, content))


def test_another_installations_ticket_proves_nothing(tokens: AccessTokens) -> None:
    other = AccessTokens(Keys(b"another" * 8), seconds=600)
    with pytest.raises(TokenInvalidError):
        tokens.verify_ticket(other.issue_ticket(CONTACT))


def test_the_published_key_verifies_tokens_with_any_library(tokens: AccessTokens) -> None:
    token = tokens.issue(OperatorStaff(ONE))
    published = jwt.PyJWKSet.from_dict(tokens.jwks())
    key = published[jwt.get_unverified_header(token)["kid"]]
    assert key.key_type == "OKP"
    verified = jwt.decode(
        token, key, algorithms=["EdDSA"], audience="coalition:operator", issuer="coalition"
    )
    assert verified["sub"] == str(ONE)
    [told] = tokens.jwks()["keys"]
    assert set(told) == {"kty", "crv", "x", "kid", "use", "alg"}  # "d" would be the private half
