"""Staff at the endpoints: in by a password, alike refused otherwise, and out again."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from coalition.identity.staff import disable_staff
from coalition.identity.subjects import OperatorStaff, PartnerStaff
from service import identity
from service.database.transactions import Database
from service.settings import Settings
from service.tokens import AccessTokens, Audience
from tests.builders import open_shop
from tests.identity.people import PASSWORD, administer, fresh_email, register, rows

pytestmark = pytest.mark.anyio

NEW_PASSWORD = "battery staple correct"


def error_of(response: httpx2.Response) -> tuple[int, dict[str, Any]]:
    """The status and the one error of a refusal, which nothing may store."""
    assert response.headers["cache-control"] == "no-store"
    assert ("www-authenticate" in response.headers) == (response.status_code == 401)
    [error] = response.json()["errors"]
    assert len(error["message"]) > 20
    return response.status_code, error["extensions"]


async def log_in(
    client: httpx2.AsyncClient, email: str, password: str = PASSWORD
) -> httpx2.Response:
    return await client.post("/auth/staff", json={"email": email, "password": password})


async def test_staff_logs_in_to_its_own_door(
    client: httpx2.AsyncClient, database: Database, tokens: AccessTokens
) -> None:
    shop = await open_shop(database)
    ours, theirs = await register(database), await register(database, partner_id=shop.partner.id)
    for person, audience, subject in (
        (ours, Audience.OPERATOR, OperatorStaff(ours.id)),
        (theirs, Audience.PARTNER, PartnerStaff(theirs.id, shop.partner.id)),
    ):
        response = await log_in(client, f" {person.email.upper()}")
        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
        answer = response.json()
        assert answer.keys() == {
            "access_token", "token_type", "expires_in", "refresh_token", "audience",
        }  # fmt: skip
        assert (answer["token_type"], answer["expires_in"], answer["audience"]) == (
            "Bearer",
            Settings().token_seconds,
            audience.name.lower(),
        )
        assert tokens.verify(answer["access_token"], audience) == subject
        response = await client.post(
            "/auth/refresh", json={"refresh_token": answer["refresh_token"]}
        )
        assert response.status_code == 200
        fresh = response.json()
        assert fresh.keys() == answer.keys() - {"refresh_token"}
        assert fresh["audience"] == answer["audience"]
        assert tokens.verify(fresh["access_token"], audience) == subject


async def unknown(database: Database) -> tuple[str, str]:
    return fresh_email(), PASSWORD


async def no_address(database: Database) -> tuple[str, str]:
    return "olga\0", PASSWORD


async def wrong(database: Database) -> tuple[str, str]:
    return (await register(database)).email, PASSWORD + "x"


async def empty(database: Database) -> tuple[str, str]:
    return (await register(database)).email, ""


async def disabled(database: Database) -> tuple[str, str]:
    person = await register(database)
    async with database.operator() as connection:
        await disable_staff(connection, person.id)
    return person.email, PASSWORD


async def suspended(database: Database) -> tuple[str, str]:
    shop = await open_shop(database)
    person = await register(database, partner_id=shop.partner.id)
    administer(
        database,
        "update partners.partner set status = 'suspended' where id = %s",
        shop.partner.id,
    )
    return person.email, PASSWORD


STRANGERS = [unknown, no_address, wrong, empty, disabled, suspended]


@pytest.mark.parametrize("stranger", STRANGERS, ids=lambda stranger: stranger.__name__)
async def test_strangers_are_refused_alike_after_the_same_work(
    client: httpx2.AsyncClient,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    stranger: Callable[[Database], Awaitable[tuple[str, str]]],
) -> None:
    checked: list[bool] = []
    matches = identity.password_matches

    def counting(stored_hash: str | None, password: str) -> bool:
        checked.append(True)
        return matches(stored_hash, password)

    monkeypatch.setattr(identity, "password_matches", counting)
    email, password = await stranger(database)
    response = await log_in(client, email, password)
    assert error_of(response) == (401, {"code": "LOG_IN_FAILED"})
    assert response.json()["errors"][0]["message"] == identity.LogInRefusal.LOG_IN_FAILED.meaning
    assert len(checked) == 1
    changing = {"email": email, "password": password, "new_password": NEW_PASSWORD}
    response = await client.post("/auth/password", json=changing)
    assert error_of(response) == (401, {"code": "LOG_IN_FAILED"})
    assert len(checked) == 2


async def refresh_status(client: httpx2.AsyncClient, token: str) -> int:
    response = await client.post("/auth/refresh", json={"refresh_token": token})
    if response.status_code != 200:
        facts = {"code": "SESSION_ENDED", "path": "refresh_token"}
        assert error_of(response) == (401, facts)
    return response.status_code


async def test_who_is_no_longer_let_in_gets_no_fresh_token(
    client: httpx2.AsyncClient, database: Database
) -> None:
    shop = await open_shop(database)
    ours, theirs = await register(database), await register(database, partner_id=shop.partner.id)
    sessions = [
        (await log_in(client, each.email)).json()["refresh_token"] for each in (ours, theirs)
    ]
    assert [await refresh_status(client, each) for each in sessions] == [200, 200]
    async with database.operator() as connection:
        await disable_staff(connection, ours.id)
    administer(
        database,
        "update partners.partner set status = 'suspended' where id = %s",
        shop.partner.id,
    )
    assert [await refresh_status(client, each) for each in sessions] == [401, 401]


async def test_a_log_out_ends_the_session_and_never_fails(
    client: httpx2.AsyncClient, database: Database
) -> None:
    person = await register(database)
    one, other = [(await log_in(client, person.email)).json()["refresh_token"] for _ in range(2)]
    for token in (one, one, "nobody's", "\0"):
        response = await client.post("/auth/logout", json={"refresh_token": token})
        assert (response.status_code, response.content) == (204, b"")
    assert await refresh_status(client, one) == 401
    assert await refresh_status(client, other) == 200


async def test_an_access_token_is_no_refresh_token(
    client: httpx2.AsyncClient, database: Database
) -> None:
    person = await register(database)
    answer = (await log_in(client, person.email)).json()
    assert await refresh_status(client, answer["access_token"]) == 401


async def test_a_changed_password_lets_in_and_the_old_one_and_its_sessions_do_not(
    client: httpx2.AsyncClient, database: Database
) -> None:
    person, colleague = await register(database), await register(database)
    old = (await log_in(client, person.email)).json()["refresh_token"]
    theirs = (await log_in(client, colleague.email)).json()["refresh_token"]
    changing = {"email": person.email, "password": PASSWORD, "new_password": NEW_PASSWORD}
    response = await client.post("/auth/password", json=changing)
    assert (response.status_code, response.content) == (204, b"")
    assert await refresh_status(client, old) == 401
    assert await refresh_status(client, theirs) == 200
    assert (await log_in(client, person.email)).status_code == 401
    fresh = await log_in(client, person.email, NEW_PASSWORD)
    assert await refresh_status(client, fresh.json()["refresh_token"]) == 200


async def test_a_password_too_short_or_long_is_refused(
    client: httpx2.AsyncClient, database: Database
) -> None:
    person = await register(database)
    for password in ("x" * 11, "x" * 201):
        changing = {"email": person.email, "password": PASSWORD, "new_password": password}
        response = await client.post("/auth/password", json=changing)
        facts = {"code": "PASSWORD_INVALID", "path": "new_password"}
        assert error_of(response) == (400, facts)
    assert (await log_in(client, person.email)).status_code == 200


async def test_a_password_changed_while_it_is_checked_opens_no_session(
    client: httpx2.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await register(database)

    def late(_stored: str | None, _password: str) -> bool:
        administer(
            database,
            "update coalition.staff set password_hash = 'another' where id = %s",
            person.id,
        )
        return True

    monkeypatch.setattr(identity, "password_matches", late)
    assert error_of(await log_in(client, person.email)) == (401, {"code": "LOG_IN_FAILED"})
    opened = "select count(*) from coalition.session where staff_id = %s"
    assert rows(database, opened, person.id) == [(0,)]


@pytest.mark.parametrize(
    ("sent", "status", "facts"),
    [
        ({"json": {"email": "x"}}, 400, {"path": "password"}),
        ({"json": {"email": 7, "password": "x"}}, 400, {"path": "email"}),
        ({"json": {"email": None, "password": "x"}}, 400, {"path": "email"}),
        ({"json": []}, 400, {}),
        ({"json": "email"}, 400, {}),
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 400, {}),
        ({"content": b'{"email": "\\ud800", "password": "x"}',
          "headers": {"Content-Type": "application/json"}}, 400, {}),
        ({"data": {"email": "x", "password": "x"}}, 415, {}),
        ({}, 415, {}),
    ],
    ids=str,
)  # fmt: skip
async def test_a_body_that_is_none(
    client: httpx2.AsyncClient, sent: dict[str, Any], status: int, facts: dict[str, str]
) -> None:
    response = await client.post("/auth/staff", **sent)
    assert error_of(response) == (status, {"code": "BAD_REQUEST", **facts})


async def test_only_small_posts(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/auth/staff")).status_code == 405
    assert (await log_in(client, "x", "x" * 20_000)).status_code == 413


async def test_the_public_key_is_there(client: httpx2.AsyncClient, tokens: AccessTokens) -> None:
    response = await client.get("/.well-known/jwks.json")
    assert (response.status_code, response.json()) == (200, tokens.jwks())
