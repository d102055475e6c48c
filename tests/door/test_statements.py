"""How many SQL statements an operation costs: as many for a hundred rows as for one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event

from service.database.transactions import Database
from tests.builders import enrol_members
from tests.door.tills import Till, sale

pytestmark = pytest.mark.anyio

PURCHASES = """
  query Purchases($first: PageSize) {
    purchases(first: $first) { edges { node {
      id total { amount }
      outlet { code terminals }
      customer { id purchaseCount favouriteCategories { category } }
      lines { sku points amount { amount } }
      contract { id }
      explanation { kind points }
    } } }
  }
"""
CUSTOMERS = """
  query Customers($first: PageSize) {
    customers(first: $first) { edges { node {
      id spending { total { amount } }
      favouriteCategories { category share }
      purchases(first: 3) { edges { node { id outlet { code } lines { sku } } } }
    } } }
  }
"""
RECORD_MANY = """
  mutation RecordMany($input: RecordPurchasesInput!) {
    recordPurchases(input: $input) {
      outcomes { points purchase { id customer { id purchaseCount } lines { points } } }
    }
  }
"""


@contextmanager
def counted() -> Iterator[list[str]]:
    """Collect the statements that any engine runs meanwhile."""
    statements: list[str] = []

    def collect(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", collect)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", collect)


@pytest.fixture
async def busy_till(till: Till, database: Database) -> Till:
    """A till of a shop with a hundred customers, of a purchase each."""
    cards = [each.card.number for each in await enrol_members(database, 100)]
    await till.record_many(
        [{"idempotencyKey": f"busy-{n}", "receipt": sale(card)} for n, card in enumerate(cards)]
    )
    return till


@pytest.mark.parametrize(
    ("document", "statements"),
    [
        # Opening the transaction; the page; outlets, customers, favourites, lines, contracts.
        (PURCHASES, 7),
        # Opening the transaction; the page; favourites, purchases, outlets, lines.
        (CUSTOMERS, 6),
    ],
    ids=["purchases", "customers"],
)
async def test_a_hundred_rows_cost_as_many_as_one(
    busy_till: Till, document: str, statements: int
) -> None:
    for first in (1, 100):
        with counted() as ran:
            data = await busy_till.data(document, first=first)
        [connection] = data.values()
        assert len(connection["edges"]) == first
        assert len(ran) == statements, "\n".join(ran)


async def test_a_hundred_outcomes_cost_as_many_as_one(till: Till, database: Database) -> None:
    cards = [each.card.number for each in await enrol_members(database, 101)]
    await till.record(sale(cards[0]))  # the programme is known from then on
    for few in (cards[:1], cards[1:]):
        items = [
            {"idempotencyKey": f"{len(few)}-{n}", "receipt": sale(card)}
            for n, card in enumerate(few)
        ]
        with counted() as ran:
            data = await till.data(RECORD_MANY, input={"purchases": items})
        assert all(each["points"] == 12 for each in data["recordPurchases"]["outcomes"])
        # The desk: claim, facts, record. Then: opening; purchases, customers, lines.
        assert len(ran) == 7, "\n".join(ran)


async def test_what_is_not_asked_for_is_not_read(till: Till, card: str) -> None:
    await till.record(sale(card))
    document = """
      mutation R($input: RecordPurchaseInput!) { recordPurchase(input: $input) { points } }
    """
    with counted() as ran:
        await till.data(document, input={"idempotencyKey": "bare", "receipt": sale(card)})
    assert len(ran) == 3, "\n".join(ran)
    with counted() as ran:
        await till.data("{ __typename }")
    assert ran == []
