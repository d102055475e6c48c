"""A batch's outcomes equal its items recorded one by one, and both equal a model."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import URL, select
from structlog.testing import capture_logs

from coalition.cards import random_number
from coalition.members import Enrolled
from coalition.recording import Failed, PurchaseRequest, Recorded, record_purchase, record_purchases
from coalition.tables import member_rollup
from partners.contracts import Terms, agree_contract
from partners.refusals import PurchaseRefusal as R
from service.database.transactions import Database
from tests.builders import Shop, enrol_members, line, open_shop
from tests.coalition.books import assert_rollups_hold, plain, rows_of

pytestmark = pytest.mark.anyio

UNISSUED = random_number()
AMOUNTS = {"small": 149, "half": 150, "large": 1_000, "false": 1_000}
"""Totals; the receipt of the last doesn't sum."""


@dataclass(frozen=True)
class Plan:
    """A purchase; equal keys and numbers are the same ones."""

    key: int | None
    number: int
    amount: str
    card: str
    outlet: str = "1"
    terminal: str = "1"


@dataclass
class Model:
    """What recording one by one must say, from the rules."""

    keys: dict[int, tuple[Plan, tuple[object, ...]]] = field(default_factory=dict)
    receipts: dict[tuple[int, str, str], tuple[Plan, int]] = field(default_factory=dict)
    purchases: int = 0

    def record(self, plan: Plan) -> tuple[object, ...]:
        if plan.key is None:
            return R.KEY_INVALID, "idempotencyKey"
        content = Plan(0, plan.number, plan.amount, plan.card, plan.outlet, plan.terminal)
        if plan.key in self.keys:
            known, outcome = self.keys[plan.key]
            if known != content:
                return R.IDEMPOTENCY_CONFLICT, "idempotencyKey"
            return (*outcome[:-1], True) if outcome[0] == "recorded" else outcome
        outcome = self._first(content)
        self.keys[plan.key] = content, outcome
        return outcome

    def _first(self, plan: Plan) -> tuple[object, ...]:
        name = plan.number, plan.outlet, plan.terminal
        points = (AMOUNTS[plan.amount] + 50) // 100
        if plan.card == "torn":
            return R.CARD_NUMBER_INVALID, "card"
        if plan.amount == "false":
            return R.LINES_DO_NOT_SUM, "total"
        if name in self.receipts:
            known, number = self.receipts[name]
            if known != plan:
                return R.RECEIPT_CONFLICT, "receiptNumber"
            return "recorded", number, points, True
        if plan.outlet == "9":
            return R.OUTLET_UNKNOWN, "outlet"
        if plan.terminal == "9":
            return R.TERMINAL_UNKNOWN, "terminal"
        if plan.card == "unissued":
            return R.CARD_UNKNOWN, "card"
        self.receipts[name] = plan, self.purchases
        self.purchases += 1
        return "recorded", self.purchases - 1, points, False


plans = st.builds(
    Plan,
    st.sampled_from([0, 1, 2, 3, 4, 5, 6, None]),
    st.integers(0, 4),
    st.sampled_from(["small", "small", "half", "large", "false"]),
    st.sampled_from(["ann", "ann", "ann", "bob", "unissued", "torn"]),
    st.sampled_from(["1", "1", "1", "9"]),
    st.sampled_from(["1", "1", "1", "9"]),
)


@dataclass
class Tills:
    """The same purchases at two shops."""

    shops: tuple[Shop, Shop]
    members: dict[str, Enrolled]
    at: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(hours=1))

    def request(self, shop: Shop, plan: Plan, nonce: str) -> PurchaseRequest:
        numbers = {name: member.card.number for name, member in self.members.items()}
        amount = AMOUNTS[plan.amount]
        return shop.request(
            "\n" if plan.key is None else f"{nonce}-{plan.key}",
            card={"unissued": UNISSUED, "torn": "1"}.get(plan.card) or numbers[plan.card],
            number=f"{nonce}-{plan.number}",
            occurred_at=self.at,
            outlet=plan.outlet,
            terminal=plan.terminal,
            lines=[line(amount)],
            total=amount + 1 if plan.amount == "false" else amount,
        )


@pytest.fixture
async def tills(database: Database) -> Tills:
    ann, bob = await enrol_members(database, 2)
    shops = await open_shop(database), await open_shop(database)
    return Tills(shops, {"ann": ann, "bob": bob})


