"""Who takes part and what they offer, as members read it; and who may greet them."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from sqlalchemy import URL

from coalition.members import Holder
from ledger.identifiers import new_id
from partners.contracts import Terms, agree_contract
from partners.registry import Outlet, open_outlets
from schema.opaque import PARTNER
from service.app import create_app
from service.database.transactions import Database
from service.keys import Keys
from service.settings import Settings
from service.tokens import AccessTokens
from tests.builders import Shop, enrol_members, open_shop
from tests.door.member.conftest import Join
from tests.door.member.visitors import (
    NODE,
    PARTNERS,
    Visitor,
    block_member,
    suspend,
)
from tests.door.test_paging import walk

pytestmark = pytest.mark.anyio

PARTNER_BY_ID = """
  query Partner($id: ID!) {
    node(id: $id) { ... on Partner {
      id code greetsMe
      offer { currency pointsPerUnit rounding excludedCategories
        categoryMultipliers { category multiplier }
        redeemValue redeemStep redeemLeastBalance redeemGreatestShare }
    } }
  }
"""
OUTLETS = """
  query Outlets($id: ID!, $first: PageSize, $after: Cursor) {
    node(id: $id) { ... on Partner {
      outlets(first: $first, after: $after) {
        edges { cursor node { id code name address } }
        pageInfo { hasNextPage endCursor }
      }
    } }
  }
