"""The programme's own settings: its name, the time zone of its days, its clearing currency.

A change is a new version; the newest counts, and the history stays.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from sqlalchemy import Integer, Row, Select, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from coalition.tables import programme
from ledger.refusals import Refusal, RefusedError
from partners.receipts import LONGEST_NAME, printable

ZONE_NOTICE = timedelta(minutes=10)
"""How long after a change its time zone begins to cut days: by then all processes know it, and
what was recorded before, by a till that may run five minutes ahead, has its day already."""


@dataclass(frozen=True, slots=True)
class FormerZone:
    """A time zone that cut the days of what occurred before an instant."""

    time_zone: ZoneInfo
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """One programme an installation; ``former_zones`` are of its earlier settings, in order."""

    name: str
    time_zone: ZoneInfo
    currency: str
    former_zones: tuple[FormerZone, ...] = field(default=(), compare=False)

    def day_of(self, instant: datetime) -> date:
        """Return the day of an instant, cut in the time zone that counted then.

        It is the same whenever it is asked: a receipt's day is part of the name that it is
        recorded once by, and a till may send it again after the settings have changed.
        """
        counted = (each.time_zone for each in self.former_zones if instant < each.until)
        return instant.astimezone(next(counted, self.time_zone)).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeVersion:
    """Settings as they were stored; ``set_by`` is the staff member's id, None from the command."""

    version: int
    programme: Programme
    set_at: datetime
    set_by: UUID | None


class ProgrammeMissingError(Exception):
    """The programme has not been set up."""


class ProgrammeRefusal(Refusal):
    """Why the programme's settings were not changed."""

    PROGRAMME_NAME_INVALID = (
        "PROGRAMME_NAME_INVALID",
        "The programme's name has 1 to 200 printable characters. Write it so.",
    )
    TIME_ZONE_UNKNOWN = (
        "TIME_ZONE_UNKNOWN",
        "The time zone is not in the IANA database. Write one such as Europe/Moscow.",
    )
    PROGRAMME_NOT_SET_UP = (
        "PROGRAMME_NOT_SET_UP",
        "There is no programme yet. Set it up once, by `coalition programme create`.",
    )
    PROGRAMME_CHANGED_MEANWHILE = (
        "PROGRAMME_CHANGED_MEANWHILE",
        "Somebody changed the settings after the version that you read. Read them again.",
    )


def find_time_zone(name: str) -> ZoneInfo | None:
    """Return the time zone with this name in the IANA database, or None."""
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    # A machine has files beside the database: its own local time, and clocks with leap seconds.
    # On another machine a day would be another day.
    named = name in available_timezones() and name not in ("localtime", "Factory")
    return zone if named else None


async def read_programme(connection: AsyncConnection) -> Programme:
    """Return the programme as it stands. Raises ProgrammeMissingError."""
    versions = await programme_history(connection)
    if not versions:
        raise ProgrammeMissingError("set the programme up first: `coalition programme create`")
    former = tuple(
        FormerZone(earlier.programme.time_zone, later.set_at + ZONE_NOTICE)
        for earlier, later in pairwise(reversed(versions))
    )
    return replace(versions[0].programme, former_zones=former)


async def programme_history(
    connection: AsyncConnection, *, before: int | None = None, most: int | None = None
) -> list[ProgrammeVersion]:
    """Return the versions of the settings, the newest first: up to ``most`` of before one."""
    query = _versions().limit(most)
    if before is not None:
        # A cursor may name any integer; the column's own type is smaller.
        query = query.where(programme.c.version < literal(before, Integer))
    return [_version(row) for row in await connection.execute(query)]


async def set_up_programme(connection: AsyncConnection, settings: Programme) -> bool:
    """Store the programme's first settings. Returns False when it is set up already."""
    return await _store(connection, settings, version=1, set_by=None)


async def change_programme(
    connection: AsyncConnection, *, after: int, name: str, time_zone: str, set_by: UUID
) -> ProgrammeVersion:
    """Store a new version after the one that the caller read; other processes use it in seconds.

    The clearing currency is as it was: contracts and balances are in it. Raises RefusedError
    with a ProgrammeRefusal.
    """
    if not printable(name, LONGEST_NAME):
        raise RefusedError(ProgrammeRefusal.PROGRAMME_NAME_INVALID, "name")
    zone = find_time_zone(time_zone)
    if zone is None:
        raise RefusedError(ProgrammeRefusal.TIME_ZONE_UNKNOWN, "timeZone")
    newest = await programme_history(connection, most=1)
    if not newest:
        raise RefusedError(ProgrammeRefusal.PROGRAMME_NOT_SET_UP)
    changed = Programme(name=name, time_zone=zone, currency=newest[0].programme.currency)
    if newest[0].version != after or not await _store(
        connection, changed, version=after + 1, set_by=set_by
    ):
        raise RefusedError(ProgrammeRefusal.PROGRAMME_CHANGED_MEANWHILE, "version")
    [stored] = await programme_history(connection, most=1)
    return stored


async def _store(
    connection: AsyncConnection, settings: Programme, *, version: int, set_by: UUID | None
) -> bool:
    stored = await connection.execute(
        insert(programme)
        .values(
            version=version,
            name=settings.name,
            time_zone=settings.time_zone.key,
            currency=settings.currency,
            set_by=set_by,
        )
        .on_conflict_do_nothing()
        .returning(programme.c.version)
    )
    return stored.scalar_one_or_none() is not None


def _versions() -> Select[Any]:
    return select(programme).order_by(programme.c.version.desc())


def _version(row: Row[Any]) -> ProgrammeVersion:
    return ProgrammeVersion(
        version=row.version,
        programme=Programme(
            name=row.name, time_zone=ZoneInfo(row.time_zone), currency=row.currency
        ),
        set_at=row.set_at,
        set_by=row.set_by,
    )
