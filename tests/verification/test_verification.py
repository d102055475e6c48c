"""``coalition verify`` names what differs: each invariant is broken once, by a superuser."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from coalition.card_lookup import CardHolder, Scan, look_up_card
from coalition.cards import replace_card
from coalition.recording import Recorded, record_purchases
from coalition.verification import INVARIANTS as COALITION
from ledger.identifiers import new_id
from ledger.posting import Posted, reverse
from ledger.verification import INVARIANTS as LEDGER
from ledger.verification import check
from partners.verification import INVARIANTS as PARTNERS
from service.database.transactions import Database
from tests.builders import ZONE, enrol_members, line, open_shop

pytestmark = pytest.mark.anyio

INVARIANTS = (*LEDGER, *PARTNERS, *COALITION)

BREAKS = {
    "every unit sums to zero": [
        "alter table ledger.account drop constraint account_floor",
        "update ledger.account set credits = credits + 1 where kind = 'partner_issued'"
        " and (bucket, id) in (select bucket, debit_account from ledger.transfer limit 1)",
    ],
    "every unit sums to zero in every bucket": [
        "update ledger.account set credits = credits + 1 where (bucket, id) in"
        " (select bucket, id from ledger.account where kind = 'member_available' limit 1)",
        "update ledger.account set debits = debits + 1 where (bucket, id) in"
        " (select a.bucket, a.id from ledger.account a where kind = 'partner_issued' and bucket <>"
        " (select bucket from ledger.account where kind = 'member_available' limit 1) limit 1)",
    ],
    "balances equal the sums of transfers": [
        "update ledger.transfer set amount = amount + 1"
        " where (bucket, posting_id) in (select bucket, posting_id from ledger.transfer limit 1)",
    ],
    "floored accounts are not below zero": [
        "alter table ledger.account drop constraint account_floor",
        "update ledger.account set debits = credits + 5 where (bucket, id) in"
        " (select bucket, id from ledger.account where floored limit 1)",
    ],
    "members' accounts are floored": [
        "update ledger.account set floored = false where kind = 'member_available'",
    ],
    "transfers name open accounts of their bucket and unit": [
        "update ledger.transfer set unit = 'EUR' where (bucket, posting_id) in"
        " (select bucket, posting_id from ledger.transfer limit 1)",
    ],
    "partner lines equal the transfers' partner side": [
        "delete from ledger.partner_line where (bucket, posting_id) in"
        " (select bucket, posting_id from ledger.partner_line limit 1)",
    ],
    "reversals mirror what they reverse": [
        "update ledger.transfer set amount = amount + 1 where reverses is not null",
    ],
    "lines sum to their purchase": [
        "delete from partners.purchase_line where line = 2",
    ],
    "purchases earned what their contract and lines say": [
        "update partners.contract set points_per_unit = points_per_unit + 1",
    ],
    "lines are of their purchase's partner": [
        "update partners.purchase_line set partner_id = gen_random_uuid() where line = 1",
    ],
    "customers' rollups equal their purchases": [
        "update partners.customer set points = points + 1",
    ],
    "customers' ids are their partner's keyed hash": [
        "update partners.customer_key set key = sha256(key)",
    ],
    "every purchase has its receipt and every receipt its purchase": [
        "delete from partners.receipt where purchase_id in (select id from partners.purchase)",
    ],
    "every key leads to one outcome": [
        "update partners.idempotency set refusal = null where refusal is not null",
    ],
    "every purchase has the key that it was recorded under": [
        "delete from partners.idempotency where refusal is null",
    ],
    "purchases name outlets, terminals and contracts of their partner": [
        "update partners.purchase set contract_id = gen_random_uuid()",
    ],
    "partners have their points accounts in every bucket": [
        "delete from ledger.account where kind = 'partner_redeemed' and bucket = 7",
    ],
    "members' rollups equal their purchases": [
        "update coalition.member_rollup set last_date = last_date + 1",
    ],
    "every accrual is a purchase's, from its partner to its member": [
        "update partners.purchase set points = points + 1",
    ],
    "every member has an open points account": [
        "delete from coalition.member_account",
    ],
    "every card number leads to its card and back": [
        "delete from coalition.card_number",
    ],
    "a replaced card is blocked, and its holder has the other": [
        "update coalition.card set replaced_by = gen_random_uuid() where replaced_by is not null",
    ],
    "every look-up of a card is of a till of its partner": [
        "update coalition.card_lookup set terminal_id = gen_random_uuid()",
    ],
    "every contact leads to a member": [
        "update coalition.contact set member_id = gen_random_uuid()",
    ],
}


@pytest.fixture
async def administrator(database: Database, location: URL) -> AsyncIterator[AsyncConnection]:
    """A superuser's transaction over a coalition with purchases; rolled back."""
    shop = await open_shop(database, points_per_unit="3")
    members = await enrol_members(database, 3)
    outcomes = await record_purchases(
        database.desk,
        [shop.request(card=member.card.number, lines=[line(700), line(300)]) for member in members]
        + [shop.request(card=members[0].card.number, terminal="none")],
    )
    first = outcomes[0]
    assert isinstance(first, Recorded)
    async with database.worker() as connection:
        found = await connection.execute(
            text("select bucket, occurred_at from ledger.transfer where posting_id = :id"),
            {"id": first.purchase_id},
        )
        row = found.one()
        reversed_ = await reverse(
            connection,
            original=first.purchase_id,
            reversal=new_id(),
            occurred_at=row.occurred_at,
        )
        assert isinstance(reversed_, Posted)
    scan = Scan(number=members[0].card.number, outlet="1", terminal="1")
    today = datetime.now(ZONE).date()
    assert isinstance(await look_up_card(database.desk, shop.caller, scan, day=today), CardHolder)
    async with database.operator() as connection:
        await replace_card(connection, members[1].bucket, members[1].card.id, reason="lost")
    engine = create_async_engine(location, poolclass=NullPool)
    async with engine.connect() as connection:
        transaction = await connection.begin()
        yield connection
        await transaction.rollback()
    await engine.dispose()


def test_every_invariant_is_broken_by_a_test() -> None:
    assert BREAKS.keys() == {invariant.name for invariant in INVARIANTS}


async def test_a_sound_database_has_nothing_wrong(administrator: AsyncConnection) -> None:
    findings = await check(administrator, INVARIANTS)
    assert [finding for finding in findings if finding.wrong] == []
    assert [finding.name for finding in findings if not finding.checked] == []


@pytest.mark.parametrize("name", BREAKS)
async def test_what_differs_is_named(name: str, administrator: AsyncConnection) -> None:
    for statement in BREAKS[name]:
        await administrator.execute(text(statement))
    [finding] = await check(
        administrator, [invariant for invariant in INVARIANTS if invariant.name == name]
    )
    assert finding.wrong > 0
    assert finding.examples
