"""Recording one purchase: once, under its key and as its receipt; refusals are remembered."""

import secrets
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest
from sqlalchemy import URL, text

from coalition.members import Enrolled
from coalition.recording import (
    Caller,
    PurchaseRequest,
    Quote,
    Recorded,
    quote_purchase,
    record_purchase,
    record_purchases,
)
from ledger.identifiers import new_id
from partners.purchases import lines_of, newest_purchases, of_partner
from partners.receipts import Flaw, Tender
from partners.refusals import PurchaseRefusal as R
from partners.registry import Outlet, open_outlets
from service.database.transactions import Database
from tests.builders import Shop, line, open_shop
from tests.coalition.books import assert_rollups_hold, points_of, rows_of

pytestmark = pytest.mark.anyio


async def test_a_purchase_is_recorded_with_all_that_follows(
    database: Database, shop: Shop, member: Enrolled
) -> None:
    tenders = (Tender(kind="cash", amount=1_000), Tender(kind="card", amount=234))
    request = shop.request(card=member.card.number, tenders=tenders)
    outcome = await record_purchase(database.desk, request)
    assert isinstance(outcome, Recorded)
    assert (outcome.points, outcome.replayed) == (12, False)
    assert await points_of(database, member) == 12
    assert await rows_of(database, shop) == {
        "purchases": 1, "lines": 2, "keys": 1, "receipts": 1, "customers": 1, "postings": 1,
        "points": 12,
    }  # fmt: skip
    async with database.partner(shop.partner.id) as connection:
        [found] = await newest_purchases(connection, of_partner(shop.partner.id), most=9)
        lines = await lines_of(connection, of_partner(shop.partner.id), [(found.bucket, found.id)])
        posted = await connection.execute(
            text("select posting_id, posted_at, occurred_at, amount from ledger.partner_line")
        )
        assert posted.one() == (
            outcome.purchase_id, outcome.recorded_at, request.receipt.occurred_at, -12
        )  # fmt: skip
    receipt = request.receipt
    assert found.id == outcome.purchase_id
    assert found.recorded_at == outcome.recorded_at
    assert found.contract_id == shop.contract.id
    assert found.card_last_four == member.card.number[-4:]
    assert (found.amount, found.currency, found.points) == (1_234, "USD", 12)
    assert (found.number, found.business_date) == (receipt.number, receipt.business_date)
    assert (found.occurred_at, found.tenders) == (receipt.occurred_at, tenders)
    assert [each.line for each in lines[found.id]] == list(receipt.lines)
    assert [(each.number, each.points) for each in lines[found.id]] == [(1, 10), (2, 2)]
    await assert_rollups_hold(database, [member])


async def test_a_retry_is_answered_with_the_first_outcome(
    database: Database, shop: Shop, member: Enrolled
) -> None:
    request = shop.request(card=member.card.number)
    first = await record_purchase(database.desk, request)
    assert isinstance(first, Recorded)
    before = await rows_of(database, shop)
    for _ in range(2):
        assert await record_purchase(database.desk, request) == replace(first, replayed=True)
    assert await rows_of(database, shop) == before
    assert await points_of(database, member) == 12


async def test_a_receipt_under_another_key_is_the_same_purchase(
    database: Database, shop: Shop, member: Enrolled
) -> None:
    request = shop.request(card=member.card.number)
    first = await record_purchase(database.desk, request)
    assert isinstance(first, Recorded)
    again = replace(request, key="another")
    for _ in range(2):
        assert await record_purchase(database.desk, again) == replace(first, replayed=True)
    assert await points_of(database, member) == 12
    changed = replace(again, receipt=replace(request.receipt, number="other"))
    assert await record_purchase(database.desk, changed) == Flaw(
        R.IDEMPOTENCY_CONFLICT, "idempotencyKey"
    )


async def test_a_key_is_for_one_content(database: Database, shop: Shop, member: Enrolled) -> None:
    request = shop.request(card=member.card.number)
    first = await record_purchase(database.desk, request)
    assert isinstance(first, Recorded)
    conflict = Flaw(R.IDEMPOTENCY_CONFLICT, "idempotencyKey")
    for changes in ({"number": "other"}, {"currency": "EUR"}, {"total": -1}, {"card": "1"}):
        changed = replace(request, receipt=replace(request.receipt, **changes))
        assert await record_purchase(database.desk, changed) == conflict
    assert await record_purchase(database.desk, request) == replace(first, replayed=True)


