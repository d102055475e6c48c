"""Input types that come by the thousand, built without looking at their declaration each time."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from strawberry.utils.str_converters import to_camel_case

Input = TypeVar("Input", bound=type)
Build = Callable[[Any], Any]

_BUILDERS: dict[type, Build] = {}


def prompt(declared: Input) -> Input:
    """Build a strawberry input straight from its values, all of them scalars or prompt inputs.

    Strawberry resolves the type of every field of every value anew, which is most of the cost of
    a request with hundreds of receipts. Scalars are read by then, and need no conversion.
    """
    hints = get_type_hints(declared)
    names = {to_camel_case(field.name): field.name for field in fields(declared)}
    nested = {
        to_camel_case(field.name): build_inner
        for field in fields(declared)
        if (build_inner := _nested(hints[field.name])) is not None
    }
    lacking = {
        field.name: None
        for field in fields(declared)
        if field.default is MISSING and field.default_factory is MISSING
    }

    def build(value: Mapping[str, Any]) -> Any:
        given = {names[name]: each for name, each in value.items()}
        for name, inner in nested.items():
            if value.get(name) is not None:
                given[names[name]] = inner(value[name])
        return declared(**lacking | given)

    _BUILDERS[declared] = build
    definition: Any = getattr(declared, "__strawberry_definition__")  # noqa: B009
    definition.from_input = lambda _kind, value, _context: build(value)
    return declared


def _nested(hint: Any) -> Build | None:
    """Return what builds a field's value, or None when it needs no building."""
    if get_origin(hint) in (Union, UnionType):
        [hint] = [each for each in get_args(hint) if each is not NoneType]
    if get_origin(hint) is list:
        [item] = get_args(hint)
        build_item = _nested(item)
        if build_item is None:
            return None
        return lambda values: [build_item(value) for value in values]
    return _BUILDERS.get(hint)
