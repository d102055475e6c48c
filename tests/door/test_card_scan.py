"""A card scanned at a till: what a partner may learn of its holder, and how often it may ask."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import func, select, update

from coalition.card_lookup import MOST_OF_A_CARD, MOST_STRANGERS_OF_A_TILL
from coalition.cards import issue_cards, random_number
from coalition.consents import decide
from coalition.identity.subjects import PartnerStaff
from coalition.members import Enrolled, Holder
from coalition.tables import (
    ConsentPurpose,
    MemberStatus,
    card_allowance,
    card_lookup,
    member,
)
from coalition.tables import card as card_table
from ledger.identifiers import new_id
from partners import tables
from partners.registry import Outlet, open_outlets
from partners.tables import PartnerStatus
from service.database.transactions import Database
from service.keys import Keys
from service.settings import Settings
from service.tokens import AccessTokens
from tests.builders import Shop, enrol_members
from tests.door.conftest import OpenTill
from tests.door.test_statements import counted
from tests.door.tills import Till, sale, sale_line

pytestmark = pytest.mark.anyio

SCAN = """
  query Scan($number: String!, $outlet: String!, $terminal: String!) {
    card(number: $number, outlet: $outlet, terminal: $terminal) {
      greeting
      balance
      customer {
        id purchaseCount firstVisit lastVisit
        spending { currency total { amount } averageCheque { amount } purchases points }
        favouriteCategories { category amount { amount } share }
      }
      errors { code message path }
    }
  }
"""
CUSTOMERS = """
  { customers { edges { node {
    id purchaseCount firstVisit lastVisit
    spending { currency total { amount } averageCheque { amount } purchases points }
    favouriteCategories { category amount { amount } share }
  } } } }
"""
REFUSED = {"greeting": None, "balance": None, "customer": None}


@pytest.fixture
async def holder(database: Database) -> Enrolled:
    [enrolled] = await enrol_members(database)
    return enrolled


async def scan(till: Till, number: str, outlet: str = "1", terminal: str = "1") -> dict[str, Any]:
    """Scan a card; return the payload."""
    data = await till.data(SCAN, number=number, outlet=outlet, terminal=terminal)
    payload: dict[str, Any] = data["card"]
    return payload


def refusal_of(payload: dict[str, Any]) -> tuple[str, list[str]]:
    """The code and path of the one refusal of a payload that tells nothing else."""
    [error] = payload["errors"]
    assert payload == REFUSED | {"errors": [error]}
    return error["code"], error["path"]


async def set_greeting(database: Database, to: Enrolled, shop: Shop, *, given: bool) -> None:
    holder = Holder(to.bucket, to.member_id)
    async with database.member_deciding(holder) as connection:
        await decide(connection, holder, shop.partner.id, ConsentPurpose.GREETING, given=given)


async def name_of(database: Database, enrolled: Enrolled) -> str:
    async with database.operator() as connection:
        name: str = (
            await connection.execute(select(member.c.name).where(member.c.id == enrolled.member_id))
        ).scalar_one()
    return name


async def used(database: Database, shop: Shop) -> dict[str, int]:
    """How much of an allowance a shop has used in a day, by the subject's kind."""
    async with database.worker() as connection:
        rows = await connection.execute(
            select(card_allowance.c.subject, card_allowance.c.used).where(
                card_allowance.c.partner_id == shop.partner.id
            )
        )
    spent: dict[str, int] = {}
    for row in rows:
        kind = row.subject.partition(":")[0]
        spent[kind] = max(spent.get(kind, 0), row.used)
    return spent


async def looked_up(database: Database, shop: Shop) -> list[tuple[str, bool]]:
    """The look-ups that are written down of a shop: last four digits and whose card it was."""
    async with database.worker() as connection:
        rows = await connection.execute(
            select(card_lookup.c.card_last_four, card_lookup.c.own_customer)
            .where(card_lookup.c.partner_id == shop.partner.id)
            .order_by(card_lookup.c.looked_up_at)
        )
    return [(row.card_last_four, row.own_customer) for row in rows]


async def terminal_of(database: Database, shop: Shop) -> UUID:
    async with database.operator() as connection:
        terminal: UUID = (
            await connection.execute(
                select(tables.terminal.c.id).where(tables.terminal.c.partner_id == shop.partner.id)
            )
        ).scalar_one()
    return terminal