async def test_a_receipt_has_one_content(database: Database, shop: Shop, member: Enrolled) -> None:
    request = shop.request(card=member.card.number)
    first = await record_purchase(database.desk, request)
    dearer = shop.request(
        card=member.card.number,
        number=request.receipt.number,
        occurred_at=request.receipt.occurred_at,
        lines=[line(9_999)],
    )
    conflict = Flaw(R.RECEIPT_CONFLICT, "receiptNumber")
    assert isinstance(first, Recorded)
    for _ in range(2):
        assert await record_purchase(database.desk, dearer) == conflict
    true = replace(dearer, receipt=request.receipt)  # the key is taken by the conflict
    assert await record_purchase(database.desk, true) == Flaw(
        R.IDEMPOTENCY_CONFLICT, "idempotencyKey"
    )
    assert await record_purchase(database.desk, request) == replace(first, replayed=True)


@pytest.mark.parametrize("change", ["outlet", "terminal", "business_date", "number"])
async def test_each_part_of_its_name_tells_a_receipt_from_another(
    database: Database, shop: Shop, member: Enrolled, change: str
) -> None:
    async with database.operator() as connection:
        await open_outlets(connection, shop.partner.id, [Outlet(code="2", name="Other")])
        await open_outlets(
            connection, shop.partner.id, [Outlet(code="3", name="Third", terminals=("1", "2"))]
        )
    request = shop.request(card=member.card.number, outlet="3")
    receipt = request.receipt
    other = {
        "outlet": "2",
        "terminal": "2",
        "business_date": receipt.business_date - timedelta(days=1),
        "number": "other",
    }
    if change == "business_date":
        receipt = replace(receipt, business_date=receipt.occurred_at.date())
        other[change] = receipt.business_date - timedelta(days=1)
    requests = [
        replace(request, receipt=receipt),
        replace(request, key="2", receipt=replace(receipt, **{change: other[change]})),
    ]
    outcomes = await record_purchases(database.desk, requests)
    assert [isinstance(each, Recorded) and not each.replayed for each in outcomes] == [True, True]


async def test_two_partners_may_use_one_key_and_one_number(
    database: Database, shop: Shop, member: Enrolled
) -> None:
    request = shop.request(card=member.card.number)
    other = await open_shop(database)
    outcomes = await record_purchases(
        database.desk, [request, PurchaseRequest(other.caller, request.key, request.receipt)]
    )
    assert [isinstance(each, Recorded) and not each.replayed for each in outcomes] == [True, True]
    assert await points_of(database, member) == 24


async def test_a_refusal_is_remembered_and_the_receipt_stays_free(
    database: Database, shop: Shop, member: Enrolled
) -> None:
    request = shop.request(card=member.card.number, outlet="9")
    unknown = Flaw(R.OUTLET_UNKNOWN, "outlet")
    assert await record_purchase(database.desk, request) == unknown
    assert (await rows_of(database, shop))["receipts"] == 0
    async with database.operator() as connection:
        await open_outlets(connection, shop.partner.id, [Outlet(code="9", name="New")])
    assert await record_purchase(database.desk, request) == unknown
    outcome = await record_purchase(database.desk, replace(request, key="another"))
    assert isinstance(outcome, Recorded)
    assert not outcome.replayed
    assert await record_purchase(database.desk, request) == unknown


async def test_a_flaw_of_form_is_remembered_too(
    database: Database, shop: Shop, member: Enrolled
) -> None:
    flawed = shop.request(card=member.card.number, total=1)
    flaw = Flaw(R.LINES_DO_NOT_SUM, "total")
    for _ in range(2):
        assert await record_purchase(database.desk, flawed) == flaw
    mended = replace(flawed, receipt=replace(flawed.receipt, total=1_234))
    assert await record_purchase(database.desk, mended) == Flaw(
        R.IDEMPOTENCY_CONFLICT, "idempotencyKey"
    )
    outcome = await record_purchase(database.desk, replace(mended, key="another"))
    assert isinstance(outcome, Recorded)


@pytest.mark.parametrize("key", ["", "x" * 201, "a\nb", "\ud800"])
async def test_a_key_that_cannot_be_kept_is_refused(
    database: Database, shop: Shop, member: Enrolled, key: str
) -> None:
    request = replace(shop.request(card=member.card.number), key=key)
    assert await record_purchase(database.desk, request) == Flaw(R.KEY_INVALID, "idempotencyKey")
    assert (await rows_of(database, shop))["keys"] == 0
    assert isinstance(
        await record_purchase(database.desk, replace(request, key="я" * 200)), Recorded
    )


