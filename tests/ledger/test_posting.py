"""A posting is made whole or not at all, once, and leaves every unit at zero in its bucket."""

import pytest
from sqlalchemy import text

from ledger.accounts import Account, open_accounts, open_party_accounts
from ledger.identifiers import new_id
from ledger.posting import Posted, Refused, post, post_many
from ledger.refusals import PostingRefusal
from ledger.statements import balance
from ledger.tables import BUCKETS, AccountKind
from service.database.transactions import Database
from tests.ledger.books import BUCKET, assert_sound, balances, fund, open_books, posting

pytestmark = pytest.mark.anyio


async def test_a_transfer_moves_an_amount_from_debit_to_credit(database: Database) -> None:
    books = await open_books(database)
    async with database.worker() as connection:
        clock = text("select clock_timestamp()")
        before = (await connection.execute(clock)).scalar_one()
        outcome = await post(connection, posting(books.transfer("issued", "ann", 30)))
        after = (await connection.execute(clock)).scalar_one()
        assert isinstance(outcome, Posted)
        assert before < outcome.posted_at < after
        assert await balance(connection, BUCKET, books.id_of("ann")) == 30
        assert await balance(connection, BUCKET, books.id_of("issued")) == -30
        assert await balance(connection, BUCKET, books.nobody) == 0
        await assert_sound(connection, books)


async def test_a_posting_of_many_transfers_is_made_whole(database: Database) -> None:
    books = await open_books(database, (BUCKET, BUCKET + 1))
    made = posting(
        books.transfer("issued", "ann", 30),
        books.transfer("ann", "bob", 10),
        books.transfer("bank", "purse", 500, unit="RUB"),
        books.transfer("goodwill", "bob", 4, bucket=BUCKET + 1),
    )
    async with database.worker() as connection:
        assert isinstance(await post(connection, made), Posted)
        assert await balances(connection, books) == dict.fromkeys(books.ids, 0) | {
            (BUCKET, "ann"): 20,
            (BUCKET, "bob"): 10,
            (BUCKET, "issued"): -30,
            (BUCKET, "purse"): 500,
            (BUCKET, "bank"): -500,
            (BUCKET + 1, "bob"): 4,
            (BUCKET + 1, "goodwill"): -4,
        }
        await assert_sound(connection, books)


async def test_a_posting_with_one_flaw_is_refused_whole(database: Database) -> None:
    books = await open_books(database, (BUCKET, BUCKET + 1))
    good = books.transfer("issued", "ann", 30)
    too_much = books.transfer("bob", "redeemed", 1, bucket=BUCKET + 1)
    async with database.worker() as connection:
        outcome = await post(connection, posting(good, good, too_much))
        assert outcome == Refused(PostingRefusal.BALANCE_TOO_LOW, 2)
        assert set((await balances(connection, books)).values()) == {0}
        await assert_sound(connection, books)


async def test_the_floor_holds_at_the_end_of_a_posting_not_within_it(database: Database) -> None:
    books = await open_books(database)
    spend, earn = books.transfer("ann", "redeemed", 5), books.transfer("issued", "ann", 5)
    async with database.worker() as connection:
        assert isinstance(await post(connection, posting(spend, earn)), Posted)
        assert await post(connection, posting(earn, spend, spend)) == Refused(
            PostingRefusal.BALANCE_TOO_LOW, 1
        )
        await assert_sound(connection, books)


async def test_a_balance_can_be_spent_to_the_last_point(database: Database) -> None:
    books = await open_books(database)
    await fund(database, books, "ann", 10)
    async with database.worker() as connection:
        outcomes = await post_many(
            connection, [posting(books.transfer("ann", "redeemed", 5)) for _ in range(3)]
        )
        assert [type(outcome) for outcome in outcomes] == [Posted, Posted, Refused]
        assert await balance(connection, BUCKET, books.id_of("ann")) == 0


