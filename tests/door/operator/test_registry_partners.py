"""The operator's door registers partners, outlets and terminals, and suspends who may not trade."""

import asyncio
import secrets
from typing import Any

import httpx2
import pytest
from sqlalchemy import URL

from ledger.identifiers import new_id
from schema.opaque import CREDENTIAL, OUTLET, OUTLET_CURSOR, PARTNER
from service.app import create_app
from service.database.transactions import Database
from service.keys import Keys
from service.settings import Settings
from tests.builders import Shop, open_shop
from tests.door.operator.offices import Office, hire, partner_id, warm
from tests.door.tills import Till, sale

pytestmark = pytest.mark.anyio

PARTNER_FIELDS = "partner { id code name legalName category status joinedAt }"
PARTNER_BY_CODE = "query P($code: String!) { partnerByCode(code: $code) { id code status } }"
OUTLET_FIELDS = "outlet { id code name address terminals }"
OUTLETS = """
  query Outlets($id: ID!) { partner(id: $id) {
    outlets { edges { node { id code name address terminals } } }
  } }
"""
NODE = "query Node($id: ID!) { node(id: $id) { __typename id } }"


def entry(**changes: str) -> dict[str, str]:
    """A sound entry of a new partner."""
    return {
        "code": secrets.token_hex(6),
        "name": "Tea & Co",
        "legalName": "Tea and Company",
        "category": "tea",
        **changes,
    }


async def outlets_of(office: Office, shop: Shop) -> list[dict[str, Any]]:
    """The outlets of a shop as the door lists them."""
    data = await office.data(OUTLETS, id=partner_id(shop.partner.id))
    return [edge["node"] for edge in data["partner"]["outlets"]["edges"]]


async def test_a_partner_is_registered_and_found_again(office: Office) -> None:
    given = entry()
    created = (await office.done("createPartner", PARTNER_FIELDS, **given))["partner"]
    assert {field: created[field] for field in given} == given
    assert created["status"] == "ACTIVE"
    assert created["joinedAt"].endswith("Z")
    found = await office.data(PARTNER_BY_CODE, code=given["code"])
    assert found["partnerByCode"]["id"] == created["id"]
    node = await office.data(NODE, id=created["id"])
    assert node == {"node": {"__typename": "Partner", "id": created["id"]}}


@pytest.mark.parametrize("code", ["none such", "", "\x00", "x" * 100_000])
async def test_a_code_that_nobody_has_finds_nobody(office: Office, code: str) -> None:
    assert await office.data(PARTNER_BY_CODE, code=code) == {"partnerByCode": None}


async def test_an_id_that_is_no_partners_finds_nobody(office: Office) -> None:
    document = "query P($id: ID!) { partner(id: $id) { id } node(id: $id) { id } }"
    for identifier in ("", "x", "\x00", PARTNER.seal(new_id()), OUTLET.seal(new_id())):
        assert await office.data(document, id=identifier) == {"partner": None, "node": None}


@pytest.mark.parametrize("text", ["", "x" * 201, "a\nb", "\x00", "\u202e", "y" * 1_000_000])
@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("code", "CODE_INVALID"),
        ("name", "NAME_INVALID"),
        ("legalName", "NAME_INVALID"),
        ("category", "CATEGORY_INVALID"),
    ],
)
async def test_texts_that_cannot_be_printed_are_refused(
    office: Office, field: str, code: str, text: str
) -> None:
    assert await office.refusal("createPartner", **entry(**{field: text})) == (code, field)


async def test_a_code_is_taken_once_in_a_race(office: Office) -> None:
    given = entry()
    await warm(office)
    payloads = await asyncio.gather(
        *(office.do("createPartner", "partner { id }", **given) for _ in range(6))
    )
    assert sum(payload["partner"] is not None for payload in payloads) == 1
    refused = [error for payload in payloads for error in payload["errors"]]
    assert [(each["code"], each["path"]) for each in refused] == [
        ("PARTNER_CODE_TAKEN", ["code"])
    ] * 5


async def test_a_change_touches_only_what_is_given(office: Office, shop: Shop) -> None:
    identifier = partner_id(shop.partner.id)
    before = (await office.done("changePartner", PARTNER_FIELDS, id=identifier))["partner"]
    after = (
        await office.done(
            "changePartner", PARTNER_FIELDS, id=identifier, legalName="Other Ltd", name=None
        )
    )["partner"]
    assert after == before | {"legalName": "Other Ltd"}
    for field in ("name", "legalName"):
        refused = await office.refusal("changePartner", id=identifier, **{field: ""})
        assert refused == ("NAME_INVALID", field)
    refused = await office.refusal("changePartner", id=identifier, category="\x00")
    assert refused == ("CATEGORY_INVALID", "category")


