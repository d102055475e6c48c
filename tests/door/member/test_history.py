"""A member's purchases and points: complete, exact to the raw rows, and nobody else's."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import case, or_, select

from coalition.members import account_ids
from ledger.identifiers import new_id
from ledger.tables import transfer
from partners.purchases import Place
from schema.opaque import PURCHASE
from service.database.transactions import Database
from tests.door.conftest import OpenTill
from tests.door.member.conftest import Join
from tests.door.member.visitors import (
    HISTORY,
    NODE,
    PURCHASES,
    Visitor,
    give_goodwill,
    suspend,
    take_back,
)
from tests.door.test_paging import walk
from tests.door.tills import Till, sale, sale_line

pytestmark = pytest.mark.anyio

BALANCE = "{ balance { points asOf } }"
EXPLANATION = """
  query Explanation($id: ID!) {
    node(id: $id) { ... on Purchase {
      id receiptNumber businessDate occurredAt recordedAt terminal points cardLastFour
      lines { number sku name category quantity points amount { amount currency } }
      explanation { kind category amount { amount currency } rate points rounding }
    } }
  }
"""


async def _points(visitor: Visitor) -> int:
    points: int = (await visitor.data(BALANCE))["balance"]["points"]
    return points


async def _rows(visitor: Visitor, list_: str) -> list[dict[str, Any]]:
    data = await visitor.data(list_, first=100)
    return [edge["node"] for edge in data["list"]["edges"]]


async def _raw_amounts(database: Database, visitor: Visitor) -> list[int]:
    """What came and went by the ledger's own rows, the newest first."""
    async with database.audit() as connection:
        [account] = await account_ids(connection, visitor.holder)
        rows = await connection.execute(
            select(
                case((transfer.c.credit_account == account, transfer.c.amount)).label("came"),
                transfer.c.amount,
            )
            .where(
                transfer.c.bucket == visitor.holder.bucket,
                or_(transfer.c.credit_account == account, transfer.c.debit_account == account),
            )
            .order_by(
                transfer.c.posted_at.desc(), transfer.c.posting_id.desc(), transfer.c.line.desc()
            )
        )
    return [row.amount if row.came is not None else -row.amount for row in rows]


async def test_a_newcomer_has_nothing(visitor: Visitor) -> None:
    before = datetime.now(UTC)
    balance = (await visitor.data(BALANCE))["balance"]
    assert balance["points"] == 0
    assert abs(datetime.fromisoformat(balance["asOf"]) - before) < timedelta(minutes=1)
    assert await _rows(visitor, HISTORY) == await _rows(visitor, PURCHASES) == []


async def test_the_balance_is_the_newest_lines_and_the_raw_rows(
    visitor: Visitor, open_till: OpenTill, database: Database
) -> None:
    one, other = await open_till(), await open_till(points_per_unit="2")
    await one.record(sale(visitor.card))
    await other.record(sale(visitor.card))
    gift = await give_goodwill(database, visitor.holder, 500)
    await one.record(sale(visitor.card))
    await take_back(database, gift)

    lines = await _rows(visitor, HISTORY)
    amounts = [line["points"] for line in lines]
    assert amounts == await _raw_amounts(database, visitor) == [-500, 12, 500, 25, 12]
    assert [line["kind"] for line in lines] == [
        "REVERSAL", "ACCRUAL", "GOODWILL", "ACCRUAL", "ACCRUAL",
    ]  # fmt: skip
    for place, line in enumerate(lines):
        assert line["balanceAfter"] == sum(amounts[place:])
    assert await _points(visitor) == lines[0]["balanceAfter"] == 49
    posted = [line["postedAt"] for line in lines]
    assert posted == sorted(posted, reverse=True)


async def test_a_line_names_its_purchase_and_no_other_does(
    visitor: Visitor, till: Till, database: Database
) -> None:
    recorded = await till.record(sale(visitor.card))
    await give_goodwill(database, visitor.holder, 5)
    gift, earned = await _rows(visitor, HISTORY)
    assert gift["purchase"] is None
    assert earned["purchase"] == {
        "id": recorded["purchase"]["id"],
        "points": earned["points"],
        "partner": {"code": till.shop.partner.code},
    }
    [purchase] = await _rows(visitor, PURCHASES)
    assert earned["occurredAt"] == purchase["occurredAt"]
    assert earned["postedAt"] == purchase["recordedAt"]


