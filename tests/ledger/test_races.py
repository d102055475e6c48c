"""Real connections race each other: nothing is spent twice, lost, or shown to fail by a lock."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence

import pytest
from sqlalchemy import URL, text

from ledger.identifiers import new_id
from ledger.posting import Posted, Posting, post, post_many
from ledger.statements import balance
from service.database.transactions import Database
from service.keys import Keys
from tests.ledger.books import (
    BUCKET,
    Books,
    assert_sound,
    balances,
    fund,
    open_books,
    plain,
    posting,
)

pytestmark = pytest.mark.anyio

CONNECTIONS = 16


@pytest.fixture
async def crowd(location: URL, keys: Keys) -> AsyncIterator[Database]:
    """A database with a connection for each of many callers."""
    opened = Database(location, keys, pool_size=CONNECTIONS)
    yield opened
    await opened.close()


async def _at_once(crowd: Database, calls: Sequence[Sequence[Posting]]) -> list[list[str]]:
    """Make each call in a transaction of its own, when all have begun; return their codes."""
    barrier = asyncio.Barrier(len(calls))

    async def caller(call: Sequence[Posting]) -> list[str]:
        async with crowd.worker() as connection:
            await barrier.wait()
            return [code for code, _ in plain(await post_many(connection, call))]

    return list(await asyncio.gather(*map(caller, calls)))


async def _balance(crowd: Database, books: Books, name: str) -> int:
    async with crowd.worker() as connection:
        await assert_sound(connection, books)
        return await balance(connection, BUCKET, books.id_of(name))


async def test_exactly_what_is_there_is_spent(crowd: Database) -> None:
    books = await open_books(crowd)
    await fund(crowd, books, "ann", 50)
    codes = Counter[str]()
    for _ in range(5):
        calls = [[posting(books.transfer("ann", "redeemed", 1))] for _ in range(CONNECTIONS)]
        codes.update(code for [code] in await _at_once(crowd, calls))
    assert codes == {"POSTED": 50, "BALANCE_TOO_LOW": 5 * CONNECTIONS - 50}
    assert await _balance(crowd, books, "ann") == 0
    assert await _balance(crowd, books, "redeemed") == 50


async def test_points_are_passed_around_and_none_is_lost(crowd: Database) -> None:
    books = await open_books(crowd)
    await fund(crowd, books, "ann", 10)
    passed = Counter[str]()
    for _ in range(4):
        sides = [("ann", "bob"), ("bob", "ann")] * (CONNECTIONS // 2)
        calls = [[posting(books.transfer(*side, 3))] for side in sides]
        for (giver, _), [code] in zip(sides, await _at_once(crowd, calls), strict=True):
            passed[giver] += 3 * (code == "POSTED")
    assert await _balance(crowd, books, "ann") == 10 - passed["ann"] + passed["bob"]
    assert await _balance(crowd, books, "bob") == passed["ann"] - passed["bob"]


async def test_retries_of_one_posting_post_it_once(crowd: Database) -> None:
    books = await open_books(crowd)
    for _ in range(5):
        made = posting(books.transfer("issued", "ann", 10), books.transfer("ann", "redeemed", 10))
        codes = await _at_once(crowd, [[made]] * CONNECTIONS)
        assert Counter(code for [code] in codes) == {
            "POSTED": 1,
            "ALREADY_POSTED": CONNECTIONS - 1,
        }
    assert await _balance(crowd, books, "redeemed") == 50


async def test_one_id_for_different_postings_posts_one_of_them(crowd: Database) -> None:
    # They share no account, so no lock of an account keeps them apart.
    books = await open_books(crowd)
    for _ in range(5):
        shared = new_id()
        codes = await _at_once(
            crowd,
            [
                [posting(books.transfer("issued", "ann", 1), id=shared)],
                [posting(books.transfer("goodwill", "bob", 1), id=shared)],
            ],
        )
        assert Counter(code for [code] in codes) == {"POSTED": 1, "ALREADY_POSTED": 1}


async def test_calls_over_the_same_accounts_in_opposite_orders_all_post(crowd: Database) -> None:
    buckets = range(100, 120)
    books = await open_books(crowd, buckets)
    for _ in range(4):
        calls = [
            [
                posting(
                    books.transfer("issued", "ann", 1, bucket=bucket),
                    books.transfer("goodwill", "bob", 1, bucket=bucket),
                )
                for bucket in (buckets if caller % 2 else reversed(buckets))
            ]
            for caller in range(8)
        ]
        for codes in await _at_once(crowd, calls):
            assert codes == ["POSTED"] * len(buckets)
    async with crowd.worker() as connection:
        await assert_sound(connection, books)
        after = await balances(connection, books)
    assert {after[bucket, "ann"] for bucket in buckets} == {32}


async def test_a_retry_waits_for_the_first_try_to_end(crowd: Database) -> None:
    books = await open_books(crowd)
    made = posting(books.transfer("issued", "ann", 10))

    async def retry() -> list[str]:
        async with crowd.worker() as connection:
            return [code for code, _ in plain(await post_many(connection, [made]))]

    async with crowd.worker() as connection:
        assert plain(await post_many(connection, [made])) == [("POSTED", 0)]
        waiting = asyncio.create_task(retry())
        done, _ = await asyncio.wait([waiting], timeout=0.2)
        assert not done
        await connection.rollback()
    assert await waiting == ["POSTED"]
    assert await _balance(crowd, books, "ann") == 10


async def test_a_posting_takes_its_instant_after_it_waited(crowd: Database) -> None:
    books = await open_books(crowd)

    async def second() -> object:
        async with crowd.worker() as connection:
            return await post(connection, posting(books.transfer("issued", "bob", 1)))

    async with crowd.worker() as connection:
        first = await post(connection, posting(books.transfer("issued", "ann", 1)))
        waiting = asyncio.create_task(second())
        done, _ = await asyncio.wait([waiting], timeout=0.2)
        assert not done
        clock = await connection.execute(text("select clock_timestamp()"))
        before_the_end = clock.scalar_one()
    outcome = await waiting
    assert isinstance(first, Posted)
    assert isinstance(outcome, Posted)
    assert first.posted_at < before_the_end < outcome.posted_at
