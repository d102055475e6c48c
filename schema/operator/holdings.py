"""Members and what is theirs: cards, purchases and accounts, and the postings that moved points.

They lead to one another, so their types share this room.
"""

from datetime import datetime
from uuid import UUID

import strawberry

from coalition import roster
from coalition.cards import CardState
from coalition.members import Holder
from ledger import records
from ledger.statements import StatementLine as StoredLine
from partners import purchases as stored_purchases
from partners.purchases import Place
from schema.connections import (
    DEFAULT_FIRST,
    After,
    Connection,
    First,
    connection,
    page_size,
    start_of,
)
from schema.contracts import Contract, contract
from schema.fields import resolved
from schema.nodes import Node
from schema.opaque import ACCOUNT, ISSUED_CARD, LINE_CURSOR, MEMBER, POSTING, PURCHASE_CURSOR
from schema.operator.books import HistoryPage, OwnedKey, StatementPage
from schema.operator.context import Info, OperatorContext
from schema.operator.kinds import AccountKind, ContactKind, MemberStatus, Purpose
from schema.operator.partners import Partner, partner
from schema.purchases import RecordedPurchase, purchase_page, shown_as
from schema.scalars import Cursor, PageSize, Points

_AMOUNT = "in the account's unit: points, or minor units of a currency (kopecks, cents)"


@strawberry.type(description="A way to reach a member; it leads to no other member.")
class Contact:
    """A contact as it is compared."""

    kind: ContactKind = strawberry.field(description="Whether it is a phone or an e-mail.")
    value: str = strawberry.field(
        description="The phone in E.164, such as +79123456789, or the e-mail in lower case."
    )


@strawberry.type(description="A card that was issued to a member. It is never deleted.")
class Card(Node):
    """A card; its whole number is told only when it is issued."""

    last_four: str = strawberry.field(description="The last four digits of its number.")
    valid_from: datetime = strawberry.field(description="The first instant it is in force at.")
    blocked_at: datetime | None = strawberry.field(
        description="Since when it is blocked; null while it is in force."
    )
    block_reason: str | None = strawberry.field(description="Why it was blocked, if it was.")
    stored: strawberry.Private[CardState]

    @resolved("The card that replaced it; null when none did.")
    async def replaced_by(self, info: Info) -> "Card | None":
        """Load the card that came after."""
        if self.stored.replaced_by is None:
            return None
        return await load_card(info.context, (self.stored.bucket, self.stored.replaced_by))

    @resolved("Whose card it is.")
    async def member(self, info: Info) -> "Member":
        """Load the holder."""
        return await _member_of(info.context, Holder(self.stored.bucket, self.stored.member_id))


@strawberry.type(description="A recorded purchase. It never changes.")
class Purchase(RecordedPurchase):
    """A purchase with who sold, who bought, and what was posted for it."""

    @resolved("The partner where it was made.")
    async def partner(self, info: Info) -> Partner:
        """Load the partner."""
        found = await info.context.loaders.partners.load(self.stored.partner_id)
        assert found is not None
        return partner(found)

    @resolved("The member who made it.")
    async def member(self, info: Info) -> "Member":
        """Load the buyer."""
        return await _member_of(info.context, Holder(self.stored.bucket, self.stored.buyer))

    @resolved("The contract it was recorded under.")
    async def contract(self, info: Info) -> Contract:
        """Load the contract."""
        found = await info.context.loaders.contracts.load(self.stored.contract_id)
        assert found is not None
        return contract(found)

    @resolved("The posting of its points; null when it earned none.")
    async def posting(self, info: Info) -> "Posting | None":
        """Load the posting: it bears the purchase's id."""
        return await load_posting(info.context, self.stored.id)


