"""The schemas as files: what a review sees change, and what clients are generated from."""

from graphql import build_schema
from graphql.utilities import find_breaking_changes, find_dangerous_changes

from schema import member, operator, partner

_DOORS = {"partner": partner.schema, "operator": operator.schema, "member": member.schema}


def schemas() -> dict[str, str]:
    """Return each door's schema, by name, in GraphQL's schema definition language."""
    return {door: schema.as_str() + "\n" for door, schema in _DOORS.items()}


def changes(before: str, after: str) -> tuple[list[str], list[str]]:
    """Return what breaks clients of ``before`` under ``after``, and what may surprise them."""
    old, new = build_schema(before), build_schema(after)
    breaking = [change.description for change in find_breaking_changes(old, new)]
    dangerous = [change.description for change in find_dangerous_changes(old, new)]
    return breaking, dangerous
