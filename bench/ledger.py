"""make bench NAME=ledger: posting against its floor, and what a purchase weighs on disk."""

import random
import statistics
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import anyio
import psycopg
from sqlalchemy import URL

from bench.database import KEYS, connect, fresh_database
from bench.report import Measurement, conclude
from coalition.members import Application, Enrolled, enrol
from coalition.programme.settings import Programme, set_up_programme
from coalition.recording import Caller, PurchaseRequest, Recorded, record_purchases
from coalition.tables import ContactKind
from ledger.identifiers import new_id
from partners.contracts import Terms, agree_contract
from partners.credentials import new_credential, store_credential
from partners.receipts import Receipt, ReceiptLine
from partners.registry import Outlet, create_partner, open_outlets
from service.database.transactions import Database

AWAITED = {
    "desk_vs_one_each",
    "desk_p99_vs_one_each_p99",
    "hot_vs_spread",
    "two_processes_vs_one",
    "post_10M_vs_100k",
    "statement_10M_vs_100k",
}
"""Rows of the posting desk and of history's size; they come with those features."""

PARTNERS = 60
MEMBERS = 10_000
CALL = 1_000
ROUNDS = 60
WARM_UP = 8
PURCHASES = 50_000
RECORD_CALL = 500

FLOOR = """
    select floor.post_many(%s::smallint[], %s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[],
      %s::bigint[], %s::timestamptz[])
"""
POST = """
    select * from ledger.post_many(%s::int[], %s::smallint[], %s::uuid[], %s::smallint[],
      %s::ledger.purpose[], %s::timestamptz[], %s::uuid[], %s::uuid[], %s::text[], %s::bigint[])
"""

Members = Sequence[Enrolled]
Shops = Sequence[tuple[Caller, UUID]]
Row = tuple[int, UUID, UUID, UUID, UUID, int, datetime]


async def found(database: Database) -> tuple[list[tuple[Caller, UUID]], list[Enrolled]]:
    """Set up partners and members through the service's own functions."""
    since = datetime.now(UTC) - timedelta(days=10)
    _, secret_hash = new_credential()
    shops = []
    async with database.operator() as connection:
        await set_up_programme(
            connection,
            Programme(name="Bench", time_zone=ZoneInfo("Europe/Moscow"), currency="RUB"),
        )
        for number in range(PARTNERS):
            partner = await create_partner(
                connection,
                code=f"p{number}",
                name=f"Partner {number}",
                legal_name=f"Partner {number} Ltd",
                category="grocery",
            )
            await agree_contract(
                connection,
                partner.id,
                Terms(currency="RUB", points_per_unit=Decimal("0.05")),
                valid_from=since,
            )
            await open_outlets(connection, partner.id, [Outlet(code="1", name="Main")])
            credential_id = new_id()
            await store_credential(connection, partner.id, credential_id, secret_hash, label="till")
            shops.append((Caller(credential_id, partner.id), partner.id))
    members: list[Enrolled] = []
    for start in range(0, MEMBERS, 1_000):
        async with database.operator() as connection:
            outcomes = await enrol(
                connection,
                [
                    Application(
                        name=f"Member {number}",
                        contact_kind=ContactKind.EMAIL,
                        contact=f"member-{number}@example.test",
                    )
                    for number in range(start, start + 1_000)
                ],
                joined_at=since,
            )
        members.extend(outcome for outcome in outcomes if isinstance(outcome, Enrolled))
    return shops, members


def rows(accounts: Sequence[tuple[int, UUID]], shops: Sequence[tuple[UUID, UUID]]) -> list[Row]:
    """Return one call's postings: bucket, id, party, debit, credit, points, instant."""
    now = datetime.now(UTC)
    drawn = []
    for _ in range(CALL):
        bucket, account = random.choice(accounts)
        party, issued = random.choice(shops)
        drawn.append((bucket, new_id(), party, issued, account, random.randint(1, 500), now))
    return drawn


def floor_arguments(call: list[Row]) -> list[list[Any]]:
    """Return the arrays of floor.post_many."""
    return [list(column) for column in zip(*call, strict=True)]


def post_arguments(call: list[Row]) -> list[list[Any]]:
    """Return the arrays of ledger.post_many."""
    buckets, ids, _, issuers, holders, amounts, instants = floor_arguments(call)
    size = len(call)
    return [
        list(range(size)), buckets, ids, [0] * size, ["accrual"] * size, instants, issuers,
        holders, ["POINT"] * size, amounts,
    ]  # fmt: skip


