"""Fields that a function answers, declared so that type checkers keep seeing the function."""

from collections.abc import Callable
from typing import Any, TypeVar

import strawberry

Resolver = TypeVar("Resolver", bound=Callable[..., Any])


def resolved(description: str) -> Callable[[Resolver], Resolver]:
    """Make a method a field; strawberry's own decorator would leave it untyped."""

    def declare(resolver: Resolver) -> Resolver:
        field: Any = strawberry.field(resolver=resolver, description=description)
        declared: Resolver = field
        return declared

    return declare
