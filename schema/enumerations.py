"""GraphQL enums made from the floors' own, so that codes and their meanings are written once."""

from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import Any

import strawberry

_make_enum: Any = Enum


def enumeration(name: str, description: str, meanings: Mapping[StrEnum, str]) -> Any:
    """Return a GraphQL enum of ``meanings``: a name for each member, with what it means.

    A resolver answers with the members themselves.
    """
    values = [
        (member.name, strawberry.enum_value(member.value, description=meaning))
        for member, meaning in meanings.items()
    ]
    return strawberry.enum(_make_enum(name, values), description=description)
