"""The desk's functions trust no caller: without claim or credential nothing is recorded."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from coalition.members import Enrolled
from coalition.posting_desk import Claimed, Item, Priced, claim, facts, record, refuse
from coalition.programme.earning import Earning
from coalition.recording import PurchaseRequest, Recorded, record_purchase
from ledger.identifiers import new_id
from partners.receipts import Flaw
from partners.refusals import PurchaseRefusal as R
from service.database.transactions import Database
from tests.builders import Shop, open_shop
from tests.coalition.books import points_of, rows_of

pytestmark = pytest.mark.anyio

EARNING = Earning(points=12, line_points=(10, 2))
REFUSED = "items do not match credential and claim"


def _item(request: PurchaseRequest, purchase_id: UUID | None = None) -> Item:
    return Item(
        purchase_id=purchase_id or new_id(),
        credential_id=request.caller.credential_id,
        key=request.key,
        receipt=request.receipt,
        flaw=None,
    )


async def _record(connection: AsyncConnection, shop: Shop, item: Item) -> None:
    await record(connection, [Priced(item, shop.contract, EARNING)])


async def _claim_and_record(
    database: Database, shop: Shop, claimed: Item, recorded: Item, flaw: Flaw | None = None
) -> None:
    """Claim one thing and record another, in one transaction; refuse it between, if flawed."""
    async with database.desk() as connection:
        assert await claim(connection, [claimed]) == [Claimed()]
        if flaw is not None:
            await refuse(connection, [(claimed, flaw)])
        await _record(connection, shop, recorded)


async def test_what_was_not_claimed_is_not_recorded(
    database: Database, shop: Shop, member: Enrolled
) -> None:
    item = _item(shop.request(card=member.card.number))
    with pytest.raises(IntegrityError, match=REFUSED):
        async with database.desk() as connection:
            await _record(connection, shop, item)
    assert (await rows_of(database, shop))["purchases"] == 0
    await _claim_and_record(database, shop, item, item)
    assert await points_of(database, member) == 12


async def test_what_is_claimed_is_recorded_under_its_own_id_only(
    database: Database, shop: Shop, member: Enrolled
) -> None:
    item = _item(shop.request(card=member.card.number))
    for recorded in (replace(item, purchase_id=new_id()), replace(item, key="another")):
        with pytest.raises(IntegrityError, match=REFUSED):
            await _claim_and_record(database, shop, item, recorded)


async def test_a_refused_claim_is_not_recorded(
    database: Database, shop: Shop, member: Enrolled
) -> None:
    item = _item(shop.request(card=member.card.number))
    with pytest.raises(IntegrityError, match=REFUSED):
        await _claim_and_record(database, shop, item, item, Flaw(R.CARD_UNKNOWN, "card"))


async def test_a_recorded_purchase_is_not_recorded_twice(
    database: Database, shop: Shop, member: Enrolled
) -> None:
    request = shop.request(card=member.card.number)
    outcome = await record_purchase(database.desk, request)
    assert isinstance(outcome, Recorded)
    with pytest.raises(IntegrityError, match="ALREADY_POSTED"):
        async with database.desk() as connection:
            await _record(connection, shop, _item(request, outcome.purchase_id))
    assert await points_of(database, member) == 12


async def test_a_credential_records_for_its_own_partner_only(
    database: Database, shop: Shop, member: Enrolled
) -> None:
    other = await open_shop(database)
    theirs = _item(other.request(card=member.card.number))
    ours = replace(theirs, credential_id=shop.credential.id)
    for claimed, recorded, contract_of in (
        (ours, ours, other),  # another's contract
        (ours, theirs, shop),  # another's credential, our claim
        (theirs, ours, other),  # our credential, another's claim
    ):
        with pytest.raises(IntegrityError, match=REFUSED):
            await _claim_and_record(database, contract_of, claimed, recorded)
    for each in (shop, other):
        assert (await rows_of(database, each))["purchases"] == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"outlet": "9"},
        {"terminal": "9"},
        {"currency": "EUR"},
        {"card": "4111111111111111"},
        {"occurred_at": datetime(2001, 1, 1, tzinfo=UTC)},
        {"number": "another"},
        {"business_date": date(2001, 1, 1)},
    ],
    ids=str,
)
async def test_each_fact_is_proved_again_when_recording(
    database: Database, shop: Shop, member: Enrolled, changes: dict[str, object]
) -> None:
    item = _item(shop.request(card=member.card.number))
    false = replace(item, receipt=replace(item.receipt, **changes))
    with pytest.raises(IntegrityError, match=REFUSED):
        await _claim_and_record(database, shop, item, false)


async def test_a_stranger_claims_and_learns_nothing(
    database: Database, shop: Shop, member: Enrolled
) -> None:
    item = replace(_item(shop.request(card=member.card.number)), credential_id=new_id())
    async with database.desk() as connection:
        assert await claim(connection, [item]) == [Flaw(R.CREDENTIAL_REVOKED, "")]
        [known] = await facts(connection, [(item.credential_id, item.receipt)])
        assert not known.credential_in_force
        assert not known.outlet_known
        assert known.contract is None
        with pytest.raises(IntegrityError, match=REFUSED):
            await _record(connection, shop, item)


async def test_a_credential_refuses_its_own_items_only(
    database: Database, shop: Shop, member: Enrolled
) -> None:
    other = await open_shop(database)
    item = _item(shop.request(card=member.card.number))
    async with database.desk() as connection:
        await claim(connection, [item])
        stranger = replace(item, credential_id=other.credential.id)
        await refuse(connection, [(stranger, Flaw(R.CARD_UNKNOWN, "card"))])
        await _record(connection, shop, item)
    assert (await rows_of(database, shop))["receipts"] == 1
