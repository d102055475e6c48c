"""What may happen between the steps of recording: a card is issued, a purchase is undone."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from coalition import cards, posting_desk
from coalition.posting_desk import Priced
from coalition.programme.earning import Earning
from coalition.recording import Quote, Recorded, quote_purchase, record_purchase
from coalition.verification import INVARIANTS as COALITION
from ledger.identifiers import new_id
from ledger.verification import check
from partners.receipts import Flaw
from partners.refusals import PurchaseRefusal
from partners.verification import INVARIANTS as PARTNERS
from service.database.transactions import Database
from tests.builders import enrol_members, line, open_shop

pytestmark = pytest.mark.anyio


async def test_a_card_issued_between_claim_and_facts_is_replayed_as_it_was_recorded(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = await open_shop(database)
    number = cards.random_number()
    monkeypatch.setattr(cards, "random_number", lambda: number)
    facts = posting_desk.facts

    async def enrol_first(*arguments: Any) -> Any:
        monkeypatch.setattr(posting_desk, "facts", facts)
        await enrol_members(database)
        return await facts(*arguments)

    monkeypatch.setattr(posting_desk, "facts", enrol_first)
    request = shop.request(card=number)
    first = await record_purchase(database.desk, request)
    again = await record_purchase(database.desk, request)
    assert isinstance(first, Recorded)
    assert isinstance(again, Recorded)
    assert (again.points, again.recorded_at, again.replayed) == (12, first.recorded_at, True)
    async with database.audit() as connection:
        findings = await check(connection, (*PARTNERS, *COALITION))
    assert [finding for finding in findings if finding.wrong] == []


async def test_the_desk_cannot_undo_a_recorded_purchase(database: Database) -> None:
    shop = await open_shop(database)
    [member] = await enrol_members(database)
    request = shop.request(card=member.card.number)
    recorded = await record_purchase(database.desk, request)
    assert isinstance(recorded, Recorded)
    item = posting_desk.Item(
        recorded.purchase_id, shop.credential.id, request.key, request.receipt, None
    )
    async with database.desk() as connection:
        await posting_desk.refuse(connection, [(item, Flaw(PurchaseRefusal.CARD_BLOCKED, "card"))])
    again = await record_purchase(database.desk, request)
    under_another_key = await record_purchase(
        database.desk, type(request)(shop.caller, "another", request.receipt)
    )
    for outcome in (again, under_another_key):
        assert isinstance(outcome, Recorded)
        assert outcome.purchase_id == recorded.purchase_id


async def test_more_points_than_the_ledger_takes_are_refused(database: Database) -> None:
    shop = await open_shop(database, points_per_unit="1000000")
    [member] = await enrol_members(database)
    most = shop.request(card=member.card.number, lines=[line(10**8)])
    above = shop.request(card=member.card.number, lines=[line(10**8 + 1)])
    assert isinstance(await quote_purchase(database.desk, shop.caller, most.receipt), Quote)
    assert isinstance(await record_purchase(database.desk, most), Recorded)
    refused = Flaw(PurchaseRefusal.POINTS_TOO_MANY, "total")
    assert await quote_purchase(database.desk, shop.caller, above.receipt) == refused
    assert await record_purchase(database.desk, above) == refused


async def test_the_desk_cannot_record_without_the_receipt(database: Database) -> None:
    shop = await open_shop(database)
    [member] = await enrol_members(database)
    request = shop.request(card=member.card.number)
    item = posting_desk.Item(new_id(), shop.credential.id, request.key, request.receipt, None)
    malformed = replace(item, flaw=Flaw(PurchaseRefusal.TOTAL_ZERO, "total"))
    earning = Earning(points=9, line_points=(4, 5))

    async def record_by_key_alone() -> None:
        async with database.desk() as connection:
            await posting_desk.claim(connection, [malformed])
            await posting_desk.record(connection, [Priced(item, shop.contract, earning)])

    with pytest.raises(IntegrityError, match="do not match credential and claim"):
        await record_by_key_alone()
    async with database.audit() as connection:
        counted = await connection.execute(
            text("select count(*) from partners.purchase where partner_id = :id"),
            {"id": shop.partner.id},
        )
        assert counted.scalar_one() == 0
