"""Looking a card up: allowances by day, which hold however many ask at once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
from sqlalchemy import URL, func, select

from coalition import card_lookup
from coalition.card_lookup import (
    CardHolder,
    CardLookupRefusal,
    NotTold,
    Scan,
    look_up_card,
)
from coalition.cards import random_number
from coalition.members import Enrolled
from coalition.recording import record_purchase
from coalition.tables import card_allowance
from coalition.tables import card_lookup as written
from service.database.transactions import Database
from service.keys import Keys
from tests.builders import Shop

pytestmark = pytest.mark.anyio

DAY = date(2026, 3, 1)
CALLERS = 50
EXHAUSTED = NotTold(CardLookupRefusal.LOOKUPS_EXHAUSTED, "number")


@pytest.fixture(autouse=True)
def low_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card_lookup, "MOST_OF_A_CARD", 7)
    monkeypatch.setattr(card_lookup, "MOST_STRANGERS_OF_A_TILL", 20)


@pytest.fixture
async def crowd(location: URL, keys: Keys) -> AsyncIterator[Database]:
    """A connection for each of many."""
    opened = Database(location, keys, pool_size=CALLERS)
    yield opened
    await opened.close()


async def _look_up(
    database: Database, shop: Shop, number: str, *, day: date = DAY
) -> CardHolder | NotTold:
    scan = Scan(number=number, outlet="1", terminal="1")
    return await look_up_card(database.desk, shop.caller, scan, day=day)


async def _counts(database: Database, shop: Shop) -> tuple[int, int]:
    """How much is used of all allowances, and how many look-ups are written down."""
    async with database.worker() as connection:
        spent = await connection.scalar(
            select(func.sum(card_allowance.c.used)).where(
                card_allowance.c.partner_id == shop.partner.id
            )
        )
        kept = await connection.scalar(
            select(func.count()).where(written.c.partner_id == shop.partner.id)
        )
    return spent or 0, kept or 0


async def test_many_at_once_at_one_till_never_pass_the_limit(
    crowd: Database, shop: Shop, member: Enrolled
) -> None:
    numbers = [member.card.number, *(random_number() for _ in range(CALLERS - 1))]
    outcomes = await asyncio.gather(*(_look_up(crowd, shop, number) for number in numbers))
    assert outcomes.count(EXHAUSTED) == CALLERS - 20
    assert await _counts(crowd, shop) == (20, 20)


async def test_many_at_once_of_one_customers_card_never_pass_the_limit(
    crowd: Database, shop: Shop, member: Enrolled
) -> None:
    await record_purchase(crowd.desk, shop.request(card=member.card.number))
    outcomes = await asyncio.gather(
        *(_look_up(crowd, shop, member.card.number) for _ in range(CALLERS))
    )
    told = [outcome for outcome in outcomes if isinstance(outcome, CardHolder)]
    assert len(told) == 7
    assert outcomes.count(EXHAUSTED) == CALLERS - 7
    assert await _counts(crowd, shop) == (7, 7)


async def test_a_new_day_has_an_allowance_of_its_own(
    database: Database, shop: Shop, member: Enrolled
) -> None:
    for _ in range(20):
        assert isinstance(await _look_up(database, shop, member.card.number), CardHolder)
    assert await _look_up(database, shop, member.card.number) == EXHAUSTED
    tomorrow = DAY + timedelta(days=1)
    later = await _look_up(database, shop, member.card.number, day=tomorrow)
    assert isinstance(later, CardHolder)


async def test_no_allowance_holds_a_cards_number(
    database: Database, shop: Shop, member: Enrolled
) -> None:
    await record_purchase(database.desk, shop.request(card=member.card.number))
    await _look_up(database, shop, member.card.number)
    async with database.worker() as connection:
        subject = await connection.scalar(
            select(card_allowance.c.subject).where(card_allowance.c.partner_id == shop.partner.id)
        )
    assert subject == f"card:{member.card.id}"
