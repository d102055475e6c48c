"""Lists in pages: every row once, in order, and what is refused by name."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from partners.registry import Outlet, open_outlets
from schema.opaque import OUTLET_CURSOR
from service.database.transactions import Database
from tests.builders import enrol_members
from tests.door.tills import Till, sale, sale_line

pytestmark = pytest.mark.anyio

PURCHASES = """
  query Purchases($first: PageSize, $after: Cursor, $from: DateTime, $to: DateTime) {
    list: purchases(first: $first, after: $after, from: $from, to: $to) {
      edges { cursor node { id occurredAt customer { id } } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
"""
CUSTOMERS = """
  query Customers($first: PageSize, $after: Cursor) {
    list: customers(first: $first, after: $after) {
      edges { cursor node { id } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
"""
OUTLETS = """
  query Outlets($first: PageSize, $after: Cursor) {
    list: outlets(first: $first, after: $after) {
      edges { cursor node { id code terminals } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
"""


async def walk(till: Till, document: str, size: int, **variables: Any) -> list[dict[str, Any]]:
    """Every row of a list, page by page, each page as it should be."""
    rows: list[dict[str, Any]] = []
    after = None
    while True:
        page = (await till.data(document, first=size, after=after, **variables))["list"]
        edges, info = page["edges"], page["pageInfo"]
        assert info["hasPreviousPage"] is (after is not None)
        assert info["startCursor"] == (edges[0]["cursor"] if edges else None)
        assert info["endCursor"] == (edges[-1]["cursor"] if edges else None)
        assert edges or after is None  # a page was promised only when rows follow
        rows += [edge["node"] for edge in edges]
        if not info["hasNextPage"]:
            return rows
        assert len(edges) == size
        after = info["endCursor"]


@pytest.fixture
async def trade(till: Till, database: Database) -> list[str]:
    """Seven purchases of three members, some at the same instant; their ids, newest first."""
    cards = [each.card.number for each in await enrol_members(database, 3)]
    now = datetime.now(UTC)
    items = [
        {
            "idempotencyKey": f"trade-{n}",
            "receipt": sale(
                cards[n % 3], occurredAt=(now - timedelta(minutes=1 + n // 3)).isoformat()
            ),
        }
        for n in range(7)
    ]
    payload = await till.record_many(items)
    return [outcome["purchase"]["id"] for outcome in payload["outcomes"]]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8])
async def test_every_purchase_once_newest_first(till: Till, trade: list[str], size: int) -> None:
    rows = await walk(till, PURCHASES, size)
    assert sorted(row["id"] for row in rows) == sorted(trade)
    assert rows == sorted(rows, key=lambda row: row["occurredAt"], reverse=True)


async def test_a_new_purchase_does_not_move_the_next_page(
    till: Till, trade: list[str], card: str
) -> None:
    whole = await walk(till, PURCHASES, 100)
    page = (await till.data(PURCHASES, first=3))["list"]
    await till.record(sale(card, occurredAt=datetime.now(UTC).isoformat()))
    rest = (await till.data(PURCHASES, first=100, after=page["pageInfo"]["endCursor"]))["list"]
    assert [edge["node"] for edge in rest["edges"]] == whole[3:]


async def test_purchases_of_a_time(till: Till, trade: list[str]) -> None:
    whole = await walk(till, PURCHASES, 100)
    instants = sorted({row["occurredAt"] for row in whole})
    assert len(instants) == 3
    rows = await walk(till, PURCHASES, 1, **{"from": instants[1], "to": instants[2]})
    assert [row["occurredAt"] for row in rows] == [instants[1]] * 3
    assert await walk(till, PURCHASES, 1, **{"from": instants[2], "to": instants[1]}) == []


@pytest.mark.parametrize("size", [1, 2, 3, 4])
async def test_every_customer_once(till: Till, trade: list[str], size: int) -> None:
    purchases = await walk(till, PURCHASES, 100)
    rows = await walk(till, CUSTOMERS, size)
    assert len(rows) == 3
    assert {row["id"] for row in rows} == {row["customer"]["id"] for row in purchases}


async def test_a_customers_purchases_in_pages(till: Till, trade: list[str]) -> None:
    document = """
      query History($first: PageSize, $after: Cursor) {
        customers { edges { node { id
          list: purchases(first: $first, after: $after) {
            edges { cursor node { id customer { id } } }
            pageInfo { hasNextPage endCursor }
          }
        } } }
      }
    """
    seen: list[str] = []
    for edge in (await till.data(document, first=2))["customers"]["edges"]:
        person = edge["node"]
        page = person["list"]
        seen += [each["node"]["id"] for each in page["edges"]]
        assert {each["node"]["customer"]["id"] for each in page["edges"]} == {person["id"]}
        if page["pageInfo"]["hasNextPage"]:
            data = await till.data(document, first=2, after=page["pageInfo"]["endCursor"])
            [again] = [
                each["node"]
                for each in data["customers"]["edges"]
                if each["node"]["id"] == person["id"]
            ]
            seen += [each["node"]["id"] for each in again["list"]["edges"]]
    assert sorted(seen) == sorted(trade)


async def test_every_outlet_once_by_code(till: Till, database: Database) -> None:
    async with database.operator() as connection:
        await open_outlets(
            connection,
            till.shop.partner.id,
            [Outlet(code=f"{n:02}", name="Branch", terminals=("b", "a")) for n in range(4)],
        )
    rows = await walk(till, OUTLETS, 2)
    assert [row["code"] for row in rows] == ["00", "01", "02", "03", "1"]
    assert rows[0]["terminals"] == ["a", "b"]


async def test_the_default_page_has_20(till: Till, card: str) -> None:
    items = [{"idempotencyKey": f"page-{n}", "receipt": sale(card)} for n in range(21)]
    await till.record_many(items)
    for variables in ({}, {"first": None}):
        page = (await till.data(PURCHASES, **variables))["list"]
        assert len(page["edges"]) == 20
        assert page["pageInfo"]["hasNextPage"] is True


@pytest.mark.parametrize(
    "variables",
    [
        {"first": 0},
        {"first": -1},
        {"first": 101},
        {"first": 10**30},
        {"first": "7"},
        {"first": True},
        {"after": ""},
        {"after": "garbage"},
        {"after": "\0"},
        {"after": 7},
        {"from": "2026-11-22"},
        {"from": "2026-11-22T18:30:00"},
        {"from": "2026-13-22T18:30:00Z"},
        {"to": "0001-01-01T00:00:00+14:00"},
    ],
    ids=repr,
)
async def test_what_is_no_page_is_refused_by_name(till: Till, variables: dict[str, Any]) -> None:
    answer = await till.ask(PURCHASES, **variables)
    [error] = answer["errors"]
    assert error["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED"}
    [name] = variables
    assert error["message"].startswith(f"Variable '${name}' has invalid value: ")
    assert "data" not in answer


async def test_the_cursor_of_another_list_is_refused(till: Till) -> None:
    answer = await till.ask(PURCHASES, after=OUTLET_CURSOR.seal("1"))
    assert answer["data"] is None
    [error] = answer["errors"]
    assert error["message"] == "The cursor is of another list."
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_favourite_categories_by_amount(till: Till, card: str) -> None:
    lines = [
        sale_line("3.00", category="B"),
        sale_line("1.00", category="A"),
        sale_line("3.00", category="C"),
        sale_line("1.00"),
        sale_line("0.00", category="Z"),
    ]
    await till.record(sale(card, total="8.00", lines=lines))
    document = """
      { customers { edges { node { favouriteCategories(first: 2) { category share } } } } }
    """
    [edge] = (await till.data(document))["customers"]["edges"]
    assert edge["node"]["favouriteCategories"] == [
        {"category": "B", "share": "0.3750"},
        {"category": "C", "share": "0.3750"},
    ]
