"""The register of staff: who is in it once, who is let in, and who no longer."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from coalition.identity.passwords import (
    hash_password,
    new_password,
    password_matches,
    password_valid,
)
from coalition.identity.sessions import Lifetimes, open_session, session_subject
from coalition.identity.staff import (
    StaffMember,
    StaffRefusal,
    change_password,
    confirm_log_in,
    create_staff,
    disable_staff,
    find_log_in,
    list_staff,
    read_staff,
)
from coalition.identity.subjects import OperatorStaff, PartnerStaff
from coalition.members import EnrolmentRefusal
from ledger.refusals import Refusal, RefusedError
from partners.refusals import RegistrationRefusal
from service.database.transactions import Database
from tests.builders import open_shop
from tests.identity.people import PASSWORD, administer, fresh_email, register

pytestmark = pytest.mark.anyio


async def create(database: Database, **changes: Any) -> StaffMember | tuple[object, ...]:
    """An employee created as said, or the refusal and its path."""
    fields = {"email": fresh_email(), "name": "Olga", "partner_id": None, "password_hash": "x"}
    try:
        async with database.operator() as connection:
            return await create_staff(connection, **fields | changes)
    except RefusedError as refused:
        return (refused.refusal, *refused.path)


async def test_an_employee_is_registered(database: Database) -> None:
    shop = await open_shop(database)
    email = fresh_email()
    created = await create(
        database, email=f" {email.upper()} ", name="Ольга", partner_id=shop.partner.id
    )
    assert isinstance(created, StaffMember)
    assert (created.email, created.name, created.partner_id, created.disabled_at) == (
        email,
        "Ольга",
        shop.partner.id,
        None,
    )
    async with database.operator() as connection:
        assert await read_staff(connection, created.id) == created
        assert await read_staff(connection, uuid4()) is None


@pytest.mark.parametrize(
    ("changes", "refusal", "path"),
    [
        ({"email": "olga"}, EnrolmentRefusal.EMAIL_INVALID, "email"),
        ({"email": "o\0@example.test"}, EnrolmentRefusal.EMAIL_INVALID, "email"),
        ({"name": ""}, EnrolmentRefusal.NAME_INVALID, "name"),
        ({"name": "x" * 201}, EnrolmentRefusal.NAME_INVALID, "name"),
        ({"name": "O\0"}, EnrolmentRefusal.NAME_INVALID, "name"),
        ({"partner_id": UUID(int=1)}, RegistrationRefusal.PARTNER_UNKNOWN, "partnerId"),
    ],
    ids=str,
)
async def test_who_is_not_registered(
    database: Database, changes: dict[str, Any], refusal: Refusal, path: str
) -> None:
    assert await create(database, **changes) == (refusal, path)


async def test_an_email_address_is_one_persons_also_in_a_race(database: Database) -> None:
    email = fresh_email()
    outcomes = await asyncio.gather(*(create(database, email=email) for _ in range(8)))
    taken = (StaffRefusal.EMAIL_TAKEN, "email")
    assert sum(isinstance(each, StaffMember) for each in outcomes) == 1
    assert outcomes.count(taken) == 7
    assert await create(database, email=email.upper()) == taken


async def test_the_register_is_read_by_email_in_pages(database: Database) -> None:
    shop = await open_shop(database)
    people = sorted(
        [await register(database, partner_id=shop.partner.id) for _ in range(3)],
        key=lambda each: each.email,
    )
    await register(database)
    async with database.operator_reading() as connection:
        ours = await list_staff(connection, first=10, partner_id=shop.partner.id)
        page = await list_staff(
            connection, first=1, after=people[0].email, partner_id=shop.partner.id
        )
        everyone = [each.email for each in await list_staff(connection, first=1_000)]
    assert ours == people
    assert page == [people[1]]
    assert everyone == sorted(everyone)
    assert len(everyone) > 3


@pytest.mark.parametrize("wanted", ["password_hash", "*", "staff"])
async def test_the_operators_role_reads_no_hash(database: Database, wanted: str) -> None:
    async with database.operator() as connection:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await connection.execute(text(f"select {wanted} from coalition.staff"))


async def test_who_may_log_in_is_found(database: Database) -> None:
    shop = await open_shop(database)
    ours, theirs = await register(database), await register(database, partner_id=shop.partner.id)
    async with database.identity() as connection:
        for person, subject in (
            (ours, OperatorStaff(ours.id)),
            (theirs, PartnerStaff(theirs.id, shop.partner.id)),
        ):
            found = await find_log_in(connection, f" {person.email.upper()}")
            assert found is not None
            assert found.subject == subject
            assert password_matches(found.password_hash, PASSWORD)
            assert found.password_hash not in repr(found)
        for stranger in (fresh_email(), "", "olga", "\0@example.test", "\ud800@example.test"):
            assert await find_log_in(connection, stranger) is None


async def test_a_disabled_employee_and_a_suspended_partners_are_not_found(
    database: Database,
) -> None:
    shop = await open_shop(database)
    ours, theirs = await register(database), await register(database, partner_id=shop.partner.id)
    async with database.operator() as connection:
        disabled = await disable_staff(connection, ours.id)
    assert disabled.disabled_at is not None
    administer(
        database,
        "update partners.partner set status = 'suspended' where id = %s",
        shop.partner.id,
    )
    async with database.identity() as connection:
        assert await find_log_in(connection, ours.email) is None
        assert await find_log_in(connection, theirs.email) is None


async def test_disabling_is_repeatable_and_refused_for_a_stranger(database: Database) -> None:
    person = await register(database)
    async with database.operator() as connection:
        first = await disable_staff(connection, person.id)
    async with database.operator() as connection:
        assert await disable_staff(connection, person.id) == first
        with pytest.raises(RefusedError) as refused:
            await disable_staff(connection, uuid4())
    assert (refused.value.refusal, refused.value.path) == (StaffRefusal.STAFF_UNKNOWN, ("id",))


async def test_who_was_enabled_again_has_no_old_session(database: Database) -> None:
    person = await register(database)
    async with database.identity() as connection:
        token = await open_session(connection, OperatorStaff(person.id), Lifetimes())
    async with database.operator() as connection:
        await disable_staff(connection, person.id)
    administer(database, "update coalition.staff set disabled_at = null where id = %s", person.id)
    async with database.identity() as connection:
        assert await session_subject(connection, token) is None


async def test_a_log_in_is_confirmed_only_by_the_hash_in_force(database: Database) -> None:
    person = await register(database)
    async with database.identity() as connection:
        found = await find_log_in(connection, person.email)
        assert found is not None
        assert await confirm_log_in(connection, found)
    async with database.identity() as connection:
        assert await change_password(connection, found, "another hash")
    async with database.identity() as connection:
        assert not await confirm_log_in(connection, found)
        assert not await change_password(connection, found, "a third")
        fresh = await find_log_in(connection, person.email)
        assert fresh is not None
        assert fresh.password_hash == "another hash"
    async with database.operator() as connection:
        await disable_staff(connection, person.id)
    async with database.identity() as connection:
        assert not await confirm_log_in(connection, fresh)
        assert not await change_password(connection, fresh, "a third")


async def test_a_change_waits_for_the_log_in_that_it_must_close(database: Database) -> None:
    person = await register(database)

    async def change() -> None:
        async with database.identity() as connection:
            assert await change_password(connection, found, "another hash")

    async with database.identity() as connection:
        found = await find_log_in(connection, person.email)
        assert found is not None
        assert await confirm_log_in(connection, found)
        changing = asyncio.create_task(change())
        await asyncio.sleep(0.2)
        assert not changing.done()
        token = await open_session(connection, found.subject, Lifetimes())
    await changing
    async with database.identity() as connection:
        assert await session_subject(connection, token) is None


def test_a_password_has_12_to_200_characters() -> None:
    lengths = {length: password_valid("п" * length) for length in (0, 11, 12, 200, 201)}
    assert lengths == {0: False, 11: False, 12: True, 200: True, 201: False}


def test_a_generated_password_is_valid_and_never_the_same() -> None:
    made = {new_password() for _ in range(100)}
    assert len(made) == 100
    assert all(password_valid(each) for each in made)


def test_a_hash_matches_its_password_and_a_stranger_none() -> None:
    stored = hash_password(PASSWORD)
    assert stored.startswith("$argon2id$")
    assert hash_password(PASSWORD) != stored
    assert password_matches(stored, PASSWORD)
    assert not password_matches(stored, PASSWORD.upper())
    assert not password_matches("no hash", PASSWORD)
    assert not password_matches(None, PASSWORD)
