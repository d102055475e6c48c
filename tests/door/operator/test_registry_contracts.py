"""Contracts at the operator's door: a change is a new version from an instant on."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from ledger.identifiers import new_id
from partners.registry import create_partner
from schema.opaque import CONTRACT, PARTNER
from service.database.transactions import Database
from tests.builders import Shop
from tests.door.operator.offices import TERMS, Office, ahead, partner_id, warm
from tests.door.tills import Till, sale, sale_line

pytestmark = pytest.mark.anyio

CONTRACT_FIELDS = """contract {
  id validFrom validTo currency pointsPerUnit rounding excludedCategories
  categoryMultipliers { category multiplier }
  redeemValue redeemStep redeemLeastBalance redeemGreatestShare
  issuePrice redeemPrice acceptanceDays
}"""
CONTRACTS = """
  query Contracts($id: ID!, $first: PageSize, $after: Cursor) { partner(id: $id) {
    contract { id }
    contracts(first: $first, after: $after) {
      edges { node { id validFrom validTo pointsPerUnit } } pageInfo { hasNextPage endCursor }
    }
  } }
"""
AT = "query At($id: ID!, $at: DateTime) { partner(id: $id) { contract(at: $at) { id } } }"
ALL: dict[str, Any] = {
    "currency": "RUB",
    "pointsPerUnit": "0.333333333333",
    "rounding": "HALF_EVEN",
    "excludedCategories": ["TOBACCO", "ЛОТЕРЕЯ"],
    "categoryMultipliers": [
        {"category": "TEA", "multiplier": "3"},
        {"category": "WINE", "multiplier": "1.10"},
    ],
    "redeemValue": "0.25",
    "redeemStep": 50,
    "redeemLeastBalance": 100,
    "redeemGreatestShare": "0.99",
    "issuePrice": "0.700000000001",
    "redeemPrice": "0.69",
    "acceptanceDays": 7,
}


@pytest.fixture
async def newcomer(database: Database) -> str:
    """The id of a partner without a contract."""
    async with database.operator() as connection:
        created = await create_partner(
            connection, code=str(new_id()), name="New", legal_name="New Ltd", category="tea"
        )
    return partner_id(created.id)


def open_contract(shop: Shop) -> str:
    """The id of a shop's contract as the door gives it."""
    return CONTRACT.seal(shop.contract.id)


async def versions(office: Office, shop: Shop) -> list[dict[str, Any]]:
    """A shop's contracts as the door lists them."""
    data = await office.data(CONTRACTS, id=partner_id(shop.partner.id))
    return [edge["node"] for edge in data["partner"]["contracts"]["edges"]]


async def test_a_contract_is_read_back_as_it_was_agreed(office: Office, newcomer: str) -> None:
    given = {"partnerId": newcomer, "terms": ALL, "validFrom": "2026-01-01T00:00:00+03:00"}
    agreed = (await office.done("agreeContract", CONTRACT_FIELDS, **given))["contract"]
    assert {field: agreed[field] for field in ALL} == ALL
    assert (agreed["validFrom"], agreed["validTo"]) == ("2025-12-31T21:00:00Z", None)
    data = await office.data(CONTRACTS, id=newcomer)
    assert data["partner"]["contract"] == {"id": agreed["id"]}
    node = await office.data("query N($id: ID!) { node(id: $id) { __typename } }", id=agreed["id"])
    assert node["node"] == {"__typename": "Contract"}


async def test_a_purchase_goes_by_the_terms_of_its_instant(
    office: Office, till: Till, card: str, database: Database
) -> None:
    # No purchase may lie where a change may: it is agreed ahead, and time then made to pass.
    changed_at = datetime.now(UTC) + timedelta(hours=1)
    terms = TERMS | {"pointsPerUnit": "3"}
    changed = await office.done(
        "changeContract",
        CONTRACT_FIELDS,
        id=open_contract(till.shop),
        at=changed_at.isoformat(),
        terms=terms,
    )
    assert changed["contract"]["validFrom"] == changed_at.isoformat().replace("+00:00", "Z")
    location = database._location.set(drivername="postgresql").render_as_string(False)
    with psycopg.connect(location) as administrator:
        for contract_id in (till.shop.contract.id, CONTRACT.unseal(changed["contract"]["id"])):
            administrator.execute(
                "update partners.contract set period = tstzrange("
                "lower(period) - interval '2 hours', upper(period) - interval '2 hours')"
                " where id = %s",
                [contract_id],
            )
    instant = changed_at - timedelta(hours=2)
    before = instant - timedelta(microseconds=1)
    lines = {"total": "10.00", "lines": [sale_line("10.00")]}
    for occurred_at, points in ((before, 10), (instant, 30)):
        payload = await till.record(sale(card, occurredAt=occurred_at.isoformat(), **lines))
        assert (payload["errors"], payload["points"]) == ([], points)
    mine = partner_id(till.shop.partner.id)
    ids = [
        (await office.data(AT, id=mine, at=at.isoformat()))["partner"]["contract"]["id"]
        for at in (before, instant)
    ]
    assert ids == [open_contract(till.shop), changed["contract"]["id"]]


