"""Loaders of one request: what many fields ask for one by one is read in one statement."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from strawberry.dataloader import DataLoader

from partners.contracts import Contract, Offer, contracts_by_id
from partners.customers import (
    CategorySpending,
    Customer,
    customers_by_id,
    favourite_categories,
)
from partners.outlets import RegisteredOutlet, outlets_by_id
from partners.purchases import Place, Purchase, of_partner, purchases_of_customers
from schema.context import Reading
from schema.loaders import PurchaseLoaders, in_groups


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A page of a customer's purchases: up to ``most`` of before a place."""

    customer_id: UUID
    before: Place | None
    most: int


@dataclass(frozen=True, slots=True)
class Favourites:
    """Up to ``most`` favourite categories of a customer."""

    customer_id: UUID
    most: int


class Loaders(PurchaseLoaders):
    """The loaders of one partner's request. What they have read they keep until it ends."""

    def __init__(self, reading: Reading, partner_id: UUID) -> None:
        """Read as ``partner_id`` in the request's transaction."""
        super().__init__(reading, of_partner(partner_id))
        self._partner_id = partner_id
        self.histories: DataLoader[HistoryPage, list[Purchase]] = DataLoader(self._histories)
        self.customers: DataLoader[UUID, Customer | None] = DataLoader(self._customers)
        self.favourites: DataLoader[Favourites, list[CategorySpending]] = DataLoader(
            self._favourites
        )
        self.contracts: DataLoader[UUID, Contract | None] = DataLoader(self._contracts)

    async def _outlets(self, outlet_ids: list[UUID]) -> list[RegisteredOutlet | None]:
        async with self._reading() as connection:
            found = await outlets_by_id(connection, outlet_ids, partner_id=self._partner_id)
        return [found.get(outlet_id) for outlet_id in outlet_ids]

    async def _customers(self, customer_ids: list[UUID]) -> list[Customer | None]:
        async with self._reading() as connection:
            found = await customers_by_id(connection, self._partner_id, customer_ids)
        return [found.get(customer_id) for customer_id in customer_ids]

    async def _offers(self, contract_ids: list[UUID]) -> list[Offer | None]:
        found = await self.contracts.load_many(contract_ids)
        return [None if agreed is None else agreed.terms for agreed in found]

    async def _contracts(self, contract_ids: list[UUID]) -> list[Contract | None]:
        async with self._reading() as connection:
            found = await contracts_by_id(connection, contract_ids, partner_id=self._partner_id)
        return [found.get(contract_id) for contract_id in contract_ids]

    async def _histories(self, pages: list[HistoryPage]) -> list[list[Purchase]]:
        async def read(alike: list[HistoryPage]) -> Mapping[UUID, list[Purchase]]:
            async with self._reading() as connection:
                return await purchases_of_customers(
                    connection,
                    self._partner_id,
                    [page.customer_id for page in alike],
                    before=alike[0].before,
                    most=alike[0].most,
                )

        return await in_groups(
            pages, lambda page: (page.before, page.most), lambda page: page.customer_id, read
        )

    async def _favourites(self, wanted: list[Favourites]) -> list[list[CategorySpending]]:
        async def read(alike: list[Favourites]) -> Mapping[UUID, list[CategorySpending]]:
            async with self._reading() as connection:
                return await favourite_categories(
                    connection,
                    self._partner_id,
                    [each.customer_id for each in alike],
                    most=alike[0].most,
                )

        return await in_groups(wanted, lambda each: each.most, lambda each: each.customer_id, read)
