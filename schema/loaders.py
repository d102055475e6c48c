"""Loaders that every door's requests share: a purchase's parts, each read in one statement.

What many fields ask for one by one is read together, and kept until the request ends.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

import strawberry
from strawberry.dataloader import DataLoader

from partners.contracts import Offer, offers_by_contract
from partners.outlets import RegisteredOutlet, outlets_by_id
from partners.purchases import (
    Place,
    Purchase,
    PurchaseLine,
    Scope,
    lines_of,
    purchases_by_place,
)
from schema.context import Reading

Key = TypeVar("Key")
Value = TypeVar("Value")
Owner = TypeVar("Owner")


class PurchaseLoaders:
    """Purchases in a reader's scope, and what belongs to them."""

    def __init__(self, reading: Reading, scope: Scope) -> None:
        """Read in the request's transaction, as far as ``scope`` goes."""
        self._reading = reading
        self._scope = scope
        self.purchases: DataLoader[Place, Purchase | None] = DataLoader(self._purchases)
        self.lines: DataLoader[tuple[int, UUID], tuple[PurchaseLine, ...]] = DataLoader(self._lines)
        self.outlets: DataLoader[UUID, RegisteredOutlet | None] = DataLoader(self._outlets)
        self.offers: DataLoader[UUID, Offer | None] = DataLoader(self._offers)

    async def _purchases(self, places: list[Place]) -> list[Purchase | None]:
        async with self._reading() as connection:
            found = await purchases_by_place(connection, self._scope, places)
        return [found.get(place) for place in places]

    async def _lines(self, purchases: list[tuple[int, UUID]]) -> list[tuple[PurchaseLine, ...]]:
        async with self._reading() as connection:
            found = await lines_of(connection, self._scope, purchases)
        return [found[purchase_id] for _, purchase_id in purchases]

    async def _outlets(self, outlet_ids: list[UUID]) -> list[RegisteredOutlet | None]:
        async with self._reading() as connection:
            found = await outlets_by_id(connection, outlet_ids)
        return [found.get(outlet_id) for outlet_id in outlet_ids]

    async def _offers(self, contract_ids: list[UUID]) -> list[Offer | None]:
        async with self._reading() as connection:
            found = await offers_by_contract(connection, contract_ids)
        return [found.get(contract_id) for contract_id in contract_ids]


class PurchaseContext(Protocol):
    """What a door's context has for the fields that all doors share."""

    @property
    def loaders(self) -> PurchaseLoaders:
        """Return the request's loaders."""
        ...


PurchaseInfo = strawberry.Info[PurchaseContext, None]


async def in_groups(
    keys: Sequence[Key],
    kind: Callable[[Key], object],
    owner: Callable[[Key], Owner],
    read: Callable[[list[Key]], Awaitable[Mapping[Owner, Value]]],
) -> list[Value]:
    """Read keys of one kind together; a document has few kinds, whatever its lists' lengths."""
    groups: dict[object, list[Key]] = {}
    for key in keys:
        groups.setdefault(kind(key), []).append(key)
    found = {group: await read(alike) for group, alike in groups.items()}
    return [found[kind(key)][owner(key)] for key in keys]
