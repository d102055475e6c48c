"""Ids in an input: the row that one leads to, or the refusal that it leads to none."""

from typing import TypeVar

import strawberry

from ledger.refusals import Refusal, RefusedError
from schema.opaque import Opaque

Key = TypeVar("Key")


def named(kind: Opaque[Key], identifier: strawberry.ID, unknown: Refusal, *path: str) -> Key:
    """Return what an id of this kind names. Raises RefusedError (``unknown``) for other texts."""
    found = kind.unseal(identifier)
    if found is None:
        raise RefusedError(unknown, *path)
    return found
