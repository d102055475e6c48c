"""Loaders of the register at the operator's door: partners with what they have, and staff."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from strawberry.dataloader import DataLoader

from coalition.identity.staff import StaffMember, staff_by_id
from partners.contracts import (
    Contract,
    contracts_by_id,
    contracts_in_force,
    contracts_of_partners,
)
from partners.credentials import (
    RegisteredCredential,
    credentials_by_id,
    credentials_of_partners,
)
from partners.outlets import RegisteredOutlet, outlets_of_partners
from partners.purchases import Scope
from partners.registry import Partner, partners_by_id
from schema.context import Reading
from schema.loaders import PurchaseLoaders, in_groups

Place = TypeVar("Place")
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Place]):
    """A page of a partner's list: up to ``most`` rows after a place."""

    partner_id: UUID
    after: Place | None
    most: int


@dataclass(frozen=True, slots=True)
class InForce:
    """A partner's contract at an instant; now if None."""

    partner_id: UUID
    at: datetime | None


class RegisterLoaders(PurchaseLoaders):
    """What many fields ask of the register one by one is read in one statement."""

    def __init__(self, reading: Reading, scope: Scope) -> None:
        """Read in the request's transaction."""
        super().__init__(reading, scope)
        self.partners: DataLoader[UUID, Partner | None] = DataLoader(self._by_id(partners_by_id))
        self.contracts: DataLoader[UUID, Contract | None] = DataLoader(self._by_id(contracts_by_id))
        self.credentials: DataLoader[UUID, RegisteredCredential | None] = DataLoader(
            self._by_id(credentials_by_id)
        )
        self.staff: DataLoader[UUID, StaffMember | None] = DataLoader(self._by_id(staff_by_id))
        self.outlet_pages: DataLoader[Page[str], list[RegisteredOutlet]] = DataLoader(
            self._outlet_pages
        )
        self.contract_pages: DataLoader[Page[UUID], list[Contract]] = DataLoader(
            self._contract_pages
        )
        self.credential_pages: DataLoader[Page[UUID], list[RegisteredCredential]] = DataLoader(
            self._credential_pages
        )
        self.contracts_in_force: DataLoader[InForce, Contract | None] = DataLoader(self._in_force)

    def _by_id(
        self, read: Callable[[AsyncConnection, list[UUID]], Awaitable[Mapping[UUID, Row]]]
    ) -> Callable[[list[UUID]], Awaitable[list[Row | None]]]:
        async def load(identifiers: list[UUID]) -> list[Row | None]:
            async with self._reading() as connection:
                found = await read(connection, identifiers)
            return [found.get(identifier) for identifier in identifiers]

        return load

    async def _outlet_pages(self, pages: list[Page[str]]) -> list[list[RegisteredOutlet]]:
        async def read(alike: list[Page[str]]) -> Mapping[UUID, list[RegisteredOutlet]]:
            async with self._reading() as connection:
                return await outlets_of_partners(
                    connection, _owners(alike), after=alike[0].after, most=alike[0].most
                )

        return await in_groups(pages, _kind, _owner, read)

    async def _contract_pages(self, pages: list[Page[UUID]]) -> list[list[Contract]]:
        async def read(alike: list[Page[UUID]]) -> Mapping[UUID, list[Contract]]:
            async with self._reading() as connection:
                return await contracts_of_partners(
                    connection, _owners(alike), after=alike[0].after, most=alike[0].most
                )

        return await in_groups(pages, _kind, _owner, read)

    async def _credential_pages(self, pages: list[Page[UUID]]) -> list[list[RegisteredCredential]]:
        async def read(alike: list[Page[UUID]]) -> Mapping[UUID, list[RegisteredCredential]]:
            async with self._reading() as connection:
                return await credentials_of_partners(
                    connection, _owners(alike), after=alike[0].after, most=alike[0].most
                )

        return await in_groups(pages, _kind, _owner, read)

    async def _in_force(self, wanted: list[InForce]) -> list[Contract | None]:
        async def read(alike: list[InForce]) -> Mapping[UUID, Contract | None]:
            owners = [each.partner_id for each in alike]
            async with self._reading() as connection:
                found = await contracts_in_force(connection, owners, alike[0].at)
            return {owner: found.get(owner) for owner in owners}

        return await in_groups(wanted, lambda each: each.at, lambda each: each.partner_id, read)


def _kind(page: Page[Place]) -> object:
    return page.after, page.most


def _owner(page: Page[Place]) -> UUID:
    return page.partner_id


def _owners(pages: list[Page[Place]]) -> list[UUID]:
    return [page.partner_id for page in pages]