@pytest.mark.parametrize("mutation", ["changePartner", "suspendPartner", "resumePartner"])
async def test_an_unknown_partner_is_refused(office: Office, mutation: str) -> None:
    for identifier in ("x", PARTNER.seal(new_id()), CREDENTIAL.seal(new_id())):
        assert await office.refusal(mutation, id=identifier) == ("PARTNER_UNKNOWN", "id")


async def test_a_suspended_partner_records_nothing_at_once(
    office: Office, till: Till, card: str
) -> None:
    identifier = partner_id(till.shop.partner.id)
    for _ in range(2):  # safe to repeat
        payload = await office.done("suspendPartner", "partner { status }", id=identifier)
        assert payload["partner"] == {"status": "SUSPENDED"}
    refused = await till.record(sale(card))
    assert [each["code"] for each in refused["errors"]] == ["CREDENTIAL_REVOKED"]
    for _ in range(2):
        payload = await office.done("resumePartner", "partner { status }", id=identifier)
        assert payload["partner"] == {"status": "ACTIVE"}
    assert (await till.record(sale(card)))["errors"] == []


async def test_a_till_sells_at_an_outlet_that_was_just_opened(
    office: Office, till: Till, card: str
) -> None:
    elsewhere = {"outlet": "harbour", "terminal": "7"}
    refused = await till.record(sale(card, **elsewhere))
    assert refused["errors"][0]["code"] == "OUTLET_UNKNOWN"
    opened = await office.done(
        "openOutlets",
        "outlets { code name address terminals }",
        partnerId=partner_id(till.shop.partner.id),
        outlets=[
            {"code": "harbour", "name": "Harbour", "address": "1 Quay"},
            {"code": "arcade", "name": "Arcade", "terminals": ["b", "a"]},
        ],
    )
    assert opened["outlets"] == [
        {"code": "harbour", "name": "Harbour", "address": "1 Quay", "terminals": []},
        {"code": "arcade", "name": "Arcade", "address": None, "terminals": ["a", "b"]},
    ]
    refused = await till.record(sale(card, **elsewhere))
    assert refused["errors"][0]["code"] == "TERMINAL_UNKNOWN"
    harbour = (await outlets_of(office, till.shop))[-1]
    added = await office.done(
        "addTerminals", OUTLET_FIELDS, outletId=harbour["id"], terminals=["7", "6"]
    )
    assert added["outlet"]["terminals"] == ["6", "7"]
    assert (await till.record(sale(card, **elsewhere)))["errors"] == []


@pytest.mark.parametrize(
    ("outlets", "refused"),
    [
        ([{"code": "", "name": "A"}], ("CODE_INVALID", "outlets.0.code")),
        ([{"code": "2", "name": "\x07"}], ("NAME_INVALID", "outlets.0.name")),
        (
            [{"code": "2", "name": "A", "address": "z" * 501}],
            ("ADDRESS_INVALID", "outlets.0.address"),
        ),
        (
            [{"code": "2", "name": "A", "terminals": ["1", "2", "1"]}],
            ("TERMINAL_CODE_TAKEN", "outlets.0.terminals.2"),
        ),
        (
            [{"code": "2", "name": "A"}, {"code": "1", "name": "B"}],
            ("OUTLET_CODE_TAKEN", "outlets.1.code"),
        ),
        (
            [{"code": "2", "name": "A"}, {"code": "2", "name": "B"}],
            ("OUTLET_CODE_TAKEN", "outlets.1.code"),
        ),
        ([{"code": str(n), "name": "A"} for n in range(1_001)], ("TOO_MANY_OUTLETS", "outlets")),
    ],
)
async def test_outlets_are_opened_all_or_none(
    office: Office, shop: Shop, outlets: list[dict[str, Any]], refused: tuple[str, str]
) -> None:
    before = await outlets_of(office, shop)
    given = {"partnerId": partner_id(shop.partner.id), "outlets": outlets}
    assert await office.refusal("openOutlets", **given) == refused
    assert await outlets_of(office, shop) == before


async def test_outlets_are_a_partners(office: Office) -> None:
    for identifier in ("x", PARTNER.seal(new_id())):
        given = {"partnerId": identifier, "outlets": [{"code": "2", "name": "A"}]}
        assert await office.refusal("openOutlets", **given) == ("PARTNER_UNKNOWN", "partnerId")


