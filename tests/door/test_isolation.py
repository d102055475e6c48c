"""A partner at its door sees its own side of the coalition and nothing of another's, ever."""

import pytest

from schema.opaque import CUSTOMER, OUTLET, PURCHASE
from tests.door.conftest import OpenTill
from tests.door.tills import NODE, Till, sale

pytestmark = pytest.mark.anyio

EVERYTHING = """
  query Everything {
    partner { code name legalName category }
    contract { id pointsPerUnit }
    outlets { edges { cursor node { id code } } }
    purchases { edges { cursor node { id receiptNumber customer { id purchaseCount } } } }
    customers { edges { cursor node {
      id purchaseCount
      spending { total { amount } }
      favouriteCategories { category amount { amount } }
      purchases { edges { node { id } } }
    } } }
  }
"""
LISTS = ("outlets", "purchases", "customers")


async def test_two_partners_of_one_member_see_their_own(open_till: OpenTill, card: str) -> None:
    mine, theirs = await open_till(), await open_till(points_per_unit="2")
    await mine.record(sale(card))
    empty = await theirs.data(EVERYTHING)
    assert empty["purchases"]["edges"] == empty["customers"]["edges"] == []
    before = await mine.data(EVERYTHING)

    await theirs.record(sale(card))
    await theirs.record(sale(card))
    assert await mine.data(EVERYTHING) == before

    seen = await theirs.data(EVERYTHING)
    assert seen["partner"]["code"] == theirs.shop.partner.code
    assert seen["contract"]["pointsPerUnit"] == "2"
    [outlet] = seen["outlets"]["edges"]
    assert outlet["node"]["code"] == before["outlets"]["edges"][0]["node"]["code"] == "1"
    [customer] = (edge["node"] for edge in seen["customers"]["edges"])
    assert customer["purchaseCount"] == 2
    assert customer["spending"] == [{"total": {"amount": "24.68"}}]
    for each in LISTS:
        ids = [{edge["node"]["id"] for edge in data[each]["edges"]} for data in (before, seen)]
        assert all(ids)
        assert ids[0].isdisjoint(ids[1])


async def test_anothers_ids_lead_nowhere(open_till: OpenTill, card: str) -> None:
    mine, theirs = await open_till(), await open_till()
    await mine.record(sale(card))
    await theirs.record(sale(card))
    seen = await mine.data(EVERYTHING)
    ids = [edge["node"]["id"] for each in LISTS for edge in seen[each]["edges"]]
    ids.append(seen["contract"]["id"])
    types = set()
    for identifier in ids:
        own = (await mine.data(NODE, id=identifier))["node"]
        assert own["id"] == identifier
        types.add(own["__typename"])
        assert (await theirs.data(NODE, id=identifier))["node"] is None
    assert types == {"Outlet", "Purchase", "Customer", "Contract"}


async def test_anothers_cursors_show_nothing_of_theirs(open_till: OpenTill, card: str) -> None:
    mine, theirs = await open_till(), await open_till()
    await mine.record(sale(card))
    await theirs.record(sale(card))
    cursor = (await mine.data(EVERYTHING))["purchases"]["edges"][0]["cursor"]
    document = "query P($after: Cursor) { purchases(after: $after) { edges { node { id } } } }"
    seen = await theirs.data(document, after=cursor)
    own = {edge["node"]["id"] for edge in (await theirs.data(EVERYTHING))["purchases"]["edges"]}
    assert {edge["node"]["id"] for edge in seen["purchases"]["edges"]} <= own


@pytest.mark.parametrize(
    "text",
    [
        "",
        "?",
        "\0",
        "ё",
        "UA",
        "UHVyY2hhc2U6MQ==",
        "Q" * 500,
        "P",
        CUSTOMER._text(b"C" + b"\0" * 15),
        OUTLET._text(b"O" + b"\0" * 17),
        PURCHASE._text(b"P" + b"\xff" * 24),
        PURCHASE._text(b"P" + b"\x7f" * 24),
        PURCHASE._text(b"P" + b"\0" * 24) + "=",
        CUSTOMER._text(b"C" + b"\0" * 16),
        "-1",
        "null",
    ],
    ids=lambda text: f"{text!r:.20}",
)
async def test_any_text_is_an_id_of_nothing(text: str, till: Till) -> None:
    assert await till.data(NODE, id=text) == {"node": None}
