"""Batches take their locks in one order, however their items are ordered: they can't deadlock.

A third transaction holds the middle of what two batches want from both ends. In any order but
a common one each would get its half, and both would wait for the other's.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from coalition.members import Enrolled
from coalition.posting_desk import Claimed, Item, claim
from coalition.recording import PurchaseRequest, Recorded, record_purchases
from ledger.identifiers import new_id
from service.database.transactions import Database
from tests.builders import Shop, enrol_members
from tests.coalition.books import assert_rollups_hold, two_wait

pytestmark = pytest.mark.anyio

SIZE = 21
HELD = {
    "coalition.member_rollup": "bucket = %s and member_id = %s",
    "partners.customer": "bucket = %s and member_id = %s",
    "ledger.account": (
        "bucket = %s and id ="
        " (select account_id from coalition.member_account where member_id = %s)"
    ),
}
"""What recording updates of a member: where the rows are."""


@dataclass
class Watched:
    """The desk, with a count of the transactions that a deadlock ended."""

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


async def _meet(
    watched: Watched,
    holder: AbstractAsyncContextManager[object],
    one: Sequence[PurchaseRequest],
    other: Sequence[PurchaseRequest],
) -> None:
    """Record two batches while a third holds something of both; let it go when both wait."""
    async with holder:
        both = asyncio.gather(
            *(asyncio.create_task(record_purchases(watched.desk, each)) for each in (one, other))
        )
        await two_wait(watched.database.desk)
    outcomes = [outcome for batch in await both for outcome in batch]
    assert all(isinstance(outcome, Recorded) for outcome in outcomes)
    assert watched.deadlocks == 0


@asynccontextmanager
async def _claimed(database: Database, request: PurchaseRequest) -> AsyncIterator[None]:
    """Hold a key and a receipt, and give them back."""
    item = Item(new_id(), request.caller.credential_id, request.key, request.receipt, flaw=None)
    async with database.desk() as connection:
        assert await claim(connection, [item]) == [Claimed()]
        yield
        await connection.rollback()


def _batch(shop: Shop, members: Sequence[Enrolled]) -> list[PurchaseRequest]:
    return [
        shop.request(f"key {place:03}", card=member.card.number, number=f"{place:03}")
        for place, member in enumerate(members)
    ]


async def test_over_keys(database: Database, shop: Shop) -> None:
    watched, members = Watched(database), await enrol_members(database, SIZE)
    batch = _batch(shop, members)
    held = _claimed(
        database,
        shop.request(batch[SIZE // 2].key, card=members[0].card.number, number="of nobody else"),
    )
    await _meet(watched, held, batch, batch[::-1])
    await assert_rollups_hold(database, members)


async def test_over_receipts(database: Database, shop: Shop) -> None:
    watched, members = Watched(database), await enrol_members(database, SIZE)
    batch = _batch(shop, members)
    again = [replace(each, key=f"another {each.key}") for each in batch[::-1]]
    held = _claimed(database, replace(batch[SIZE // 2], key="of nobody else"))
    await _meet(watched, held, batch, again)
    await assert_rollups_hold(database, members)


@pytest.mark.parametrize("table", HELD)
async def test_over_what_is_a_members(
    database: Database, shop: Shop, location: URL, table: str
) -> None:
    members = sorted(
        await enrol_members(database, SIZE), key=lambda each: (each.bucket, each.member_id.bytes)
    )
    await record_purchases(
        database.desk, [shop.request(card=member.card.number) for member in members]
    )
    middle = members[SIZE // 2]
    url = location.set(drivername="postgresql").render_as_string(hide_password=False)

    @asynccontextmanager
    async def held() -> AsyncIterator[None]:
        query = f"select from {table} where {HELD[table]} for update"
        with psycopg.connect(url) as admin:
            rows = admin.execute(query.encode(), [middle.bucket, middle.member_id])
            assert rows.rowcount == 1
            yield
            admin.rollback()

    batches = [
        [shop.request(card=member.card.number) for member in members[::step]] for step in (1, -1)
    ]
    await _meet(Watched(database), held(), *batches)
    await assert_rollups_hold(database, members)
