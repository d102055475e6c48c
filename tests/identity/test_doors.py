"""The whole application: a log-in's token opens its own audience's door, and no other's."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from coalition.identity.subjects import OperatorStaff, PartnerStaff
from coalition.members import Holder
from service.app import create_app
from service.database.transactions import Database
from service.keys import Keys
from service.settings import Settings
from service.tokens import AccessTokens, Identity
from tests.builders import enrol_members, open_shop
from tests.identity.people import PASSWORD, register

pytestmark = pytest.mark.anyio

DOORS = ("/graphql/partner", "/graphql/operator", "/graphql/member")


@pytest.fixture
async def whole(database: Database, keys: Keys) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=create_app(database, Settings(), keys))
    async with httpx2.AsyncClient(transport=transport, base_url="http://door") as opened:
        yield opened


async def opened_by(client: httpx2.AsyncClient, token: str) -> list[str]:
    """The doors that a token opens; the others answer 401 and nothing else."""
    opened = []
    for door in DOORS:
        response = await client.post(
            door,
            json={"query": "{ __typename }"},
            headers={"Authorization": f"Bearer {token}"},
        )
        if response.status_code == 200:
            assert response.json() == {"data": {"__typename": "Query"}}
            opened.append(door)
        else:
            assert response.status_code == 401
            assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    return opened


async def test_a_token_opens_its_own_door_only(
    whole: httpx2.AsyncClient, database: Database, tokens: AccessTokens
) -> None:
    shop = await open_shop(database)
    [member] = await enrol_members(database)
    ours, theirs = await register(database), await register(database, partner_id=shop.partner.id)
    identities: list[tuple[Identity, str]] = [
        (shop.caller, "/graphql/partner"),
        (PartnerStaff(theirs.id, shop.partner.id), "/graphql/partner"),
        (OperatorStaff(ours.id), "/graphql/operator"),
        (Holder(member.bucket, member.member_id), "/graphql/member"),
    ]
    for identity, door in identities:
        assert await opened_by(whole, tokens.issue(identity)) == [door]


async def test_a_log_in_opens_the_door_that_it_names(
    whole: httpx2.AsyncClient, database: Database
) -> None:
    shop = await open_shop(database)
    for partner_id in (None, shop.partner.id):
        person = await register(database, partner_id=partner_id)
        response = await whole.post(
            "/auth/staff", json={"email": person.email, "password": PASSWORD}
        )
        answer = response.json()
        door = f"/graphql/{answer['audience']}"
        assert await opened_by(whole, answer["access_token"]) == [door]
        assert await opened_by(whole, answer["refresh_token"]) == []


async def test_a_production_without_a_mail_server_sends_no_code(
    whole: httpx2.AsyncClient,
) -> None:
    response = await whole.post("/auth/codes", json={"contact": "ann@example.test"})
    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert error["extensions"] == {"code": "CONTACT_UNREACHABLE", "path": "contact"}


async def test_a_body_too_large_is_refused(whole: httpx2.AsyncClient) -> None:
    response = await whole.post("/auth/staff", json={"email": "x" * 20_000, "password": "x"})
    assert response.status_code == 413
    assert response.json()["errors"][0]["extensions"]["code"] == "BODY_TOO_LARGE"