async def test_a_purchase_as_its_partner_recorded_it(visitor: Visitor, open_till: OpenTill) -> None:
    till = await open_till(
        points_per_unit="1.5",
        excluded_categories=frozenset({"TOBACCO"}),
    )
    receipt = sale(
        visitor.card,
        total="20.00",
        tenders=[{"kind": "CASH", "amount": "20.00"}],
        lines=[sale_line("15.00", category="FOOD"), sale_line("5.00", category="TOBACCO")],
    )
    recorded = (await till.record(receipt))["purchase"]
    [mine] = await _rows(visitor, PURCHASES)
    assert mine["id"] == recorded["id"]
    assert mine["receiptNumber"] == receipt["receiptNumber"]
    assert mine["total"] == {"amount": "20.00", "currency": "USD"}
    assert mine["tenders"] == [{"kind": "CASH", "amount": {"amount": "20.00"}}]
    assert mine["partner"]["code"] == till.shop.partner.code
    assert mine["partner"]["name"] == till.shop.partner.name
    assert (mine["outlet"]["code"], mine["outlet"]["name"]) == ("1", "Main Street")
    assert mine["cardLastFour"] == visitor.card[-4:]
    steps = [(step["kind"], step["points"]) for step in mine["explanation"]]
    assert {kind for kind, _ in steps} == {"BASE_RATE", "CATEGORY_EXCLUDED", "ROUNDING"}
    assert sum(line["points"] for line in mine["lines"]) == mine["points"] == recorded["points"]
    theirs = await till.data(EXPLANATION, id=mine["id"])
    assert await visitor.data(EXPLANATION, id=mine["id"]) == theirs


@pytest.mark.parametrize("list_", [PURCHASES, HISTORY], ids=["purchases", "history"])
@pytest.mark.parametrize("size", [1, 3, 5, 100])
async def test_pages_make_up_the_whole(
    visitor: Visitor, open_till: OpenTill, list_: str, size: int
) -> None:
    tills = [await open_till(), await open_till(points_per_unit="3")]
    moment = datetime.now(UTC) - timedelta(hours=1)
    for n in range(5):
        await tills[n % 2].record_many(
            [  # two of one posting instant, and pairs that occurred together
                {
                    "idempotencyKey": f"{size}-{n}-{each}",
                    "receipt": sale(
                        visitor.card, occurredAt=(moment - timedelta(seconds=n)).isoformat()
                    ),
                }
                for each in range(2)
            ]
        )
    whole = await _rows(visitor, list_)
    assert len(whole) == 10
    assert await walk(visitor, list_, size) == whole
    key = "occurredAt" if list_ is PURCHASES else "postedAt"
    assert [row[key] for row in whole] == sorted((row[key] for row in whole), reverse=True)


async def test_a_cursor_is_of_its_own_list(visitor: Visitor, till: Till) -> None:
    await till.record(sale(visitor.card))
    cursor = (await visitor.data(HISTORY))["list"]["edges"][0]["cursor"]
    answer = await visitor.ask(PURCHASES, after=cursor)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_anothers_are_as_those_that_never_were(join: Join, till: Till) -> None:
    mine, theirs = await join(), await join()
    await till.record(sale(theirs.card))
    [purchase] = await _rows(theirs, PURCHASES)
    assert await theirs.data(NODE, id=purchase["id"]) == {
        "node": {"__typename": "Purchase", "id": purchase["id"]}
    }
    place = PURCHASE.unseal(purchase["id"])
    assert place is not None
    nobodys = PURCHASE.seal(Place(place.occurred_at, new_id()))
    assert await mine.ask(NODE, id=purchase["id"]) == await mine.ask(NODE, id=nobodys)
    assert await mine.data(NODE, id=purchase["id"]) == {"node": None}
    assert await _rows(mine, PURCHASES) == await _rows(mine, HISTORY) == []
    assert await _points(mine) == 0
    # Nor from the place of another's row on.
    await till.record(sale(mine.card))
    for list_ in (PURCHASES, HISTORY):
        edge = (await theirs.data(list_))["list"]["edges"][0]
        seen = (await mine.data(list_, after=edge["cursor"]))["list"]["edges"]
        own = (await mine.data(list_))["list"]["edges"]
        assert [each["node"] for each in seen] in ([], [each["node"] for each in own])


async def test_what_was_bought_at_a_suspended_partner_stays(
    visitor: Visitor, till: Till, database: Database
) -> None:
    await till.record(sale(visitor.card))
    before = [await _rows(visitor, list_) for list_ in (PURCHASES, HISTORY)]
    await suspend(database, till.shop)
    assert [await _rows(visitor, list_) for list_ in (PURCHASES, HISTORY)] == before
