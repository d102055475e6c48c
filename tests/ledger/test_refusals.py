"""Every way in which the ledger refuses a posting, and which refusal comes first."""

from itertools import combinations, pairwise

import pytest

from ledger.identifiers import new_id
from ledger.posting import Posted, Posting, Refused, Transfer, post, post_many
from ledger.refusals import PostingRefusal
from ledger.tables import Purpose
from service.database.transactions import Database
from tests.ledger.books import (
    BUCKET,
    NOON,
    Books,
    assert_sound,
    balances,
    fund,
    open_books,
    plain,
    posting,
)

pytestmark = pytest.mark.anyio

# Each way to be refused, as changes to the sound transfer of 5 points from ann to bob.
FLAWS: dict[PostingRefusal, list[dict[str, object]]] = {
    PostingRefusal.AMOUNT_NOT_POSITIVE: [{"amount": 0}, {"amount": -1}, {"amount": -(10**12)}],
    PostingRefusal.AMOUNT_TOO_LARGE: [{"amount": 10**12 + 1}, {"amount": 2**63 - 1}],
    PostingRefusal.ACCOUNTS_MUST_DIFFER: [{"debit": "ann", "credit": "ann"}],
    PostingRefusal.DEBIT_ACCOUNT_UNKNOWN: [{"debit": "nobody"}],
    PostingRefusal.CREDIT_ACCOUNT_UNKNOWN: [{"credit": "nobody"}],
    PostingRefusal.UNITS_MUST_MATCH: [{"credit": "purse"}, {"debit": "bank"}],
    PostingRefusal.UNIT_NOT_OF_ACCOUNTS: [{"unit": "RUB"}, {"unit": "GOLD"}, {"unit": "point"}],
    PostingRefusal.ALREADY_POSTED: [{"id": "taken"}],
    PostingRefusal.BALANCE_TOO_LOW: [{"amount": 101}, {"amount": 10**12}],
}

ELSEWHERE = {
    PostingRefusal.ALREADY_REVERSED,
    PostingRefusal.POSTING_UNKNOWN,
    PostingRefusal.AS_OF_NOT_SETTLED,
}
"""Refusals of a reversal and of a reading: tested with these."""

ORDER = [refusal for refusal in PostingRefusal if refusal in FLAWS]

# Two flaws of one transfer, where both can be had at once.
TOGETHER: dict[tuple[PostingRefusal, PostingRefusal], dict[str, object]] = {
    (first, second): FLAWS[first][0] | FLAWS[second][0]
    for first, second in combinations(ORDER, 2)
    if not FLAWS[first][0].keys() & FLAWS[second][0].keys()
} | {
    (PostingRefusal.ACCOUNTS_MUST_DIFFER, PostingRefusal.DEBIT_ACCOUNT_UNKNOWN): {
        "debit": "nobody",
        "credit": "nobody",
    },
    (PostingRefusal.DEBIT_ACCOUNT_UNKNOWN, PostingRefusal.CREDIT_ACCOUNT_UNKNOWN): {
        "debit": "nobody",
        "credit": "other bucket's",
    },
    (PostingRefusal.UNITS_MUST_MATCH, PostingRefusal.UNIT_NOT_OF_ACCOUNTS): {
        "credit": "purse",
        "unit": "GOLD",
    },
}


def _flawed(books: Books, taken: Posting, changes: dict[str, object]) -> Posting:
    fields = {"debit": "ann", "credit": "bob", "amount": 5, "unit": "POINT", "id": None} | changes
    sides = {
        side: books.ids[BUCKET + 1, "bob"]
        if fields[side] == "other bucket's"
        else books.id_of(str(fields[side]))
        for side in ("debit", "credit")
    }
    return posting(
        Transfer(bucket=BUCKET, amount=fields["amount"], unit=fields["unit"], **sides),
        id=taken.id if fields["id"] == "taken" else None,
    )


async def _books(database: Database) -> tuple[Books, Posting]:
    """Ann has 100 points, by the posting that is returned."""
    books = await open_books(database, (BUCKET, BUCKET + 1))
    return books, await fund(database, books, "ann", 100)


def test_every_refusal_is_tested() -> None:
    assert set(FLAWS) | ELSEWHERE == set(PostingRefusal)