def use_up(database: Database, shop: Shop, subject: str, times: int) -> None:
    """Pretend that a shop looked up so many cards today, as no serving role could."""
    location = database._location.set(drivername="postgresql")
    with psycopg.connect(location.render_as_string(hide_password=False)) as connection:
        connection.execute(
            "insert into coalition.card_allowance (partner_id, subject, day, used)"
            " select %s, %s, day, %s from generate_series(current_date - 1, current_date + 1,"
            " interval '1 day') as day",
            [shop.partner.id, subject, times],
        )


async def test_a_strangers_card_tells_the_balance_and_no_more(
    till: Till, holder: Enrolled, open_till: OpenTill
) -> None:
    assert await scan(till, holder.card.number) == {
        "greeting": None,
        "balance": 0,
        "customer": None,
        "errors": [],
    }
    elsewhere = await open_till(points_per_unit="2")
    await elsewhere.record(sale(holder.card.number))
    scanned = await scan(till, holder.card.number)
    assert scanned["balance"] == 25
    assert scanned["customer"] is scanned["greeting"] is None


async def test_an_own_customer_is_told_as_the_partner_knows_them(
    till: Till, holder: Enrolled, open_till: OpenTill
) -> None:
    await till.record(sale(holder.card.number))
    await till.record(
        sale(holder.card.number, total="5.00", lines=[sale_line("5.00", category="WINE")])
    )
    elsewhere = await open_till()
    await elsewhere.record(sale(holder.card.number))
    scanned = await scan(till, holder.card.number)
    [edge] = (await till.data(CUSTOMERS))["customers"]["edges"]
    assert scanned["customer"] == edge["node"]
    assert scanned["customer"]["purchaseCount"] == 2
    assert scanned["customer"]["spending"][0]["averageCheque"] == {"amount": "8.67"}
    assert scanned["balance"] == 12 + 5 + 12
    # The other partner knows the same member by another id, and by what was bought there.
    theirs = await scan(elsewhere, holder.card.number)
    assert theirs["customer"]["id"] != scanned["customer"]["id"]
    assert theirs["customer"]["purchaseCount"] == 1


async def test_a_name_is_told_by_consent_only(
    till: Till, holder: Enrolled, open_till: OpenTill, database: Database
) -> None:
    elsewhere = await open_till()
    await set_greeting(database, holder, elsewhere.shop, given=True)
    assert (await scan(till, holder.card.number))["greeting"] is None
    await set_greeting(database, holder, till.shop, given=True)
    name = await name_of(database, holder)
    assert (await scan(till, holder.card.number))["greeting"] == name
    await till.record(sale(holder.card.number))
    assert (await scan(till, holder.card.number))["greeting"] == name
    await set_greeting(database, holder, till.shop, given=False)
    assert (await scan(till, holder.card.number))["greeting"] is None
    assert (await scan(elsewhere, holder.card.number))["greeting"] == name


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"number": ""}, "CARD_NUMBER_INVALID"),
        ({"number": "4000123412341239"}, "CARD_NUMBER_INVALID"),
        ({"number": "٤٠٠٠١٢٣٤١٢٣٤١٢٣٨"}, "CARD_NUMBER_INVALID"),
        ({"number": "\0" * 16}, "CARD_NUMBER_INVALID"),
        ({"outlet": ""}, "TEXT_INVALID"),
        ({"outlet": "\0"}, "TEXT_INVALID"),
        ({"terminal": "x" * 10_000}, "TEXT_INVALID"),
    ],
)
async def test_what_is_malformed_is_told_without_the_database(
    till: Till, changed: dict[str, str], code: str
) -> None:
    sent = {"number": random_number(), "outlet": "1", "terminal": "1"} | changed
    with counted() as ran:
        payload = await scan(till, **sent)
    assert refusal_of(payload) == (code, list(changed))
    assert ran == []


async def test_only_a_till_may_ask(
    till: Till, holder: Enrolled, keys: Keys, database: Database
) -> None:
    staff = PartnerStaff(new_id(), till.shop.partner.id)
    token = AccessTokens(keys, Settings().token_seconds).issue(staff)
    person = Till(till.shop, till.client, token)
    with counted() as ran:
        payload = await scan(person, holder.card.number)
    assert refusal_of(payload) == ("CREDENTIAL_NEEDED", [])
    assert ran == []
    assert await used(database, till.shop) == {}