async def test_a_credential_out_of_force_records_nothing_and_is_not_remembered(
    database: Database, shop: Shop, member: Enrolled, location: URL
) -> None:
    request = shop.request(card=member.card.number)
    revoked = Flaw(R.CREDENTIAL_REVOKED, "")
    admin_url = location.set(drivername="postgresql").render_as_string(hide_password=False)
    for statement, undo in (
        ("update partners.credential set revoked_at = %s where partner_id = %s", None),
        ("update partners.partner set status = %s where id = %s", "active"),
    ):
        with psycopg.connect(admin_url) as admin:
            value = "suspended" if undo else "2020-01-01"
            admin.execute(statement.encode(), [value, shop.partner.id])
        assert await record_purchase(database.desk, request) == revoked
        assert await quote_purchase(database.desk, request.caller, request.receipt) == revoked
        with psycopg.connect(admin_url) as admin:
            admin.execute(statement.encode(), [undo, shop.partner.id])
    stranger = PurchaseRequest(Caller(new_id(), shop.partner.id), "key", request.receipt)
    assert await record_purchase(database.desk, stranger) == revoked
    assert (await rows_of(database, shop))["keys"] == 0
    assert isinstance(await record_purchase(database.desk, request), Recorded)


async def test_a_quote_tells_the_points_and_writes_nothing(
    database: Database, shop: Shop, member: Enrolled
) -> None:
    request = shop.request(card=member.card.number)
    empty = await rows_of(database, shop)
    quote = await quote_purchase(database.desk, request.caller, request.receipt)
    assert isinstance(quote, Quote)
    assert (quote.points, quote.line_points) == (12, (10, 2))
    assert quote.steps[-1].points == 12
    assert await rows_of(database, shop) == empty
    assert await points_of(database, member) == 0
    outcome = await record_purchase(database.desk, request)
    assert isinstance(outcome, Recorded)
    assert outcome.points == quote.points
    # It reads no key and no receipt either.
    assert await quote_purchase(database.desk, request.caller, request.receipt) == quote
    for changes in ({"total": 1}, {"outlet": "9"}, {"card": "1"}):
        receipt = replace(request.receipt, **changes)
        assert isinstance(await quote_purchase(database.desk, shop.caller, receipt), Flaw)


async def test_a_purchase_of_no_points_is_recorded_without_a_posting(
    database: Database, member: Enrolled
) -> None:
    shop = await open_shop(database, points_per_unit="0.01")
    outcome = await record_purchase(
        database.desk, shop.request(card=member.card.number, key=secrets.token_hex(4))
    )
    assert isinstance(outcome, Recorded)
    assert outcome.points == 0
    rows = await rows_of(database, shop)
    assert (rows["purchases"], rows["postings"], rows["points"]) == (1, 0, 0)
    assert await points_of(database, member) == 0
    await assert_rollups_hold(database, [member])


@pytest.mark.parametrize(
    ("changes", "flaw"),
    [
        ({"card": "\ud800" * 16}, Flaw(R.CARD_NUMBER_INVALID, "card")),
        ({"outlet": "\x00"}, Flaw(R.TEXT_INVALID, "outlet")),
        ({"lines": [line(1_234, "\ud800")]}, Flaw(R.TEXT_INVALID, "lines.0.category")),
        ({"lines": [line(1_234, name="\x00")]}, Flaw(R.TEXT_INVALID, "lines.0.name")),
        ({"total": 10**30}, Flaw(R.AMOUNT_TOO_LARGE, "total")),
        (
            {"lines": [line(1_234, quantity=Decimal("1E+1000000"))]},
            Flaw(R.QUANTITY_INVALID, "lines.0.quantity"),
        ),
        (
            {"lines": [line(1_234, quantity=Decimal("sNaN"))]},
            Flaw(R.QUANTITY_INVALID, "lines.0.quantity"),
        ),
    ],
    ids=["card", "outlet", "category", "name", "total", "quantity", "nan"],
)
async def test_content_that_cannot_be_stored_is_a_flaw_of_its_item_alone(
    database: Database, shop: Shop, member: Enrolled, changes: dict, flaw: Flaw
) -> None:
    hostile = shop.request(**{"card": member.card.number} | changes)
    sound = shop.request(card=member.card.number)
    for _ in range(2):
        outcomes = await record_purchases(database.desk, [hostile, sound])
        assert outcomes[0] == flaw
        assert isinstance(outcomes[1], Recorded)
