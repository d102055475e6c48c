"""Input types that come by the thousand, built without looking at their declaration each time."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from strawberry.utils.str_converters import to_camel_case

Input = TypeVar("Input", bound=type)


def flat(declared: Input) -> Input:
    """Build a strawberry input whose fields are all scalars straight from its values.

    Strawberry resolves the type of every field of every value anew, which is most of the cost of
    a request with hundreds of receipts. Scalars are read by then, and need no conversion.
    """
    names = {to_camel_case(field.name): field.name for field in fields(declared)}
    lacking = {
        field.name: None
        for field in fields(declared)
        if field.default is MISSING and field.default_factory is MISSING
    }

    def build(kind: type, value: Mapping[str, Any], _context: object) -> Any:
        given = {names[name]: each for name, each in value.items()}
        return kind(**lacking | given)

    definition: Any = getattr(declared, "__strawberry_definition__")  # noqa: B009
    definition.from_input = build
    return declared
