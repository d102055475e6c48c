"""Tills race each other: a purchase is recorded once, and no lock is ever shown to a caller."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from coalition.members import Enrolled
from coalition.recording import (
    ATTEMPTS,
    Failed,
    PurchaseRequest,
    Recorded,
    record_purchase,
    record_purchases,
)
from partners.refusals import PurchaseRefusal
from service.database.transactions import Database
from service.keys import Keys
from tests.builders import Shop, enrol_members, line, open_shop
from tests.coalition.books import assert_rollups_hold, points_of, rows_of

pytestmark = pytest.mark.anyio

CALLERS = 30


@dataclass
class Crowd:
    """A desk with a connection for each of many callers, that counts deadlocks."""

    database: Database
    deadlocks: int = 0

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self.database.desk() as connection:
                yield connection
        except DBAPIError as error:
            self.deadlocks += isinstance(error.orig, errors.DeadlockDetected)
            raise


@pytest.fixture
async def crowd(location: URL, keys: Keys) -> AsyncIterator[Crowd]:
    opened = Database(location, keys, pool_size=CALLERS)
    yield Crowd(opened)
    await opened.close()


async def test_raced_retries_record_one_purchase(
    crowd: Crowd, database: Database, shop: Shop, member: Enrolled
) -> None:
    request = shop.request(card=member.card.number)
    # Half of them come under keys of their own.
    requests = [
        request if caller % 2 else replace(request, key=f"key-{caller}")
        for caller in range(CALLERS)
    ]
    barrier = asyncio.Barrier(CALLERS)

    async def call(request: PurchaseRequest) -> object:
        await barrier.wait()
        return await record_purchase(crowd.desk, request)

    outcomes = await asyncio.gather(*map(call, requests))
    recorded = [outcome for outcome in outcomes if isinstance(outcome, Recorded)]
    assert len(recorded) == CALLERS
    assert len({(each.purchase_id, each.points, each.recorded_at) for each in recorded}) == 1
    assert [each.replayed for each in recorded].count(False) == 1
    assert await points_of(database, member) == 12
    rows = await rows_of(database, shop)
    assert (rows["purchases"], rows["receipts"], rows["keys"]) == (1, 1, 1 + CALLERS // 2)


async def test_of_raced_contents_under_one_key_one_is_recorded(
    crowd: Crowd, database: Database, shop: Shop, member: Enrolled
) -> None:
    request = shop.request(card=member.card.number)
    requests = [
        replace(request, receipt=replace(request.receipt, number=str(caller)))
        for caller in range(10)
    ]
    outcomes = await asyncio.gather(*(record_purchase(crowd.desk, each) for each in requests))
    codes = [getattr(outcome, "refusal", "recorded") for outcome in outcomes]
    assert sorted(codes) == sorted(["recorded"] + [PurchaseRefusal.IDEMPOTENCY_CONFLICT] * 9)
    assert (await rows_of(database, shop))["receipts"] == 1


async def test_of_raced_contents_of_one_receipt_one_is_recorded(
    crowd: Crowd, database: Database, shop: Shop, member: Enrolled
) -> None:
    request = shop.request(card=member.card.number)
    requests = [
        PurchaseRequest(
            shop.caller,
            f"key-{caller}",
            replace(request.receipt, lines=(line(100 + caller),), total=100 + caller),
        )
        for caller in range(10)
    ]
    outcomes = await asyncio.gather(*(record_purchase(crowd.desk, each) for each in requests))
    codes = [getattr(outcome, "refusal", "recorded") for outcome in outcomes]
    assert sorted(codes) == sorted(["recorded"] + [PurchaseRefusal.RECEIPT_CONFLICT] * 9)
    assert (await rows_of(database, shop))["purchases"] == 1


Order = Callable[[list[PurchaseRequest]], list[PurchaseRequest]]

ORDERS: list[Order] = [
    lambda batch: batch,
    lambda batch: batch[::-1],
    lambda batch: batch[10:] + batch[:10],
    lambda batch: [replace(each, key=f"again-{each.key}") for each in batch[::-1]],
    lambda batch: sorted(batch, key=lambda each: each.receipt.card),
]


async def test_batches_with_the_same_keys_in_opposite_orders_do_not_deadlock(
    crowd: Crowd, database: Database
) -> None:
    shops = [await open_shop(database) for _ in range(2)]
    members = await enrol_members(database, 10)
    for _ in range(4):
        batch = [shop.request(card=member.card.number) for member in members for shop in shops]
        tried = await asyncio.gather(
            *(record_purchases(crowd.desk, order(batch)) for order in ORDERS)
        )
        assert all(isinstance(each, Recorded) for outcomes in tried for each in outcomes)
        fresh = [each for outcomes in tried for each in outcomes if not each.replayed]
        assert len(fresh) == len(batch)
    assert crowd.deadlocks == 0
    for shop in shops:
        assert (await rows_of(database, shop))["purchases"] == 40
    await assert_rollups_hold(database, members)


async def test_batches_of_many_tills_for_the_same_members_do_not_deadlock(
    crowd: Crowd, database: Database
) -> None:
    shops = [await open_shop(database) for _ in range(3)]
    members = await enrol_members(database, 12)
    batches = [
        [shops[till % 3].request(card=member.card.number) for member in members[::step]]
        for till in range(9)
        for step in (1, -1)
    ]
    tried = await asyncio.gather(*(record_purchases(crowd.desk, batch) for batch in batches))
    assert all(isinstance(each, Recorded) for outcomes in tried for each in outcomes)
    assert crowd.deadlocks == 0
    assert {await points_of(database, member) for member in members} == {12 * len(batches)}
    await assert_rollups_hold(database, members)


@dataclass
class Unlucky:
    """A desk whose first transactions the database wants repeated."""

    database: Database
    failures: int
    code: str
    begun: int = 0

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[AsyncConnection]:
        async with self.database.desk() as connection:
            self.begun += 1
            yield connection
            if self.begun <= self.failures:  # at the commit, when all has been written
                await connection.execute(
                    text("do $$ begin raise exception using errcode = '" + self.code + "'; end $$")
                )


@pytest.mark.parametrize("code", ["40P01", "40001"])
async def test_what_the_database_wants_repeated_is_repeated(
    database: Database, shop: Shop, member: Enrolled, code: str
) -> None:
    unlucky = Unlucky(database, ATTEMPTS - 1, code)
    outcome = await record_purchase(unlucky.desk, shop.request(card=member.card.number))
    assert isinstance(outcome, Recorded)
    assert unlucky.begun == ATTEMPTS
    assert await points_of(database, member) == 12


async def test_it_is_repeated_within_bounds(
    database: Database, shop: Shop, member: Enrolled
) -> None:
    unlucky = Unlucky(database, 10**6, "40P01")
    with capture_logs():
        outcome = await record_purchase(unlucky.desk, shop.request(card=member.card.number))
    assert isinstance(outcome, Failed)
    assert unlucky.begun == ATTEMPTS
    assert (await rows_of(database, shop))["keys"] == 0


async def test_a_lost_connection_is_no_outcome_and_a_retry_records_once(
    database: Database, shop: Shop, member: Enrolled, location: URL
) -> None:
    requests = [shop.request(card=member.card.number) for _ in range(3)]
    admin_url = location.set(drivername="postgresql").render_as_string(hide_password=False)

    @asynccontextmanager
    async def cut() -> AsyncIterator[AsyncConnection]:
        async with database.desk() as connection:
            pid = (await connection.execute(text("select pg_backend_pid()"))).scalar_one()
            with psycopg.connect(admin_url) as admin:
                admin.execute("select pg_terminate_backend(%s, 5000)", [pid])
            yield connection

    with pytest.raises(DBAPIError) as raised:
        await record_purchases(cut, requests)
    assert raised.value.connection_invalidated
    outcomes = await record_purchases(database.desk, requests)
    assert all(isinstance(each, Recorded) and not each.replayed for each in outcomes)
