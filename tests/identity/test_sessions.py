"""Sessions: a token is worth something until it ends, is closed, or its owner is not let in."""

import hashlib
from datetime import timedelta
from typing import LiteralString

import pytest

from coalition.identity.sessions import Lifetimes
from coalition.identity.staff import disable_staff
from coalition.identity.subjects import OperatorStaff, PartnerStaff, Subject
from coalition.members import Holder
from service.database.transactions import Database
from service.identity import LogIns
from service.settings import Settings
from tests.builders import enrol_members, open_shop
from tests.identity.people import administer, register, rows

pytestmark = pytest.mark.anyio

SUBJECTS = ["operator", "partner", "member"]


async def somebody(database: Database, kind: str) -> Subject:
    match kind:
        case "operator":
            return OperatorStaff((await register(database)).id)
        case "partner":
            shop = await open_shop(database)
            person = await register(database, partner_id=shop.partner.id)
            return PartnerStaff(person.id, shop.partner.id)
        case _:
            [member] = await enrol_members(database)
            return Holder(member.bucket, member.member_id)


def hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


@pytest.mark.parametrize("kind", SUBJECTS)
async def test_a_session_is_its_subjects_until_it_is_closed(
    database: Database, log_ins: LogIns, kind: str
) -> None:
    subject = await somebody(database, kind)
    token, other = await log_ins.open_session(subject), await log_ins.open_session(subject)
    assert await log_ins.session(token) == subject
    await log_ins.close_session(token)
    assert await log_ins.session(token) is None
    assert await log_ins.session(other) == subject
    await log_ins.close_session(token)  # again


@pytest.mark.parametrize("kind", SUBJECTS)
async def test_a_session_ends(database: Database, log_ins: LogIns, kind: str) -> None:
    token = await log_ins.open_session(await somebody(database, kind))
    administer(
        database,
        "update coalition.session set expires_at = clock_timestamp() where token_hash = %s",
        hashed(token),
    )
    assert await log_ins.session(token) is None


async def test_staff_stays_for_hours_and_members_for_days(
    database: Database, log_ins: LogIns
) -> None:
    lasts = {}
    for kind in SUBJECTS:
        token = await log_ins.open_session(await somebody(database, kind))
        query = "select expires_at - created_at from coalition.session where token_hash = %s"
        [(lasts[kind],)] = rows(database, query, hashed(token))
    assert lasts == {
        "operator": timedelta(hours=12),
        "partner": timedelta(hours=12),
        "member": timedelta(days=30),
    }


def test_how_long_sessions_last_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().session_lifetimes() == Lifetimes()
    monkeypatch.setenv("COALITION_STAFF_SESSION_HOURS", "2")
    monkeypatch.setenv("COALITION_MEMBER_SESSION_DAYS", "3")
    assert Settings().session_lifetimes() == Lifetimes(timedelta(hours=2), timedelta(days=3))


async def test_of_a_token_the_hash_alone_is_stored(database: Database, log_ins: LogIns) -> None:
    token = await log_ins.open_session(await somebody(database, "operator"))
    assert len(token) == 43  # 32 bytes
    query = "select s::text from coalition.session s where token_hash = %s"
    [(stored,)] = rows(database, query, hashed(token))
    assert token not in str(stored)


@pytest.mark.parametrize("token", ["", "x", "\0", "\ud800", "?" * 43, "x" * 10_000])
async def test_what_is_no_token_is_nobodys(log_ins: LogIns, token: str) -> None:
    assert await log_ins.session(token) is None
    await log_ins.close_session(token)


async def test_a_disabled_employees_session_is_over(database: Database, log_ins: LogIns) -> None:
    subject = await somebody(database, "operator")
    assert isinstance(subject, OperatorStaff)
    token = await log_ins.open_session(subject)
    async with database.operator() as connection:
        await disable_staff(connection, subject.staff_id)
    assert await log_ins.session(token) is None
    # Nor is one that is opened by a log-in under way.
    assert await log_ins.session(await log_ins.open_session(subject)) is None


SUSPEND: LiteralString = "update partners.partner set status = %s where id = %s"
BLOCK: LiteralString = "update coalition.member set status = %s where id = %s"


async def test_a_suspended_partners_session_is_worth_nothing(
    database: Database, log_ins: LogIns
) -> None:
    subject = await somebody(database, "partner")
    assert isinstance(subject, PartnerStaff)
    token = await log_ins.open_session(subject)
    administer(database, SUSPEND, "suspended", subject.partner_id)
    assert await log_ins.session(token) is None
    administer(database, SUSPEND, "active", subject.partner_id)
    assert await log_ins.session(token) == subject


async def test_a_blocked_members_session_lasts(database: Database, log_ins: LogIns) -> None:
    subject = await somebody(database, "member")
    assert isinstance(subject, Holder)
    token = await log_ins.open_session(subject)
    administer(database, BLOCK, "blocked", subject.member_id)
    assert await log_ins.session(token) == subject
