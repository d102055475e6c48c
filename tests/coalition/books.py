"""What stands in the database after recording: a partner's purchases, sums and points."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from coalition.members import Enrolled
from coalition.recording import Desk, Outcome, Recorded
from service.database.transactions import Database
from tests.builders import Shop

_ROWS = """
    select (select count(*) from partners.purchase where partner_id = :partner) as purchases,
      (select count(*) from partners.purchase_line where partner_id = :partner) as lines,
      (select count(*) from partners.idempotency where partner_id = :partner) as keys,
      (select count(*) from partners.receipt where partner_id = :partner) as receipts,
      (select count(*) from partners.customer where partner_id = :partner) as customers,
      (select count(*) from ledger.partner_line where party = :partner) as postings,
      (select coalesce(sum(points), 0) from partners.purchase where partner_id = :partner)
        as points
"""

_BALANCE = """
    select account.credits - account.debits from ledger.account
    join coalition.member_account on member_account.bucket = account.bucket
      and member_account.account_id = account.id
    where member_account.bucket = :bucket and member_id = :member
      and member_account.kind = 'member_available'
"""

_ROLLUPS = """
    with purchase as (
      select bucket, member_id, partner_id, currency, count(*) as purchases, sum(amount) as amount,
        sum(points) as points, min(business_date) as first, max(business_date) as last
      from partners.purchase where member_id = any(:members)
      group by grouping sets (
        (bucket, member_id, currency), (bucket, member_id, partner_id, currency)
      )
    ), rollup as (
      select bucket, member_id, null::uuid as partner_id, currency, purchases, amount, points,
        first_date as first, last_date as last
      from coalition.member_rollup where member_id = any(:members)
      union all
      select bucket, member_id, partner_id, currency, purchases, amount, points, first_date,
        last_date
      from partners.customer where member_id = any(:members)
    )
    (table rollup except all table purchase) union all (table purchase except all table rollup)
"""


async def rows_of(database: Database, shop: Shop) -> dict[str, int]:
    """How many rows of each kind the partner has, and the points that it gave."""
    async with database.worker() as connection:
        found = await connection.execute(text(_ROWS), {"partner": shop.partner.id})
        return {name: int(value) for name, value in found.mappings().one().items()}


async def points_of(database: Database, member: Enrolled) -> int:
    """The member's balance."""
    async with database.worker() as connection:
        found = await connection.execute(
            text(_BALANCE), {"bucket": member.bucket, "member": member.member_id}
        )
        return int(found.scalar_one())


async def assert_rollups_hold(database: Database, members: Sequence[Enrolled]) -> None:
    """Rollups per member and per member and partner equal the sums of the purchases."""
    async with database.worker() as connection:
        differing = await connection.execute(
            text(_ROLLUPS), {"members": [member.member_id for member in members]}
        )
        assert differing.all() == []


_WAITING = text("""
    select count(*) from pg_stat_activity where datname = current_database()
      and usename = current_user and wait_event_type = 'Lock'
""")


async def two_wait(opened: Desk) -> None:
    """Return when two transactions of a role, as its opener opens them, wait for a lock."""
    for _ in range(10_000):
        async with opened() as connection:  # anew: one that is open sees what it saw before
            if (await connection.execute(_WAITING)).scalar_one() == 2:
                return
    raise AssertionError("two transactions never came to wait")


def plain(outcomes: Sequence[Outcome]) -> list[tuple[object, ...]]:
    """Outcomes without ids and instants; purchases are numbered as they first occur."""
    numbers: dict[UUID, int] = {}
    told: list[tuple[object, ...]] = []
    for outcome in outcomes:
        if isinstance(outcome, Recorded):
            number = numbers.setdefault(outcome.purchase_id, len(numbers))
            told.append(("recorded", number, outcome.points, outcome.replayed))
        else:
            told.append((getattr(outcome, "refusal", "failed"), getattr(outcome, "path", None)))
    return told
