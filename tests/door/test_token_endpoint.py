"""The token endpoint, by RFC 6749: who gets a token, and how the others are told."""

import base64
import time
from typing import Any, LiteralString

import httpx2
import jwt
import pytest

from service.database.transactions import Database
from service.keys import Keys
from service.settings import Settings
from tests.builders import Shop
from tests.door.tills import administer

pytestmark = pytest.mark.anyio

STRANGER = "019a0000-0000-7000-8000-000000000000"


def form(shop: Shop, **changes: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": str(shop.credential.id),
        "client_secret": shop.credential.secret,
        **changes,
    }


def basic(identifier: str, secret: str) -> dict[str, str]:
    encoded = base64.b64encode(f"{identifier}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {encoded}"}


def assert_refused(response: httpx2.Response, status: int, error: str) -> None:
    assert (response.status_code, response.json()["error"]) == (status, error)
    assert response.headers["cache-control"] == "no-store"
    assert ("www-authenticate" in response.headers) == (status == 401)
    assert response.json().keys() == {"error", "error_description"}


async def test_a_client_gets_a_token_that_opens_the_door(
    client: httpx2.AsyncClient, shop: Shop, keys: Keys
) -> None:
    response = await client.post("/oauth/token", data=form(shop))
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["pragma"] == "no-cache"
    answer = response.json()
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == Settings().token_seconds

    token = answer["access_token"]
    header = jwt.get_unverified_header(token)
    assert (header["alg"], header["kid"]) == ("EdDSA", keys.signing_key_id())
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["iss"] == "coalition"
    assert claims["aud"] == "coalition:partner"
    assert claims["sub"] == str(shop.credential.id)
    assert claims["partner"] == str(shop.partner.id)
    assert claims["kind"] == "system"
    assert claims["iat"] == claims["nbf"] == claims["exp"] - answer["expires_in"]
    assert abs(claims["iat"] - time.time()) < 10

    response = await client.post(
        "/graphql/partner",
        json={"query": "{ partner { code } }"},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert response.json() == {"data": {"partner": {"code": shop.partner.code}}}


async def test_a_client_may_use_basic(client: httpx2.AsyncClient, shop: Shop) -> None:
    response = await client.post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        headers=basic(str(shop.credential.id), shop.credential.secret),
    )
    assert response.status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"client_secret": "wrong"},
        {"client_secret": "wrong\0"},
        {"client_secret": ""},
        {"client_id": ""},
        {"client_id": STRANGER},
        {"client_id": "no uuid"},
        {"client_id": "\0"},
    ],
    ids=repr,
)
async def test_strangers_are_refused_alike(
    client: httpx2.AsyncClient, shop: Shop, changes: dict[str, str]
) -> None:
    assert_refused(
        await client.post("/oauth/token", data=form(shop, **changes)), 401, "invalid_client"
    )


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic",
        "Basic !",
        "Basic bm9jb2xvbg==",
        "Basic /w==",
        "Bearer x",
        basic(STRANGER, "wrong")["Authorization"],
    ],
)
async def test_a_header_that_names_no_client(
    client: httpx2.AsyncClient, authorization: str
) -> None:
    response = await client.post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        headers={"Authorization": authorization},
    )
    assert_refused(response, 401, "invalid_client")
    assert response.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    "statement",
    [
        "update partners.credential set revoked_at = now() where partner_id = %s",
        "update partners.partner set status = 'suspended' where id = %s",
    ],
    ids=["revoked", "suspended"],
)
async def test_who_is_no_longer_let_in(
    client: httpx2.AsyncClient, shop: Shop, database: Database, statement: LiteralString
) -> None:
    administer(database, statement, shop.partner.id)
    response = await client.post("/oauth/token", data=form(shop))
    assert_refused(response, 401, "invalid_client")


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ({"data": {"client_id": "x", "client_secret": "y"}}, "invalid_request"),
        ({"data": {"grant_type": "password"}}, "unsupported_grant_type"),
        ({"data": {"grant_type": ""}}, "unsupported_grant_type"),
        ({"json": {"grant_type": "client_credentials"}}, "invalid_request"),
        ({}, "invalid_request"),
        ({"content": b"grant_type=a&grant_type=a"}, "invalid_request"),
        ({"content": b"grant_type=%ff"}, "invalid_request"),
        ({"content": b"\xff"}, "invalid_request"),
        ({"content": b"&" * 30}, "invalid_request"),
    ],
    ids=repr,
)
async def test_a_request_that_is_none(
    client: httpx2.AsyncClient, sent: dict[str, Any], error: str
) -> None:
    headers = {}
    if "content" in sent:
        headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
    assert_refused(await client.post("/oauth/token", headers=headers, **sent), 400, error)


async def test_a_client_authenticates_in_one_way(client: httpx2.AsyncClient, shop: Shop) -> None:
    headers = basic(str(shop.credential.id), shop.credential.secret)
    response = await client.post("/oauth/token", data=form(shop), headers=headers)
    assert_refused(response, 400, "invalid_request")


async def test_only_small_posts(client: httpx2.AsyncClient, shop: Shop) -> None:
    assert (await client.get("/oauth/token")).status_code == 405
    response = await client.post("/oauth/token", data=form(shop, scope="x" * 20_000))
    assert response.status_code == 413
    assert response.json()["errors"][0]["extensions"]["code"] == "BODY_TOO_LARGE"
