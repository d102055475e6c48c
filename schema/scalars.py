"""Scalars: what GraphQL's own can't hold exactly. Each refuses what it can't read, by name."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from schema.opaque import is_cursor

LARGEST_PAGE = 100
DEFAULT_PAGE = 20

Points = NewType("Points", int)
PageSize = NewType("PageSize", int)
Cursor = NewType("Cursor", str)

_DATE_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,20}(\.\d{1,20})?", re.ASCII)


def _read_date_time(value: object) -> datetime:
    if isinstance(value, str) and _DATE_TIME.fullmatch(value):
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise GraphQLError(
        "A DateTime is written as in RFC 3339, with an offset: 2026-11-22T18:30:00+03:00."
    )


def _write_date_time(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _read_date(value: object) -> date:
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise GraphQLError("A Date is written as YYYY-MM-DD: 2026-11-22.")


def _read_decimal(value: object) -> Decimal:
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return Decimal(value)
    raise GraphQLError(
        'A Decimal is a string of up to 20 digits on each side of the point: "12.34".'
        " A number would pass through a float."
    )


def _write_decimal(value: Decimal) -> str:
    return format(value, "f")


def _read_points(value: object) -> Points:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
        return Points(value)
    raise GraphQLError("Points are a whole number.")


def _read_page_size(value: object) -> PageSize:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LARGEST_PAGE:
        return PageSize(value)
    raise GraphQLError(f"A PageSize is a whole number from 1 to {LARGEST_PAGE}.")


def _read_cursor(value: object) -> Cursor:
    if isinstance(value, str) and is_cursor(value):
        return Cursor(value)
    raise GraphQLError("A Cursor is what an edge or pageInfo of a list gave; this is none.")


SCALARS: Mapping[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A point in time as in RFC 3339, the offset required; answers are in UTC.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=_write_date_time,
        parse_value=_read_date_time,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A calendar day, YYYY-MM-DD, in the programme's time zone.",
        serialize=date.isoformat,
        parse_value=_read_date,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description='An exact decimal number as a string, such as "12.34"; never a float.',
        serialize=_write_decimal,
        parse_value=_read_decimal,
    ),
    Points: strawberry.scalar(
        name="Points",
        description="Whole points, as a JSON integer of up to 64 bits.",
        serialize=int,
        parse_value=_read_points,
    ),
    PageSize: strawberry.scalar(
        name="PageSize",
        description=f"How many rows of a list to return: an integer from 1 to {LARGEST_PAGE}.",
        serialize=int,
        parse_value=_read_page_size,
    ),
    Cursor: strawberry.scalar(
        name="Cursor",
        description="A place in a list, opaque: send back what an edge or pageInfo gave.",
        serialize=str,
        parse_value=_read_cursor,
    ),
}