FIRST = Plan(0, 0, "small", "ann")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(batch=st.lists(plans, min_size=1, max_size=10), before=st.lists(plans, max_size=3))
@example(  # a receipt under another key after a refusal of it, and after its recording
    before=[],
    batch=[
        Plan(0, 0, "small", "ann", "9"),
        Plan(1, 0, "small", "ann", "9"),
        Plan(2, 0, "small", "ann"),
        Plan(3, 0, "small", "ann"),
        Plan(0, 0, "small", "ann"),
        Plan(3, 0, "large", "ann"),
        Plan(4, 0, "large", "ann"),
        Plan(4, 0, "small", "ann"),
    ],
)
@example(before=[FIRST], batch=[FIRST, Plan(1, 0, "small", "bob"), Plan(2, 1, "half", "bob")])
async def test_a_batch_equals_its_items_one_by_one(
    database: Database, tills: Tills, before: list[Plan], batch: list[Plan]
) -> None:
    nonce, model = secrets.token_hex(6), Model()
    together, singly = tills.shops
    at_once, one_by_one = [], []
    for part in (before, batch):
        at_once += await record_purchases(
            database.desk, [tills.request(together, plan, nonce) for plan in part]
        )
        one_by_one += [
            await record_purchase(database.desk, tills.request(singly, plan, nonce))
            for plan in part
        ]
    expected = [model.record(plan) for plan in before + batch]
    assert plain(one_by_one) == expected
    assert plain(at_once) == expected
    rows = await rows_of(database, together)
    assert rows == await rows_of(database, singly)
    await assert_rollups_hold(database, list(tills.members.values()))


@contextmanager
def _told_failures() -> Iterator[list[UUID]]:
    """The incidents that were logged meanwhile."""
    incidents: list[UUID] = []
    with capture_logs() as logs:
        yield incidents
    incidents += [UUID(entry["incident"]) for entry in logs if entry["log_level"] == "error"]


@contextmanager
def _without_account(location: URL, member: Enrolled) -> Iterator[None]:
    """Break a member's link to the ledger, as no way of ours does, and mend it again."""
    url = location.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as admin:
        rows = admin.execute(
            "delete from coalition.member_account where bucket = %s and member_id = %s"
            " returning kind, account_id",
            [member.bucket, member.member_id],
        ).fetchall()
        yield
        admin.cursor().executemany(
            "insert into coalition.member_account (bucket, member_id, kind, account_id)"
            " values (%s, %s, %s, %s)",
            [(member.bucket, member.member_id, *row) for row in rows],
        )


async def test_an_item_that_fails_leaves_the_others_standing(
    database: Database, shop: Shop, location: URL
) -> None:
    member, broken = await enrol_members(database, 2)
    requests = [shop.request(card=member.card.number) for _ in range(9)]
    requests.insert(6, shop.request(card=broken.card.number))
    with _without_account(location, broken):
        with _told_failures() as incidents:
            outcomes = await record_purchases(database.desk, requests)
        assert [type(each) for each in outcomes] == [Recorded] * 6 + [Failed] + [Recorded] * 3
        assert [each.incident for each in outcomes if isinstance(each, Failed)] == incidents
        rows = await rows_of(database, shop)
        assert (rows["purchases"], rows["keys"], rows["receipts"]) == (9, 9, 9)
    with _told_failures() as incidents:
        again = await record_purchases(database.desk, requests)
    assert incidents == []
    assert all(isinstance(each, Recorded) for each in again)
    assert [getattr(each, "replayed", None) for each in again] == [True] * 6 + [False] + [True] * 3
    await assert_rollups_hold(database, [member, broken])


async def test_five_hundred_at_once(database: Database, shop: Shop) -> None:
    members = await enrol_members(database, 50)
    requests = [shop.request(card=members[index % 50].card.number) for index in range(500)]
    outcomes = await record_purchases(database.desk, requests)
    assert all(isinstance(outcome, Recorded) and outcome.points == 12 for outcome in outcomes)
    rows = await rows_of(database, shop)
    assert (rows["purchases"], rows["lines"], rows["customers"]) == (500, 1_000, 50)
    assert rows["points"] == 6_000
    await assert_rollups_hold(database, members)


async def test_rollups_keep_days_and_currencies_apart(database: Database, member: Enrolled) -> None:
    now = datetime.now(UTC)
    change = now - timedelta(days=10)
    shop = await open_shop(database, valid_to=change)
    euros = Terms(currency="EUR", points_per_unit=Decimal(2))
    async with database.operator() as connection:
        await agree_contract(connection, shop.partner.id, euros, valid_from=change)
    days = [5, 15, 3, 20, 4, 12, 8]
    requests = [
        shop.request(
            card=member.card.number,
            occurred_at=now - timedelta(days=day),
            currency="USD" if day > 10 else "EUR",
        )
        for day in days
    ]
    for part in (requests[:2], requests[2:3], requests[3:4], requests[4:]):
        outcomes = await record_purchases(database.desk, part)
        assert all(isinstance(outcome, Recorded) for outcome in outcomes)
    await assert_rollups_hold(database, [member])
    async with database.operator() as connection:
        spent = await connection.execute(
            select(member_rollup).where(member_rollup.c.member_id == member.member_id)
        )
        assert {
            row.currency: (row.purchases, row.points, (row.last_date - row.first_date).days)
            for row in spent
        } == {"USD": (3, 36, 8), "EUR": (4, 100, 5)}


async def test_nothing_to_record_has_no_outcomes(database: Database) -> None:
    assert await record_purchases(database.desk, []) == []