def test_the_order_of_precedence_is_held_by_pairs() -> None:
    unreachable = {  # the second can't be when the first is
        (PostingRefusal.AMOUNT_NOT_POSITIVE, PostingRefusal.AMOUNT_TOO_LARGE),
        (PostingRefusal.CREDIT_ACCOUNT_UNKNOWN, PostingRefusal.UNITS_MUST_MATCH),
    }
    assert set(pairwise(ORDER)) <= set(TOGETHER) | unreachable


@pytest.mark.parametrize(
    ("refusal", "changes"),
    [(refusal, changes) for refusal, ways in FLAWS.items() for changes in ways],
    ids=str,
)
async def test_a_flawed_transfer_is_refused_and_nothing_written(
    database: Database, refusal: PostingRefusal, changes: dict[str, object]
) -> None:
    books, taken = await _books(database)
    async with database.worker() as connection:
        before = await balances(connection, books)
        outcome = await post(connection, _flawed(books, taken, changes))
        assert outcome == Refused(refusal, 0)
        assert await balances(connection, books) == before
        await assert_sound(connection, books)


async def test_of_two_flaws_the_earlier_named_is_the_answer(database: Database) -> None:
    books, taken = await _books(database)
    async with database.worker() as connection:
        outcomes = await post_many(
            connection, [_flawed(books, taken, changes) for changes in TOGETHER.values()]
        )
    assert plain(outcomes) == [(first.value, 0) for first, _ in TOGETHER]


@pytest.mark.parametrize("refusal", FLAWS, ids=str)
async def test_the_refused_transfer_is_named(database: Database, refusal: PostingRefusal) -> None:
    books, taken = await _books(database)
    flawed = _flawed(books, taken, FLAWS[refusal][0])
    sound = books.transfer("goodwill", "bob", 1, bucket=BUCKET + 1)
    wanted = posting(sound, sound, *flawed.transfers, sound, id=flawed.id)
    async with database.worker() as connection:
        assert await post(connection, wanted) == Refused(refusal, 2)


async def test_an_account_of_another_bucket_is_unknown(database: Database) -> None:
    books, _ = await _books(database)
    ours, theirs = books.id_of("ann"), books.id_of("bob", BUCKET + 1)
    async with database.worker() as connection:
        outcomes = await post_many(
            connection,
            [
                posting(Transfer(bucket=BUCKET, debit=ours, credit=theirs, amount=1)),
                posting(Transfer(bucket=BUCKET, debit=theirs, credit=ours, amount=1)),
                posting(Transfer(bucket=1023, debit=ours, credit=ours, amount=1)),
                posting(Transfer(bucket=2000, debit=ours, credit=theirs, amount=1)),
            ],
        )
    assert [code for code, _ in plain(outcomes)] == [
        "CREDIT_ACCOUNT_UNKNOWN",
        "DEBIT_ACCOUNT_UNKNOWN",
        "ACCOUNTS_MUST_DIFFER",
        "DEBIT_ACCOUNT_UNKNOWN",
    ]


@pytest.mark.parametrize("amount", [1, 10**12])
async def test_the_least_and_the_greatest_amount_are_posted(
    database: Database, amount: int
) -> None:
    books, _ = await _books(database)
    async with database.worker() as connection:
        assert isinstance(
            await post(connection, posting(books.transfer("issued", "bob", amount))), Posted
        )


@pytest.mark.parametrize(
    ("amount", "refusal"),
    [
        (2**63, PostingRefusal.AMOUNT_TOO_LARGE),
        (10**30, PostingRefusal.AMOUNT_TOO_LARGE),
        (-(10**30), PostingRefusal.AMOUNT_NOT_POSITIVE),
    ],
)
async def test_an_amount_beyond_any_column_is_refused_by_name(
    database: Database, amount: int, refusal: PostingRefusal
) -> None:
    books, _ = await _books(database)
    async with database.worker() as connection:
        assert await post(connection, posting(books.transfer("issued", "bob", amount))) == Refused(
            refusal, 0
        )


def test_a_posting_without_transfers_is_no_posting() -> None:
    with pytest.raises(ValueError, match="at least one transfer"):
        Posting(id=new_id(), purpose=Purpose.ACCRUAL, occurred_at=NOON, transfers=())


async def test_nothing_to_post_has_no_outcomes(database: Database) -> None:
    async with database.worker() as connection:
        assert await post_many(connection, []) == []
