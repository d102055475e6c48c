"""GraphiQL at the doors: only in development, from our own files, with examples that work."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from graphql import parse, validate
from starlette.applications import Starlette

from coalition.identity.passwords import hash_password, new_password
from coalition.identity.staff import create_staff
from coalition.members import Enrolled, Holder
from schema import member, operator, partner
from schema.execution import DoorSchema
from service.app import DOORS, create_app
from service.database.transactions import Database
from service.graphiql.playground import Samples, examples
from service.keys import Keys
from service.settings import Settings
from service.tokens import AccessTokens
from tests.builders import Shop, enrol_members, hire, open_shop
from tests.site.chromium import chromium, require_chromium, served

pytestmark = pytest.mark.anyio

SCHEMAS = {"partner": partner.schema, "operator": operator.schema, "member": member.schema}
HTML = {"Accept": "text/html"}


@pytest.fixture
async def shop(database: Database) -> Shop:
    return await open_shop(database)


@pytest.fixture
async def buyer(database: Database) -> Enrolled:
    [enrolled] = await enrol_members(database)
    return enrolled


@pytest.fixture
def samples(buyer: Enrolled) -> Samples:
    return Samples(card=buyer.card.number, outlet="1", terminal="1")


@pytest.fixture
def app(database: Database, keys: Keys, samples: Samples) -> Starlette:
    return create_app(database, Settings(development=True), keys, samples=samples)


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://door") as opened:
        yield opened


@pytest.mark.parametrize("door", DOORS)
async def test_a_page_and_its_files_are_ours(client: httpx2.AsyncClient, door: str) -> None:
    page = await client.get(DOORS[door], headers=HTML)
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert "://" not in page.text.partition('id="settings"')[0]
    for file in ("graphiql.min.js", "graphiql.min.css", "react.production.min.js",
                 "react-dom.production.min.js", "playground.js", "playground.css"):  # fmt: skip
        assert file in page.text
        assert (await client.get(f"/graphiql/{file}")).status_code == 200


@pytest.mark.parametrize("door", DOORS)
async def test_in_production_there_is_none(database: Database, keys: Keys, door: str) -> None:
    transport = httpx2.ASGITransport(app=create_app(database, Settings(), keys))
    async with httpx2.AsyncClient(transport=transport, base_url="http://door") as client:
        assert (await client.get(DOORS[door], headers=HTML)).status_code == 405
        assert (await client.get("/graphiql/graphiql.min.js")).status_code == 404


async def test_a_program_is_told_to_post(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/graphql/partner", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(("door", "schema"), SCHEMAS.items())
async def test_every_example_runs(
    client: httpx2.AsyncClient,
    database: Database,
    keys: Keys,
    shop: Shop,
    buyer: Enrolled,
    samples: Samples,
    door: str,
    schema: DoorSchema,
) -> None:
    who = {
        "partner": shop.caller,
        "operator": await hire(database),
        "member": Holder(buyer.bucket, buyer.member_id),
    }[door]
    token = AccessTokens(keys, 600).issue(who)
    shown = examples(door, samples)
    assert len(shown) >= 2
    for example in shown:
        assert validate(schema._schema, parse(example["query"])) == []
        sent = {"query": example["query"], "variables": json.loads(example["variables"] or "{}")}
        response = await client.post(
            DOORS[door], json=sent, headers={"Authorization": f"Bearer {token}"}
        )
        answer: dict[str, Any] = response.json()
        assert "errors" not in answer, answer
        assert [found for found in refusals(answer["data"]) if found] == []


def refusals(answer: Any) -> list[Any]:
    """All that is in ``errors`` anywhere in an answer."""
    if isinstance(answer, list):
        return [found for each in answer for found in refusals(each)]
    if isinstance(answer, dict):
        deeper = [found for each in answer.values() for found in refusals(each)]
        return [answer.get("errors"), *deeper]
    return []


async def test_somebody_logs_in_and_runs_an_example(database: Database, app: Starlette) -> None:
    require_chromium()
    password = new_password()
    email = f"{password[:6].lower().strip('-_')}x@example.test"
    async with database.operator() as connection:
        await create_staff(
            connection,
            email=email,
            name="Kim",
            partner_id=None,
            password_hash=hash_password(password),
        )
    async with chromium() as browser, served(app) as address:
        page = await browser.new_page()
        broken: list[str] = []
        page.on("pageerror", lambda error: broken.append(str(error)))
        await page.goto(f"{address}/graphql/operator")
        await page.fill("input[name=who]", email)
        await page.fill("input[name=secret]", password)
        await page.click("#log-in button")
        await page.get_by_text("Logged in for 10 minutes.").wait_for()
        await page.click("button.graphiql-execute-button")
        await page.locator(".result-window", has_text='"timeZone": "America/New_York"').wait_for()
        assert broken == []