async def test_a_till_is_one_of_the_partners_own(
    till: Till, holder: Enrolled, open_till: OpenTill, database: Database
) -> None:
    elsewhere = await open_till()
    async with database.operator() as connection:
        await open_outlets(
            connection,
            elsewhere.shop.partner.id,
            [Outlet(code="theirs", name="Side Street", terminals=("9",))],
        )
    refused = await scan(till, holder.card.number, outlet="theirs", terminal="9")
    assert refusal_of(refused) == ("OUTLET_UNKNOWN", ["outlet"])
    refused = await scan(till, holder.card.number, terminal="9")
    assert refusal_of(refused) == ("TERMINAL_UNKNOWN", ["terminal"])
    # What is refused before a card is looked for tells nothing of it, so it costs nothing.
    assert await used(database, till.shop) == {}
    assert await looked_up(database, till.shop) == []


@pytest.mark.parametrize("why", ["revoked", "suspended"])
async def test_who_takes_part_no_longer_learns_nothing(
    till: Till, holder: Enrolled, database: Database, why: str
) -> None:
    await till.record(sale(holder.card.number))
    partner_id = till.shop.partner.id
    async with database.operator() as connection:
        if why == "revoked":
            revoked = update(tables.credential).where(tables.credential.c.partner_id == partner_id)
            await connection.execute(revoked.values(revoked_at=func.clock_timestamp()))
        else:
            suspended = update(tables.partner).where(tables.partner.c.id == partner_id)
            await connection.execute(suspended.values(status=PartnerStatus.SUSPENDED))
    assert refusal_of(await scan(till, holder.card.number)) == ("CREDENTIAL_REVOKED", [])
    assert await used(database, till.shop) == {}


Spoil = Callable[[Database, Enrolled], Awaitable[str]]
"""Makes a member's card useless; returns the number to scan."""


async def _never_issued(_database: Database, _holder: Enrolled) -> str:
    return random_number()


async def _block_card(database: Database, holder: Enrolled) -> str:
    async with database.operator() as connection:
        await connection.execute(
            update(card_table)
            .where(card_table.c.id == holder.card.id)
            .values(blocked_at=func.clock_timestamp(), block_reason="lost")
        )
    return holder.card.number


async def _block_member(database: Database, holder: Enrolled) -> str:
    async with database.operator() as connection:
        await connection.execute(
            update(member)
            .where(member.c.id == holder.member_id)
            .values(status=MemberStatus.BLOCKED)
        )
    return holder.card.number


async def _issue_for_later(database: Database, holder: Enrolled) -> str:
    async with database.operator() as connection:
        [later] = await issue_cards(
            connection,
            [(holder.bucket, holder.member_id)],
            valid_from=datetime.now(UTC) + timedelta(days=1),
        )
    return later.number


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (_never_issued, "CARD_UNKNOWN"),
        (_block_card, "CARD_BLOCKED"),
        (_block_member, "MEMBER_BLOCKED"),
        (_issue_for_later, "CARD_NOT_YET_VALID"),
    ],
)
async def test_a_card_that_is_not_in_force_tells_nothing_and_counts(
    till: Till, holder: Enrolled, database: Database, spoil: Spoil, code: str
) -> None:
    await set_greeting(database, holder, till.shop, given=True)
    number = await spoil(database, holder)
    payload = await scan(till, number)
    assert refusal_of(payload) == (code, ["number"])
    assert "purchase" not in payload["errors"][0]["message"]
    assert await used(database, till.shop) == {"terminal": 1}
    assert await looked_up(database, till.shop) == [(number[-4:], False)]


async def test_every_look_up_is_written_down(
    till: Till, holder: Enrolled, database: Database
) -> None:
    missing = random_number()
    await scan(till, holder.card.number)
    await scan(till, missing)
    await till.record(sale(holder.card.number))
    await scan(till, holder.card.number)
    last_four = holder.card.number[-4:]
    assert await looked_up(database, till.shop) == [
        (last_four, False),
        (missing[-4:], False),
        (last_four, True),
    ]
    assert await used(database, till.shop) == {"terminal": 2, "card": 1}
    async with database.worker() as connection:
        terminals = await connection.execute(
            select(card_lookup.c.terminal_id)
            .distinct()
            .where(card_lookup.c.partner_id == till.shop.partner.id)
        )
    assert terminals.scalars().all() == [await terminal_of(database, till.shop)]


