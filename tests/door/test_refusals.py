"""Every refusal as a till meets it: its code, its path, and that nothing was written."""

import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, LiteralString

import pytest

from coalition.card_lookup import CardLookupRefusal
from coalition.cards import block_card, check_digit, random_number
from partners.refusals import PurchaseRefusal
from partners.registry import Outlet, open_outlets
from schema.partner.refusals import DoorRefusal
from service.database.transactions import Database
from tests.builders import enrol_members
from tests.door.conftest import OpenTill
from tests.door.tills import QUOTE, Till, administer, rows_of, sale, sale_line

pytestmark = pytest.mark.anyio

NOTHING: dict[str, int] = dict.fromkeys(
    ("purchase", "purchase_line", "customer", "receipt", "posted"), 0
)


def ago(**span: int) -> str:
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


def one_line(amount: str, **changes: Any) -> dict[str, Any]:
    return {"lines": [sale_line(amount, **changes)], "total": amount}


OF_THE_FORM: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "mistyped card": ({"card": "4000000000000000"}, "CARD_NUMBER_INVALID", ["card"]),
    "NUL in the card": ({"card": "\0" * 16}, "CARD_NUMBER_INVALID", ["card"]),
    "NUL in the outlet": ({"outlet": "1\0"}, "TEXT_INVALID", ["outlet"]),
    "NUL in the till": ({"terminal": "\0"}, "TEXT_INVALID", ["terminal"]),
    "NUL in the number": ({"receiptNumber": "1\x002"}, "TEXT_INVALID", ["receiptNumber"]),
    "NUL in the currency": ({"currency": "US\0"}, "CURRENCY_UNKNOWN", ["currency"]),
    "NUL in a name": (one_line("1.00", name="T\0"), "TEXT_INVALID", ["lines", "0", "name"]),
    "empty sku": (one_line("1.00", sku=""), "TEXT_INVALID", ["lines", "0", "sku"]),
    "long category": (
        one_line("1.00", category="C" * 201),
        "TEXT_INVALID",
        ["lines", "0", "category"],
    ),
    "unknown outlet": ({"outlet": "nowhere"}, "OUTLET_UNKNOWN", ["outlet"]),
    "unknown till": ({"terminal": "99"}, "TERMINAL_UNKNOWN", ["terminal"]),
    "total of zero": (one_line("0.00"), "TOTAL_ZERO", ["total"]),
    "negative total": (one_line("-1.00"), "AMOUNT_NEGATIVE", ["total"]),
    "negative line": (
        {"lines": [sale_line("15.00"), sale_line("-2.66")]},
        "AMOUNT_NEGATIVE",
        ["lines", "1", "amount"],
    ),
    "over 10^12 minor units": (one_line("10000000000.01"), "AMOUNT_TOO_LARGE", ["total"]),
    "amount of 20 digits": (one_line("9" * 20), "AMOUNT_TOO_LARGE", ["total"]),
    "lines that don't sum": ({"total": "12.35"}, "LINES_DO_NOT_SUM", ["total"]),
    "tenders that don't sum": (
        {"tenders": [{"kind": "cash", "amount": "1.00"}]},
        "TENDERS_DO_NOT_SUM",
        ["tenders"],
    ),
    "half a cent": (
        {"tenders": [{"kind": "cash", "amount": "12.335"}]},
        "AMOUNT_NOT_OF_CURRENCY",
        ["tenders", "0", "amount"],
    ),
    "half a cent on a line": (
        {"lines": [sale_line("10.00"), sale_line("2.335"), sale_line("0.005")]},
        "AMOUNT_NOT_OF_CURRENCY",
        ["lines", "1", "amount"],
    ),
    "no lines": ({"lines": []}, "LINES_MISSING", ["lines"]),
    "10,000 lines": (
        {"lines": [sale_line("0.01")] * 10_000, "total": "100.00"},
        "TOO_MANY_LINES",
        ["lines"],
    ),
    "21 tenders": (
        {"tenders": [{"kind": "cash", "amount": "0.01"}] * 21},
        "TOO_MANY_TENDERS",
        ["tenders"],
    ),
    "quantity below zero": (
        one_line("1.00", quantity="-1"),
        "QUANTITY_INVALID",
        ["lines", "0", "quantity"],
    ),
    "quantity of 7 places": (
        one_line("1.00", quantity="0.0000001"),
        "QUANTITY_INVALID",
        ["lines", "0", "quantity"],
    ),
    "no such currency": ({"currency": "XXX"}, "CURRENCY_UNKNOWN", ["currency"]),
    "another currency": ({"currency": "EUR"}, "CURRENCY_NOT_OF_CONTRACT", ["currency"]),
    "six minutes ahead": (
        {"occurredAt": timedelta(minutes=6)},
        "OCCURRED_IN_FUTURE",
        ["occurredAt"],
    ),
    "older than the window": ({"occurredAt": -timedelta(days=31)}, "TOO_LATE", ["occurredAt"]),
    "the first instant there is": (
        {"occurredAt": "0001-01-01T00:00:00Z"},
        "TOO_LATE",
        ["occurredAt"],
    ),
    "the last instant there is": (
        {"occurredAt": "9999-12-31T23:59:59.999999Z"},
        "OCCURRED_IN_FUTURE",
        ["occurredAt"],
    ),
    "another business day": (
        {"businessDate": "2001-01-01"},
        "BUSINESS_DATE_INVALID",
        ["businessDate"],
    ),
}


