"""What the coalition knows decides: outlet, card, holder, and the contract in force then."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from sqlalchemy import URL

from coalition.cards import random_number
from coalition.members import Enrolled
from coalition.recording import Outcome, Quote, Recorded, quote_purchase, record_purchase
from partners.contracts import Terms, agree_contract
from partners.purchases import newest_purchases, of_partner
from partners.receipts import Flaw
from partners.refusals import PurchaseRefusal as R
from partners.registry import Outlet, open_outlets
from partners.tables import Rounding
from service.database.transactions import Database
from tests.builders import LONG_AGO, Shop, line, open_shop
from tests.coalition.books import rows_of

pytestmark = pytest.mark.anyio

DAY, MICROSECOND = timedelta(days=1), timedelta(microseconds=1)
RISE = datetime.now(UTC) - 10 * DAY
"""When a better contract began."""


@pytest.mark.parametrize(
    ("changes", "flaw"),
    [
        ({"outlet": "9"}, Flaw(R.OUTLET_UNKNOWN, "outlet")),
        ({"outlet": "1 "}, Flaw(R.OUTLET_UNKNOWN, "outlet")),
        ({"terminal": "9"}, Flaw(R.TERMINAL_UNKNOWN, "terminal")),
        ({"card": random_number()}, Flaw(R.CARD_UNKNOWN, "card")),
        ({"card": "4111111111111112"}, Flaw(R.CARD_NUMBER_INVALID, "card")),
        ({"currency": "EUR"}, Flaw(R.CURRENCY_NOT_OF_CONTRACT, "currency")),
        ({"currency": "XXX"}, Flaw(R.CURRENCY_UNKNOWN, "currency")),
        (
            {"occurred_at": datetime.now(UTC) + timedelta(hours=1)},
            Flaw(R.OCCURRED_IN_FUTURE, "occurredAt"),
        ),
        ({"occurred_at": datetime.now(UTC) - 31 * DAY}, Flaw(R.TOO_LATE, "occurredAt")),
    ],
    ids=lambda value: value.refusal if isinstance(value, Flaw) else "",
)
async def test_a_fact_refuses_a_purchase_and_its_quote(
    database: Database, shop: Shop, member: Enrolled, changes: dict, flaw: Flaw
) -> None:
    request = shop.request(**{"card": member.card.number} | changes)
    assert await quote_purchase(database.desk, shop.caller, request.receipt) == flaw
    assert await record_purchase(database.desk, request) == flaw
    assert await record_purchase(database.desk, request) == flaw
    rows = await rows_of(database, shop)
    assert (rows["purchases"], rows["receipts"], rows["keys"]) == (0, 0, 1)


async def test_the_card_is_judged_before_the_text(
    database: Database, shop: Shop, member: Enrolled
) -> None:
    # As the table of refusals has it: the earlier named is the answer.
    both = shop.request(card="1", outlet="")
    first = min(R.CARD_NUMBER_INVALID, R.TEXT_INVALID, key=list(R).index)
    outcome = await record_purchase(database.desk, both)
    assert isinstance(outcome, Flaw)
    assert outcome.refusal is first


async def test_a_blocked_member_takes_no_part(
    database: Database, shop: Shop, member: Enrolled, location: URL
) -> None:
    url = location.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as admin:
        admin.execute(
            "update coalition.member set status = 'blocked' where bucket = %s and id = %s",
            [member.bucket, member.member_id],
        )
    outcome = await record_purchase(database.desk, shop.request(card=member.card.number))
    assert outcome == Flaw(R.MEMBER_BLOCKED, "card")


async def test_another_partners_outlet_is_unknown(
    database: Database, shop: Shop, member: Enrolled
) -> None:
    other = await open_shop(database)
    async with database.operator() as connection:
        await open_outlets(connection, other.partner.id, [Outlet(code="77", name="Theirs")])
    ours = shop.request(card=member.card.number, outlet="77")
    assert await record_purchase(database.desk, ours) == Flaw(R.OUTLET_UNKNOWN, "outlet")
    theirs = other.request(card=member.card.number, outlet="77")
    assert isinstance(await record_purchase(database.desk, theirs), Recorded)


async def _two_contracts(database: Database, **terms: object) -> tuple[Shop, Terms]:
    """A shop whose first contract ended when a second, of the given terms, began."""
    shop = await open_shop(database, points_per_unit="1", valid_to=RISE)
    second = Terms(**{"currency": "USD", "points_per_unit": Decimal(2)} | terms)
    async with database.operator() as connection:
        await agree_contract(connection, shop.partner.id, second, valid_from=RISE)
    return shop, second


async def test_a_late_receipt_is_priced_by_the_contract_of_its_day(
    database: Database, member: Enrolled
) -> None:
    shop, _ = await _two_contracts(database)
    for occurred_at, points in (
        (RISE - 15 * DAY, 12),
        (RISE - MICROSECOND, 12),
        (RISE, 25),
        (RISE + DAY, 25),
    ):
        request = shop.request(card=member.card.number, occurred_at=occurred_at)
        quote = await quote_purchase(database.desk, shop.caller, request.receipt)
        assert isinstance(quote, Quote)
        outcome = await record_purchase(database.desk, request)
        assert isinstance(outcome, Recorded)
        assert quote.points == outcome.points == points
    async with database.partner(shop.partner.id) as connection:
        found = await newest_purchases(connection, of_partner(shop.partner.id), most=9)
    assert [each.contract_id == shop.contract.id for each in found] == [False, False, True, True]


async def test_the_window_is_that_of_the_contract_of_its_day(
    database: Database, member: Enrolled
) -> None:
    shop, _ = await _two_contracts(database, acceptance_days=3)

    async def record(occurred_at: datetime) -> Outcome:
        request = shop.request(card=member.card.number, occurred_at=occurred_at)
        return await record_purchase(database.desk, request)

    late = Flaw(R.TOO_LATE, "occurredAt")
    assert isinstance(await record(datetime.now(UTC) - 29 * DAY), Recorded)
    assert isinstance(await record(RISE - DAY), Recorded)
    assert await record(RISE + DAY) == late
    assert isinstance(await record(datetime.now(UTC) - 2 * DAY), Recorded)
    assert await record(datetime.now(UTC) - 31 * DAY) == late


@pytest.mark.parametrize("valid_from", [LONG_AGO, None], ids=["since a day", "since ever"])
async def test_without_a_contract_the_window_is_that_of_the_latest(
    database: Database, member: Enrolled, valid_from: datetime | None
) -> None:
    shop = await open_shop(
        database, valid_from=valid_from, valid_to=RISE - 20 * DAY, acceptance_days=3
    )
    latest = Terms(currency="USD", points_per_unit=Decimal(1), acceptance_days=300)
    async with database.operator() as connection:
        await agree_contract(
            connection, shop.partner.id, latest, valid_from=RISE - 20 * DAY, valid_to=RISE
        )
    request = shop.request(card=member.card.number, occurred_at=RISE + DAY)
    assert await record_purchase(database.desk, request) == Flaw(R.NO_CONTRACT, "occurredAt")


async def test_a_contract_earns_by_all_of_its_terms(database: Database, member: Enrolled) -> None:
    shop = await open_shop(
        database,
        points_per_unit="0.333333333333",
        rounding=Rounding.UP,
        excluded_categories=frozenset({"TOBACCO"}),
        category_multipliers={"WINE": Decimal("1.5"), "TOBACCO": Decimal(9)},
    )
    lines = [line(1_000, "FOOD"), line(1_000, "WINE"), line(1_000, "TOBACCO"), line(1_000)]
    request = shop.request(card=member.card.number, lines=lines, key=secrets.token_hex(4))
    outcome = await record_purchase(database.desk, request)
    # 3.33333333333 + 4.999999999995 + 0 + 3.33333333333 is 11.67, rounded up 12.
    assert isinstance(outcome, Recorded)
    assert outcome.points == 12
    quote = await quote_purchase(
        database.desk, shop.caller, replace(request.receipt, number="another")
    )
    assert isinstance(quote, Quote)
    assert quote.line_points == (4, 5, 0, 3)
    # Decimals have come through the database as they were agreed.
    assert [step.rate for step in quote.steps] == [
        None,
        Decimal("0.333333333333"),
        Decimal("1.5"),
        None,
    ]
