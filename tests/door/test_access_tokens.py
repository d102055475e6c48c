"""Which tokens open the door: ours, in force, for this audience. Nothing else, ever."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from service.keys import Keys
from service.tokens import AccessTokens, Audience, TokenInvalidError
from tests.builders import Shop
from tests.door.tills import token_of

pytestmark = pytest.mark.anyio

Forge = Callable[[Keys, dict[str, Any]], str]


def claims_of(shop: Shop, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    return {
        "iss": "coalition",
        "aud": "coalition:partner",
        "sub": str(shop.credential.id),
        "partner": str(shop.partner.id),
        "kind": "system",
        "iat": now,
        "nbf": now,
        "exp": now + 600,
        **changes,
    }


def signed(keys: Keys, claims: dict[str, Any], **header: Any) -> str:
    headers = {"kid": keys.signing_key_id(), **header}
    return jwt.encode(claims, keys.signing_key(), algorithm="EdDSA", headers=headers)


def unsigned(keys: Keys, claims: dict[str, Any]) -> str:
    return jwt.encode(claims, None, algorithm="none", headers={"kid": keys.signing_key_id()})


def signed_by_another(keys: Keys, claims: dict[str, Any]) -> str:
    headers = {"kid": keys.signing_key_id()}
    return jwt.encode(claims, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers=headers)


def hashed_with_the_public_key(keys: Keys, claims: dict[str, Any]) -> str:
    """The old confusion of a public key with a shared secret."""
    public = keys.signing_key().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    headers = {"kid": keys.signing_key_id()}
    return jwt.encode(claims, public, algorithm="HS256", headers=headers)


def with_a_changed_partner(keys: Keys, claims: dict[str, Any]) -> str:
    header, _, signature = signed(keys, claims).split(".")
    content = json.dumps({**claims, "partner": claims["sub"]}).encode()
    return f"{header}.{base64.urlsafe_b64encode(content).rstrip(b'=').decode()}.{signature}"


def without(claim: str) -> Forge:
    return lambda keys, claims: signed(
        keys, {name: value for name, value in claims.items() if name != claim}
    )


def with_claims(**changes: Any) -> Forge:
    return lambda keys, claims: signed(keys, {**claims, **changes})


LATER = int(time.time()) + 24 * 3_600
FORGERIES: dict[str, Forge] = {
    "alg none": unsigned,
    "another key": signed_by_another,
    "HMAC with the public key": hashed_with_the_public_key,
    "another partner under the signature": with_a_changed_partner,
    "another kid": lambda keys, claims: signed(keys, claims, kid="another"),
    "another audience": with_claims(aud="coalition:operator"),
    "several audiences": with_claims(aud=["coalition:partner", "coalition:operator"]),
    "another issuer": with_claims(iss="another"),
    "not yet valid": with_claims(nbf=LATER, exp=LATER + 600),
    "issued in the future": with_claims(iat=LATER, exp=LATER + 600),
    "a subject that is no id": with_claims(sub="me"),
    "a partner that is no id": with_claims(partner=7),
    "a kind that is not a partner's": with_claims(kind="member"),
    "no kind there is": with_claims(kind="robot"),
    "an expiry that is no number": with_claims(exp="never"),
    "garbage": lambda _keys, _claims: "garbage",
    "dots": lambda _keys, _claims: "..",
    "nothing": lambda _keys, _claims: "",
    "a list": lambda _keys, _claims: "W10.W10.W10",
} | {
    f"without {claim}": without(claim)
    for claim in ("iss", "aud", "sub", "partner", "kind", "iat", "nbf", "exp")
}


async def refusal_of(client: httpx2.AsyncClient, authorization: str | None) -> str:
    """The challenge and message of a 401, which is all that may come."""
    response = await client.post(
        "/graphql/partner",
        json={"query": "{ partner { code } }"},
        headers={} if authorization is None else {"Authorization": authorization},
    )
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/json"
    [error] = response.json()["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert "data" not in response.json()
    return f"{response.headers['www-authenticate']}; {error['message']}"


@pytest.mark.parametrize("case", FORGERIES)
async def test_a_forgery_opens_nothing(
    case: str, client: httpx2.AsyncClient, shop: Shop, keys: Keys
) -> None:
    token = FORGERIES[case](keys, claims_of(shop))
    refused = await refusal_of(client, f"Bearer {token}")
    assert refused.startswith('Bearer realm="coalition", error="invalid_token"')
    assert shop.partner.code not in refused


async def test_an_expired_token(client: httpx2.AsyncClient, shop: Shop, keys: Keys) -> None:
    past = int(time.time()) - 1_000
    token = signed(keys, claims_of(shop, iat=past, nbf=past, exp=past + 600))
    assert "expired" in await refusal_of(client, f"Bearer {token}")


async def test_no_token(client: httpx2.AsyncClient, shop: Shop, keys: Keys) -> None:
    for authorization in (None, "", f"Basic {token_of(shop, keys)}", token_of(shop, keys)):
        refused = await refusal_of(client, authorization)
        assert refused.startswith('Bearer realm="coalition"; An access token is missing')


async def test_what_is_issued_is_verified_until_it_expires(shop: Shop, keys: Keys) -> None:
    tokens = AccessTokens(keys, seconds=600)
    ours = Audience.PARTNER
    assert tokens.verify(tokens.issue(shop.caller), ours) == shop.caller
    with pytest.raises(TokenInvalidError, match="expired"):
        tokens.verify(AccessTokens(keys, seconds=-6).issue(shop.caller), ours)
    with pytest.raises(TokenInvalidError, match="another key"):
        tokens.verify(AccessTokens(Keys(b"another" * 8), seconds=600).issue(shop.caller), ours)