def timed(
    connection: "psycopg.Connection[Any]",
    statement: str,
    arguments: Callable[[list[Row]], list[list[Any]]],
    call: list[Row],
) -> float:
    """Return the seconds of one call with its commit; the client's own work is not counted."""
    columns = arguments(call)
    started = perf_counter()
    connection.execute(statement, columns).fetchall()
    return perf_counter() - started


def post_many_vs_floor(location: URL) -> Measurement:
    """Alternate the posting function and its floor over the same accounts."""
    with connect(location) as connection:
        connection.execute((Path(__file__).parent / "floor.sql").read_text())
        connection.execute("insert into floor.account select * from ledger.account")
        connection.execute("vacuum analyze")
        accounts = connection.execute(
            "select bucket, id from ledger.account where kind = 'member_available'"
        ).fetchall()
        shops = connection.execute("select id, issued_account from partners.partner").fetchall()
        floor, post = [], []
        for round_number in range(WARM_UP + ROUNDS):
            first = timed(connection, FLOOR, floor_arguments, rows(accounts, shops))
            second = timed(connection, POST, post_arguments, rows(accounts, shops))
            if round_number >= WARM_UP:
                floor.append(first)
                post.append(second)
        refused = connection.execute(
            "select count(*) <> %s from ledger.transfer", [(WARM_UP + ROUNDS) * CALL]
        ).fetchone()
        assert refused == (False,), "the posting function refused what it should post"
        connection.execute("drop schema floor cascade")
    median_floor, median_post = statistics.median(floor), statistics.median(post)
    return Measurement(
        "post_many_vs_floor",
        median_floor / median_post,
        "ratio of medians",
        {
            "items_a_call": CALL,
            "calls_a_side": ROUNDS,
            "floor_ms": round(median_floor * 1_000, 1),
            "post_many_ms": round(median_post * 1_000, 1),
            "partners": PARTNERS,
            "members": MEMBERS,
        },
    )


def receipt(member: Enrolled, number: int) -> Receipt:
    """Return a receipt of five lines such as a grocer's."""
    now = datetime.now(UTC)
    return Receipt(
        card=member.card.number,
        outlet="1",
        terminal="1",
        number=f"{number:08}",
        business_date=now.date(),
        occurred_at=now,
        currency="RUB",
        total=5 * 19_900,
        lines=tuple(
            ReceiptLine(
                sku=f"{4_600_000_000_000 + place}",
                name="Coffee beans, dark roast 250 g",
                category="HOT DRINKS",
                quantity=Decimal(1),
                amount=19_900,
            )
            for place in range(5)
        ),
    )


async def weigh_purchases(
    location: URL, database: Database, shops: Shops, members: Members
) -> list[Measurement]:
    """Record purchases of five lines and compare sizes and WAL positions before and after."""
    size_of_all = """
        select sum(pg_total_relation_size(oid))::bigint, pg_current_wal_insert_lsn()
        from pg_class
        where relkind = 'r' and relnamespace in (
          'ledger'::regnamespace, 'partners'::regnamespace, 'coalition'::regnamespace)
    """
    with connect(location) as connection:
        connection.execute("checkpoint")
        before, lsn_before = connection.execute(size_of_all).fetchone() or (0, "")
        for start in range(0, PURCHASES, RECORD_CALL):
            outcomes = await record_purchases(
                database.desk,
                [
                    PurchaseRequest(
                        random.choice(shops)[0],
                        str(new_id()),
                        receipt(random.choice(members), number),
                    )
                    for number in range(start, start + RECORD_CALL)
                ],
            )
            assert all(isinstance(outcome, Recorded) for outcome in outcomes)
        after, lsn_after = connection.execute(size_of_all).fetchone() or (0, "")
        wal = connection.execute(
            "select pg_wal_lsn_diff(%s, %s)::bigint", [lsn_after, lsn_before]
        ).fetchone()
        assert wal is not None
    detail = {"purchases": PURCHASES, "lines_each": 5, "purchases_a_call": RECORD_CALL}
    return [
        Measurement("bytes_per_purchase", (after - before) / PURCHASES, "bytes", detail),
        Measurement("wal_bytes_per_purchase", wal[0] / PURCHASES, "bytes", detail),
    ]


async def measure(location: URL) -> list[Measurement]:
    """Take every measurement of this bench."""
    database = Database(location, KEYS)
    try:
        shops, members = await found(database)
        ratio = await anyio.to_thread.run_sync(post_many_vs_floor, location)
        return [ratio, *await weigh_purchases(location, database, shops, members)]
    finally:
        await database.close()


if __name__ == "__main__":
    with fresh_database() as location:
        sys.exit(conclude("ledger", anyio.run(measure, location), awaited=AWAITED))
