"""Balances, statements and the trial balance at pairs of instants, against a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.posting import Posted, Posting, post
from ledger.statements import (
    AsOf,
    StatementLine,
    as_of,
    balance,
    balance_as_of,
    statement,
    trial_balance,
)
from ledger.tables import Purpose
from service.database.transactions import Database
from tests.ledger.books import BUCKET, KINDS, NOON, Books, open_books, posting, settled

pytestmark = pytest.mark.anyio

FAR = NOON + timedelta(days=9_999)


@dataclass(frozen=True)
class Known:
    """A posting that stands, and since when."""

    posting: Posting
    posted_at: datetime


async def _post_each(database: Database, postings: Sequence[Posting]) -> list[Known]:
    known = []
    for each in postings:
        async with database.worker() as connection:
            outcome = await post(connection, each)
            assert isinstance(outcome, Posted)
            known.append(Known(each, outcome.posted_at))
    return known


def _lines(books: Books, name: str, known: Sequence[Known], at: AsOf) -> list[StatementLine]:
    """The model: a statement in plain Python."""
    lines: list[StatementLine] = []
    account, total = books.id_of(name), 0
    for each in sorted(known, key=lambda each: (each.posted_at, each.posting.id)):
        if each.posted_at > at.known_at or each.posting.occurred_at > at.effective_at:
            continue
        for line, transfer in enumerate(each.posting.transfers):
            if account not in (transfer.debit, transfer.credit):
                continue
            credited = transfer.credit == account
            signed = transfer.amount if credited else -transfer.amount
            total += signed
            lines.append(
                StatementLine(
                    posting_id=each.posting.id,
                    line=line,
                    counter_account=transfer.debit if credited else transfer.credit,
                    amount=signed,
                    balance=total,
                    unit=transfer.unit,
                    purpose=each.posting.purpose,
                    occurred_at=each.posting.occurred_at,
                    posted_at=each.posted_at,
                )
            )
    return lines


NAMES = ("issued", "goodwill")

happenings = st.lists(
    st.tuples(
        st.integers(0, 3),  # the day it happened
        st.sampled_from(["redemption", "goodwill"]),
        st.lists(
            st.tuples(st.permutations(["issued", "redeemed", "goodwill"]), st.integers(1, 99)),
            min_size=1,
            max_size=3,
        ),
    ),
    min_size=1,
    max_size=5,
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(happenings=happenings)
async def test_every_pair_of_instants_is_answered_as_the_model_does(
    database: Database, happenings: list[tuple[int, str, list[tuple[list[str], int]]]]
) -> None:
    books = await open_books(database)
    known = await _post_each(
        database,
        [
            posting(
                *(books.transfer(debit, credit, amount) for (debit, credit, _), amount in moves),
                occurred_at=NOON + timedelta(days=day),
                purpose=Purpose(purpose),
            )
            for day, purpose, moves in happenings
        ],
    )
    instants = [known[0].posted_at - timedelta(microseconds=1)]
    instants += [each.posted_at for each in known]
    async with database.worker() as connection:
        for known_at in instants:
            for day in range(-1, 4):
                at = await settled(connection, NOON + timedelta(days=day), known_at)
                for name in NAMES:
                    wanted = _lines(books, name, known, at)
                    told = await statement(connection, BUCKET, books.id_of(name), at)
                    assert told == wanted
                    assert await balance_as_of(connection, BUCKET, books.id_of(name), at) == sum(
                        line.amount for line in wanted
                    )


async def test_now_is_the_default_of_both_instants(database: Database) -> None:
    books = await open_books(database)
    [known] = await _post_each(
        database,
        [posting(books.transfer("issued", "ann", 5), occurred_at=NOON - timedelta(days=1))],
    )
    async with database.worker() as connection:
        at = await as_of(connection)
        while isinstance(at, AsOf) and at.known_at < known.posted_at:
            at = await as_of(connection)
        assert isinstance(at, AsOf)
        assert known.posted_at <= at.known_at <= at.effective_at
        assert await balance_as_of(connection, BUCKET, books.id_of("ann"), at) == 5
        assert await balance(connection, BUCKET, books.id_of("ann")) == 5


async def test_what_happens_later_is_known_but_not_yet_effective(database: Database) -> None:
    books = await open_books(database)
    [known] = await _post_each(
        database, [posting(books.transfer("issued", "ann", 5), occurred_at=FAR)]
    )
    async with database.worker() as connection:
        now = await settled(connection, known.posted_at, known.posted_at)
        later = await settled(connection, FAR, known.posted_at)
        for at, points in ((now, 0), (later, 5)):
            assert await balance_as_of(connection, BUCKET, books.id_of("ann"), at) == points


async def test_a_statement_is_read_page_by_page(database: Database) -> None:
    books = await open_books(database)
    known = await _post_each(
        database,
        [
            posting(*(books.transfer("issued", "ann", 1 + index) for index in range(3)))
            for _ in range(5)
        ],
    )
    async with database.worker() as connection:
        at = await settled(connection, FAR, known[-1].posted_at)
        whole = await statement(connection, BUCKET, books.id_of("ann"), at)
        assert whole == _lines(books, "ann", known, at)
        for limit in (1, 4, 15, 16):
            pages: list[StatementLine] = []
            after = None
            while page := await statement(
                connection, BUCKET, books.id_of("ann"), at, after=after, limit=limit
            ):
                assert len(page) == min(limit, len(whole) - len(pages))
                pages += page
                after = (page[-1].posted_at, page[-1].posting_id, page[-1].line)
            assert pages == whole


async def test_a_page_has_a_thousand_lines_at_most(database: Database) -> None:
    books = await open_books(database)
    [known] = await _post_each(database, [posting(*[books.transfer("issued", "ann", 1)] * 1_001)])
    async with database.worker() as connection:
        at = await settled(connection, FAR, known.posted_at)
        page = await statement(connection, BUCKET, books.id_of("ann"), at, limit=10**6)
        assert len(page) == 1_000
        assert len(await statement(connection, BUCKET, books.id_of("ann"), at)) == 100
        rest = await statement(
            connection,
            BUCKET,
            books.id_of("ann"),
            at,
            after=(page[-1].posted_at, page[-1].posting_id, page[-1].line),
        )
        assert [line.balance for line in rest] == [1_001]


async def test_debits_equal_credits_in_the_trial_balance(database: Database) -> None:
    books = await open_books(database, (BUCKET, BUCKET + 1))
    known = await _post_each(
        database,
        [
            posting(
                books.transfer("issued", "ann", 30),
                books.transfer("issued", "bob", 12, bucket=BUCKET + 1),
                books.transfer("bank", "purse", 500, unit="RUB"),
            ),
            posting(books.transfer("ann", "redeemed", 7)),
        ],
    )
    async with database.worker() as connection:
        for count, redeemed in ((1, 0), (2, 7)):
            at = await settled(connection, FAR, known[count - 1].posted_at)
            rows = await trial_balance(connection, at)
            for unit in {unit for _, unit in KINDS.values()}:
                ours = [row for row in rows if row.unit == unit]
                assert sum(row.debits for row in ours) == sum(row.credits for row in ours)
            mine = {
                (row.kind.value, row.unit): (row.debits, row.credits)
                for row in rows
                if row.party == books.party
            }
            wanted = {("partner_issued", "POINT"): (42, 0), ("partner_issued", "RUB"): (500, 0)}
            if redeemed:
                wanted["partner_redeemed", "POINT"] = (0, redeemed)
            assert mine == wanted
