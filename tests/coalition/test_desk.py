"""The posting desk: callers share transactions, and none can tell from the outcome."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from coalition import recording
from coalition.desk import Busy, PostingDesk
from coalition.programme.assessment import Facts, assess
from coalition.recording import Failed, Recorded
from partners.contracts import Contract
from partners.purchases import newest_purchases, of_partner
from partners.receipts import Flaw, Receipt
from partners.refusals import PurchaseRefusal
from service.database.transactions import Database
from tests.builders import Shop, enrol_members, open_shop, receipt

pytestmark = pytest.mark.anyio


class Counted:
    """Opens the desk's transactions and counts them; while ``broken`` each fails."""

    def __init__(self, database: Database) -> None:
        self.opened = 0
        self.broken = False
        self.lost = False
        self._database = database

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[AsyncConnection]:
        self.opened += 1
        if self.broken:
            cause = OSError("the database is away")
            raise OperationalError("begin", {}, cause, connection_invalidated=self.lost)
        async with self._database.desk() as connection:
            yield connection


@pytest.fixture
def opening(database: Database) -> Counted:
    return Counted(database)


@pytest.fixture
def desk(opening: Counted) -> PostingDesk:
    return PostingDesk(opening)


@pytest.fixture
async def shop(database: Database) -> Shop:
    return await open_shop(database)


@pytest.fixture
async def card(database: Database) -> str:
    [member] = await enrol_members(database)
    return member.card.number


async def points_of(database: Database, shop: Shop) -> list[int]:
    async with database.partner(shop.partner.id) as connection:
        rows = await newest_purchases(connection, of_partner(shop.partner.id), most=500)
    return sorted(row.points for row in rows)


async def test_callers_of_one_moment_share_transactions(
    desk: PostingDesk, opening: Counted, database: Database, shop: Shop, card: str
) -> None:
    requests = [shop.request(card=card, lines=(), total=None, number=str(n)) for n in range(100)]
    outcomes = await asyncio.gather(*(desk.record([request]) for request in requests))
    assert [type(outcome) for [outcome] in outcomes] == [Recorded] * 100
    assert await points_of(database, shop) == [12] * 100
    # The first caller is served alone, the next lane takes who came meanwhile.
    assert opening.opened <= 4


async def test_each_caller_gets_the_outcomes_of_its_own(
    desk: PostingDesk, shop: Shop, card: str
) -> None:
    async def record(place: int) -> None:
        good = shop.request(key=f"good-{place}", card=card, number=f"g{place}")
        bad = shop.request(key=f"bad-{place}", card="4000000000000000", number=f"b{place}")
        first, second, third = await desk.record([good, bad, good])
        assert isinstance(first, Recorded)
        assert not first.replayed
        assert isinstance(second, Flaw)
        assert second.refusal is PurchaseRefusal.CARD_NUMBER_INVALID
        assert isinstance(third, Recorded)
        assert (third.purchase_id, third.replayed) == (first.purchase_id, True)

    await asyncio.gather(*(record(place) for place in range(30)))


async def test_one_key_sent_by_many_at_once_is_recorded_once(
    desk: PostingDesk, database: Database, shop: Shop, card: str
) -> None:
    sale = receipt(card=card)
    requests = [shop.request(key="the same", card=card) for _ in range(20)]
    requests = [type(request)(request.caller, "the same", sale) for request in requests]
    outcomes = [outcome for [outcome] in await asyncio.gather(
        *(desk.record([request]) for request in requests)
    )]  # fmt: skip
    assert len({outcome.purchase_id for outcome in outcomes if isinstance(outcome, Recorded)}) == 1
    assert (
        sorted(outcome.replayed for outcome in outcomes if isinstance(outcome, Recorded))
        == [False] + [True] * 19
    )
    assert await points_of(database, shop) == [12]


async def test_who_gives_up_waiting_harms_nobody(
    desk: PostingDesk, database: Database, shop: Shop, card: str
) -> None:
    calls = [
        asyncio.create_task(desk.record([shop.request(card=card, number=str(n))]))
        for n in range(40)
    ]
    await asyncio.sleep(0)
    for call in calls[::2]:
        call.cancel()
    served = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in served[::2])
    assert all(isinstance(outcome, list) for outcome in served[1::2])
    await desk.drain()
    assert await points_of(database, shop) == [12] * 40  # what was handed in is recorded


async def test_a_database_that_is_away_fails_those_who_wait_and_nobody_later(
    desk: PostingDesk, opening: Counted, shop: Shop, card: str
) -> None:
    opening.broken = True
    requests = [shop.request(card=card, number=str(n)) for n in range(10)]
    served = await asyncio.gather(*(desk.record([request]) for request in requests))
    assert all(isinstance(outcome, Failed) for [outcome] in served)
    opening.lost = True
    served = await asyncio.gather(
        *(desk.record([request]) for request in requests), return_exceptions=True
    )
    assert all(isinstance(outcome, OperationalError) for outcome in served)
    opening.broken = False
    again = await asyncio.gather(*(desk.record([request]) for request in requests))
    assert all(isinstance(outcome, Recorded) for [outcome] in again)


async def test_a_fault_in_one_callers_items_is_that_callers_alone(
    desk: PostingDesk,
    database: Database,
    shop: Shop,
    card: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def faulty(receipt: Receipt, known: Facts) -> Contract | Flaw:
        if receipt.number == "faulty":
            raise ArithmeticError("a fault of ours")
        return assess(receipt, known)

    monkeypatch.setattr(recording, "assess", faulty)
    numbers = [str(n) for n in range(20)]
    numbers[7] = "faulty"
    served = await asyncio.gather(
        *(desk.record([shop.request(card=card, number=number)]) for number in numbers),
        return_exceptions=True,
    )
    faults = [n for n, outcomes in enumerate(served) if isinstance(outcomes, ArithmeticError)]
    assert faults == [7]
    assert await points_of(database, shop) == [12] * 19


async def test_more_than_a_group_holds_is_served_in_groups(
    desk: PostingDesk, database: Database, shop: Shop, card: str
) -> None:
    many = [
        [shop.request(card=card, number=f"{call}-{n}") for n in range(120)] for call in range(5)
    ]
    outcomes = await asyncio.gather(*(desk.record(requests) for requests in many))
    assert all(isinstance(outcome, Recorded) for each in outcomes for outcome in each)
    assert await points_of(database, shop) == [12] * 500


async def test_who_comes_when_too_many_wait_is_sent_away(
    desk: PostingDesk,
    database: Database,
    shop: Shop,
    card: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("coalition.desk.MOST_WAITING", 10)
    calls = [
        desk.record([shop.request(card=card, number=f"{call}-{n}") for n in range(4)])
        for call in range(4)
    ]
    first, second, third, fourth = await asyncio.gather(*calls)
    assert all(isinstance(outcome, Recorded) for outcome in [*first, *second])
    assert third == fourth == [Busy()] * 4
    assert await points_of(database, shop) == [12] * 8
    [outcome] = await desk.record([shop.request(card=card, number="2-0")])  # later there is room
    assert isinstance(outcome, Recorded)