async def test_each_field_of_a_document_counts(
    till: Till, holder: Enrolled, database: Database
) -> None:
    document = """
      query Three($number: String!) {
        a: card(number: $number, outlet: "1", terminal: "1") { balance }
        b: card(number: $number, outlet: "1", terminal: "1") { balance }
        c: card(number: $number, outlet: "1", terminal: "1") { balance }
      }
    """
    await till.data(document, number=holder.card.number)
    assert await used(database, till.shop) == {"terminal": 3}


async def test_a_stranger_costs_what_a_miss_costs(
    till: Till, holder: Enrolled, open_till: OpenTill, database: Database
) -> None:
    await scan(till, random_number())  # the programme is known from then on
    another = await open_till()
    costs = []
    for asking, number in ((till, holder.card.number), (another, random_number())):
        before = (await used(database, asking.shop)).get("terminal", 0)
        with counted() as ran:
            await scan(asking, number)
        spent = (await used(database, asking.shop))["terminal"] - before
        [*_, (_, own)] = await looked_up(database, asking.shop)
        costs.append((spent, own, ran))
    assert costs[0] == costs[1]


async def test_strangers_and_misses_share_one_allowance(
    till: Till, holder: Enrolled, database: Database
) -> None:
    subject = f"terminal:{await terminal_of(database, till.shop)}"
    use_up(database, till.shop, subject, MOST_STRANGERS_OF_A_TILL - 2)
    assert (await scan(till, holder.card.number))["errors"] == []
    assert refusal_of(await scan(till, random_number()))[0] == "CARD_UNKNOWN"
    # From now on nothing tells whether there is such a card.
    kept = await looked_up(database, till.shop)
    stranger, miss = await scan(till, holder.card.number), await scan(till, random_number())
    assert stranger == miss
    assert refusal_of(stranger) == ("LOOKUPS_EXHAUSTED", ["number"])
    assert await looked_up(database, till.shop) == kept
    assert (await used(database, till.shop))["terminal"] == MOST_STRANGERS_OF_A_TILL


async def test_a_till_that_is_out_still_knows_its_own(
    till: Till, holder: Enrolled, open_till: OpenTill, database: Database
) -> None:
    await till.record(sale(holder.card.number))
    first = await terminal_of(database, till.shop)
    async with database.operator() as connection:
        await open_outlets(connection, till.shop.partner.id, [Outlet(code="2", name="Side Street")])
    use_up(database, till.shop, f"terminal:{first}", MOST_STRANGERS_OF_A_TILL)
    assert refusal_of(await scan(till, random_number()))[0] == "LOOKUPS_EXHAUSTED"
    assert (await scan(till, holder.card.number))["customer"]["purchaseCount"] == 1
    # Another till, another partner: allowances of their own.
    assert refusal_of(await scan(till, random_number(), outlet="2"))[0] == "CARD_UNKNOWN"
    elsewhere = await open_till()
    assert refusal_of(await scan(elsewhere, random_number()))[0] == "CARD_UNKNOWN"


async def test_a_customers_card_has_an_allowance_over_all_tills(
    till: Till, holder: Enrolled, open_till: OpenTill, database: Database
) -> None:
    elsewhere = await open_till()
    async with database.operator() as connection:
        await open_outlets(connection, till.shop.partner.id, [Outlet(code="2", name="Side Street")])
    for each in (till, elsewhere):
        await each.record(sale(holder.card.number))
    for n in range(MOST_OF_A_CARD):
        payload = await scan(till, holder.card.number, outlet=str(n % 2 + 1))
        assert payload["errors"] == []
    for outlet in ("1", "2"):
        refused = await scan(till, holder.card.number, outlet=outlet)
        assert refusal_of(refused) == ("LOOKUPS_EXHAUSTED", ["number"])
    assert await used(database, till.shop) == {"card": MOST_OF_A_CARD}
    assert (await scan(elsewhere, holder.card.number))["errors"] == []
    # The customer's purchases are recorded all the same.
    assert (await till.record(sale(holder.card.number)))["errors"] == []


async def test_a_day_is_the_programmes(
    till: Till, holder: Enrolled, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Evening(datetime):
        """Still yesterday in New York, where the programme's days are cut."""

        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime(2026, 3, 2, 3, tzinfo=UTC).astimezone(tz)

    monkeypatch.setattr("schema.partner.card.datetime", Evening)
    await scan(till, holder.card.number)
    async with database.worker() as connection:
        day = await connection.scalar(
            select(card_allowance.c.day).where(card_allowance.c.partner_id == till.shop.partner.id)
        )
    assert str(day) == "2026-03-01"
