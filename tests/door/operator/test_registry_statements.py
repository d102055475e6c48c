"""How many SQL statements the register costs: as many for a hundred rows as for one."""

import pytest

from ledger.identifiers import new_id
from partners.registry import Outlet, open_outlets
from service.database.transactions import Database
from tests.builders import ZONE, Shop, open_shop
from tests.door.operator.offices import Office, partner_id
from tests.door.test_statements import counted

pytestmark = pytest.mark.anyio

PARTNERS = """
  query Partners($first: PageSize) {
    partners(first: $first) { edges { node {
      id code status
      outlets(first: 2) { edges { node { code terminals } } }
      contracts(first: 2) { edges { node { id pointsPerUnit } } }
      contract { id }
      credentials(first: 2) { edges { node { id label } } }
    } } }
  }
"""
STAFF = """
  query Staff($first: PageSize) {
    staff(first: $first) { edges { node { id email partner { id code } } } }
  }
"""
HISTORY = """
  query History($first: PageSize) {
    programmeHistory(first: $first) { edges { node { version setBy { id partner { id } } } } }
  }
"""


@pytest.fixture
async def shops(database: Database) -> list[Shop]:
    """Some partners that trade."""
    return [await open_shop(database) for _ in range(4)]


async def test_partners_cost_the_same_however_many(office: Office, shops: list[Shop]) -> None:
    for first in (1, 4):
        with counted() as ran:
            data = await office.data(PARTNERS, first=first)
        assert len(data["partners"]["edges"]) == first
        # Opening the transaction; the page; outlets, contracts, those in force, credentials.
        assert len(ran) == 6, "\n".join(ran)


async def test_staff_cost_the_same_however_many(office: Office, shops: list[Shop]) -> None:
    for shop in shops:
        await office.done(
            "createStaff",
            "password",
            email=f"{new_id()}@staff.test",
            name="Ivan",
            partnerId=partner_id(shop.partner.id),
        )
    for first in (2, 100):
        with counted() as ran:
            data = await office.data(STAFF, first=first)
        assert len(data["staff"]["edges"]) > 1
        assert len(ran) <= 3, "\n".join(ran)  # opening; the page; partners


async def test_the_history_costs_the_same_however_long(office: Office) -> None:
    for _ in range(3):
        version = (await office.data("{ programme { version } }"))["programme"]["version"]
        given = {"version": version, "name": "Test", "timeZone": ZONE.key}
        await office.done("changeProgramme", "programme { version }", **given)
    for first in (1, 3):
        with counted() as ran:
            data = await office.data(HISTORY, first=first)
        assert len(data["programmeHistory"]["edges"]) == first
        assert len(ran) == 3, "\n".join(ran)  # opening; the page; who stored them


async def test_a_page_of_outlets_costs_the_same(
    office: Office, database: Database, shops: list[Shop]
) -> None:
    async with database.operator() as connection:
        await open_outlets(
            connection,
            shops[0].partner.id,
            [Outlet(code=f"{n:03}", name="A", terminals=("1", "2")) for n in range(100)],
        )
    document = """
      query Outlets($id: ID!, $first: PageSize) { partner(id: $id) {
        outlets(first: $first) { edges { node { code name terminals } } }
      } }
    """
    for first in (1, 100):
        with counted() as ran:
            data = await office.data(document, id=partner_id(shops[0].partner.id), first=first)
        assert len(data["partner"]["outlets"]["edges"]) == first
        assert len(ran) == 3, "\n".join(ran)  # opening; the partner; the outlets


async def test_opening_outlets_costs_the_same_however_many(
    office: Office, shops: list[Shop]
) -> None:
    costs = []
    for count in (1, 100):
        outlets = [
            {"code": f"{count}-{n}", "name": "A", "terminals": ["1", "2"]} for n in range(count)
        ]
        with counted() as ran:
            payload = await office.done(
                "openOutlets",
                "outlets { code terminals }",
                partnerId=partner_id(shops[0].partner.id),
                outlets=outlets,
            )
        assert len(payload["outlets"]) == count
        costs.append(len(ran))
    # The partner, outlets, terminals; opening and reading them again.
    assert costs == [5, 5]


async def test_what_is_not_asked_for_is_not_read(office: Office, shops: list[Shop]) -> None:
    with counted() as ran:
        await office.data("{ partners(first: 1) { edges { node { contract { id } } } } }")
    assert len(ran) == 3, "\n".join(ran)
    with counted() as ran:
        await office.data("{ __typename }")
    assert ran == []
