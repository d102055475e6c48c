"""Totals by partner and month equal what the rows sum to; buyers are counted once."""

import calendar
import secrets
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from coalition.recording import Recorded, record_purchases
from ledger.refusals import RefusedError
from partners import totals
from partners.contracts import agree_contract
from partners.tables import purchase
from partners.terms import Terms
from partners.totals import MonthlyTotal, TotalsRefusal, Turnover, monthly_totals
from service.database.transactions import Database
from tests.builders import ZONE, Shop, enrol_members, line, open_shop

pytestmark = pytest.mark.anyio


def _month_ago(months: int) -> date:
    first = datetime.now(ZONE).date().replace(day=1)
    for _ in range(months):
        first = (first - timedelta(days=1)).replace(day=1)
    return first


MONTHS = [_month_ago(4), _month_ago(3), _month_ago(2)]
LAST_OF_SECOND = MONTHS[2] - timedelta(days=1)


async def _sell(
    database: Database, shop: Shop, sales: list[tuple[str, datetime, date, int]], currency: str
) -> None:
    outcomes = await record_purchases(
        database.desk,
        [
            shop.request(
                card=card,
                occurred_at=occurred_at,
                business_date=day,
                lines=(line(amount),),
                currency=currency,
            )
            for card, occurred_at, day, amount in sales
        ],
    )
    assert all(isinstance(outcome, Recorded) for outcome in outcomes), outcomes


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=ZONE)


async def _raw(database: Database, shops: list[Shop]) -> list[MonthlyTotal]:
    """The model: the totals of some partners, from their rows, in plain Python."""
    ids = [shop.partner.id for shop in shops]
    async with database.audit() as connection:
        rows = (
            await connection.execute(select(purchase).where(purchase.c.partner_id.in_(ids)))
        ).all()
    keys = sorted({(row.business_date.replace(day=1), row.partner_id) for row in rows})
    told = []
    for month, partner_id in keys:
        ours = [
            row
            for row in rows
            if (row.business_date.replace(day=1), row.partner_id) == (month, partner_id)
        ]
        told.append(
            MonthlyTotal(
                partner_id=partner_id,
                month=month,
                purchases=len(ours),
                buyers=len({row.member_id for row in ours}),
                points=sum(row.points for row in ours),
                turnovers=tuple(
                    Turnover(currency, sum(row.amount for row in ours if row.currency == currency))
                    for currency in sorted({row.currency for row in ours})
                ),
            )
        )
    return told


async def test_totals_are_the_sums_of_the_rows(database: Database) -> None:
    cards = [each.card.number for each in await enrol_members(database, 4)]
    shops = [await open_shop(database, acceptance_days=400) for _ in range(2)]
    for shop in shops:
        await _sell(
            database,
            shop,
            [
                (secrets.choice(cards), _noon(month + timedelta(days=day)), month
                 + timedelta(days=day), 100 + secrets.randbelow(10_000))
                for month in MONTHS
                for day in (0, 0, 13, calendar.monthrange(month.year, month.month)[1] - 1)
            ],
            "USD",
        )  # fmt: skip
    async with database.operator_reading() as connection:
        found = await monthly_totals(connection, MONTHS[0], MONTHS[-1] + timedelta(days=20))
        ids = {shop.partner.id for shop in shops}
        ours = [each for each in found if each.partner_id in ids]
        wanted = await _raw(database, shops)
        assert ours == wanted
        assert len(ours) == 6
        for shop in shops:
            own = [each for each in wanted if each.partner_id == shop.partner.id]
            told = await monthly_totals(
                connection, MONTHS[0], MONTHS[-1], partner_id=shop.partner.id
            )
            assert told == own
            second = await monthly_totals(
                connection, LAST_OF_SECOND, MONTHS[1], partner_id=shop.partner.id
            )
            assert second == own[1:2]


async def test_the_business_day_decides_and_not_the_clock(database: Database) -> None:
    shop = await open_shop(database, acceptance_days=400)
    [member] = await enrol_members(database)
    night = _noon(MONTHS[2]) - timedelta(hours=11)
    await _sell(database, shop, [(member.card.number, night, LAST_OF_SECOND, 500)], "USD")
    async with database.operator_reading() as connection:
        found = await monthly_totals(connection, MONTHS[1], MONTHS[2], partner_id=shop.partner.id)
    assert [(each.month, each.purchases) for each in found] == [(MONTHS[1], 1)]


async def test_who_buys_in_two_currencies_is_one_buyer(database: Database) -> None:
    turn = _noon(MONTHS[1] + timedelta(days=14))
    shop = await open_shop(database, acceptance_days=400, valid_to=turn)
    [member] = await enrol_members(database)
    async with database.operator() as connection:
        await agree_contract(
            connection,
            shop.partner.id,
            Terms(currency="EUR", points_per_unit=Decimal(1), acceptance_days=400),
            valid_from=turn,
        )
    for day, currency in ((MONTHS[1], "USD"), (LAST_OF_SECOND, "EUR")):
        await _sell(database, shop, [(member.card.number, _noon(day), day, 10**12)], currency)
    async with database.operator_reading() as connection:
        [told] = await monthly_totals(connection, MONTHS[1], MONTHS[1], partner_id=shop.partner.id)
    assert (told.purchases, told.buyers) == (2, 1)
    assert told.turnovers == (Turnover("EUR", 10**12), Turnover("USD", 10**12))
    assert [told] == await _raw(database, [shop])


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 2, 1), date(2026, 1, 31)),
        (date(2024, 1, 31), date(2026, 1, 1)),
        (date(1, 1, 1), date(1, 1, 1)),
        (date(1, 1, 1), date(9999, 12, 31)),
        (date(1899, 12, 1), date(1900, 1, 1)),
        (date(9998, 12, 1), date(9999, 1, 1)),
        (date(9999, 12, 31), date(9999, 12, 31)),
    ],
)
async def test_months_that_nobody_can_mean_are_refused(
    database: Database, first: date, last: date
) -> None:
    async with database.operator_reading() as connection:
        with pytest.raises(RefusedError) as told:
            await monthly_totals(connection, first, last)
    assert told.value.refusal is TotalsRefusal.MONTHS_INVALID
    assert told.value.path == ("from",)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2024, 2, 29), date(2026, 1, 31)),
        (date(1900, 1, 1), date(1900, 1, 1)),
        (date(9998, 12, 31), date(9998, 12, 31)),
    ],
)
async def test_months_at_the_edges_are_answered(
    database: Database, first: date, last: date
) -> None:
    async with database.operator_reading() as connection:
        await monthly_totals(connection, first, last)


async def test_too_many_totals_are_refused(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = await open_shop(database, acceptance_days=400)
    [member] = await enrol_members(database)
    await _sell(
        database,
        shop,
        [(member.card.number, _noon(month), month, 500) for month in MONTHS],
        "USD",
    )
    async with database.operator_reading() as connection:
        for most, refused in ((3, False), (2, True)):
            monkeypatch.setattr(totals, "MOST_TOTALS", most)
            try:
                await monthly_totals(connection, MONTHS[0], MONTHS[-1], partner_id=shop.partner.id)
                told = None
            except RefusedError as error:
                told = error.refusal
            assert told is (TotalsRefusal.TOTALS_TOO_MANY if refused else None)
