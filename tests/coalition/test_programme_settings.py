"""The programme's settings: every change is a version, and of raced changes one is stored."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from coalition.identity.staff import create_staff
from coalition.programme.settings import (
    ZONE_NOTICE,
    Programme,
    ProgrammeRefusal,
    ProgrammeVersion,
    change_programme,
    programme_history,
    read_programme,
    set_up_programme,
)
from ledger.identifiers import new_id
from ledger.refusals import RefusedError
from service.database.transactions import Database
from tests.builders import ZONE, restore_programme

pytestmark = pytest.mark.anyio


@pytest.fixture
async def staff_id(database: Database) -> UUID:
    """One of the operator's staff."""
    async with database.operator() as connection:
        created = await create_staff(
            connection,
            email=f"{new_id()}@operator.test",
            name="Olga",
            partner_id=None,
            password_hash="none",
        )
    return created.id


@pytest.fixture(autouse=True)
async def _restored(database: Database, staff_id: UUID) -> AsyncIterator[None]:
    """Leave the settings as other tests know them."""
    yield
    await restore_programme(database, set_by=staff_id)


async def _history(database: Database) -> list[ProgrammeVersion]:
    async with database.operator_reading() as connection:
        return await programme_history(connection)


async def _change(
    database: Database, staff_id: UUID, after: int, name: str = "Club", zone: str = "Asia/Tokyo"
) -> ProgrammeVersion:
    async with database.operator() as connection:
        return await change_programme(
            connection, after=after, name=name, time_zone=zone, set_by=staff_id
        )


async def test_a_change_follows_the_newest_version(database: Database, staff_id: UUID) -> None:
    before = await _history(database)
    changed = await _change(database, staff_id, before[0].version)
    assert await _history(database) == [changed, *before]
    assert (changed.version, changed.set_by) == (before[0].version + 1, staff_id)
    assert changed.programme.currency == before[0].programme.currency
    assert changed.set_at > before[0].set_at
    async with database.operator_reading() as connection:
        assert await read_programme(connection) == changed.programme


async def test_of_raced_changes_one_is_stored(database: Database, staff_id: UUID) -> None:
    before = await _history(database)
    outcomes = await asyncio.gather(
        *(_change(database, staff_id, before[0].version, name=f"Club {n}") for n in range(6)),
        return_exceptions=True,
    )
    [won] = [each for each in outcomes if isinstance(each, ProgrammeVersion)]
    lost = [each.refusal for each in outcomes if isinstance(each, RefusedError)]
    assert lost == [ProgrammeRefusal.PROGRAMME_CHANGED_MEANWHILE] * 5
    assert await _history(database) == [won, *before]


@pytest.mark.parametrize(
    ("name", "zone", "refusal"),
    [
        ("", "Asia/Tokyo", ProgrammeRefusal.PROGRAMME_NAME_INVALID),
        ("x" * 201, "Asia/Tokyo", ProgrammeRefusal.PROGRAMME_NAME_INVALID),
        ("a\ud800", "Asia/Tokyo", ProgrammeRefusal.PROGRAMME_NAME_INVALID),
        ("Club", "Asia/Nowhere", ProgrammeRefusal.TIME_ZONE_UNKNOWN),
        ("Club", "\ud800", ProgrammeRefusal.TIME_ZONE_UNKNOWN),
        ("Club", "/etc/passwd", ProgrammeRefusal.TIME_ZONE_UNKNOWN),
        ("Club", "Asia", ProgrammeRefusal.TIME_ZONE_UNKNOWN),
        ("Club", "localtime", ProgrammeRefusal.TIME_ZONE_UNKNOWN),
        ("Club", "Factory", ProgrammeRefusal.TIME_ZONE_UNKNOWN),
        ("Club", "right/Europe/Moscow", ProgrammeRefusal.TIME_ZONE_UNKNOWN),
    ],
)
async def test_settings_that_no_one_can_mean_are_refused(
    database: Database, staff_id: UUID, name: str, zone: str, refusal: ProgrammeRefusal
) -> None:
    before = await _history(database)
    with pytest.raises(RefusedError) as refused:
        await _change(database, staff_id, before[0].version, name, zone)
    assert refused.value.refusal is refusal
    assert await _history(database) == before


async def test_the_programme_is_set_up_once(database: Database) -> None:
    before = await _history(database)
    async with database.operator() as connection:
        again = Programme(name="Other", time_zone=ZONE, currency="EUR")
        assert not await set_up_programme(connection, again)
    assert await _history(database) == before


async def test_a_page_of_the_history_begins_before_a_version(
    database: Database, staff_id: UUID
) -> None:
    for _ in range(3):
        await _change(database, staff_id, (await _history(database))[0].version)
    whole = await _history(database)
    async with database.operator_reading() as connection:
        page = await programme_history(connection, before=whole[0].version, most=2)
    assert page == whole[1:3]


async def test_a_page_may_begin_before_any_integer(database: Database) -> None:
    whole = await _history(database)
    async with database.operator_reading() as connection:
        assert await programme_history(connection, before=2**31 - 1) == whole
        assert await programme_history(connection, before=-(2**31)) == []


async def test_a_changed_time_zone_cuts_only_days_of_after_its_notice(
    database: Database, staff_id: UUID
) -> None:
    before = await _history(database)
    changed = await _change(database, staff_id, before[0].version, zone="Pacific/Kiritimati")
    async with database.operator_reading() as connection:
        programme = await read_programme(connection)
    since = changed.set_at + ZONE_NOTICE
    last = since - timedelta(microseconds=1)
    assert programme.day_of(since) == since.astimezone(ZoneInfo("Pacific/Kiritimati")).date()
    assert programme.day_of(last) == last.astimezone(before[0].programme.time_zone).date()
