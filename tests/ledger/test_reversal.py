"""A posting is reversed by its mirror image, once; the floor holds, the past stays."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.identifiers import new_id
from ledger.posting import Posted, Posting, Refused, post, reverse
from ledger.refusals import PostingRefusal
from ledger.statements import balance
from ledger.tables import Purpose, transfer
from service.database.transactions import Database
from tests.ledger.books import (
    BUCKET,
    NOON,
    assert_sound,
    balances,
    fund,
    open_books,
    plain,
    posting,
)

pytestmark = pytest.mark.anyio

LATER = NOON + timedelta(days=1)


async def _reverse(
    connection: AsyncConnection, made: Posting, reversal: UUID | None = None
) -> Posted | Refused:
    return await reverse(
        connection,
        original=made.id,
        reversal=reversal or new_id(),
        occurred_at=LATER,
    )


async def test_a_reversal_is_the_mirror_image(database: Database) -> None:
    books = await open_books(database)
    made = posting(
        books.transfer("issued", "ann", 30),
        books.transfer("ann", "bob", 10),
        books.transfer("bank", "purse", 5, unit="RUB"),
    )
    reversal = new_id()
    async with database.worker() as connection:
        assert isinstance(await post(connection, made), Posted)
        outcome = await _reverse(connection, made, reversal)
        assert isinstance(outcome, Posted)
        assert set((await balances(connection, books)).values()) == {0}
        await assert_sound(connection, books)
        lines = (
            await connection.execute(
                select(transfer)
                .where(transfer.c.bucket == BUCKET, transfer.c.posting_id.in_([made.id, reversal]))
                .order_by(transfer.c.posted_at, transfer.c.line)
            )
        ).all()
    there, back = lines[:3], lines[3:]
    assert [(row.debit_account, row.credit_account, row.amount, row.unit) for row in back] == [
        (row.credit_account, row.debit_account, row.amount, row.unit) for row in there
    ]
    assert {(row.reverses, row.purpose, row.occurred_at) for row in there} == {
        (None, Purpose.GOODWILL, NOON)
    }
    assert {(row.reverses, row.purpose, row.occurred_at, row.posted_at) for row in back} == {
        (made.id, Purpose.REVERSAL, LATER, outcome.posted_at)
    }


async def test_a_posting_is_reversed_once(database: Database) -> None:
    books = await open_books(database)
    made = await fund(database, books, "ann", 10)
    await fund(database, books, "ann", 10)
    reversal = new_id()
    async with database.worker() as connection:
        assert isinstance(await _reverse(connection, made, reversal), Posted)
        again = await _reverse(connection, made)
        retried = await _reverse(connection, made, reversal)
        assert plain([again, retried]) == [("ALREADY_REVERSED", 0), ("ALREADY_POSTED", 0)]
        assert await balance(connection, BUCKET, books.id_of("ann")) == 10


async def test_points_that_were_spent_are_not_taken_back(database: Database) -> None:
    books = await open_books(database)
    made = await fund(database, books, "ann", 10)
    async with database.worker() as connection:
        await post(connection, posting(books.transfer("ann", "redeemed", 1)))
        assert await _reverse(connection, made) == Refused(PostingRefusal.BALANCE_TOO_LOW)
        assert await balance(connection, BUCKET, books.id_of("ann")) == 9
        await assert_sound(connection, books)
    await fund(database, books, "ann", 1)
    async with database.worker() as connection:
        assert isinstance(await _reverse(connection, made), Posted)
        assert await balance(connection, BUCKET, books.id_of("ann")) == 0


async def test_a_posting_that_is_not_there_is_not_reversed(database: Database) -> None:
    async with database.worker() as connection:
        unknown = await reverse(connection, original=new_id(), reversal=new_id(), occurred_at=LATER)
    assert unknown == Refused(PostingRefusal.POSTING_UNKNOWN)


async def test_a_reversal_needs_an_id_of_its_own(database: Database) -> None:
    books = await open_books(database)
    made, other = [await fund(database, books, "ann", 10) for _ in range(2)]
    async with database.worker() as connection:
        for taken in (made.id, other.id):
            assert await _reverse(connection, made, taken) == Refused(PostingRefusal.ALREADY_POSTED)


async def test_a_reversal_can_be_reversed(database: Database) -> None:
    books = await open_books(database)
    made = await fund(database, books, "ann", 10)
    back, forth = new_id(), new_id()
    async with database.worker() as connection:
        for original, reversal in ((made.id, back), (back, forth)):
            outcome = await reverse(
                connection,
                original=original,
                reversal=reversal,
                occurred_at=LATER,
            )
            assert isinstance(outcome, Posted)
        assert await balance(connection, BUCKET, books.id_of("ann")) == 10
        assert await _reverse(connection, made) == Refused(PostingRefusal.ALREADY_REVERSED)


async def test_raced_reversals_reverse_once(database: Database) -> None:
    books = await open_books(database)
    made = await fund(database, books, "ann", 10)
    await fund(database, books, "ann", 100)
    barrier = asyncio.Barrier(8)

    async def caller() -> Posted | Refused:
        async with database.worker() as connection:
            await barrier.wait()
            return await _reverse(connection, made)

    outcomes = plain(await asyncio.gather(*(caller() for _ in range(8))))
    assert Counter(outcomes) == {("POSTED", 0): 1, ("ALREADY_REVERSED", 0): 7}
    async with database.worker() as connection:
        assert await balance(connection, BUCKET, books.id_of("ann")) == 100


async def test_a_reversal_and_a_spending_of_the_same_points_race(database: Database) -> None:
    for _ in range(6):
        books = await open_books(database)
        made = await fund(database, books, "ann", 10)
        spending = posting(books.transfer("ann", "redeemed", 10))
        barrier = asyncio.Barrier(2)

        async def undo(made: Posting = made, barrier: asyncio.Barrier = barrier) -> object:
            async with database.worker() as connection:
                await barrier.wait()
                return await _reverse(connection, made)

        async def spend(spending: Posting = spending, barrier: asyncio.Barrier = barrier) -> object:
            async with database.worker() as connection:
                await barrier.wait()
                return await post(connection, spending)

        outcomes = await asyncio.gather(undo(), spend())
        assert Counter(type(outcome) for outcome in outcomes) == {Posted: 1, Refused: 1}
        assert Refused(PostingRefusal.BALANCE_TOO_LOW) in outcomes


async def test_a_posting_over_two_buckets_is_reversed_whole_or_not_at_all(
    database: Database,
) -> None:
    books = await open_books(database, (BUCKET, BUCKET + 1))
    made = posting(
        books.transfer("issued", "ann", 10),
        books.transfer("issued", "ann", 10, bucket=BUCKET + 1),
    )
    async with database.worker() as connection:
        await post(connection, made)
        await _reverse(connection, made)
        after = await balances(connection, books)
    assert after[BUCKET, "ann"] == after[BUCKET + 1, "ann"]
