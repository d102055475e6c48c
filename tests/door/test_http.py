"""The door over HTTP: bodies, statuses, errors of ours, and whether the service is well."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NoReturn
from uuid import UUID

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.applications import Starlette
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from partners import registry
from service.app import create_app
from service.database.transactions import Database
from service.keys import Keys
from service.settings import Settings
from tests.builders import Shop
from tests.door.tills import RECORD, Till, rows_of, sale, sale_line, token_of

pytestmark = pytest.mark.anyio

GRAPHQL_RESPONSE = "application/graphql-response+json"


async def test_a_body_over_the_limit(till: Till, card: str, database: Database) -> None:
    receipt = sale(card, lines=[sale_line("0.01", name="N" * 200)] * 20_000)
    variables = {"input": {"idempotencyKey": "k", "receipt": receipt}}
    response = await till.post({"query": RECORD, "variables": variables})
    assert response.status_code == 413
    assert response.headers["content-type"] == "application/json"
    [error] = response.json()["errors"]
    assert error["extensions"] == {"code": "BODY_TOO_LARGE"}
    assert not any((await rows_of(database, till.shop)).values())


async def test_a_body_over_the_limit_that_does_not_say_so(till: Till) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b" " * 1024 * 1024

    response = await till.client.post(
        "/graphql/partner",
        content=endless(),
        headers={"Authorization": f"Bearer {till.token}", "Content-Type": "application/json"},
    )
    assert response.status_code == 413


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"query": 7}',
        b'{"query": "{ __typename }", "variables": []}',
        b'{"query": "{ __typename }", "variables": "{}"}',
        b'{"query": "{ __typename }", "operationName": 7}',
        b'[{"query": "{ __typename }"}]',
        b'{"query": "\xff"}',
        b'{"query": "\\ud800"}',
        b"[" * 5_000,
    ],
    ids=lambda body: f"{body!r:.40}",
)
async def test_a_body_that_is_no_request(till: Till, body: bytes) -> None:
    response = await till.client.post(
        "/graphql/partner",
        content=body,
        headers={"Authorization": f"Bearer {till.token}", "Content-Type": "application/json"},
    )
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_only_json_is_read(till: Till) -> None:
    response = await till.client.post(
        "/graphql/partner",
        data={"query": "{ __typename }"},
        headers={"Authorization": f"Bearer {till.token}"},
    )
    assert response.status_code == 415


async def test_only_posts(till: Till) -> None:
    response = await till.client.get("/graphql/partner", params={"query": "{ __typename }"})
    assert response.status_code == 405
    assert response.json()["errors"][0]["extensions"] == {"code": "METHOD_NOT_ALLOWED"}
    response = await till.client.get("/nowhere")
    assert response.status_code == 404
    assert response.json()["errors"][0]["extensions"] == {"code": "NOT_FOUND"}


async def test_statuses_by_the_media_type_that_is_asked_for(till: Till) -> None:
    wrong = {"query": "{ nothing }"}
    right = {"query": "{ __typename }"}
    for content, status in ((wrong, 400), (right, 200)):
        plain = await till.post(content)
        assert (plain.status_code, plain.headers["content-type"]) == (200, "application/json")
        asked = await till.post(content, Accept=f"{GRAPHQL_RESPONSE}, application/json")
        assert (asked.status_code, asked.headers["content-type"]) == (status, GRAPHQL_RESPONSE)
        assert asked.json() == plain.json()


async def test_an_error_of_ours_is_hidden_and_logged(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any, **__: Any) -> NoReturn:
        raise ValueError("a secret detail")

    monkeypatch.setattr(registry, "read_partner", fail)
    with capture_logs() as logged:
        answer = await till.ask("{ partner { code } }")
    [error] = answer["errors"]
    assert answer["data"] is None
    assert error["message"] == "Internal error"
    assert error["path"] == ["partner"]
    assert error["extensions"]["code"] == "INTERNAL"
    [line] = [each for each in logged if each["event"] == "request failed"]
    assert line["incident"] == error["extensions"]["incident"]
    assert str(UUID(line["incident"])) == line["incident"]
    assert repr(line["exc_info"]) == "ValueError('a secret detail')"
    assert "secret" not in str(answer)


class Broken(Database):
    """A database whose desk fails: when it is entered, or within a purchase."""

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[AsyncConnection]:
        async with super().desk() as connection:
            await connection.exec_driver_sql("select 1 / 0")
            yield connection


async def test_a_purchase_that_fails_names_its_incident(
    location: Any, keys: Keys, shop: Shop, card: str, database: Database
) -> None:
    broken = Broken(location, keys)
    transport = httpx2.ASGITransport(app=create_app(broken, Settings(), keys))
    async with httpx2.AsyncClient(transport=transport, base_url="http://door") as client:
        till = Till(shop, client, token_of(shop, keys))
        with capture_logs() as logged:
            payload = await till.record(sale(card))
        await broken.close()
    [error] = payload["errors"]
    assert (error["code"], error["path"]) == ("INTERNAL", [])
    [line] = [each for each in logged if each["event"] == "purchase failed"]
    assert error["message"].endswith(f"Incident {line['incident']}.")
    assert not any((await rows_of(database, shop)).values())


async def test_an_error_outside_of_graphql(
    till: Till, app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any, **__: Any) -> NoReturn:
        raise ValueError("a secret detail")

    monkeypatch.setattr("schema.partner.schema.execute", fail)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://door") as client:
        response = await Till(till.shop, client, till.token).post({"query": "{ __typename }"})
    assert response.status_code == 500
    [error] = response.json()["errors"]
    assert error["message"] == "Internal error"
    assert error["extensions"].keys() == {"code", "incident"}


async def test_health(client: httpx2.AsyncClient) -> None:
    response = await client.get("/health")
    assert (response.status_code, response.json()) == (200, {"status": "live"})
    response = await client.get("/ready")
    assert (response.status_code, response.json()) == (200, {"status": "ready"})


async def test_not_ready(location: Any, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = Database(location.set(port=1), keys)
    transport = httpx2.ASGITransport(app=create_app(elsewhere, Settings(), keys))
    async with httpx2.AsyncClient(transport=transport, base_url="http://door") as client:
        assert (await client.get("/health")).status_code == 200
        response = await client.get("/ready")
    assert response.status_code == 503
    assert response.json() == {"status": "database unreachable"}

    unmigrated = Database(location.set(database="template1"), keys)
    transport = httpx2.ASGITransport(app=create_app(unmigrated, Settings(), keys))
    async with httpx2.AsyncClient(transport=transport, base_url="http://door") as client:
        response = await client.get("/ready")
    await unmigrated.close()
    assert (response.status_code, response.json()) == (503, {"status": "schema outdated"})


def test_shutting_down_closes_the_database(location: Any, keys: Keys) -> None:
    database = Database(location, keys)
    with TestClient(create_app(database, Settings(), keys)) as client:
        assert client.get("/ready").status_code == 200
        assert database._engines
    assert not database._engines
