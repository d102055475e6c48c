"""An answer for a pair of instants never changes: what may still change is refused."""

from datetime import datetime, timedelta

import psycopg
import pytest
from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.posting import Posted, Refused, post
from ledger.refusals import PostingRefusal
from ledger.statements import AsOf, as_of, balance_as_of, statement
from service.database.transactions import Database
from tests.ledger.books import BUCKET, NOON, Books, fund, open_books, posting, settled

pytestmark = pytest.mark.anyio

MICROSECOND = timedelta(microseconds=1)


async def _clock(connection: AsyncConnection) -> datetime:
    instant: datetime = (await connection.execute(text("select clock_timestamp()"))).scalar_one()
    return instant


async def _answer(connection: AsyncConnection, books: Books, at: AsOf) -> object:
    return (
        await balance_as_of(connection, BUCKET, books.id_of("ann"), at),
        await statement(connection, BUCKET, books.id_of("ann"), at),
    )


async def test_an_answer_holds_when_an_open_posting_is_committed(database: Database) -> None:
    books = await open_books(database)
    await fund(database, books, "ann", 100)
    answers: list[tuple[AsOf, object]] = []
    async with database.worker() as reader:
        before_all = await _clock(reader)
        async with database.worker() as writer:
            began = (await writer.execute(text("select now()"))).scalar_one()
            made = posting(books.transfer("issued", "ann", 1))
            outcome = await post(writer, made)
            assert isinstance(outcome, Posted)
            assert before_all < began < outcome.posted_at

            for too_new in (began, outcome.posted_at, await _clock(reader)):
                assert await as_of(reader, NOON, too_new) == Refused(
                    PostingRefusal.AS_OF_NOT_SETTLED
                )
            for old_enough in (before_all, began - MICROSECOND):
                at = await settled(reader, NOON, old_enough)
                assert at == AsOf(NOON, old_enough)
                answers.append((at, await _answer(reader, books, at)))
            newest = await as_of(reader)
            assert isinstance(newest, AsOf)
            assert newest.known_at < began
            answers.append((newest, await _answer(reader, books, newest)))

    async with database.worker() as reader:
        for at, answer in answers:
            again = await settled(reader, at.effective_at, at.known_at)
            assert await _answer(reader, books, again) == answer
            assert answer[0] == 100
        now = await settled(reader, NOON, outcome.posted_at)
        assert await balance_as_of(reader, BUCKET, books.id_of("ann"), now) == 101


async def test_a_posting_that_is_rolled_back_settles_too(database: Database) -> None:
    books = await open_books(database)
    async with database.worker() as reader:
        async with database.worker() as writer:
            outcome = await post(writer, posting(books.transfer("issued", "ann", 1)))
            assert isinstance(outcome, Posted)
            await writer.rollback()
        at = await settled(reader, NOON, outcome.posted_at)
        assert await balance_as_of(reader, BUCKET, books.id_of("ann"), at) == 0


async def test_a_transaction_that_only_reads_holds_nothing_up(database: Database) -> None:
    async with database.worker() as idle:
        began = await _clock(idle)
        async with database.worker() as reader:
            assert await settled(reader, NOON, began + MICROSECOND) == AsOf(
                NOON, began + MICROSECOND
            )


async def test_a_transaction_that_began_early_and_posts_late_is_later(
    database: Database,
) -> None:
    # It has no id yet when it is asked about, and takes its instant after that.
    books = await open_books(database)
    async with database.worker() as writer:
        await _clock(writer)
        async with database.worker() as reader:
            at = await as_of(reader)
            assert isinstance(at, AsOf)
            answer = await _answer(reader, books, at)
        outcome = await post(writer, posting(books.transfer("issued", "ann", 1)))
        assert isinstance(outcome, Posted)
        assert outcome.posted_at > at.known_at
    async with database.worker() as reader:
        again = await settled(reader, at.effective_at, at.known_at)
        assert await _answer(reader, books, again) == answer


async def test_a_posting_in_a_savepoint_holds_back_too(database: Database) -> None:
    books = await open_books(database)
    async with database.worker() as writer, database.worker() as reader:
        async with writer.begin_nested():
            outcome = await post(writer, posting(books.transfer("issued", "ann", 1)))
        assert isinstance(outcome, Posted)
        assert await as_of(reader, NOON, outcome.posted_at) == Refused(
            PostingRefusal.AS_OF_NOT_SETTLED
        )


async def test_nothing_is_settled_while_a_posting_of_unknown_age_is_open(
    database: Database, location: URL
) -> None:
    # An administrator's session may hide from the activity when its transaction began.
    books = await open_books(database)
    await fund(database, books, "ann", 10)
    url = location.set(drivername="postgresql").render_as_string(hide_password=False)
    async with database.worker() as reader:
        earlier = await _clock(reader) - timedelta(days=1)
        with psycopg.connect(url) as hidden:
            hidden.execute("set track_activities = off")
            hidden.commit()
            hidden.execute("select pg_current_xact_id()")
            not_settled = Refused(PostingRefusal.AS_OF_NOT_SETTLED)
            assert await as_of(reader, NOON, earlier) == not_settled
            assert await as_of(reader) == not_settled
        assert await settled(reader, NOON, earlier) == AsOf(NOON, earlier)


async def test_the_future_is_not_settled(database: Database) -> None:
    async with database.worker() as reader:
        tomorrow = await _clock(reader) + timedelta(days=1)
        assert await as_of(reader, NOON, tomorrow) == Refused(PostingRefusal.AS_OF_NOT_SETTLED)


async def test_an_old_snapshot_is_not_asked(database: Database) -> None:
    async with database.audit() as snapshot:
        with pytest.raises(DBAPIError, match="READ COMMITTED"):
            await as_of(snapshot)
