"""Statements read from the newest line backwards: exact balances on every page."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.posting import Posted, post_many
from ledger.statements import (
    StatementLine,
    balance,
    newest_lines,
    newest_lines_of,
    statement,
)
from service.database.transactions import Database
from tests.ledger.books import BUCKET, NOON, Books, open_books, posting, settled

pytestmark = pytest.mark.anyio

FAR = NOON + timedelta(days=9_999)
NAMES = ("issued", "redeemed", "goodwill")

batches = st.lists(
    st.lists(
        st.lists(st.tuples(st.permutations(NAMES), st.integers(1, 99)), min_size=1, max_size=3),
        min_size=1,
        max_size=3,
    ),
    min_size=1,
    max_size=5,
)


async def _post(
    database: Database, books: Books, batches: list[list[list[tuple[list[str], int]]]]
) -> list[Posted]:
    posted = []
    for batch in batches:  # the postings of a batch have one instant: their ids decide
        async with database.worker() as connection:
            outcomes = await post_many(
                connection,
                [
                    posting(
                        *(
                            books.transfer(debit, credit, amount)
                            for (debit, credit, _), amount in moves
                        )
                    )
                    for moves in batch
                ],
            )
        posted += [outcome for outcome in outcomes if isinstance(outcome, Posted)]
    return posted


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(batches=batches, limit=st.integers(1, 5))
async def test_its_pages_are_the_whole_statement_reversed(
    database: Database, batches: list[list[list[tuple[list[str], int]]]], limit: int
) -> None:
    books = await open_books(database)
    posted = await _post(database, books, batches)
    async with database.operator_reading() as connection:
        at = await settled(connection, FAR, posted[-1].posted_at)
        for name in NAMES:
            account = books.id_of(name)
            whole = await statement(connection, BUCKET, account, at)
            pages: list[StatementLine] = []
            before = None
            while page := await newest_lines(
                connection, BUCKET, account, before=before, limit=limit
            ):
                assert len(page) == min(limit, len(whole) - len(pages))
                pages += page
                before = page[-1].place
            assert pages == whole[::-1]
            stands = await balance(connection, BUCKET, account)
            assert stands == (pages[0].balance if pages else 0)


async def test_many_accounts_are_read_together_each_with_its_own_lines(database: Database) -> None:
    books = await open_books(database, (BUCKET, BUCKET + 1))
    async with database.worker() as connection:
        await post_many(
            connection,
            [
                posting(books.transfer("issued", "ann", 10**12)),
                posting(books.transfer("issued", "ann", 10**12)),
                posting(books.transfer("ann", "redeemed", 7)),
                posting(books.transfer("issued", "bob", 5, bucket=BUCKET + 1)),
            ],
        )
    ann, bob = books.id_of("ann"), books.id_of("bob", BUCKET + 1)
    wanted = [(BUCKET, ann), (BUCKET + 1, bob), (BUCKET, books.nobody)]
    async with database.operator_reading() as connection:
        found = await newest_lines_of(connection, wanted, limit=2)
        first = await newest_lines(connection, BUCKET, ann, limit=2)
        assert await newest_lines_of(connection, []) == {}
        # An account's lines are found in its own bucket only.
        assert await newest_lines(connection, BUCKET + 1, ann) == []
    assert list(found) == wanted
    assert found[wanted[0]] == first
    assert first[0].balance == 2 * 10**12 - 7
    assert first[1].balance == first[0].balance - first[0].amount
    assert [line.balance for line in found[wanted[1]]] == [5]
    assert found[wanted[2]] == []


async def test_a_page_of_it_has_a_thousand_lines_at_most(database: Database) -> None:
    books = await open_books(database)
    ann = books.id_of("ann")
    async with database.worker() as connection:
        await post_many(connection, [posting(*[books.transfer("issued", "ann", 1)] * 1_001)])
    async with database.operator_reading() as connection:
        page = await newest_lines(connection, BUCKET, ann, limit=10**6)
        assert len(page) == 1_000
        assert len(await newest_lines(connection, BUCKET, ann)) == 100
        rest = await newest_lines(connection, BUCKET, ann, before=page[-1].place)
    assert [line.balance for line in rest] == [1]
