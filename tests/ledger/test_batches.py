"""Posting many in one call equals posting them one by one, and both equal the model."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ledger.identifiers import new_id
from ledger.posting import Posting, Transfer, post, post_many
from service.database.transactions import Database
from tests.ledger.books import KINDS, Books, assert_sound, balances, open_books, plain, posting
from tests.ledger.model import Model, Move, Plan

pytestmark = pytest.mark.anyio

BUCKETS = (7, 8, 900)

points = st.sampled_from(["ann", "ann", "bob", "bob", "issued", "redeemed", "goodwill"])
anything = st.sampled_from([*KINDS, "nobody"])
buckets = st.sampled_from([7, 7, 7, 8, 900])

usual = st.builds(Move, buckets, points, points, st.integers(1, 40))
drain = st.builds(
    Move, buckets, st.sampled_from(["ann", "bob"]), st.just("redeemed"), st.integers(1, 60)
)
money = st.builds(
    Move,
    buckets,
    st.sampled_from(["purse", "bank"]),
    st.sampled_from(["bank", "purse"]),
    st.integers(1, 20),
    st.sampled_from(["RUB", "RUB", "RUB", "POINT"]),
)
odd = st.builds(
    Move,
    buckets,
    anything,
    anything,
    st.sampled_from([-5, 0, 1, 10**12, 10**12 + 1]),
    st.sampled_from(["POINT", "RUB", "GOLD"]),
)
move = st.one_of(usual, usual, usual, drain, drain, money, odd)
plan = st.builds(Plan, st.integers(0, 11), st.lists(move, min_size=1, max_size=3).map(tuple))
calls = st.lists(st.lists(plan, min_size=1, max_size=8), min_size=1, max_size=3)


def _postings(books: Books, call: list[Plan], ids: list) -> list[Posting]:
    return [
        posting(
            *(
                Transfer(
                    bucket=move.bucket,
                    debit=books.id_of(move.debit, move.bucket),
                    credit=books.id_of(move.credit, move.bucket),
                    amount=move.amount,
                    unit=move.unit,
                )
                for move in plan.moves
            ),
            id=ids[plan.number],
        )
        for plan in call
    ]


FUND = Plan(0, tuple(Move(bucket, "issued", "ann", 30) for bucket in BUCKETS))


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(calls=calls)
@example(  # a credit within the call is there to be spent, and a refused one is not
    [[
        Plan(1, (Move(7, "bob", "redeemed", 1),)),
        Plan(2, (Move(7, "ann", "bob", 30),)),
        Plan(3, (Move(7, "bob", "redeemed", 31),)),
        Plan(4, (Move(7, "bob", "redeemed", 30),)),
    ]]
)  # fmt: skip
@example(  # what a refused posting would have given is not there
    [[
        Plan(1, (Move(7, "ann", "bob", 31),)),
        Plan(2, (Move(7, "bob", "redeemed", 1),)),
    ]]
)  # fmt: skip
@example(  # an id that a posting of the same call took, before a flaw of a later transfer
    [[
        Plan(1, (Move(7, "issued", "ann", 1),)),
        Plan(1, (Move(7, "issued", "ann", 1), Move(7, "issued", "ann", 0))),
    ]]
)  # fmt: skip
@example(  # an id taken in two buckets, with other line numbers
    [[
        Plan(1, (Move(7, "issued", "ann", 1), Move(8, "issued", "ann", 1))),
        Plan(1, (Move(8, "issued", "ann", 1), Move(7, "issued", "ann", 1))),
    ]]
)  # fmt: skip
async def test_many_at_once_equal_one_by_one(database: Database, calls: list[list[Plan]]) -> None:
    model = Model()
    together, singly = await open_books(database, BUCKETS), await open_books(database, BUCKETS)
    ids_together, ids_singly = [[new_id() for _ in range(12)] for _ in range(2)]
    for call in [[FUND], *calls]:
        async with database.worker() as connection:
            at_once = await post_many(connection, _postings(together, call, ids_together))
            one_by_one = [
                await post(connection, each) for each in _postings(singly, call, ids_singly)
            ]
            expected = [model.post(plan) for plan in call]
            assert plain(one_by_one) == expected
            assert plain(at_once) == expected
            for books in (together, singly):
                await assert_sound(connection, books)
                assert await balances(connection, books) == {
                    key: model.balances.get(key, 0) for key in books.ids
                }


async def test_a_thousand_postings_on_one_account_are_settled_in_order(database: Database) -> None:
    books, model = await open_books(database), Model()
    plans = [
        Plan(
            number % 700,  # from 700 on a posting repeats an id
            (
                Move(7, "issued", "ann", 7)
                if number % 3 == 0
                else Move(7, "ann", "redeemed", 1 + number % 10),
            ),
        )
        for number in range(1_000)
    ]
    ids = [new_id() for _ in range(700)]
    async with database.worker() as connection:
        outcomes = await post_many(connection, _postings(books, plans, ids))
        assert plain(outcomes) == [model.post(plan) for plan in plans]
        await assert_sound(connection, books)
    codes = [code for code, _ in plain(outcomes)]
    assert all(codes.count(code) > 50 for code in ("POSTED", "ALREADY_POSTED", "BALANCE_TOO_LOW"))
