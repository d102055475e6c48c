"""Loaders of members and what is theirs at the operator's door: cards, purchases, accounts."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from strawberry.dataloader import DataLoader

from coalition.cards import CardState, cards_by_key, cards_of_members
from coalition.members import Holder
from coalition.roster import Member, accounts_of_members, holders_of_accounts, members_by_id
from ledger.records import OpenAccount, StoredPosting, accounts_by_key, postings_by_id
from ledger.statements import LinePlace, StatementLine, newest_lines_of
from partners.purchases import Place, Purchase, Scope, purchases_of_members
from schema.context import Reading
from schema.loaders import PurchaseLoaders, in_groups

Key = TypeVar("Key")
Value = TypeVar("Value")
OwnedKey = tuple[int, UUID]
"""A member-owned row: its bucket and id."""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A page of a member's purchases: up to ``most`` of before a place."""

    holder: Holder
    before: Place | None
    most: int


@dataclass(frozen=True, slots=True)
class StatementPage:
    """A page of an account's statement: up to ``most`` lines of before a place."""

    account: OwnedKey
    before: LinePlace | None
    most: int


class BookLoaders(PurchaseLoaders):
    """What many fields ask of members and the ledger one by one is read in one statement."""

    def __init__(self, reading: Reading, scope: Scope) -> None:
        """Read in the request's transaction."""
        super().__init__(reading, scope)
        self.members: DataLoader[Holder, Member | None] = DataLoader(self._by(members_by_id))
        self.member_cards: DataLoader[Holder, list[CardState]] = DataLoader(self._member_cards)
        self.cards: DataLoader[OwnedKey, CardState | None] = DataLoader(self._by(cards_by_key))
        self.member_accounts: DataLoader[Holder, UUID | None] = DataLoader(
            self._by(accounts_of_members)
        )
        self.accounts: DataLoader[OwnedKey, OpenAccount | None] = DataLoader(
            self._by(accounts_by_key)
        )
        self.account_holders: DataLoader[OwnedKey, Holder | None] = DataLoader(
            self._by(holders_of_accounts)
        )
        self.postings: DataLoader[UUID, StoredPosting | None] = DataLoader(self._by(postings_by_id))
        self.histories: DataLoader[HistoryPage, list[Purchase]] = DataLoader(self._histories)
        self.statements: DataLoader[StatementPage, list[StatementLine]] = DataLoader(
            self._statements
        )

    def _by(
        self, read: Callable[[AsyncConnection, Sequence[Key]], Awaitable[Mapping[Key, Value]]]
    ) -> Callable[[list[Key]], Awaitable[list[Value | None]]]:
        async def load(keys: list[Key]) -> list[Value | None]:
            async with self._reading() as connection:
                found = await read(connection, keys)
            return [found.get(key) for key in keys]

        return load

    async def _member_cards(self, holders: list[Holder]) -> list[list[CardState]]:
        async with self._reading() as connection:
            found = await cards_of_members(
                connection, [(each.bucket, each.member_id) for each in holders]
            )
        return [found[each.member_id] for each in holders]

    async def _histories(self, pages: list[HistoryPage]) -> list[list[Purchase]]:
        async def read(alike: list[HistoryPage]) -> Mapping[UUID, list[Purchase]]:
            async with self._reading() as connection:
                return await purchases_of_members(
                    connection,
                    [(page.holder.bucket, page.holder.member_id) for page in alike],
                    before=alike[0].before,
                    most=alike[0].most,
                )

        return await in_groups(
            pages, lambda page: (page.before, page.most), lambda page: page.holder.member_id, read
        )

    async def _statements(self, pages: list[StatementPage]) -> list[list[StatementLine]]:
        async def read(alike: list[StatementPage]) -> Mapping[OwnedKey, list[StatementLine]]:
            async with self._reading() as connection:
                return await newest_lines_of(
                    connection,
                    [page.account for page in alike],
                    before=alike[0].before,
                    limit=alike[0].most,
                )

        return await in_groups(
            pages, lambda page: (page.before, page.most), lambda page: page.account, read
        )
