"""Enrolment: a contact is one member's, however it was typed and whoever comes at once."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select, text

from coalition.cards import block_card, replace_card
from coalition.members import (
    Application,
    Contact,
    Enrolled,
    EnrolmentRefusal,
    NotEnrolled,
    cards_by_contact,
    enrol,
    enrol_one,
    read_contact,
)
from coalition.tables import ContactKind, contact, member
from ledger.refusals import RefusedError
from ledger.statements import balance
from ledger.tables import BUCKETS
from service.database.transactions import Database
from tests.builders import LONG_AGO, enrol_members, find_card
from tests.coalition.books import two_wait

pytestmark = pytest.mark.anyio

PHONE, EMAIL = ContactKind.PHONE, ContactKind.EMAIL
TAKEN = NotEnrolled(EnrolmentRefusal.CONTACT_TAKEN, "contact")


def fresh_phone() -> str:
    return f"+7912{secrets.randbelow(10**7):07}"


def fresh_email() -> str:
    return f"{secrets.token_hex(8)}@example.test"


def application(contact: str, kind: ContactKind = EMAIL, name: str = "Ann") -> Application:
    return Application(name=name, contact_kind=kind, contact=contact)


async def _enrol(
    database: Database, applications: Sequence[Application]
) -> list[Enrolled | NotEnrolled]:
    async with database.operator() as connection:
        return await enrol(connection, applications)


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        (PHONE, "+7 (912) 345-67-89", "+79123456789"),
        (PHONE, "  +7 912 345 67 89 ", "+79123456789"),
        (PHONE, "+7.912.345.67.89", "+79123456789"),
        (PHONE, "tel:+7-912-345-67-89", "+79123456789"),
        (PHONE, "+1 650-253-0000", "+16502530000"),
        (PHONE, "+44 20 7031 3000", "+442070313000"),
        (EMAIL, " Ann.Lee@Example.TEST ", "ann.lee@example.test"),
        (EMAIL, "ann+tea@example.test", "ann+tea@example.test"),
    ],
)
def test_a_contact_is_read_as_it_is_compared(kind: ContactKind, typed: str, value: str) -> None:
    assert read_contact(kind, typed) == Contact(kind, value)


@pytest.mark.parametrize("typed", ["", "8 912 345 67 89", "+7", "+7912", "phone", "+9991234567"])
def test_an_impossible_phone_is_refused(typed: str) -> None:
    assert read_contact(PHONE, typed) == NotEnrolled(EnrolmentRefusal.PHONE_INVALID, "contact")


@pytest.mark.parametrize(
    "typed",
    [
        "", "ann", "@example.test", "ann@", "ann@host", "ann@.", "a@b@example.test",
        "a b@example.test", "ann@exa mple.test", "ann\x00@example.test", "ира@почта.рф",
        "ann(1)@example.test", '"ann"@example.test', "ann.@example.test", "ann@[127.0.0.1]",
        "ann@example..test", "ann@.example.test", "a" * 250 + "@example.test",
    ],
)  # fmt: skip
def test_an_impossible_email_is_refused(typed: str) -> None:
    assert read_contact(EMAIL, typed) == NotEnrolled(EnrolmentRefusal.EMAIL_INVALID, "contact")


async def test_a_member_has_a_bucket_an_account_and_a_card(database: Database) -> None:
    [enrolled] = await enrol_members(database)
    assert 0 <= enrolled.bucket < BUCKETS
    assert enrolled.card.valid_from == LONG_AGO
    async with database.operator() as connection:
        assert await find_card(connection, enrolled.card.number) == enrolled.card
        account = await connection.execute(
            text("""
                select account.id, kind = 'member_available' and floored and party is null
                from coalition.member_account
                join ledger.account using (bucket, kind)
                where account.id = account_id and bucket = :bucket and member_id = :member
            """),
            {"bucket": enrolled.bucket, "member": enrolled.member_id},
        )
        identifier, sound = account.one()
        assert sound
        assert identifier != enrolled.member_id
        assert await balance(connection, enrolled.bucket, identifier) == 0


async def test_members_are_spread_over_the_buckets(database: Database) -> None:
    members = await enrol_members(database, 400)
    assert len({each.bucket for each in members}) > 250
    assert len({each.card.number for each in members}) == 400


async def test_a_phone_typed_differently_is_the_same_contact(database: Database) -> None:
    phone = fresh_phone()
    spaced = f"{phone[:2]} ({phone[2:5]}) {phone[5:8]}-{phone[8:]}"
    [first] = await _enrol(database, [application(phone, PHONE)])
    assert isinstance(first, Enrolled)
    assert await _enrol(database, [application(spaced, PHONE)]) == [TAKEN]


async def test_an_email_in_capitals_is_the_same_contact(database: Database) -> None:
    email = fresh_email()
    outcomes = await _enrol(database, [application(email), application(email.upper())])
    assert isinstance(outcomes[0], Enrolled)
    assert outcomes[1] == TAKEN


async def test_in_a_batch_each_has_an_outcome_in_its_place(database: Database) -> None:
    taken, doubled, phone = fresh_email(), fresh_email(), fresh_phone()
    await _enrol(database, [application(taken)])
    async with database.operator() as connection:
        before = (await connection.execute(select(func.count()).select_from(member))).scalar_one()
        outcomes = await enrol(
            connection,
            [
                application(doubled, name="First"),
                application("nonsense"),
                application(taken),
                application(fresh_email(), name="\x00"),
                application(doubled, name="Second"),
                application("8", PHONE),
                application(phone, PHONE),
                application("nonsense", name=""),
                application(doubled, name="Third"),
            ],
        )
        after = (await connection.execute(select(func.count()).select_from(member))).scalar_one()
        holder = await connection.execute(
            select(member.c.name)
            .join_from(contact, member, member.c.id == contact.c.member_id)
            .where(contact.c.value == doubled)
        )
        assert holder.scalar_one() == "First"
    name_invalid = NotEnrolled(EnrolmentRefusal.NAME_INVALID, "name")
    assert [None if isinstance(each, Enrolled) else each for each in outcomes] == [
        None,
        NotEnrolled(EnrolmentRefusal.EMAIL_INVALID, "contact"),
        TAKEN,
        name_invalid,
        TAKEN,
        NotEnrolled(EnrolmentRefusal.PHONE_INVALID, "contact"),
        None,
        name_invalid,
        TAKEN,
    ]
    assert after - before == 2
    assert await _enrol(database, []) == []


async def test_one_person_is_enrolled_or_refused_by_name(database: Database) -> None:
    email = fresh_email()
    async with database.operator() as connection:
        enrolled = await enrol_one(connection, application(email))
        assert await find_card(connection, enrolled.card.number) == enrolled.card
    for refused, code, path in (
        (application(email), EnrolmentRefusal.CONTACT_TAKEN, "contact"),
        (application("nonsense"), EnrolmentRefusal.EMAIL_INVALID, "contact"),
        (application(fresh_email(), name="\ud800"), EnrolmentRefusal.NAME_INVALID, "name"),
    ):
        async with database.operator() as connection:
            with pytest.raises(RefusedError) as told:
                await enrol_one(connection, refused)
        assert (told.value.refusal, told.value.path) == (code, (path,))


async def test_of_raced_enrolments_of_one_contact_one_wins(database: Database) -> None:
    for _ in range(5):
        email = fresh_email()
        outcomes = await asyncio.gather(*(_enrol(database, [application(email)]) for _ in range(8)))
        assert Counter(type(outcome) for [outcome] in outcomes) == {Enrolled: 1, NotEnrolled: 7}


async def test_raced_batches_with_the_same_contacts_in_opposite_order_share_them(
    database: Database,
) -> None:
    # A third holds the middle until both wait: in any but a common order they would deadlock.
    batch = [application(email) for email in sorted(fresh_email() for _ in range(21))]
    async with database.operator() as holder:
        await enrol(holder, [batch[10]])
        both = asyncio.gather(
            *(asyncio.create_task(_enrol(database, each)) for each in (batch, batch[::-1]))
        )
        await two_wait(database.operator)
        await holder.rollback()
    outcomes = [outcome for batch in await both for outcome in batch]
    assert Counter(type(outcome) for outcome in outcomes) == {Enrolled: 21, NotEnrolled: 21}


async def test_a_contact_leads_to_the_newest_card_in_force(database: Database) -> None:
    email, phone, stranger = fresh_email(), fresh_phone(), Contact(EMAIL, fresh_email())
    both = await _enrol(database, [application(email), application(phone, PHONE)])
    numbers = [each.card.number for each in both if isinstance(each, Enrolled)]
    contacts = [Contact(EMAIL, email), Contact(PHONE, phone)]
    async with database.operator() as connection:
        found = await cards_by_contact(connection, [*contacts, stranger])
        assert found == dict(zip(contacts, numbers, strict=True))
        lost, stolen = [await find_card(connection, number) for number in numbers]
        fresh = await replace_card(connection, lost.bucket, lost.id, reason="lost")
        await block_card(connection, stolen.bucket, stolen.id, reason="lost")
        assert await cards_by_contact(connection, contacts) == {contacts[0]: fresh.number}