@pytest.mark.parametrize("case", OF_THE_FORM)
async def test_a_receipt_is_refused_by_name(
    case: str, till: Till, card: str, database: Database
) -> None:
    changes, code, path = OF_THE_FORM[case]
    receipt = {**sale(card), **changes}
    if isinstance(away := receipt["occurredAt"], timedelta):
        receipt["occurredAt"] = (datetime.now(UTC) + away).isoformat()
    payload = await till.record(receipt)
    meaning = PurchaseRefusal[code].meaning
    assert payload["errors"] == [{"code": code, "message": meaning, "path": ["receipt", *path]}]
    assert (payload["points"], payload["purchase"]) == (None, None)
    assert await rows_of(database, till.shop) == NOTHING

    quote = (await till.data(QUOTE, receipt=receipt))["quotePurchase"]
    assert quote["errors"] == payload["errors"]
    assert (quote["points"], quote["lines"], quote["steps"]) == (None, [], [])


Scene = Callable[[Database, OpenTill], Awaitable[tuple[Till, dict[str, Any]]]]


async def unknown_card(_database: Database, open_till: OpenTill) -> tuple[Till, dict[str, Any]]:
    return await open_till(), sale(random_number())


async def blocked_card(database: Database, open_till: OpenTill) -> tuple[Till, dict[str, Any]]:
    [holder] = await enrol_members(database)
    async with database.operator() as connection:
        blocked_at = await block_card(connection, holder.bucket, holder.card.id, reason="lost")
    return await open_till(), sale(holder.card.number, occurredAt=blocked_at.isoformat())


async def young_card(database: Database, open_till: OpenTill) -> tuple[Till, dict[str, Any]]:
    [holder] = await enrol_members(database, joined_at=datetime.now(UTC))
    return await open_till(), sale(holder.card.number)


async def no_contract(database: Database, open_till: OpenTill) -> tuple[Till, dict[str, Any]]:
    [holder] = await enrol_members(database)
    till = await open_till(valid_from=datetime.now(UTC))
    return till, sale(holder.card.number)


async def anothers_outlet(database: Database, open_till: OpenTill) -> tuple[Till, dict[str, Any]]:
    [holder] = await enrol_members(database)
    other, till = await open_till(), await open_till()
    async with database.operator() as connection:
        await open_outlets(connection, other.shop.partner.id, [Outlet(code="2", name="Two")])
    return till, sale(holder.card.number, outlet="2")


async def blocked_member(database: Database, open_till: OpenTill) -> tuple[Till, dict[str, Any]]:
    [holder] = await enrol_members(database)
    administer(
        database, "update coalition.member set status = 'blocked' where id = %s", holder.member_id
    )
    return await open_till(), sale(holder.card.number)


FROM_WHAT_IS_KNOWN: dict[str, tuple[Scene, str, str]] = {
    "unknown card": (unknown_card, "CARD_UNKNOWN", "card"),
    "blocked card": (blocked_card, "CARD_BLOCKED", "card"),
    "card of after the purchase": (young_card, "CARD_NOT_YET_VALID", "card"),
    "blocked member": (blocked_member, "MEMBER_BLOCKED", "card"),
    "no contract": (no_contract, "NO_CONTRACT", "occurredAt"),
    "another partner's outlet": (anothers_outlet, "OUTLET_UNKNOWN", "outlet"),
}


