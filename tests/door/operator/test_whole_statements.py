"""How many SQL statements the whole costs: as many for a hundred rows as for one."""

import pytest

from service.database.transactions import Database
from tests.builders import enrol_members
from tests.door.operator.offices import Office
from tests.door.test_statements import counted
from tests.door.tills import Till, sale

pytestmark = pytest.mark.anyio

PURCHASES = """
  query Purchases($first: PageSize) {
    purchases(first: $first) { edges { node {
      id total { amount } outlet { code } lines { sku } contract { id } explanation { kind }
      partner { id }
      posting { id transfers { debit { id partner { id } } credit { id member { id } } } }
      member { id contacts { value } balance cards { id lastFour member { id } } }
    } } }
  }
"""
HISTORIES = """
  query Histories($first: PageSize) {
    purchases(first: $first) { edges { node { member {
      purchases(first: 3) { edges { node { id partner { id } } } }
      statement(first: 3) { edges { node {
        amount balance counterAccount { id } posting { id } purchase { id }
      } } }
    } } } }
  }
"""


@pytest.fixture
async def busy(till: Till, database: Database) -> Till:
    """A till of a shop with a hundred customers, of a purchase each."""
    cards = [each.card.number for each in await enrol_members(database, 100)]
    await till.record_many(
        [{"idempotencyKey": f"busy-{n}", "receipt": sale(card)} for n, card in enumerate(cards)]
    )
    return till


@pytest.mark.parametrize(
    ("document", "statements"),
    [
        # Opening the transaction; the page; outlets, lines, offers, contracts, partners,
        # postings, accounts, whose they are, members, their accounts and cards. Accounts are of
        # postings and of members: in one statement or two, as they happen to come.
        (PURCHASES, 14),
        # Opening the transaction; the page; members, purchases, accounts, statements, partners,
        # other accounts, postings, purchases. Accounts again in one or two.
        (HISTORIES, 11),
    ],
    ids=["purchases", "histories"],
)
async def test_a_hundred_rows_cost_as_many_as_one(
    office: Office, busy: Till, document: str, statements: int
) -> None:
    for first in (1, 100):
        with counted() as ran:
            data = await office.data(document, first=first)
        assert len(data["purchases"]["edges"]) == first
        assert len(ran) <= statements, "\n\n".join(ran)


async def test_what_is_not_asked_for_is_not_read(office: Office, busy: Till) -> None:
    with counted() as ran:
        await office.data("{ purchases(first: 1) { edges { node { member { id } } } } }")
    assert len(ran) == 3, "\n".join(ran)
