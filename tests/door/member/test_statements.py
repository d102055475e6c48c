"""How many SQL statements a member's operation costs: as many for a hundred rows as for one."""

import pytest

from service.database.transactions import Database
from tests.builders import open_shop
from tests.door.member.visitors import HISTORY, PARTNERS, PURCHASES, Visitor
from tests.door.test_statements import counted
from tests.door.tills import Till, sale

pytestmark = pytest.mark.anyio

OPENING = 3
"""Who the member is, and whose the accounts are, for the row policies."""
MANY_PARTNERS = 100


@pytest.mark.parametrize(
    ("document", "statements"),
    [
        # The page; partners, outlets, lines, offers.
        (PURCHASES, OPENING + 5),
        # The account; the page; purchases, partners.
        (HISTORY, OPENING + 4),
    ],
    ids=["purchases", "history"],
)
async def test_a_hundred_rows_cost_as_many_as_one(
    visitor: Visitor, till: Till, document: str, statements: int
) -> None:
    await till.record_many(
        [{"idempotencyKey": f"busy-{n}", "receipt": sale(visitor.card)} for n in range(100)]
    )
    for first in (1, 100):
        with counted() as ran:
            data = await visitor.data(document, first=first)
        assert len(data["list"]["edges"]) == first
        assert len(ran) == statements, "\n".join(ran)


async def test_many_partners_cost_as_many_as_one(visitor: Visitor, database: Database) -> None:
    for _ in range(MANY_PARTNERS):
        await open_shop(database)
    for first in (1, MANY_PARTNERS):
        with counted() as ran:
            data = await visitor.data(PARTNERS, first=first)
        assert len(data["list"]["edges"]) == first
        # The page; decisions, offers, outlets.
        assert len(ran) == OPENING + 4, "\n".join(ran)


async def test_a_page_of_the_site_costs_little(visitor: Visitor) -> None:
    with counted() as ran:
        await visitor.data("{ me { name contacts { value } } balance { points } cards { id } }")
    # The member, their contacts, the account, its balance, the cards.
    assert len(ran) == OPENING + 5, "\n".join(ran)
    with counted() as ran:
        await visitor.data("{ __typename }")
    assert ran == []