async def test_raced_openings_neither_deadlock_nor_double(office: Office, shop: Shop) -> None:
    codes = [f"raced-{n}" for n in range(20)]
    await warm(office)
    payloads = await asyncio.gather(
        *(
            office.do(
                "openOutlets",
                "outlets { code }",
                partnerId=partner_id(shop.partner.id),
                outlets=[{"code": code, "name": "A"} for code in (codes if n % 2 else codes[::-1])],
            )
            for n in range(6)
        )
    )
    assert sum(bool(payload["outlets"]) for payload in payloads) == 1
    refused = {error["code"] for payload in payloads for error in payload["errors"]}
    assert refused == {"OUTLET_CODE_TAKEN"}
    assert len(await outlets_of(office, shop)) == 20  # the first page of 21


async def test_an_outlets_address_is_changed_and_taken_away(office: Office, shop: Shop) -> None:
    [before] = await outlets_of(office, shop)
    for given, changed in (
        ({"address": "1 Quay"}, {"address": "1 Quay"}),
        ({"name": "Quay"}, {"address": "1 Quay", "name": "Quay"}),
        ({"address": None}, {"address": None, "name": "Quay"}),
    ):
        payload = await office.done("changeOutlet", OUTLET_FIELDS, id=before["id"], **given)
        assert payload["outlet"] == before | changed
        assert await outlets_of(office, shop) == [before | changed]


async def test_a_change_of_an_outlet_is_refused_by_name(office: Office, shop: Shop) -> None:
    [outlet] = await outlets_of(office, shop)
    for given, refused in (
        ({"id": "x"}, ("OUTLET_UNKNOWN", "id")),
        ({"id": OUTLET.seal(new_id())}, ("OUTLET_UNKNOWN", "id")),
        ({"id": outlet["id"], "name": "\x00"}, ("NAME_INVALID", "name")),
        ({"id": outlet["id"], "address": ""}, ("ADDRESS_INVALID", "address")),
    ):
        assert await office.refusal("changeOutlet", **given) == refused


async def test_terminals_are_added_all_or_none(office: Office, shop: Shop) -> None:
    [outlet] = await outlets_of(office, shop)
    for given, refused in (
        ({"outletId": "x", "terminals": ["2"]}, ("OUTLET_UNKNOWN", "outletId")),
        ({"outletId": OUTLET.seal(new_id()), "terminals": ["2"]}, ("OUTLET_UNKNOWN", "outletId")),
        ({"terminals": ["2", ""]}, ("CODE_INVALID", "terminals.1")),
        ({"terminals": ["2", "1"]}, ("TERMINAL_CODE_TAKEN", "terminals.1")),
        ({"terminals": ["3", "2", "3"]}, ("TERMINAL_CODE_TAKEN", "terminals.2")),
        ({"terminals": [str(n) for n in range(2, 103)]}, ("TOO_MANY_TERMINALS", "terminals")),
    ):
        assert (
            await office.refusal("addTerminals", **{"outletId": outlet["id"], **given}) == refused
        )
    assert await outlets_of(office, shop) == [outlet]


async def test_partners_are_paged_by_code(office: Office, database: Database) -> None:
    for _ in range(3):
        await open_shop(database)
    document = """
      query Partners($first: PageSize, $after: Cursor) {
        partners(first: $first, after: $after) {
          edges { cursor node { code } } pageInfo { hasNextPage endCursor }
        }
      }
    """
    whole = (await office.data(document, first=100))["partners"]
    codes = [edge["node"]["code"] for edge in whole["edges"]]
    assert codes == sorted(codes)
    paged: list[str] = []
    after = None
    while len(paged) < 5:
        page = (await office.data(document, first=2, after=after))["partners"]
        paged += [edge["node"]["code"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert paged == codes[: len(paged)]
    wrong = await office.ask(document, after=OUTLET_CURSOR.seal(codes[0]))
    assert wrong["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_request_holds_one_connection_at_a_time(location: URL, keys: Keys) -> None:
    # Of many that held one to read in, none would get another to write in.
    document = """
      mutation Two($a: CreatePartnerInput!, $b: CreatePartnerInput!) {
        a: createPartner(input: $a) { partner { outlets { edges { node { id } } } } }
        b: createPartner(input: $b) { partner { outlets { edges { node { id } } } } }
      }
    """
    database = Database(location, keys, pool_size=1)
    app = create_app(database, Settings(), keys)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://door") as client:
        office = await hire(database, client, keys)
        async with asyncio.timeout(15):
            answer = await office.data(document, a=entry(), b=entry())
    await database.close()
    assert answer["a"]["partner"]
    assert answer["b"]["partner"]
