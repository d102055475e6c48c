"""The operator's door shows purchases and the ledger behind them, exactly and at past instants."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import pytest
from sqlalchemy import select

from coalition.members import Enrolled, Holder, account_ids
from coalition.tables import ContactKind, MemberStatus
from ledger.identifiers import new_id
from ledger.posting import Posted, Posting, Transfer, post, reverse
from ledger.statements import balance
from ledger.tables import AccountKind, Purpose, transfer
from partners.tables import partner
from schema.opaque import ACCOUNT, MEMBER, PARTNER, POSTING
from schema.operator import schema
from service.database.transactions import Database
from tests.builders import Shop, enrol_members
from tests.door.operator.offices import Office, partner_id
from tests.door.tills import Till, sale

pytestmark = pytest.mark.anyio

STATEMENT = """
  query Statement($id: ID!, $first: PageSize, $after: Cursor) {
    member(id: $id) {
      balance
      account { id kind unit floored debits credits balance bucket member { id } partner { id } }
      statement(first: $first, after: $after) {
        edges { cursor node {
          purpose amount balance unit occurredAt postedAt
          counterAccount { id kind partner { id } member { id } }
          posting { id purpose postedAt reverses { id } purchase { id }
            transfers { line amount unit debit { id } credit { id member { id } } } }
          purchase { id points member { id } posting { id } }
        } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
"""
PURCHASES = """
  query Purchases(
    $first: PageSize, $after: Cursor, $from: DateTime, $to: DateTime, $partnerId: ID
  ) {
    purchases(first: $first, after: $after, from: $from, to: $to, partnerId: $partnerId) {
      edges { node {
        id receiptNumber points total { amount currency }
        partner { id code } member { id name } contract { id } posting { id }
        outlet { code } lines { sku } explanation { kind }
      } }
      pageInfo { hasNextPage endCursor }
    }
  }
"""
TRIAL_BALANCE = """
  query Trial($effectiveAt: DateTime, $knownAt: DateTime) {
    trialBalance(effectiveAt: $effectiveAt, knownAt: $knownAt) {
      effectiveAt knownAt
      rows { kind unit debits credits balance partner { id } }
      errors { code message path }
    }
  }
"""
BALANCE = """
  query Balance($id: ID!, $effectiveAt: DateTime, $knownAt: DateTime) {
    balanceAsOf(accountId: $id, effectiveAt: $effectiveAt, knownAt: $knownAt) {
      effectiveAt knownAt balance errors { code path }
    }
  }
"""
PARTNER_ACCOUNTS = """
  query Accounts($id: ID!) {
    partnerAccounts(partnerId: $id) {
      accounts { kind unit debits credits balance } errors { code path }
    }
  }
"""
NODE = "query Node($id: ID!) { node(id: $id) { __typename id } }"
ODD = ["", "\x00", "x" * 60_000]


@pytest.fixture
async def member(database: Database) -> Enrolled:
    [enrolled] = await enrol_members(database)
    return enrolled


def member_id(member: Enrolled) -> str:
    """A member's id as the door gives it."""
    return MEMBER.seal((member.bucket, member.member_id))


async def give(database: Database, member: Enrolled, shop: Shop, amount: int) -> Posting:
    """Post points from a shop's own account to a member's, as a purchase's recording does."""
    async with database.worker() as connection:
        [account] = await account_ids(connection, Holder(member.bucket, member.member_id))
        made = Posting(
            id=new_id(),
            purpose=Purpose.GOODWILL,
            occurred_at=datetime.now(UTC),
            transfers=(
                Transfer(
                    bucket=member.bucket,
                    debit=await issued_account(database, shop),
                    credit=account,
                    amount=amount,
                ),
            ),
        )
        assert isinstance(await post(connection, made), Posted)
    return made


async def issued_account(database: Database, shop: Shop) -> Any:
    """The ledger's id of the account that a shop gives points from."""
    async with database.operator() as connection:
        found = await connection.execute(
            select(partner.c.issued_account).where(partner.c.id == shop.partner.id)
        )
        return found.scalar_one()


async def pages(
    office: Office, document: str, size: int, *path: str, **variables: Any
) -> list[dict[str, Any]]:
    """Every row of the list at a path, page by page."""
    rows: list[dict[str, Any]] = []
    after = None
    while True:
        page = await office.data(document, first=size, after=after, **variables)
        for step in path:
            page = page[step]
        assert len(page["edges"]) <= size
        rows += [edge["node"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            return rows
        after = page["pageInfo"]["endCursor"]


async def trial(office: Office, **instants: str | None) -> dict[str, Any]:
    """Draw up the trial balance; where the server itself has a transaction open, ask again."""
    for _ in range(500):
        payload: dict[str, Any] = (await office.data(TRIAL_BALANCE, **instants))["trialBalance"]
        if not payload["errors"]:
            return payload
    raise AssertionError("the past is never settled")


async def test_a_statement_ends_in_the_balance_and_equals_the_rows(
    office: Office, database: Database, member: Enrolled, shop: Shop, till: Till
) -> None:
    for _ in range(3):
        recorded = await till.record(sale(member.card.number))
        assert recorded["errors"] == []
    large = await give(database, member, shop, 10**12)
    await give(database, member, shop, 10**12)
    async with database.worker() as connection:
        await reverse(
            connection, original=large.id, reversal=new_id(), occurred_at=datetime.now(UTC)
        )
        [account] = await account_ids(connection, Holder(member.bucket, member.member_id))
        rows = (
            await connection.execute(
                select(transfer)
                .where(
                    transfer.c.bucket == member.bucket,
                    (transfer.c.credit_account == account) | (transfer.c.debit_account == account),
                )
                .order_by(transfer.c.posted_at, transfer.c.posting_id, transfer.c.line)
            )
        ).all()
        stands = await balance(connection, member.bucket, account)
    signed = [row.amount if row.credit_account == account else -row.amount for row in rows]
    wanted = [(amount, sum(signed[: place + 1])) for place, amount in enumerate(signed)]
    for size in (1, 2, 100):
        lines = await pages(office, STATEMENT, size, "member", "statement", id=member_id(member))
        assert [(line["amount"], line["balance"]) for line in lines] == wanted[::-1]
    told = (await office.data(STATEMENT, id=member_id(member)))["member"]
    assert told["balance"] == lines[0]["balance"] == stands == 10**12 + 36
    assert told["account"]["credits"] - told["account"]["debits"] == stands
    assert told["account"]["member"] == {"id": member_id(member)}
    assert told["account"]["partner"] is None
    assert [line["purpose"] for line in lines] == ["REVERSAL", *["GOODWILL"] * 2, *["ACCRUAL"] * 3]


async def test_a_line_leads_to_its_posting_and_purchase(
    office: Office, member: Enrolled, shop: Shop, till: Till
) -> None:
    await till.record(sale(member.card.number))
    told = (await office.data(STATEMENT, id=member_id(member)))["member"]
    [line] = [edge["node"] for edge in told["statement"]["edges"]]
    assert line["counterAccount"]["kind"] == "PARTNER_ISSUED"
    assert line["counterAccount"]["partner"] == {"id": partner_id(shop.partner.id)}
    assert line["counterAccount"]["member"] is None
    assert line["purchase"]["points"] == line["amount"] == 12
    assert line["purchase"]["member"] == {"id": member_id(member)}
    assert line["purchase"]["posting"] == {"id": line["posting"]["id"]}
    assert line["posting"]["purchase"] == {"id": line["purchase"]["id"]}
    assert line["posting"]["reverses"] is None
    [moved] = line["posting"]["transfers"]
    assert (moved["line"], moved["amount"], moved["unit"]) == (0, 12, "POINT")
    assert moved["debit"] == {"id": line["counterAccount"]["id"]}
    assert moved["credit"] == {"id": told["account"]["id"], "member": {"id": member_id(member)}}
    for identifier, kind in (
        (line["posting"]["id"], "Posting"),
        (line["purchase"]["id"], "Purchase"),
        (line["counterAccount"]["id"], "Account"),
    ):
        node = await office.data(NODE, id=identifier)
        assert node == {"node": {"__typename": kind, "id": identifier}}


async def test_purchases_of_all_partners_are_paged_newest_first(
    office: Office, database: Database, open_till: Any
) -> None:
    tills = [await open_till() for _ in range(3)]
    cards = [each.card.number for each in await enrol_members(database, 2)]
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    instants = [start + timedelta(seconds=n // 2) for n in range(12)]  # two at every instant
    for n, instant in enumerate(instants):
        given = sale(cards[n % 2], occurredAt=instant.isoformat(), receiptNumber=f"r{n}")
        assert (await tills[n % 3].record(given))["errors"] == []
    period = {"from": start.isoformat(), "to": (start + timedelta(seconds=6)).isoformat()}
    whole = await pages(office, PURCHASES, 100, "purchases", **period)
    codes = {till.shop.partner.code for till in tills}
    ours = [each for each in whole if each["partner"]["code"] in codes]
    numbers = [int(each["receiptNumber"][1:]) for each in ours]
    assert [number // 2 for number in numbers] == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1, 0, 0]
    for size in (1, 5):
        assert await pages(office, PURCHASES, size, "purchases", **period) == whole
    for n, till in enumerate(tills):
        only = partner_id(till.shop.partner.id)
        told = await pages(office, PURCHASES, 3, "purchases", partnerId=only)
        assert told == [each for each in ours if each["partner"]["id"] == only]
        assert {int(each["receiptNumber"][1:]) % 3 for each in told} == {n}
    later = {"from": period["to"], "partnerId": partner_id(tills[0].shop.partner.id)}
    assert await pages(office, PURCHASES, 5, "purchases", **later) == []


async def test_who_is_no_partner_has_no_purchases(
    office: Office, member: Enrolled, till: Till
) -> None:
    await till.record(sale(member.card.number))
    for odd in (*ODD, MEMBER.seal((1, new_id())), PARTNER.seal(new_id())):
        found = await office.data(PURCHASES, partnerId=odd)
        assert found["purchases"]["edges"] == []


async def test_absurd_instants_are_answered(office: Office) -> None:
    first, last = "0001-01-02T00:00:00Z", "9999-12-30T00:00:00Z"
    for period in ({"to": first}, {"from": last}, {"from": last, "to": first}):
        assert (await office.data(PURCHASES, **period))["purchases"]["edges"] == []
    early = await trial(office, effectiveAt=first, knownAt=first)
    assert (early["rows"], early["effectiveAt"], early["knownAt"]) == ([], first, first)
    late = (await office.data(TRIAL_BALANCE, knownAt=last))["trialBalance"]
    assert [each["code"] for each in late["errors"]] == ["AS_OF_NOT_SETTLED"]


async def test_the_trial_balance_nets_to_zero_and_holds_for_its_instants(
    office: Office, member: Enrolled, shop: Shop, till: Till
) -> None:
    await till.record(sale(member.card.number))
    before = await trial(office)
    assert before["knownAt"] is not None
    await till.record(sale(member.card.number))
    instants = {"effectiveAt": before["effectiveAt"], "knownAt": before["knownAt"]}
    assert await trial(office, **instants) == before
    after = await trial(office)
    for payload, points in ((before, 12), (after, 24)):
        for unit in {row["unit"] for row in payload["rows"]}:
            assert sum(row["balance"] for row in payload["rows"] if row["unit"] == unit) == 0
        [ours] = [
            row for row in payload["rows"] if row["partner"] == {"id": partner_id(shop.partner.id)}
        ]
        assert (ours["kind"], ours["debits"], ours["credits"]) == ("PARTNER_ISSUED", points, 0)


async def test_an_open_posting_leaves_the_instants_after_it_unsettled(
    office: Office, database: Database, member: Enrolled, shop: Shop
) -> None:
    debit = await issued_account(database, shop)
    async with database.worker() as writer:
        [account] = await account_ids(writer, Holder(member.bucket, member.member_id))
        moved = Transfer(bucket=member.bucket, debit=debit, credit=account, amount=7)
        outcome = await post(
            writer,
            Posting(
                id=new_id(),
                purpose=Purpose.GOODWILL,
                occurred_at=datetime.now(UTC),
                transfers=(moved,),
            ),
        )
        assert isinstance(outcome, Posted)
        known_at = outcome.posted_at.isoformat()
        identifier = ACCOUNT.seal((member.bucket, account))
        refused = (await office.data(TRIAL_BALANCE, knownAt=known_at))["trialBalance"]
        assert [(each["code"], each["path"]) for each in refused["errors"]] == [
            ("AS_OF_NOT_SETTLED", ["knownAt"])
        ]
        assert (refused["rows"], refused["effectiveAt"], refused["knownAt"]) == ([], None, None)
        told = (await office.data(BALANCE, id=identifier, knownAt=known_at))["balanceAsOf"]
        assert told["errors"] == [{"code": "AS_OF_NOT_SETTLED", "path": ["knownAt"]}]
        settled = (await office.data(BALANCE, id=identifier))["balanceAsOf"]
        assert (settled["balance"], settled["errors"]) == (0, [])
        assert datetime.fromisoformat(settled["knownAt"]) < outcome.posted_at
    instants = {"effectiveAt": settled["effectiveAt"], "knownAt": settled["knownAt"]}
    for wanted, given in ((0, instants), (7, {"knownAt": known_at})):
        while True:
            told = (await office.data(BALANCE, id=identifier, **given))["balanceAsOf"]
            if not told["errors"]:
                break
        assert told["balance"] == wanted


async def test_a_partners_accounts_are_summed(
    office: Office, database: Database, shop: Shop, till: Till
) -> None:
    for each in await enrol_members(database, 3):
        await till.record(sale(each.card.number))
    given = {"id": partner_id(shop.partner.id)}
    told = (await office.data(PARTNER_ACCOUNTS, **given))["partnerAccounts"]
    assert told["accounts"] == [
        {"kind": kind, "unit": "POINT", "debits": debits, "credits": 0, "balance": -debits}
        for kind, debits in (("PARTNER_ISSUED", 36), ("PARTNER_REDEEMED", 0))
    ]
    for odd in (*ODD, PARTNER.seal(new_id())):
        told = (await office.data(PARTNER_ACCOUNTS, id=odd))["partnerAccounts"]
        assert told == {
            "accounts": [],
            "errors": [{"code": "PARTNER_UNKNOWN", "path": ["partnerId"]}],
        }


async def test_what_the_ledger_has_not_is_not_found(office: Office, member: Enrolled) -> None:
    document = "query Q($id: ID!) { account(id: $id) { id } posting(id: $id) { id } }"
    nothing = (*ODD, ACCOUNT.seal((member.bucket, new_id())), POSTING.seal(new_id()))
    for odd in nothing:
        assert await office.data(document, id=odd) == {"account": None, "posting": None}
        assert await office.data(NODE, id=odd) == {"node": None}
        told = (await office.data(BALANCE, id=odd))["balanceAsOf"]
        assert told["errors"] == [{"code": "ACCOUNT_UNKNOWN", "path": ["accountId"]}]


@pytest.mark.parametrize("enum", [AccountKind, Purpose, MemberStatus, ContactKind])
def test_every_kind_that_is_stored_can_be_told(enum: type[StrEnum]) -> None:
    described = schema._schema.type_map[enum.__name__]
    assert set(described.values) == {each.name for each in enum}  # type: ignore[attr-defined]
