"""A till records purchases: what it gets back, what its partner then sees, and replays."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NoReturn

import pytest

from coalition.programme.settings import ProgrammeMissingError
from service.database.transactions import Database
from tests.builders import enrol_members
from tests.door.conftest import OpenTill
from tests.door.tills import QUOTE, Till, rows_of, sale, sale_line

pytestmark = pytest.mark.anyio

WHOLE = """
  query Whole($id: ID!) {
    node(id: $id) {
      id
      ... on Purchase {
        receiptNumber businessDate occurredAt recordedAt terminal points cardLastFour
        total { amount currency }
        tenders { kind amount { amount currency } }
        outlet { id code name terminals }
        customer {
          id purchaseCount firstVisit lastVisit
          spending {
            currency purchases points total { amount } averageCheque { amount currency }
          }
          favouriteCategories(first: 1) { category share amount { amount } }
          purchases { edges { node { id } } pageInfo { hasNextPage } }
        }
        lines { number sku name category quantity points amount { amount currency } }
        contract { id currency pointsPerUnit rounding validTo }
        explanation { kind category rate points rounding amount { amount } }
      }
    }
  }
"""


async def test_a_purchase_and_its_customer_are_seen(open_till: OpenTill, card: str) -> None:
    till = await open_till(points_per_unit="0.5", category_multipliers={"WINE": Decimal(3)})
    receipt = sale(
        card,
        tenders=[{"kind": "cash", "amount": "12.34"}],
        lines=[
            sale_line("10.00", category="FOOD", quantity="1.250"),
            sale_line("2.34", category="WINE"),
            sale_line("0.00", name="Bag"),
        ],
    )
    payload = await till.record(receipt)
    assert payload["errors"] == []
    assert payload["points"] == 9  # 10 x 0.5 + 2.34 x 1.5 = 8.51
    assert payload["replayed"] is False

    seen = (await till.data(WHOLE, id=payload["purchase"]["id"]))["node"]
    assert seen["id"] == payload["purchase"]["id"]
    assert seen["receiptNumber"] == receipt["receiptNumber"]
    assert seen["terminal"] == "1"
    assert seen["points"] == 9
    assert seen["cardLastFour"] == card[-4:]
    assert seen["total"] == {"amount": "12.34", "currency": "USD"}
    assert seen["tenders"] == [{"kind": "cash", "amount": {"amount": "12.34", "currency": "USD"}}]
    assert seen["outlet"]["code"] == "1"
    assert seen["outlet"]["terminals"] == ["1"]
    assert [line["points"] for line in seen["lines"]] == [5, 4, 0]
    assert [line["number"] for line in seen["lines"]] == [1, 2, 3]
    assert seen["lines"][0]["quantity"] == "1.250"
    assert seen["lines"][2] == {
        "number": 3,
        "sku": "4006381",
        "name": "Bag",
        "category": None,
        "quantity": "1",
        "points": 0,
        "amount": {"amount": "0.00", "currency": "USD"},
    }
    assert seen["contract"]["pointsPerUnit"] == "0.5"
    assert seen["contract"]["rounding"] == "HALF_UP"
    assert seen["explanation"] == [
        _step("BASE_RATE", None, "12.34", "0.5", "6.17"),
        _step("CATEGORY_MULTIPLIER", "WINE", "2.34", "3", "2.34"),
        _step("ROUNDING", None, "12.34", None, "9", "HALF_UP"),
    ]
    person = seen["customer"]
    assert person["purchaseCount"] == 1
    assert person["firstVisit"] == person["lastVisit"] == seen["businessDate"]
    assert person["spending"] == [
        {
            "currency": "USD",
            "purchases": 1,
            "points": 9,
            "total": {"amount": "12.34"},
            "averageCheque": {"amount": "12.34", "currency": "USD"},
        }
    ]
    assert person["favouriteCategories"] == [
        {"category": "FOOD", "share": "0.8104", "amount": {"amount": "10.00"}}
    ]
    assert person["purchases"]["edges"] == [{"node": {"id": seen["id"]}}]


def _step(
    kind: str, category: str | None, amount: str, rate: str | None, points: str, mode: Any = None
) -> dict[str, Any]:
    return {
        "kind": kind,
        "category": category,
        "amount": {"amount": amount},
        "rate": rate,
        "points": points,
        "rounding": mode,
    }


async def test_the_same_key_answers_as_the_first_time(
    till: Till, card: str, database: Database
) -> None:
    receipt, key = sale(card), secrets.token_hex(8)
    first = await till.record(receipt, key)
    before = await rows_of(database, till.shop)
    again = await till.record(receipt, key)
    assert again == {**first, "replayed": True}
    assert await rows_of(database, till.shop) == before


async def test_the_same_receipt_under_another_key_is_recorded_once(
    till: Till, card: str, database: Database
) -> None:
    receipt = sale(card)
    first = await till.record(receipt)
    before = await rows_of(database, till.shop)
    again = await till.record(receipt)
    assert again == {**first, "replayed": True}
    assert await rows_of(database, till.shop) == before


async def test_a_batch_answers_for_each_in_order(till: Till, card: str, database: Database) -> None:
    good, bad, worse = sale(card), sale(card, outlet="nowhere"), sale(card, total="12.345")
    payload = await till.record_many(
        [
            {"idempotencyKey": "batch-1", "receipt": good},
            {"idempotencyKey": "batch-2", "receipt": bad},
            {"idempotencyKey": "batch-3", "receipt": worse},
            {"idempotencyKey": "batch-4", "receipt": good},
            {"idempotencyKey": "", "receipt": sale(card)},
        ]
    )
    assert payload["errors"] == []
    first, second, third, fourth, fifth = payload["outcomes"]
    assert (first["points"], first["replayed"], first["errors"]) == (12, False, [])
    assert first["purchase"]["receiptNumber"] == good["receiptNumber"]
    assert [(each["code"], each["path"]) for each in second["errors"]] == [
        ("OUTLET_UNKNOWN", ["purchases", "1", "receipt", "outlet"])
    ]
    assert [(each["code"], each["path"]) for each in third["errors"]] == [
        ("AMOUNT_NOT_OF_CURRENCY", ["purchases", "2", "receipt", "total"])
    ]
    assert fourth == {**first, "replayed": True}
    assert [(each["code"], each["path"]) for each in fifth["errors"]] == [
        ("KEY_INVALID", ["purchases", "4", "idempotencyKey"])
    ]
    assert (await rows_of(database, till.shop))["purchase"] == 1


async def test_more_than_500_purchases_are_refused_whole(
    till: Till, card: str, database: Database
) -> None:
    items = [{"idempotencyKey": f"many-{n}", "receipt": sale(card)} for n in range(501)]
    payload = await till.record_many(items)
    assert payload["outcomes"] == []
    assert [(each["code"], each["path"]) for each in payload["errors"]] == [
        ("TOO_MANY_PURCHASES", ["purchases"])
    ]
    assert not any((await rows_of(database, till.shop)).values())

    payload = await till.record_many(items[:500])
    assert all(outcome["errors"] == [] for outcome in payload["outcomes"])
    assert (await rows_of(database, till.shop))["purchase"] == 500


async def test_two_mutations_of_one_request_each_see_the_customer_as_left(
    till: Till, card: str
) -> None:
    both = """
      mutation Both($one: RecordPurchaseInput!, $two: RecordPurchaseInput!) {
        one: recordPurchase(input: $one) { purchase { customer { id purchaseCount } } }
        two: recordPurchase(input: $two) { purchase { customer { id purchaseCount } } }
      }
    """
    data = await till.data(
        both,
        one={"idempotencyKey": "both-1", "receipt": sale(card)},
        two={"idempotencyKey": "both-2", "receipt": sale(card)},
    )
    one, two = (data[each]["purchase"]["customer"] for each in ("one", "two"))
    assert one["id"] == two["id"]
    assert (one["purchaseCount"], two["purchaseCount"]) == (1, 2)


async def test_the_business_date_is_cut_in_the_programmes_time_zone(till: Till, card: str) -> None:
    # The tests' programme is in New York: four or five hours behind UTC.
    moment = str(datetime.now(UTC).date() - timedelta(days=1))
    payload = await till.record(sale(card, occurredAt=f"{moment}T00:30:00+00:00"))
    seen = await till.data(WHOLE, id=payload["purchase"]["id"])
    assert seen["node"]["businessDate"] < moment
    named = await till.record(
        sale(card, occurredAt=f"{moment}T00:30:00+00:00", businessDate=moment)
    )
    seen = await till.data(WHOLE, id=named["purchase"]["id"])
    assert seen["node"]["businessDate"] == moment


async def test_a_programme_that_is_not_set_up_yet(
    till: Till, card: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def missing(_connection: object) -> NoReturn:
        raise ProgrammeMissingError

    receipt = sale(card)
    day = receipt["occurredAt"][:10]
    with monkeypatch.context() as patched:
        patched.setattr("schema.context.read_programme", missing)
        refused = await till.record(receipt)
        assert [(each["code"], each["path"]) for each in refused["errors"]] == [
            ("PROGRAMME_NOT_SET_UP", ["receipt", "businessDate"])
        ]
        assert (await till.record(sale(card, businessDate=day)))["errors"] == []
    assert (await till.record(receipt))["errors"] == []


async def test_many_tills_at_once(till: Till, database: Database) -> None:
    cards = [each.card.number for each in await enrol_members(database, 10)]
    payloads = await asyncio.gather(*(till.record(sale(cards[n % 10])) for n in range(60)))
    assert all(payload["points"] == 12 for payload in payloads)
    assert len({payload["purchase"]["id"] for payload in payloads}) == 60
    assert (await rows_of(database, till.shop))["purchase"] == 60


async def test_a_currency_without_a_minor_unit(open_till: OpenTill, card: str) -> None:
    till = await open_till(currency="JPY")
    receipt = sale(card, currency="JPY", total="1234", lines=[sale_line("1234")])
    payload = await till.record(receipt)
    assert payload["points"] == 1234
    seen = await till.data(WHOLE, id=payload["purchase"]["id"])
    assert seen["node"]["total"] == {"amount": "1234", "currency": "JPY"}
    refused = await till.record(sale(card, currency="JPY", total="12.0"))
    assert refused["errors"][0]["code"] == "AMOUNT_NOT_OF_CURRENCY"


async def test_a_quote_tells_what_recording_then_gives(
    open_till: OpenTill, card: str, database: Database
) -> None:
    till = await open_till(excluded_categories=frozenset({"WINE"}))
    receipt = sale(card)
    quote = (await till.data(QUOTE, receipt=receipt))["quotePurchase"]
    assert quote["errors"] == []
    assert quote["points"] == 10
    assert quote["lines"] == [{"number": 1, "points": 10}, {"number": 2, "points": 0}]
    assert [(step["kind"], step["points"]) for step in quote["steps"]] == [
        ("CATEGORY_EXCLUDED", "0"),
        ("BASE_RATE", "10"),
        ("ROUNDING", "10"),
    ]
    assert not any((await rows_of(database, till.shop)).values())
    assert (await till.record(receipt))["points"] == 10

    refused = (await till.data(QUOTE, receipt=sale(card, outlet="?")))["quotePurchase"]
    assert refused["points"] is None
    assert [(each["code"], each["path"]) for each in refused["errors"]] == [
        ("OUTLET_UNKNOWN", ["receipt", "outlet"])
    ]


async def test_average_cheque_and_shares_are_exact(till: Till, card: str) -> None:
    for amount in ("0.01", "0.02", "0.02"):
        payload = await till.record(sale(card, total=amount, lines=[sale_line(amount)]))
    seen = (await till.data(WHOLE, id=payload["purchase"]["id"]))["node"]["customer"]
    assert seen["spending"][0]["total"]["amount"] == "0.05"
    assert seen["spending"][0]["averageCheque"]["amount"] == "0.02"  # 1.67 cents
    assert seen["favouriteCategories"] == []


async def test_members_of_one_shop_are_different_customers(till: Till, database: Database) -> None:
    first, second = await enrol_members(database, 2)
    one = await till.record(sale(first.card.number))
    two = await till.record(sale(second.card.number))
    people = [
        (await till.data(WHOLE, id=each["purchase"]["id"]))["node"]["customer"]["id"]
        for each in (one, two)
    ]
    assert people[0] != people[1]
