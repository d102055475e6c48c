"""Which part of the year is told, and how it is moved to end last week.

The files give naive UTC. In the grocer's time zone they span exactly 2017. A shift moves the
local wall clock by whole weeks, so that a receipt keeps its weekday and its time of day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

ZONE: Final = ZoneInfo("America/New_York")
"""The time zone of every outlet; months, days and shifts are cut in it."""

_HOUR: Final = timedelta(hours=1)
_WEEK: Final = timedelta(weeks=1)


class Months(StrEnum):
    """The part of 2017 that is told."""

    ALL = "all"
    FIRST_QUARTER = "first-quarter"

    @property
    def first_day(self) -> date:
        """The first local day."""
        return date(2017, 1, 1)

    @property
    def last_day(self) -> date:
        """The last local day, on which the last receipt falls."""
        return date(2017, 12, 31) if self is Months.ALL else date(2017, 3, 31)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the files' time that moves by one amount.

    `start` (inclusive) and `end` (exclusive) are naive UTC as in the files; `moved` is what to add
    to an instant between them.
    """

    start: datetime
    end: datetime
    moved: timedelta


def shift_to(today: date, months: Months = Months.ALL) -> timedelta:
    """Return the whole weeks by which `months` moves so that it ends last week.

    The last receipt told falls 7 to 13 days before `today`, a local date. So the shift depends on
    what is told: the first quarter alone is moved further than the year and ends last week, too.
    """
    return ((today - months.last_day) // _WEEK - 1) * _WEEK


def spans(months: Months, shift: timedelta) -> list[Span]:
    """Return the spans, ascending and without a gap, that cover `months` when moved by `shift`.

    Not moved, every instant stays what it was. Moved, an instant becomes the local wall clock plus
    `shift`, read with `fold=0`: of an hour that occurs twice in autumn it is the first, and one
    that spring leaves out is counted on from before the change, so 02:30 becomes 03:30. Therefore
    both hours of a repeated one in the source become the same hour.

    Raises ValueError when `shift` isn't whole weeks.
    """
    if shift % _WEEK:
        raise ValueError(f"a shift is whole weeks, to keep weekdays; got {shift}")
    start = _midnight(months.first_day)
    end = _midnight(months.last_day + timedelta(days=1))
    if not shift:
        return [Span(_naive(start), _naive(end), shift)]
    # The zone changes its offset on whole hours only, so within an hour all moves alike.
    return [
        Span(_naive(stretch[0]), _naive(stretch[-1] + _HOUR), moved)
        for moved, hours in groupby(_hours(start, end), key=lambda hour: _moved(hour, shift))
        if (stretch := list(hours))
    ]


def _hours(start: datetime, end: datetime) -> Iterator[datetime]:
    hour = start
    while hour < end:
        yield hour
        hour += _HOUR


def _moved(hour: datetime, shift: timedelta) -> timedelta:
    target = (hour.astimezone(ZONE) + shift).replace(fold=0)
    return target.astimezone(UTC) - hour


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE).astimezone(UTC)


def _naive(instant: datetime) -> datetime:
    return instant.replace(tzinfo=None)