async def test_accounts_without_a_floor_go_below_zero(database: Database) -> None:
    books = await open_books(database)
    async with database.worker() as connection:
        for name in ("issued", "redeemed", "goodwill"):
            made = posting(books.transfer(name, "ann", 10**12))
            assert isinstance(await post(connection, made), Posted)
        await assert_sound(connection, books)


async def test_a_retry_is_told_and_changes_nothing(database: Database) -> None:
    books = await open_books(database)
    made = await fund(database, books, "ann", 10)
    async with database.worker() as connection:
        assert await post(connection, made) == Refused(PostingRefusal.ALREADY_POSTED, 0)
        assert await balance(connection, BUCKET, books.id_of("ann")) == 10


async def test_an_id_is_new_in_its_bucket_only(database: Database) -> None:
    books = await open_books(database, (BUCKET, BUCKET + 1))
    made = await fund(database, books, "ann", 10)
    elsewhere = books.transfer("issued", "ann", 1, bucket=BUCKET + 1)
    here = books.transfer("issued", "bob", 1)
    async with database.worker() as connection:
        refused = await post(connection, posting(elsewhere, here, id=made.id))
        assert refused == Refused(PostingRefusal.ALREADY_POSTED, 1)
        assert isinstance(await post(connection, posting(elsewhere, id=made.id)), Posted)


async def test_a_refused_id_is_free_for_another_try(database: Database) -> None:
    books = await open_books(database)
    spend = posting(books.transfer("ann", "redeemed", 5))
    async with database.worker() as connection:
        assert isinstance(await post(connection, spend), Refused)
    await fund(database, books, "ann", 5)
    async with database.worker() as connection:
        assert isinstance(await post(connection, spend), Posted)


async def test_a_rolled_back_posting_leaves_nothing(database: Database) -> None:
    books = await open_books(database)
    made = posting(books.transfer("issued", "ann", 5))
    async with database.worker() as connection:
        assert isinstance(await post(connection, made), Posted)
        await connection.rollback()
    async with database.worker() as connection:
        assert await balance(connection, BUCKET, books.id_of("ann")) == 0
        assert isinstance(await post(connection, made), Posted)


async def test_opening_an_open_account_keeps_its_balance(database: Database) -> None:
    books = await open_books(database)
    await fund(database, books, "ann", 10)
    again = Account(bucket=BUCKET, id=books.id_of("ann"), kind=AccountKind.OPERATOR_GOODWILL)
    async with database.operator() as connection:
        await open_accounts(connection, [again, again])
        assert await balance(connection, BUCKET, books.id_of("ann")) == 10
    async with database.worker() as connection:
        outcome = await post(connection, posting(books.transfer("ann", "redeemed", 11)))
        assert outcome == Refused(PostingRefusal.BALANCE_TOO_LOW, 0)


async def test_a_party_has_an_account_in_every_bucket(database: Database) -> None:
    party, member = new_id(), new_id()
    async with database.operator() as connection:
        opened = await open_party_accounts(
            connection, party, [AccountKind.PARTNER_ISSUED, AccountKind.PARTNER_REDEEMED]
        )
        rows = await connection.execute(
            text("select id, count(*), min(bucket), max(bucket), bool_or(floored)"
                 " from ledger.account where party = :party group by id"),
            {"party": party},
        )  # fmt: skip
        assert {row.id: tuple(row)[1:] for row in rows} == dict.fromkeys(
            opened.values(), (BUCKETS, 0, BUCKETS - 1, False)
        )
        await open_accounts(
            connection,
            [Account(bucket=1023, id=member, kind=AccountKind.MEMBER_AVAILABLE)],
        )


async def test_ids_ascend_with_time_and_differ() -> None:
    ids = [new_id() for _ in range(10_000)]
    assert len(set(ids)) == len(ids)
    assert {identifier.version for identifier in ids} == {7}
    milliseconds = [identifier.int >> 80 for identifier in ids]
    assert milliseconds == sorted(milliseconds)
