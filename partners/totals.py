"""What the coalition sold: purchases, buyers, money and points by partner and month."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Row, cast, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.refusals import Refusal, RefusedError
from partners.tables import purchase

MOST_MONTHS = 24
MOST_TOTALS = 5_000
EARLIEST_YEAR, LATEST_YEAR = 1900, 9998
_MOST_ROWS = 4 * MOST_TOTALS
_AROUND = timedelta(days=4)
"""A business day lies within a day of the date of ``occurred_at``, at whatever offset; and more."""


class TotalsRefusal(Refusal):
    """Why totals were not summed."""

    MONTHS_INVALID = (
        "MONTHS_INVALID",
        "Totals are of 1 to 24 months in the years 1900 to 9998. Ask for others, or in parts.",
    )
    TOTALS_TOO_MANY = (
        "TOTALS_TOO_MANY",
        "There are over 5,000 totals. Ask for fewer months, or for one partner.",
    )


@dataclass(frozen=True, slots=True)
class Turnover:
    """What was sold in one currency, in minor units."""

    currency: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyTotal:
    """A partner's month, told by its first day; ``buyers`` are different members."""

    partner_id: UUID
    month: date
    purchases: int
    buyers: int
    points: int
    turnovers: tuple[Turnover, ...]


async def monthly_totals(
    connection: AsyncConnection, first: date, last: date, *, partner_id: UUID | None = None
) -> list[MonthlyTotal]:
    """Return totals of the months from that of ``first`` to that of ``last``, in their order.

    By the business day: receipts and both firms' books go by it, and no later change of the
    programme's time zone moves it. Months in which a partner sold nothing are left out. Raises
    RefusedError with a TotalsRefusal.
    """
    start, end = _months(first, last)
    month = cast(func.date_trunc("month", purchase.c.business_date), Date)
    query = (
        select(
            purchase.c.partner_id,
            month.label("month"),
            purchase.c.currency,
            func.count().label("purchases"),
            func.count(purchase.c.member_id.distinct()).label("buyers"),
            func.sum(purchase.c.amount).label("amount"),
            func.sum(purchase.c.points).label("points"),
        )
        .where(
            purchase.c.business_date >= start,
            purchase.c.business_date < end,
            # Says no more than the above, but of a column that the partner's index has.
            purchase.c.occurred_at >= _midnight(start) - _AROUND,
            purchase.c.occurred_at < _midnight(end) + _AROUND,
        )
        # A member who bought in two currencies is one buyer: the whole is counted beside them.
        .group_by(
            func.grouping_sets(
                tuple_(purchase.c.partner_id, month),
                tuple_(purchase.c.partner_id, month, purchase.c.currency),
            )
        )
        .order_by(month, purchase.c.partner_id, purchase.c.currency.nulls_first())
        .limit(_MOST_ROWS)
    )
    if partner_id is not None:
        query = query.where(purchase.c.partner_id == partner_id)
    rows = (await connection.execute(query)).all()
    totals = [_total(list(of_month)) for _, of_month in groupby(rows, lambda row: (row[1], row[0]))]
    if len(rows) == _MOST_ROWS or len(totals) > MOST_TOTALS:
        raise RefusedError(TotalsRefusal.TOTALS_TOO_MANY, "from")
    return totals


def _total(rows: list[Row[Any]]) -> MonthlyTotal:
    whole, *currencies = rows
    return MonthlyTotal(
        partner_id=whole.partner_id,
        month=whole.month,
        purchases=whole.purchases,
        buyers=whole.buyers,
        points=int(whole.points),
        turnovers=tuple(Turnover(row.currency, int(row.amount)) for row in currencies),
    )


def _months(first: date, last: date) -> tuple[date, date]:
    """Return the first day of ``first``'s month and of the month after ``last``'s."""
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    if not (first.year >= EARLIEST_YEAR and last.year <= LATEST_YEAR and 1 <= count <= MOST_MONTHS):
        raise RefusedError(TotalsRefusal.MONTHS_INVALID, "from")
    after = last.replace(day=1) + timedelta(days=31)
    return first.replace(day=1), after.replace(day=1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
