"""Loaders of one request at the member's door: what many fields ask for is read together."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from strawberry.dataloader import DataLoader

from coalition.consents import consents_given
from coalition.members import Holder
from coalition.membership import HeldCard, cards_by_id
from coalition.tables import ConsentPurpose
from partners.contracts import Offer, offers_in_force
from partners.directory import (
    ListedOutlet,
    ListedPartner,
    listed_outlets_by_id,
    outlets_of_partners,
    partners_by_id,
)
from partners.purchases import of_member
from schema.context import Reading
from schema.loaders import PurchaseLoaders


@dataclass(frozen=True, slots=True)
class OutletPage:
    """A page of a partner's outlets: up to ``most`` after a code."""

    partner_id: UUID
    after: str | None
    most: int


class Loaders(PurchaseLoaders):
    """The loaders of one member's request. What they have read they keep until it ends."""

    def __init__(self, reading: Reading, holder: Holder) -> None:
        """Read as ``holder`` in the request's transaction."""
        super().__init__(reading, of_member(holder.bucket, holder.member_id))
        self._holder = holder
        self.cards: DataLoader[UUID, HeldCard | None] = DataLoader(self._cards)
        self.partners: DataLoader[UUID, ListedPartner | None] = DataLoader(self._partners)
        self.places: DataLoader[UUID, ListedOutlet | None] = DataLoader(self._places)
        self.outlet_pages: DataLoader[OutletPage, list[ListedOutlet]] = DataLoader(
            self._outlet_pages
        )
        self.offers_now: DataLoader[UUID, Offer | None] = DataLoader(self._offers_now)
        self.greetings: DataLoader[UUID, bool] = DataLoader(self._greetings)

    async def _cards(self, card_ids: list[UUID]) -> list[HeldCard | None]:
        async with self._reading() as connection:
            found = await cards_by_id(connection, self._holder, card_ids)
        return [found.get(card_id) for card_id in card_ids]

    async def _partners(self, partner_ids: list[UUID]) -> list[ListedPartner | None]:
        async with self._reading() as connection:
            found = await partners_by_id(connection, partner_ids)
        return [found.get(partner_id) for partner_id in partner_ids]

    async def _places(self, outlet_ids: list[UUID]) -> list[ListedOutlet | None]:
        async with self._reading() as connection:
            found = await listed_outlets_by_id(connection, outlet_ids)
        return [found.get(outlet_id) for outlet_id in outlet_ids]

    async def _outlet_pages(self, pages: list[OutletPage]) -> list[list[ListedOutlet]]:
        # A document asks for few kinds of pages, whatever the lengths of its lists.
        kinds: dict[tuple[str | None, int], list[UUID]] = {}
        for page in pages:
            kinds.setdefault((page.after, page.most), []).append(page.partner_id)
        found: dict[tuple[str | None, int], Mapping[UUID, list[ListedOutlet]]] = {}
        for (after, most), partner_ids in kinds.items():
            async with self._reading() as connection:
                found[after, most] = await outlets_of_partners(
                    connection, partner_ids, after=after, most=most
                )
        return [found[page.after, page.most][page.partner_id] for page in pages]

    async def _offers_now(self, partner_ids: list[UUID]) -> list[Offer | None]:
        async with self._reading() as connection:
            found = await offers_in_force(connection, partner_ids)
        return [found.get(partner_id) for partner_id in partner_ids]

    async def _greetings(self, partner_ids: list[UUID]) -> list[bool]:
        async with self._reading() as connection:
            given = await consents_given(
                connection, self._holder, partner_ids, ConsentPurpose.GREETING
            )
        return [partner_id in given for partner_id in partner_ids]
