"""The programme's own settings: its name, the time zone of its days, its clearing currency."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from coalition.tables import programme


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """One programme an installation."""

    name: str
    time_zone: ZoneInfo
    currency: str

    def day_of(self, instant: datetime) -> date:
        """Return the day of an instant, cut in the programme's time zone."""
        return instant.astimezone(self.time_zone).date()


class ProgrammeMissingError(Exception):
    """The programme has not been set up."""


async def read_programme(connection: AsyncConnection) -> Programme:
    """Return the programme. Raises ProgrammeMissingError."""
    row = (
        await connection.execute(
            select(programme.c.name, programme.c.time_zone, programme.c.currency)
        )
    ).one_or_none()
    if row is None:
        raise ProgrammeMissingError("set the programme up first: `coalition programme create`")
    return Programme(name=row.name, time_zone=ZoneInfo(row.time_zone), currency=row.currency)


async def set_up_programme(connection: AsyncConnection, settings: Programme) -> bool:
    """Store the programme's settings once. Returns False when it is set up already."""
    stored = await connection.execute(
        insert(programme)
        .values(
            id=1,
            name=settings.name,
            time_zone=settings.time_zone.key,
            currency=settings.currency,
        )
        .on_conflict_do_nothing()
        .returning(programme.c.id)
    )
    return stored.scalar_one_or_none() is not None