async def test_a_change_leaves_the_past_as_it_was(office: Office, shop: Shop) -> None:
    [before] = await versions(office, shop)
    at = ahead(minutes=11)
    changed = await office.done(
        "changeContract", CONTRACT_FIELDS, id=open_contract(shop), at=at, terms=ALL
    )
    newer, older = await versions(office, shop)
    instant = at.replace("+00:00", "Z")
    assert older == before | {"validTo": instant}
    assert newer["id"] == changed["contract"]["id"]
    assert (newer["validFrom"], newer["validTo"]) == (instant, None)


async def test_a_contract_changes_ten_minutes_ahead_or_later(office: Office, shop: Shop) -> None:
    for at in (ahead(minutes=9, seconds=50), ahead(), ahead(days=-30)):
        for mutation, given in (("changeContract", {"terms": TERMS}), ("endContract", {})):
            refused = await office.refusal(mutation, id=open_contract(shop), at=at, **given)
            assert refused == ("CONTRACT_CHANGE_TOO_SOON", "at")
    assert [each["validTo"] for each in await versions(office, shop)] == [None]


async def test_an_ended_contract_is_not_changed_again(office: Office, shop: Shop) -> None:
    mine = open_contract(shop)
    at = ahead(hours=1)
    ended = await office.done("endContract", CONTRACT_FIELDS, id=mine, at=at)
    assert ended["contract"]["id"] == mine
    assert ended["contract"]["validTo"] == at.replace("+00:00", "Z")
    for mutation, given in (("changeContract", {"terms": TERMS}), ("endContract", {})):
        refused = await office.refusal(mutation, id=mine, at=ahead(hours=2), **given)
        assert refused == ("CONTRACT_NOT_OPEN", "id")
    given = {"partnerId": partner_id(shop.partner.id), "terms": TERMS}
    refused = await office.refusal("agreeContract", **given, validFrom=ahead(minutes=59))
    assert refused == ("CONTRACT_OVERLAPS", "validFrom")
    await office.done("agreeContract", "contract { id }", **given, validFrom=at)


async def test_a_contract_that_begins_later_does_not_end_before(
    office: Office, newcomer: str
) -> None:
    begins = ahead(days=2)
    agreed = await office.done(
        "agreeContract", "contract { id }", partnerId=newcomer, terms=TERMS, validFrom=begins
    )
    identifier = agreed["contract"]["id"]
    for at in (ahead(days=1), begins):
        refused = await office.refusal("changeContract", id=identifier, at=at, terms=TERMS)
        assert refused == ("CONTRACT_BEGINS_LATER", "at")


async def test_of_raced_changes_one_wins(office: Office, shop: Shop) -> None:
    await warm(office)
    payloads = await asyncio.gather(
        *(
            office.do(
                "changeContract",
                "contract { id }",
                id=open_contract(shop),
                at=ahead(hours=1 + n),
                terms=TERMS | {"pointsPerUnit": str(n)},
            )
            for n in range(6)
        )
    )
    [won] = [payload["contract"]["id"] for payload in payloads if payload["contract"]]
    refused = [error["code"] for payload in payloads for error in payload["errors"]]
    assert refused == ["CONTRACT_NOT_OPEN"] * 5
    assert [each["id"] for each in await versions(office, shop)] == [won, open_contract(shop)]


async def test_of_raced_agreements_one_wins(office: Office, newcomer: str) -> None:
    await warm(office)
    payloads = await asyncio.gather(
        *(
            office.do(
                "agreeContract",
                "contract { id }",
                partnerId=newcomer,
                terms=TERMS,
                validFrom=ahead(hours=n),
            )
            for n in range(6)
        )
    )
    assert sum(payload["contract"] is not None for payload in payloads) == 1
    refused = [error["code"] for payload in payloads for error in payload["errors"]]
    assert refused == ["CONTRACT_OVERLAPS"] * 5


