"""Members as staff find, read and block them."""

import asyncio
import secrets

import pytest

from coalition.cards import block_card, random_number
from coalition.members import (
    Application,
    Contact,
    EnrolmentRefusal,
    Holder,
    NotEnrolled,
    account_ids,
    enrol,
)
from coalition.recording import Recorded, record_purchase
from coalition.refusals import CardRefusal, MemberRefusal
from coalition.roster import (
    accounts_of_members,
    block_member,
    holder_of_card,
    holder_of_contact,
    holders_of_accounts,
    members_by_id,
    unblock_member,
)
from coalition.tables import ContactKind, MemberStatus
from ledger.identifiers import new_id
from ledger.refusals import Refusal, RefusedError
from ledger.tables import BUCKETS
from partners.receipts import Flaw
from partners.refusals import PurchaseRefusal
from service.database.transactions import Database
from tests.builders import LONG_AGO, enrol_members, open_shop

pytestmark = pytest.mark.anyio

PHONE, EMAIL = ContactKind.PHONE, ContactKind.EMAIL


async def _enrol(database: Database, kind: ContactKind, contact: str, name: str = "Ann") -> Holder:
    async with database.operator() as connection:
        [outcome] = await enrol(
            connection,
            [Application(name=name, contact_kind=kind, contact=contact)],
            joined_at=LONG_AGO,
        )
    assert not isinstance(outcome, NotEnrolled)
    return Holder(outcome.bucket, outcome.member_id)


async def test_a_phone_finds_its_member_however_it_is_typed(database: Database) -> None:
    tail = f"{secrets.randbelow(10**7):07}"
    holder = await _enrol(database, PHONE, f"+7912{tail}")
    await _enrol(database, PHONE, f"+7913{tail}")
    async with database.operator_reading() as connection:
        for typed in (
            f"+7912{tail}",
            f" +7 (912) {tail[:3]}-{tail[3:5]}-{tail[5:]} ",
            f"tel:+7-912-{tail}",
        ):
            assert await holder_of_contact(connection, PHONE, typed) == holder
        assert await holder_of_contact(connection, PHONE, f"+7914{tail}") is None


async def test_an_email_finds_its_member_in_any_case(database: Database) -> None:
    email = f"ann.{secrets.token_hex(8)}@example.test"
    holder = await _enrol(database, EMAIL, email)
    async with database.operator_reading() as connection:
        for typed in (email, f" {email.upper()} "):
            assert await holder_of_contact(connection, EMAIL, typed) == holder
        assert await holder_of_contact(connection, EMAIL, f"x{email}") is None


@pytest.mark.parametrize(
    ("kind", "typed", "code"),
    [
        (PHONE, "8 912 345 67 89", EnrolmentRefusal.PHONE_INVALID),
        (PHONE, "+" + "7" * 10**6, EnrolmentRefusal.PHONE_INVALID),
        (PHONE, "+7\x00912", EnrolmentRefusal.PHONE_INVALID),
        (PHONE, "\ud800", EnrolmentRefusal.PHONE_INVALID),
        (EMAIL, "ann", EnrolmentRefusal.EMAIL_INVALID),
        (EMAIL, "a" * 10**6 + "@example.test", EnrolmentRefusal.EMAIL_INVALID),
        (EMAIL, "ann\x00@example.test", EnrolmentRefusal.EMAIL_INVALID),
        (EMAIL, "\ud800@example.test", EnrolmentRefusal.EMAIL_INVALID),
    ],
    ids=lambda value: ascii(value)[:20],
)
async def test_what_is_no_contact_is_refused(
    database: Database, kind: ContactKind, typed: str, code: Refusal
) -> None:
    async with database.operator_reading() as connection:
        with pytest.raises(RefusedError) as told:
            await holder_of_contact(connection, kind, typed)
    assert (told.value.refusal, told.value.path) == (code, (kind.value,))


