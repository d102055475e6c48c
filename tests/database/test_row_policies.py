"""A partner's transaction sees the partner's rows and no others, whatever it asks."""

from dataclasses import dataclass
from uuid import UUID

import pytest
from psycopg import Connection, errors
from psycopg.rows import TupleRow
from sqlalchemy import URL, text
from sqlalchemy.exc import ProgrammingError

from coalition.recording import Recorded, record_purchases
from service.database.transactions import Database
from service.keys import Keys
from tests.builders import Shop, enrol_members, open_shop
from tests.database.catalogue import FLOORS, TABLES, administrator, names, serving

pytestmark = pytest.mark.anyio

OWNED = {
    "ledger.partner_line": "party",
    "partners.partner": "id",
    "partners.outlet": "partner_id",
    "partners.terminal": "partner_id",
    "partners.contract": "partner_id",
    "partners.purchase": "partner_id",
    "partners.purchase_line": "partner_id",
    "partners.customer": "partner_id",
}
"""What a partner may read, and the column that names whose it is."""


@dataclass(frozen=True)
class Street:
    """Two shops that both sold to the same two members."""

    one: Shop
    other: Shop


@pytest.fixture
async def street(database: Database) -> Street:
    street = Street(await open_shop(database), await open_shop(database))
    members = await enrol_members(database, 2)
    outcomes = await record_purchases(
        database.desk,
        [
            shop.request(card=member.card.number)
            for shop in (street.one, street.other)
            for member in members
        ],
    )
    assert all(isinstance(outcome, Recorded) for outcome in outcomes)
    return street


def _owners(connection: Connection[TupleRow], table: str) -> set[UUID]:
    query = f"select distinct {OWNED[table]} from {table}"
    return {row[0] for row in connection.execute(query.encode()).fetchall()}


def test_these_tables_are_all_that_a_partner_reads(location: URL) -> None:
    with administrator(location) as connection:
        rows = connection.execute(
            "select relation from unnest(%s::text[]) as relation"
            " where has_any_column_privilege('coalition_partner', relation, 'SELECT')",
            [names(location, TABLES, FLOORS)],
        ).fetchall()
    assert {row[0] for row in rows} == {*OWNED, "coalition.programme"}


@pytest.mark.parametrize("table", OWNED)
async def test_a_partner_sees_its_own_rows_only(
    street: Street, location: URL, keys: Keys, table: str
) -> None:
    for shop in (street.one, street.other):
        with serving(location, keys, "coalition_partner") as connection:
            connection.execute(f"set local app.partner = '{shop.partner.id}'".encode())
            assert _owners(connection, table) == {shop.partner.id}
            # Nor by asking for another's outright.
            stranger = street.other if shop is street.one else street.one
            query = f"select count(*) from {table} where {OWNED[table]} = %s"
            assert connection.execute(query.encode(), [stranger.partner.id]).fetchone() == (0,)


@pytest.mark.parametrize("table", OWNED)
async def test_nobody_sees_nothing(street: Street, location: URL, keys: Keys, table: str) -> None:
    with serving(location, keys, "coalition_partner") as connection:
        assert _owners(connection, table) == set()
        connection.execute("set local app.partner = ''")
        assert _owners(connection, table) == set()
        connection.execute("set local app.partner = '00000000-0000-7000-8000-000000000000'")
        assert _owners(connection, table) == set()
        connection.execute(f"set local app.partner = '{street.one.partner.id}'".encode())
        assert _owners(connection, table) == {street.one.partner.id}
        connection.rollback()
        assert _owners(connection, table) == set()


async def test_who_the_partner_is_must_be_an_id(street: Street, location: URL, keys: Keys) -> None:
    with serving(location, keys, "coalition_partner") as connection:
        connection.execute("set local app.partner = 'or true'")
        with pytest.raises(errors.InvalidTextRepresentation):
            _owners(connection, "partners.purchase")


async def test_a_transaction_forgets_the_partner_when_it_ends(
    street: Street, database: Database
) -> None:
    count = text("select count(*) from partners.purchase")
    async with database.partner(street.one.partner.id) as connection:
        assert (await connection.execute(count)).scalar_one() == 2
    async with database._engine(
        "coalition_partner"
    ).begin() as connection:  # the same connection of the pool, most likely
        assert (await connection.execute(count)).scalar_one() == 0


@pytest.mark.parametrize(
    "query",
    [
        "select member_id from partners.purchase",
        "select member_id from partners.customer",
        "select * from partners.purchase",
        "select * from partners.customer",
        "select count(member_id) from partners.purchase",
        "select 1 from partners.purchase where member_id is not null",
        "select purchase from partners.purchase",
        "select * from partners.idempotency",
        "select * from partners.receipt",
        "select * from partners.credential",
        "select * from partners.customer_key",
        "select * from ledger.transfer",
        "select * from ledger.account",
        "select * from coalition.member",
        "select * from coalition.card",
        "select * from coalition.card_number",
        "select * from coalition.member_rollup",
    ],
)
async def test_what_joins_partners_is_out_of_a_partners_reach(
    street: Street, database: Database, query: str
) -> None:
    async with database.partner(street.one.partner.id) as connection:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await connection.execute(text(query))


async def test_a_partners_transaction_is_read_only(street: Street, database: Database) -> None:
    async with database.partner(street.one.partner.id) as connection:
        shown = await connection.execute(text("show transaction_read_only"))
        assert shown.scalar_one() == "on"


async def test_staff_sees_all_partners(street: Street, database: Database) -> None:
    ids = {street.one.partner.id, street.other.partner.id}
    for opened in (database.operator, database.worker, database.audit):
        async with opened() as connection:
            rows = await connection.execute(
                text("select distinct partner_id from partners.purchase")
            )
            assert ids <= set(rows.scalars())


async def test_staff_reads_no_secret(street: Street, database: Database) -> None:
    for query in (
        "select secret_hash from partners.credential",
        "select key from partners.customer_key",
    ):
        for opened in (database.operator, database.worker):
            async with opened() as connection:
                with pytest.raises(ProgrammingError, match="permission denied"):
                    await connection.execute(text(query))
