"""A member's transaction sees the member's rows and what is public, whatever it asks."""

from dataclasses import dataclass
from uuid import UUID

import pytest
from psycopg import Connection, errors
from psycopg.rows import TupleRow
from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from coalition.consents import decide
from coalition.members import Enrolled, Holder, account_ids
from coalition.recording import Recorded, record_purchases
from coalition.tables import ConsentPurpose
from ledger.identifiers import new_id
from service.database.transactions import Database
from service.keys import Keys
from tests.builders import Shop, enrol_members, open_shop
from tests.database.catalogue import serving

pytestmark = pytest.mark.anyio

OWNED = {
    "coalition.member": "id",
    "coalition.contact": "member_id",
    "coalition.member_account": "member_id",
    "coalition.card": "member_id",
    "coalition.consent": "member_id",
    "partners.purchase": "member_id",
}
"""What a member may read of their own, and the column that names whose it is."""

PURCHASED = (
    "select purchase.member_id from partners.purchase_line join partners.purchase"
    " on purchase.bucket = purchase_line.bucket and purchase.id = purchase_line.purchase_id"
)


@dataclass(frozen=True)
class Person:
    """A member with the id of their account."""

    holder: Holder
    account: UUID


@dataclass(frozen=True)
class Town:
    """Two members who bought at the same two shops, and decided about them."""

    one: Person
    other: Person
    shops: tuple[Shop, Shop]


async def _person(database: Database, enrolled: Enrolled, shops: tuple[Shop, Shop]) -> Person:
    holder = Holder(enrolled.bucket, enrolled.member_id)
    async with database.operator() as connection:
        [account] = await account_ids(connection, holder)
    async with database.member_deciding(holder) as connection:
        for shop in shops:
            await decide(connection, holder, shop.partner.id, ConsentPurpose.GREETING, given=True)
    return Person(holder, account)


@pytest.fixture
async def town(database: Database) -> Town:
    shops = (await open_shop(database), await open_shop(database))
    members = await enrol_members(database, 2)
    outcomes = await record_purchases(
        database.desk,
        [shop.request(card=member.card.number) for shop in shops for member in members],
    )
    assert all(isinstance(outcome, Recorded) for outcome in outcomes)
    one, other = [await _person(database, member, shops) for member in members]
    return Town(one, other, shops)


def _become(connection: Connection[TupleRow], *, member: object = "", accounts: str = "") -> None:
    connection.execute(f"set local app.member = '{member}'".encode())
    connection.execute(f"set local app.accounts = '{accounts}'".encode())


def _found(connection: Connection[TupleRow], query: str, *parameters: object) -> set[object]:
    return {row[0] for row in connection.execute(query.encode(), parameters).fetchall()}


def _everything(connection: Connection[TupleRow]) -> dict[str, set[object]]:
    """Whose rows each table shows: members' ids, for the ledger the accounts'."""
    seen = {
        table: _found(connection, f"select {owner} from {table}") for table, owner in OWNED.items()
    }
    seen["partners.purchase_line"] = _found(connection, PURCHASED)
    seen["ledger.account"] = _found(connection, "select id from ledger.account")
    seen["ledger.transfer"] = _found(connection, "select credit_account from ledger.transfer")
    return seen


NOTHING = dict[str, set[object]].fromkeys(
    [*OWNED, "partners.purchase_line", "ledger.account", "ledger.transfer"], set()
)


async def test_a_member_sees_their_own_rows_only(town: Town, location: URL, keys: Keys) -> None:
    for person, stranger in ((town.one, town.other), (town.other, town.one)):
        member_id = person.holder.member_id
        with serving(location, keys, "coalition_member") as connection:
            _become(connection, member=member_id, accounts=f"{{{person.account}}}")
            seen = _everything(connection)
            assert seen.keys() == NOTHING.keys()
            for table, owners in seen.items():
                own = person.account if table.startswith("ledger") else member_id
                assert owners == {own}, table
            # Nor by asking for another's outright.
            for table, owner in OWNED.items():
                query = f"select {owner} from {table} where {owner} = %s"
                assert _found(connection, query, stranger.holder.member_id) == set()
            query = f"{PURCHASED} where purchase_line.bucket = %s"
            assert _found(connection, query, stranger.holder.bucket) <= {member_id}
            touching = "select 1 from ledger.transfer where %s in (credit_account, debit_account)"
            assert _found(connection, touching, stranger.account) == set()


async def test_a_purchase_and_the_ledger_need_their_own_setting(
    town: Town, location: URL, keys: Keys
) -> None:
    with serving(location, keys, "coalition_member") as connection:
        _become(connection, member=town.one.holder.member_id)
        seen = _everything(connection)
        assert seen["ledger.account"] == seen["ledger.transfer"] == set()
        assert seen["partners.purchase"] == {town.one.holder.member_id}
        _become(connection, accounts=f"{{{town.one.account}}}")
        seen = _everything(connection)
        assert seen.pop("ledger.account") == seen.pop("ledger.transfer") == {town.one.account}
        assert set().union(*seen.values()) == set()


async def test_nobody_sees_nothing(town: Town, location: URL, keys: Keys) -> None:
    with serving(location, keys, "coalition_member") as connection:
        assert _everything(connection) == NOTHING
        _become(connection)
        assert _everything(connection) == NOTHING
        _become(connection, member=new_id(), accounts=f"{{{new_id()}}}")
        assert _everything(connection) == NOTHING
        _become(connection, member=town.one.holder.member_id, accounts=f"{{{town.one.account}}}")
        assert _everything(connection) != NOTHING
        connection.rollback()
        assert _everything(connection) == NOTHING