async def test_a_card_finds_its_holder_also_when_it_is_blocked(database: Database) -> None:
    member, _ = await enrol_members(database, 2)
    number = member.card.number
    spaced = f"{number[:4]} {number[4:8]}-{number[8:12]} {number[12:]}"
    holder = Holder(member.bucket, member.member_id)
    async with database.operator() as connection:
        for typed in (number, spaced):
            assert await holder_of_card(connection, typed) == holder
        await block_card(connection, member.bucket, member.card.id, reason="lost")
        assert await holder_of_card(connection, number) == holder
        assert await holder_of_card(connection, random_number()) is None
        with pytest.raises(RefusedError) as told:
            await holder_of_card(connection, "1234")
    assert told.value.refusal is CardRefusal.CARD_NUMBER_INVALID
    assert told.value.path == ("card",)


async def test_members_are_read_together(database: Database) -> None:
    email = f"{secrets.token_hex(8)}@example.test"
    phone = f"+7912{secrets.randbelow(10**7):07}"
    ann, bob = await _enrol(database, EMAIL, email), await _enrol(database, PHONE, phone, "Bob")
    nobody = Holder(ann.bucket, new_id())
    elsewhere = Holder((ann.bucket + 1) % BUCKETS, ann.member_id)
    async with database.operator_reading() as connection:
        found = await members_by_id(connection, [ann, nobody, bob, elsewhere])
        assert await members_by_id(connection, []) == {}
    assert found.keys() == {ann, bob}
    assert (found[ann].name, found[ann].contacts) == ("Ann", (Contact(EMAIL, email),))
    assert (found[bob].name, found[bob].contacts) == ("Bob", (Contact(PHONE, phone),))
    assert {each.status for each in found.values()} == {MemberStatus.ACTIVE}
    assert {each.joined_at for each in found.values()} == {LONG_AGO}


async def test_an_account_leads_to_its_member_and_back(database: Database) -> None:
    holders = [Holder(each.bucket, each.member_id) for each in await enrol_members(database, 3)]
    async with database.operator_reading() as connection:
        accounts = await accounts_of_members(connection, holders)
        for holder in holders:
            assert [accounts[holder]] == await account_ids(connection, holder)
        keys = [(holder.bucket, accounts[holder]) for holder in holders]
        found = await holders_of_accounts(connection, [*keys, (keys[0][0], new_id())])
    assert found == dict(zip(keys, holders, strict=True))


async def test_a_blocked_member_takes_part_no_longer_until_unblocked(database: Database) -> None:
    shop = await open_shop(database)
    [member] = await enrol_members(database)
    holder = Holder(member.bucket, member.member_id)
    blocked = Flaw(PurchaseRefusal.MEMBER_BLOCKED, "card")
    for change, refused in ((block_member, True), (unblock_member, False)):
        for _ in range(2):  # safe to repeat
            async with database.operator() as connection:
                await change(connection, holder)
        outcome = await record_purchase(database.desk, shop.request(card=member.card.number))
        assert (outcome == blocked) is refused
        assert isinstance(outcome, Recorded) is not refused


async def test_raced_blocks_all_stand(database: Database) -> None:
    [member] = await enrol_members(database)
    holder = Holder(member.bucket, member.member_id)

    async def block() -> None:
        async with database.operator() as connection:
            await block_member(connection, holder)

    await asyncio.gather(*(block() for _ in range(8)))
    async with database.operator_reading() as connection:
        found = await members_by_id(connection, [holder])
    assert found[holder].status is MemberStatus.BLOCKED


async def test_nobody_is_blocked(database: Database) -> None:
    for change in (block_member, unblock_member):
        async with database.operator() as connection:
            with pytest.raises(RefusedError) as told:
                await change(connection, Holder(5, new_id()))
        assert told.value.refusal is MemberRefusal.MEMBER_UNKNOWN
        assert told.value.path == ("id",)