"""


def id_of(shop: Shop) -> str:
    return PARTNER.seal(shop.partner.id)


async def _read(visitor: Visitor, shop: Shop) -> dict[str, Any]:
    node: dict[str, Any] = (await visitor.data(PARTNER_BY_ID, id=id_of(shop)))["node"]
    return node


async def _listed(visitor: Visitor) -> list[dict[str, Any]]:
    return await walk(visitor, PARTNERS, 100)


async def test_partners_are_listed_by_name_in_pages(visitor: Visitor, database: Database) -> None:
    shops = [await open_shop(database) for _ in range(3)]
    whole = await _listed(visitor)
    names = [(each["name"], each["code"]) for each in whole]
    assert {(shop.partner.name, shop.partner.code) for shop in shops} <= set(names)
    assert names == sorted(names)
    assert await walk(visitor, PARTNERS, 1) == await walk(visitor, PARTNERS, 2) == whole
    for each in whole:
        found = await visitor.data(NODE, id=each["id"])
        assert found["node"] == {"__typename": "Partner", "id": each["id"]}


async def test_a_partner_gives_what_its_contract_in_force_says(
    visitor: Visitor, database: Database
) -> None:
    shop = await open_shop(
        database,
        points_per_unit="1.25",
        valid_to=datetime.now(UTC) + timedelta(days=1),
        excluded_categories=frozenset({"TOBACCO", "LOTTERY"}),
        category_multipliers={"WINE": Decimal("0.5"), "FOOD": Decimal(2)},
        redeem_value=Decimal("0.9"),
        redeem_step=10,
        redeem_least_balance=100,
        redeem_greatest_share=Decimal("0.3"),
        issue_price=Decimal("77.7"),
        redeem_price=Decimal("66.6"),
    )
    async with database.operator() as connection:  # another is agreed for later
        await agree_contract(
            connection,
            shop.partner.id,
            Terms(currency="USD", points_per_unit=Decimal(9)),
            valid_from=datetime.now(UTC) + timedelta(days=2),
        )
    assert (await _read(visitor, shop))["offer"] == {
        "currency": "USD",
        "pointsPerUnit": "1.25",
        "rounding": "HALF_UP",
        "excludedCategories": ["LOTTERY", "TOBACCO"],
        "categoryMultipliers": [
            {"category": "FOOD", "multiplier": "2"},
            {"category": "WINE", "multiplier": "0.5"},
        ],
        "redeemValue": "0.9",
        "redeemStep": 10,
        "redeemLeastBalance": 100,
        "redeemGreatestShare": "0.3",
    }
    [listed] = [each for each in await _listed(visitor) if each["id"] == id_of(shop)]
    assert listed["offer"] == (await _read(visitor, shop))["offer"]


async def test_without_a_contract_in_force_there_is_no_offer(
    visitor: Visitor, database: Database
) -> None:
    ended = await open_shop(database, valid_to=datetime.now(UTC) - timedelta(days=1))
    assert (await _read(visitor, ended))["offer"] is None
    assert id_of(ended) in {each["id"] for each in await _listed(visitor)}


async def test_a_suspended_partner_is_not_listed_but_found(
    visitor: Visitor, database: Database
) -> None:
    shop = await open_shop(database)
    await visitor.set_greeting(id_of(shop), allowed=True)
    assert id_of(shop) in {each["id"] for each in await _listed(visitor)}
    await suspend(database, shop)
    assert id_of(shop) not in {each["id"] for each in await _listed(visitor)}
    found = await _read(visitor, shop)
    assert found["code"] == shop.partner.code
    assert found["offer"] is None
    payload = await visitor.set_greeting(id_of(shop), allowed=False)
    assert payload["partner"]["greetsMe"] is False


async def test_outlets_come_by_code_in_pages(visitor: Visitor, database: Database) -> None:
    shop, another = await open_shop(database), await open_shop(database)
    async with database.operator() as connection:
        await open_outlets(
            connection,
            shop.partner.id,
            [
                Outlet(code=code, name=f"No. {code}", address=f"{code} High Street")
                for code in "3254"
            ],
        )
    codes, after = [], None
    while True:
        page = (await visitor.data(OUTLETS, id=id_of(shop), first=2, after=after))["node"]
        codes += [edge["node"]["code"] for edge in page["outlets"]["edges"]]
        after = page["outlets"]["pageInfo"]["endCursor"]
        if not page["outlets"]["pageInfo"]["hasNextPage"]:
            break
    assert codes == ["1", "2", "3", "4", "5"]
    [alone] = (await visitor.data(OUTLETS, id=id_of(another)))["node"]["outlets"]["edges"]
    assert alone["node"]["address"] is None
    found = await visitor.data(NODE, id=alone["node"]["id"])
    assert found["node"] == {"__typename": "Outlet", "id": alone["node"]["id"]}
    [listed] = [each for each in await _listed(visitor) if each["id"] == id_of(shop)]
    assert [edge["node"]["code"] for edge in listed["outlets"]["edges"]] == ["1", "2", "3"]


async def test_who_may_greet_is_the_members_to_decide(join: Join, database: Database) -> None:
    mine, theirs = await join(), await join()
    shop, another = await open_shop(database), await open_shop(database)
    assert (await _read(mine, shop))["greetsMe"] is False
    payload = await mine.set_greeting(id_of(shop), allowed=True)
    assert payload == {
        "partner": {"id": id_of(shop), "code": shop.partner.code, "greetsMe": True},
        "errors": [],
    }
    assert (await _read(mine, shop))["greetsMe"] is True
    assert (await _read(mine, another))["greetsMe"] is False
    assert (await _read(theirs, shop))["greetsMe"] is False
    await mine.set_greeting(id_of(shop), allowed=False)
    assert (await _read(mine, shop))["greetsMe"] is False


async def test_repeating_a_decision_writes_nothing(visitor: Visitor, database: Database) -> None:
    shop = await open_shop(database)
    for _ in range(3):
        payload = await visitor.set_greeting(id_of(shop), allowed=True)
        assert payload["partner"]["greetsMe"] is True


async def test_an_unknown_partner_is_refused(visitor: Visitor, database: Database) -> None:
    await open_shop(database)
    partners = (await visitor.data(PARTNERS, first=100))["list"]["edges"]
    others = [
        outlet["node"]["id"] for edge in partners for outlet in edge["node"]["outlets"]["edges"]
    ][:3]
    assert others
    for identifier in ("", "?", PARTNER.seal(new_id()), *others):
        payload = await visitor.set_greeting(identifier, allowed=True)
        assert payload["partner"] is None
        [error] = payload["errors"]
        assert (error["code"], error["path"]) == ("PARTNER_UNKNOWN", ["partnerId"])


async def test_who_is_blocked_takes_back_but_does_not_give(
    visitor: Visitor, database: Database
) -> None:
    shop = await open_shop(database)
    await visitor.set_greeting(id_of(shop), allowed=True)
    await block_member(database, visitor.holder)
    taken = await visitor.set_greeting(id_of(shop), allowed=False)
    assert taken["partner"]["greetsMe"] is False
    refused = await visitor.set_greeting(id_of(shop), allowed=True)
    assert refused["partner"] is None
    assert [error["code"] for error in refused["errors"]] == ["MEMBER_BLOCKED"]
    assert (await _read(visitor, shop))["greetsMe"] is False


async def test_a_request_holds_one_connection_at_a_time(location: URL, keys: Keys) -> None:
    # Of many that held one to read in, none would get another to decide in.
    document = """
      mutation Two($a: SetGreetingInput!, $b: SetGreetingInput!) {
        a: setGreeting(input: $a) { partner { greetsMe } }
        b: setGreeting(input: $b) { partner { greetsMe } }
        c: setGreeting(input: $b) { partner { greetsMe } }
      }
    """
    database = Database(location, keys, pool_size=1)
    shop = await open_shop(database)
    [enrolled] = await enrol_members(database)
    token = AccessTokens(keys, 60).issue(Holder(enrolled.bucket, enrolled.member_id))
    transport = httpx2.ASGITransport(app=create_app(database, Settings(), keys))
    async with httpx2.AsyncClient(transport=transport, base_url="http://door") as client:
        yes, no = ({"partnerId": id_of(shop), "allowed": allowed} for allowed in (True, False))
        async with asyncio.timeout(15):
            answer = await Visitor(enrolled, client, token).data(document, a=yes, b=no)
    await database.close()
    assert [answer[each]["partner"]["greetsMe"] for each in "abc"] == [True, False, False]
