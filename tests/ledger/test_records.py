"""Accounts and postings found by their ids, in whichever bucket they lie."""

import pytest

from ledger.accounts import open_party_accounts
from ledger.identifiers import new_id
from ledger.posting import Posted, Transfer, post, reverse
from ledger.records import (
    PartyAccount,
    StoredTransfer,
    accounts_by_key,
    accounts_of_party,
    postings_by_id,
)
from ledger.tables import BUCKETS, AccountKind, Purpose
from service.database.transactions import Database
from tests.ledger.books import BUCKET, NOON, fund, open_books, posting

pytestmark = pytest.mark.anyio


async def test_an_account_is_found_in_its_own_bucket_only(database: Database) -> None:
    books = await open_books(database, (BUCKET, BUCKET + 1))
    await fund(database, books, "ann", 10**12)
    await fund(database, books, "ann", 10**12)
    key = (BUCKET, books.id_of("ann"))
    wanted = [key, (BUCKET + 1, key[1]), (BUCKET, books.nobody), (BUCKET, books.id_of("issued"))]
    async with database.operator_reading() as connection:
        found = await accounts_by_key(connection, wanted)
        assert await accounts_by_key(connection, []) == {}
    assert found.keys() == {wanted[0], wanted[3]}
    account = found[key]
    assert (account.credits, account.debits, account.floored) == (2 * 10**12, 0, True)
    assert (account.kind, account.unit, account.party) == (
        AccountKind.MEMBER_AVAILABLE,
        "POINT",
        None,
    )
    issued = found[wanted[3]]
    assert (issued.debits, issued.party, issued.floored) == (2 * 10**12, books.party, False)


async def test_a_partys_accounts_are_summed_over_all_buckets(database: Database) -> None:
    party, other = new_id(), new_id()
    buckets = (0, 7, BUCKETS - 1)
    books = await open_books(database, buckets)
    kinds = (AccountKind.PARTNER_ISSUED, AccountKind.PARTNER_REDEEMED)
    async with database.operator() as connection:
        accounts = await open_party_accounts(connection, party, kinds)
        await open_party_accounts(connection, other, kinds)
    async with database.worker() as connection:
        for bucket in buckets:
            earned = Transfer(
                bucket=bucket,
                debit=accounts[AccountKind.PARTNER_ISSUED],
                credit=books.id_of("ann", bucket),
                amount=10 + bucket,
            )
            spent = Transfer(
                bucket=bucket,
                debit=books.id_of("ann", bucket),
                credit=accounts[AccountKind.PARTNER_REDEEMED],
                amount=3,
            )
            assert isinstance(await post(connection, posting(earned, spent)), Posted)
    async with database.operator_reading() as connection:
        found = await accounts_of_party(connection, party)
        assert [(each.debits, each.credits) for each in await accounts_of_party(connection, other)]
        assert await accounts_of_party(connection, new_id()) == []
    assert found == [
        PartyAccount(kind=kinds[0], unit="POINT", debits=30 + sum(buckets), credits=0),
        PartyAccount(kind=kinds[1], unit="POINT", debits=0, credits=9),
    ]


async def test_a_posting_is_found_with_its_transfers_of_all_buckets(database: Database) -> None:
    buckets = (BUCKET, BUCKET + 1)
    books = await open_books(database, buckets)
    made = posting(
        books.transfer("issued", "ann", 5),
        books.transfer("issued", "bob", 6, bucket=BUCKET + 1),
        books.transfer("ann", "redeemed", 2),
    )
    reversal = new_id()
    async with database.worker() as connection:
        posted = await post(connection, made)
        assert isinstance(posted, Posted)
        undone = await reverse(connection, original=made.id, reversal=reversal, occurred_at=NOON)
        assert isinstance(undone, Posted)
    async with database.operator_reading() as connection:
        found = await postings_by_id(connection, [made.id, new_id(), reversal])
        assert await postings_by_id(connection, []) == {}
    assert found.keys() == {made.id, reversal}
    assert found[made.id].transfers == tuple(
        StoredTransfer(
            bucket=transfer.bucket,
            line=line,
            debit=transfer.debit,
            credit=transfer.credit,
            amount=transfer.amount,
            unit="POINT",
        )
        for line, transfer in sorted(
            enumerate(made.transfers), key=lambda item: (item[1].bucket, item[0])
        )
    )
    assert (found[made.id].posted_at, found[made.id].reverses) == (posted.posted_at, None)
    assert (found[reversal].reverses, found[reversal].purpose) == (made.id, Purpose.REVERSAL)
    assert len(found[reversal].transfers) == 3