@strawberry.type(description="An account of the ledger, in one bucket.")
class Account(Node):
    """An account as it stands."""

    kind: AccountKind = strawberry.field(description="Whose side it stands on.")
    unit: str = strawberry.field(description="POINT, or the ISO 4217 code of a currency.")
    floored: bool = strawberry.field(description="Whether its balance can't fall below zero.")
    debits: Points = strawberry.field(description=f"All that left it, {_AMOUNT}.")
    credits: Points = strawberry.field(description=f"All that came to it, {_AMOUNT}.")
    balance: Points = strawberry.field(description=f"Credits less debits, {_AMOUNT}.")
    bucket: int = strawberry.field(
        description="The part of the ledger where it lies, 0 to 1,023: its member's for ever. A"
        " partner has an account of each kind in every bucket."
    )
    opened_at: datetime = strawberry.field(description="When it was opened.")
    stored: strawberry.Private[records.OpenAccount]

    @resolved("The member whose account it is; null when it is none's.")
    async def member(self, info: Info) -> "Member | None":
        """Load the holder."""
        key = (self.stored.bucket, self.stored.id)
        holder = await info.context.loaders.account_holders.load(key)
        return None if holder is None else await load_member(info.context, holder)

    @resolved("The partner whose account it is; null when it is none's.")
    async def partner(self, info: Info) -> Partner | None:
        """Load the partner."""
        if self.stored.party is None:
            return None
        found = await info.context.loaders.partners.load(self.stored.party)
        return None if found is None else partner(found)

    @resolved("Its lines, the newest first, with the balance after each.")
    async def statement(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> "Connection[StatementLine]":
        """Load a page of the statement."""
        return await _statement(info, (self.stored.bucket, self.stored.id), first, after)


@strawberry.type(description="A transfer as one of its two accounts sees it.")
class StatementLine:
    """A line of a statement."""

    purpose: Purpose = strawberry.field(description="Why it was made.")
    amount: Points = strawberry.field(
        description=f"Positive when it came, negative when it left, {_AMOUNT}."
    )
    balance: Points = strawberry.field(description=f"The balance after it, {_AMOUNT}.")
    unit: str = strawberry.field(description="POINT, or the ISO 4217 code of a currency.")
    occurred_at: datetime = strawberry.field(description="When what it is about happened.")
    posted_at: datetime = strawberry.field(description="When the ledger learned of it.")
    stored: strawberry.Private[StoredLine]
    bucket: strawberry.Private[int]

    @resolved("The account at the other end.")
    async def counter_account(self, info: Info) -> Account:
        """Load the other account."""
        return await _account_of(info.context, (self.bucket, self.stored.counter_account))

    @resolved("The posting that it is part of.")
    async def posting(self, info: Info) -> "Posting":
        """Load the posting."""
        found = await load_posting(info.context, self.stored.posting_id)
        assert found is not None
        return found

    @resolved("The purchase that it is about; null when it is about none.")
    async def purchase(self, info: Info) -> Purchase | None:
        """Load the purchase: its posting bears its id and instant."""
        return await load_purchase(
            info.context, Place(self.stored.occurred_at, self.stored.posting_id)
        )


@strawberry.type(description="A move of points or money from one account to another.")
class Transfer:
    """A transfer of a posting."""

    line: int = strawberry.field(description="Its place in the posting, from 0.")
    amount: Points = strawberry.field(description=f"How much, {_AMOUNT}; always positive.")
    unit: str = strawberry.field(description="POINT, or the ISO 4217 code of a currency.")
    stored: strawberry.Private[records.StoredTransfer]

    @resolved("The account that it left.")
    async def debit(self, info: Info) -> Account:
        """Load the debited account."""
        return await _account_of(info.context, (self.stored.bucket, self.stored.debit))

    @resolved("The account that it came to.")
    async def credit(self, info: Info) -> Account:
        """Load the credited account."""
        return await _account_of(info.context, (self.stored.bucket, self.stored.credit))


@strawberry.type(description="Transfers that were made together. They never change.")
class Posting(Node):
    """A posting of the ledger."""

    purpose: Purpose = strawberry.field(description="Why it was made.")
    occurred_at: datetime = strawberry.field(description="When what it is about happened.")
    posted_at: datetime = strawberry.field(description="When the ledger learned of it.")
    transfers: list[Transfer] = strawberry.field(description="Its transfers, in their order.")
    stored: strawberry.Private[records.StoredPosting]

    @resolved("The posting that it takes back; null when it takes none back.")
    async def reverses(self, info: Info) -> "Posting | None":
        """Load the earlier posting."""
        original = self.stored.reverses
        return None if original is None else await load_posting(info.context, original)

    @resolved("The purchase that it is about; null when it is about none.")
    async def purchase(self, info: Info) -> Purchase | None:
        """Load the purchase: its posting bears its id and instant."""
        return await load_purchase(info.context, Place(self.stored.occurred_at, self.stored.id))


@strawberry.type(description="A person who collects points.")
class Member(Node):
    """A member with what is theirs."""

    name: str = strawberry.field(description="Their name.")
    status: MemberStatus = strawberry.field(description="Whether they take part.")
    joined_at: datetime = strawberry.field(description="Since when they are a member.")
    contacts: list[Contact] = strawberry.field(description="How they are reached.")
    stored: strawberry.Private[roster.Member]

    @resolved("Their cards: those in force, then the blocked ones, the newest first; up to 100.")
    async def cards(self, info: Info) -> list[Card]:
        """Load the cards."""
        found = await info.context.loaders.member_cards.load(self.stored.holder)
        return [card(each) for each in found]

    @resolved("Points that they can pay with.")
    async def balance(self, info: Info) -> Points:
        """Load the balance."""
        return (await _account_of(info.context, await self._account_key(info))).balance

    @resolved("The account of the points that they can pay with.")
    async def account(self, info: Info) -> Account:
        """Load the account."""
        return await _account_of(info.context, await self._account_key(info))

    @resolved("Their purchases at all partners, the newest first.")
    async def purchases(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[Purchase]:
        """Load a page of the purchases."""
        size = page_size(first)
        page = HistoryPage(self.stored.holder, start_of(after, PURCHASE_CURSOR), size + 1)
        rows = await info.context.loaders.histories.load(page)
        return purchase_page(purchase, rows, size, after)

    @resolved("The lines of their account, the newest first, with the balance after each.")
    async def statement(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[StatementLine]:
        """Load a page of the statement."""
        return await _statement(info, await self._account_key(info), first, after)

    async def _account_key(self, info: Info) -> OwnedKey:
        account_id = await info.context.loaders.member_accounts.load(self.stored.holder)
        assert account_id is not None
        return self.stored.holder.bucket, account_id


def member(stored: roster.Member) -> Member:
    """Return a member as the door shows them."""
    return Member(
        id=strawberry.ID(MEMBER.seal((stored.holder.bucket, stored.holder.member_id))),
        name=stored.name,
        status=stored.status,
        joined_at=stored.joined_at,
        contacts=[Contact(kind=each.kind, value=each.value) for each in stored.contacts],
        stored=stored,
    )


def card(stored: CardState) -> Card:
    """Return a card as the door shows it."""
    return Card(
        id=strawberry.ID(ISSUED_CARD.seal((stored.bucket, stored.id))),
        last_four=stored.last_four,
        valid_from=stored.valid_from,
        blocked_at=stored.blocked_at,
        block_reason=stored.block_reason,
        stored=stored,
    )


def purchase(stored: stored_purchases.Purchase) -> Purchase:
    """Return a purchase as the door shows it."""
    return shown_as(Purchase, stored)


def account(stored: records.OpenAccount) -> Account:
    """Return an account as the door shows it."""
    return Account(
        id=strawberry.ID(ACCOUNT.seal((stored.bucket, stored.id))),
        kind=stored.kind,
        unit=stored.unit,
        floored=stored.floored,
        debits=Points(stored.debits),
        credits=Points(stored.credits),
        balance=Points(stored.credits - stored.debits),
        bucket=stored.bucket,
        opened_at=stored.opened_at,
        stored=stored,
    )


def statement_line(stored: StoredLine, bucket: int) -> StatementLine:
    """Return a line of the statement of an account of ``bucket`` as the door shows it."""
    return StatementLine(
        purpose=stored.purpose,
        amount=Points(stored.amount),
        balance=Points(stored.balance),
        unit=stored.unit,
        occurred_at=stored.occurred_at,
        posted_at=stored.posted_at,
        stored=stored,
        bucket=bucket,
    )


async def _statement(
    info: Info, key: OwnedKey, first: PageSize | None, after: Cursor | None
) -> Connection[StatementLine]:
    size = page_size(first)
    page = StatementPage(key, start_of(after, LINE_CURSOR), size + 1)
    return connection(
        await info.context.loaders.statements.load(page),
        size=size,
        after=after,
        cursor=lambda row: LINE_CURSOR.seal(row.place),
        node=lambda row: statement_line(row, key[0]),
    )


def posting(stored: records.StoredPosting) -> Posting:
    """Return a posting as the door shows it."""
    return Posting(
        id=strawberry.ID(POSTING.seal(stored.id)),
        purpose=stored.purpose,
        occurred_at=stored.occurred_at,
        posted_at=stored.posted_at,
        transfers=[
            Transfer(line=each.line, amount=Points(each.amount), unit=each.unit, stored=each)
            for each in stored.transfers
        ],
        stored=stored,
    )


async def load_member(context: OperatorContext, holder: Holder) -> Member | None:
    """Load a member."""
    found = await context.loaders.members.load(holder)
    return None if found is None else member(found)


async def _member_of(context: OperatorContext, holder: Holder) -> Member:
    found = await load_member(context, holder)
    assert found is not None
    return found


async def load_account(context: OperatorContext, key: OwnedKey) -> Account | None:
    """Load an account."""
    found = await context.loaders.accounts.load(key)
    return None if found is None else account(found)


async def _account_of(context: OperatorContext, key: OwnedKey) -> Account:
    found = await load_account(context, key)
    assert found is not None
    return found


async def load_card(context: OperatorContext, key: OwnedKey) -> Card | None:
    """Load a card."""
    found = await context.loaders.cards.load(key)
    return None if found is None else card(found)


async def load_purchase(context: OperatorContext, place: Place) -> Purchase | None:
    """Load a purchase."""
    found = await context.loaders.purchases.load(place)
    return None if found is None else purchase(found)


async def load_posting(context: OperatorContext, posting_id: UUID) -> Posting | None:
    """Load a posting."""
    found = await context.loaders.postings.load(posting_id)
    return None if found is None else posting(found)