TOO_FINE = "0.00000000000000000001"


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"currency": "XXX"}, "CURRENCY_UNKNOWN", "currency"),
        ({"currency": "\x00" * 9}, "CURRENCY_UNKNOWN", "currency"),
        ({"pointsPerUnit": "-1"}, "RATE_INVALID", "pointsPerUnit"),
        ({"pointsPerUnit": "9" * 20}, "RATE_INVALID", "pointsPerUnit"),
        ({"pointsPerUnit": TOO_FINE}, "RATE_INVALID", "pointsPerUnit"),
        ({"excludedCategories": ["A", ""]}, "CATEGORY_INVALID", "excludedCategories"),
        (
            {"excludedCategories": [str(n) for n in range(1_001)]},
            "TOO_MANY_CATEGORIES",
            "excludedCategories",
        ),
        (
            {
                "categoryMultipliers": [
                    {"category": str(n), "multiplier": "1"} for n in range(1_001)
                ]
            },
            "TOO_MANY_CATEGORIES",
            "categoryMultipliers",
        ),
        (
            {"categoryMultipliers": [{"category": "A", "multiplier": "1"}] * 2},
            "CATEGORY_TWICE",
            "categoryMultipliers.1.category",
        ),
        (
            {"categoryMultipliers": [{"category": "x" * 201, "multiplier": "1"}]},
            "CATEGORY_INVALID",
            "categoryMultipliers.0.category",
        ),
        (
            {"categoryMultipliers": [{"category": "A", "multiplier": "1000.01"}]},
            "MULTIPLIER_INVALID",
            "categoryMultipliers.0.multiplier",
        ),
        ({"redeemValue": "-0.01"}, "REDEEM_VALUE_INVALID", "redeemValue"),
        ({"redeemStep": 0}, "REDEEM_STEP_INVALID", "redeemStep"),
        ({"redeemStep": 2**40}, "REDEEM_STEP_INVALID", "redeemStep"),
        ({"redeemLeastBalance": -1}, "REDEEM_BALANCE_INVALID", "redeemLeastBalance"),
        ({"redeemLeastBalance": 2**40}, "REDEEM_BALANCE_INVALID", "redeemLeastBalance"),
        ({"redeemGreatestShare": "1.01"}, "REDEEM_SHARE_INVALID", "redeemGreatestShare"),
        ({"issuePrice": TOO_FINE}, "PRICE_INVALID", "issuePrice"),
        ({"redeemPrice": "-1"}, "PRICE_INVALID", "redeemPrice"),
        ({"acceptanceDays": 36_501}, "ACCEPTANCE_INVALID", "acceptanceDays"),
        ({"acceptanceDays": -1}, "ACCEPTANCE_INVALID", "acceptanceDays"),
    ],
)
async def test_terms_that_no_one_can_mean_are_refused(
    office: Office, shop: Shop, newcomer: str, changes: dict[str, Any], code: str, path: str
) -> None:
    terms = TERMS | changes
    refused = (code, f"terms.{path}")
    given = {"partnerId": newcomer, "validFrom": ahead()}
    assert await office.refusal("agreeContract", **given, terms=terms) == refused
    changing = {"id": open_contract(shop), "at": ahead(hours=1)}
    assert await office.refusal("changeContract", **changing, terms=terms) == refused
    assert len(await versions(office, shop)) == 1


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
async def test_absurd_instants_are_refused(office: Office, newcomer: str, instant: str) -> None:
    given = {"partnerId": newcomer, "terms": TERMS}
    refused = await office.refusal("agreeContract", **given, validFrom=instant)
    assert refused == ("PERIOD_INVALID", "validFrom")
    refused = await office.refusal("agreeContract", **given, validFrom=ahead(), validTo=instant)
    assert refused == ("PERIOD_INVALID", "validTo")
    unknown = CONTRACT.seal(new_id())
    refused = await office.refusal("changeContract", id=unknown, at=instant, terms=TERMS)
    assert refused == ("PERIOD_INVALID", "at")
    assert (await office.data(AT, id=newcomer, at=instant))["partner"] == {"contract": None}


async def test_what_is_unknown_is_refused(office: Office) -> None:
    for identifier in ("x", "\x00", CONTRACT.seal(new_id()), PARTNER.seal(new_id())):
        given = {"id": identifier, "at": ahead(hours=1)}
        for mutation, terms in (("changeContract", {"terms": TERMS}), ("endContract", {})):
            refused = await office.refusal(mutation, **given, **terms)
            assert refused == ("CONTRACT_UNKNOWN", "id")
    for identifier in ("x", PARTNER.seal(new_id()), CONTRACT.seal(new_id())):
        refused = await office.refusal(
            "agreeContract", partnerId=identifier, terms=TERMS, validFrom=ahead()
        )
        assert refused == ("PARTNER_UNKNOWN", "partnerId")


async def test_contracts_are_paged_newest_first(office: Office, shop: Shop) -> None:
    changed = await office.done(
        "changeContract",
        "contract { id }",
        id=open_contract(shop),
        at=ahead(hours=1),
        terms=TERMS,
    )
    mine = partner_id(shop.partner.id)
    first = (await office.data(CONTRACTS, id=mine, first=1))["partner"]["contracts"]
    assert first["pageInfo"]["hasNextPage"]
    after = first["pageInfo"]["endCursor"]
    rest = (await office.data(CONTRACTS, id=mine, first=1, after=after))["partner"]["contracts"]
    assert not rest["pageInfo"]["hasNextPage"]
    ids = [edge["node"]["id"] for page in (first, rest) for edge in page["edges"]]
    assert ids == [changed["contract"]["id"], open_contract(shop)]