@pytest.mark.parametrize("table", [*OWNED, "partners.purchase_line"])
async def test_who_the_member_is_must_be_an_id(
    town: Town, location: URL, keys: Keys, table: str
) -> None:
    with serving(location, keys, "coalition_member") as connection:
        _become(connection, member="or true")
        with pytest.raises(errors.InvalidTextRepresentation):
            connection.execute(f"select count(*) from {table}".encode())


@pytest.mark.parametrize("table", ["ledger.account", "ledger.transfer"])
async def test_whose_the_accounts_are_must_be_ids(
    town: Town, location: URL, keys: Keys, table: str
) -> None:
    for accounts in ("or true", "{or true}"):
        with serving(location, keys, "coalition_member") as connection:
            _become(connection, accounts=accounts)
            with pytest.raises(errors.InvalidTextRepresentation):
                connection.execute(f"select count(*) from {table}".encode())


async def test_the_services_transaction_is_the_members(town: Town, database: Database) -> None:
    async with database.member(town.one.holder) as connection:
        shown = await connection.execute(text("show transaction_read_only"))
        assert shown.scalar_one() == "on"
        accounts = await connection.execute(text("select id from ledger.account"))
        assert set(accounts.scalars()) == {town.one.account}
        purchases = await connection.execute(text("select count(*) from partners.purchase"))
        assert purchases.scalar_one() == 2
    async with database._engine("coalition_member").begin() as connection:  # the same connection
        for table in ("ledger.account", "partners.purchase"):
            count = await connection.execute(text(f"select count(*) from {table}"))
            assert count.scalar_one() == 0


async def test_a_member_in_anothers_bucket_has_no_account(town: Town, database: Database) -> None:
    lost = Holder((town.one.holder.bucket + 1) % 1_024, town.one.holder.member_id)
    async with database.member(lost) as connection:
        accounts = await connection.execute(text("select id from ledger.account"))
        assert accounts.scalars().all() == []


@pytest.mark.parametrize(
    "query",
    [
        "select issue_price from partners.contract",
        "select redeem_price from partners.contract",
        "select acceptance_days from partners.contract",
        "select * from partners.contract",
        "select legal_name from partners.partner",
        "select issued_account from partners.partner",
        "select redeemed_account from partners.partner",
        "select joined_at from partners.partner",
        "select customer_id from partners.purchase",
        "select * from partners.purchase",
        "select block_reason from coalition.card",
        "select replaced_by from coalition.card",
        "select * from partners.customer",
        "select * from partners.customer_key",
        "select * from partners.credential",
        "select * from partners.idempotency",
        "select * from partners.receipt",
        "select * from ledger.partner_line",
        "select * from coalition.card_number",
        "select * from coalition.card_lookup",
        "select * from coalition.card_allowance",
        "select * from coalition.member_rollup",
        "select * from coalition.staff",
        "select * from coalition.session",
        "select * from coalition.one_time_code",
        "update coalition.consent set given = true",
        "delete from coalition.consent",
        "update coalition.member set status = 'active'",
        "update coalition.contact set value = ''",
    ],
)
async def test_what_is_not_a_members_is_out_of_their_reach(
    town: Town, database: Database, query: str
) -> None:
    async with database.member_deciding(town.one.holder) as connection:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await connection.execute(text(query))


async def test_what_is_public_is_all_partners(town: Town, database: Database) -> None:
    ids = {shop.partner.id for shop in town.shops}
    async with database.member(town.one.holder) as connection:
        for query in (
            "select id from partners.partner",
            "select partner_id from partners.outlet",
            "select partner_id from partners.terminal",
            "select partner_id from partners.contract",
        ):
            found = await connection.execute(text(query))
            assert ids <= set(found.scalars())


_DECIDE = """
    insert into coalition.consent (bucket, member_id, partner_id, purpose, given)
    values (:bucket, :member_id, :partner_id, 'greeting', true)
"""
_BACKDATE = """
    insert into coalition.consent (bucket, member_id, partner_id, purpose, given, decided_at)
    values (:bucket, :member_id, :partner_id, 'greeting', true, 'infinity')
"""


def _decision(holder: Holder, shop: Shop) -> dict[str, object]:
    return {
        "bucket": holder.bucket,
        "member_id": holder.member_id,
        "partner_id": shop.partner.id,
    }


async def test_nobody_decides_for_another(town: Town, database: Database) -> None:
    async with database.member_deciding(town.one.holder) as connection:
        with pytest.raises(DBAPIError, match="row-level security"):
            await connection.execute(text(_DECIDE), _decision(town.other.holder, town.shops[0]))


async def test_nobody_sets_the_clock_of_a_decision(town: Town, database: Database) -> None:
    async with database.member_deciding(town.one.holder) as connection:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await connection.execute(text(_BACKDATE), _decision(town.one.holder, town.shops[0]))


async def test_reading_decides_nothing(town: Town, database: Database) -> None:
    async with database.member(town.one.holder) as connection:
        with pytest.raises(DBAPIError, match="read-only transaction"):
            await connection.execute(text(_DECIDE), _decision(town.one.holder, town.shops[0]))