@pytest.mark.parametrize("case", FROM_WHAT_IS_KNOWN)
async def test_a_purchase_is_refused_by_what_is_known(
    case: str, database: Database, open_till: OpenTill
) -> None:
    scene, code, path = FROM_WHAT_IS_KNOWN[case]
    till, receipt = await scene(database, open_till)
    payload = await till.record(receipt, key := secrets.token_hex(8))
    assert [(each["code"], each["path"]) for each in payload["errors"]] == [
        (code, ["receipt", path])
    ]
    assert await rows_of(database, till.shop) == NOTHING
    assert await till.record(receipt, key) == payload  # final, so remembered under the key


@pytest.mark.parametrize(
    "statement",
    [
        "update partners.credential set revoked_at = now() where partner_id = %s",
        "update partners.partner set status = 'suspended' where id = %s",
    ],
    ids=["revoked", "suspended"],
)
async def test_a_token_outlives_its_credential_but_records_nothing(
    statement: LiteralString, till: Till, card: str, database: Database
) -> None:
    administer(database, statement, till.shop.partner.id)
    payload = await till.record(sale(card))
    assert [(each["code"], each["path"]) for each in payload["errors"]] == [
        ("CREDENTIAL_REVOKED", [])
    ]
    assert await rows_of(database, till.shop) == NOTHING


async def test_a_zero_line_and_the_edges_are_fine(till: Till, card: str) -> None:
    free = {"lines": [sale_line("12.34"), sale_line("0.00"), sale_line("0", quantity="0")]}
    assert (await till.record(sale(card, **free)))["points"] == 12
    largest = one_line("10000000000.00", quantity="1000000000")
    assert (await till.record(sale(card, **largest)))["points"] == 10**10
    soon = sale(card, occurredAt=ago(minutes=-4))
    assert (await till.record(soon))["errors"] == []
    late = sale(card, occurredAt=ago(days=29, hours=23))
    assert (await till.record(late))["errors"] == []
    thousand = {"lines": [sale_line("0.01")] * 1_000, "total": "10.00"}
    assert (await till.record(sale(card, **thousand)))["errors"] == []


@pytest.mark.parametrize("key", ["", "\0", "k" * 201, "a\nb"])
async def test_a_key_is_refused(key: str, till: Till, card: str, database: Database) -> None:
    given = {"idempotencyKey": key, "receipt": sale(card)}
    document = "mutation R($input: RecordPurchaseInput!) { recordPurchase(input: $input)"
    answer = await till.data(document + " { errors { code path } } }", input=given)
    assert answer["recordPurchase"]["errors"] == [
        {"code": "KEY_INVALID", "path": ["idempotencyKey"]}
    ]
    assert await rows_of(database, till.shop) == NOTHING


async def test_the_same_key_with_other_content(till: Till, card: str, database: Database) -> None:
    await till.record(sale(card), key := secrets.token_hex(8))
    before = await rows_of(database, till.shop)
    payload = await till.record(sale(card), key)
    assert [(each["code"], each["path"]) for each in payload["errors"]] == [
        ("IDEMPOTENCY_CONFLICT", ["idempotencyKey"])
    ]
    assert await rows_of(database, till.shop) == before


async def test_the_same_receipt_with_other_content(
    till: Till, card: str, database: Database
) -> None:
    receipt = sale(card)
    await till.record(receipt)
    before = await rows_of(database, till.shop)
    payload = await till.record({**receipt, **one_line("99.00")})
    assert [(each["code"], each["path"]) for each in payload["errors"]] == [
        ("RECEIPT_CONFLICT", ["receipt", "receiptNumber"])
    ]
    assert await rows_of(database, till.shop) == before


async def test_a_code_is_shown_for_every_refusal(till: Till) -> None:
    document = '{ __type(name: "RefusalCode") { enumValues { name description } } }'
    shown = (await till.data(document))["__type"]["enumValues"]
    assert {each["name"]: each["description"] for each in shown} == {
        code.value: code.meaning for code in (*PurchaseRefusal, *CardLookupRefusal, *DoorRefusal)
    }


def test_the_mistyped_card_is_mistyped() -> None:
    assert check_digit("400000000000000") != "0"
    assert Decimal("10000000000.01") * 100 > 10**12
