"""The shift: whole weeks, last week, the same weekday and time of day."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from service.journey.clock import ZONE, Months, shift_to, spans

WEEK = timedelta(weeks=1)


@pytest.mark.parametrize("months", Months)
def test_what_is_told_ends_last_week(months: Months) -> None:
    for days in range(3 * 366):
        today = date(2025, 12, 25) + timedelta(days=days)
        shift = shift_to(today, months)
        last_day = months.last_day + shift
        assert not shift % WEEK
        assert 7 <= (today - last_day).days <= 13
        assert last_day.weekday() == months.last_day.weekday()


def test_the_first_quarter_alone_ends_last_week_too() -> None:
    today = date(2026, 11, 22)
    assert Months.ALL.last_day + shift_to(today) == date(2026, 11, 15)
    assert Months.FIRST_QUARTER.last_day + shift_to(today, Months.FIRST_QUARTER) == date(
        2026, 11, 13
    )


@pytest.mark.parametrize("months", Months)
@pytest.mark.parametrize("weeks", [0, 1, -1, 52, 463, 480, 500, 521])
def test_spans_cover_the_months_without_a_gap(months: Months, weeks: int) -> None:
    told = spans(months, weeks * WEEK)
    first, end = (
        datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC).replace(tzinfo=None)
        for day in (months.first_day, months.last_day + timedelta(days=1))
    )
    assert told[0].start == first
    assert told[-1].end == end
    assert all(left.end == right.start for left, right in pairwise(told))


@pytest.mark.parametrize("weeks", [1, -1, 52, 463, 480, 500, 521])
def test_the_local_clock_keeps_its_time(weeks: int) -> None:
    shift = weeks * WEEK
    skipped = 0
    for span in spans(Months.ALL, shift):
        instant = span.start
        while instant < span.end:
            wanted = _local(instant) + shift
            reached = _local(instant + span.moved)
            if reached != wanted:
                # Only an hour that spring leaves out may move, and then by that hour.
                assert reached == wanted + timedelta(hours=1)
                assert wanted.month == 3
                assert wanted.hour == 2
                skipped += 1
            instant += timedelta(minutes=30)
    assert skipped <= 4  # at most two springs lie in a year moved, two half hours each


def test_of_a_repeated_hour_the_first_is_taken() -> None:
    # 5 March 2017 is moved by 35 weeks to 5 November 2017, when 01:00 to 02:00 occurred twice.
    source = _at("2017-03-05 06:30")
    assert _local(source) == _at("2017-03-05 01:30")
    moved = source + _moved(source, 35 * WEEK)
    assert moved == _at("2017-11-05 05:30")


def test_both_hours_of_a_repeated_one_become_the_same() -> None:
    first, second = _at("2017-11-05 05:30"), _at("2017-11-05 06:30")
    assert _local(first) == _local(second)
    assert first + _moved(first, WEEK) == second + _moved(second, WEEK)
    assert first + _moved(first, 0 * WEEK) != second + _moved(second, 0 * WEEK)


def test_an_hour_left_out_is_counted_on_from_before() -> None:
    # 19 March 2017 is moved by 51 weeks to 11 March 2018, when 02:00 to 03:00 was left out.
    source = _at("2017-03-19 06:30")
    assert _local(source) == _at("2017-03-19 02:30")
    assert _local(source + _moved(source, 51 * WEEK)) == _at("2018-03-11 03:30")


@pytest.mark.parametrize("shift", [timedelta(days=1), timedelta(weeks=1, seconds=1)])
def test_a_shift_of_parts_of_a_week_is_refused(shift: timedelta) -> None:
    with pytest.raises(ValueError, match="whole weeks"):
        spans(Months.ALL, shift)


def _moved(instant: datetime, shift: timedelta) -> timedelta:
    (span,) = (each for each in spans(Months.ALL, shift) if each.start <= instant < each.end)
    return span.moved


def _local(instant: datetime) -> datetime:
    """Return the wall clock of naive UTC, naive."""
    return instant.replace(tzinfo=UTC).astimezone(ZONE).replace(tzinfo=None)


def _at(text: str) -> datetime:
    """Return a naive time, as the files have them."""
    return datetime.fromisoformat(text)
