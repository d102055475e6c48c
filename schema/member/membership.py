"""The member themselves, as their door shows them: name, contacts, cards and balance."""

from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

import strawberry

from coalition.membership import (
    HeldCard,
    Membership,
    available_account,
    contacts_of,
)
from coalition.tables import ContactKind as StoredKind
from coalition.tables import MemberStatus as StoredStatus
from ledger import statements
from schema.enumerations import enumeration
from schema.fields import resolved
from schema.member.context import Info
from schema.nodes import Node
from schema.opaque import CARD
from schema.scalars import Points

if TYPE_CHECKING:
    MemberStatus: TypeAlias = StoredStatus
    ContactKind: TypeAlias = StoredKind
else:
    MemberStatus = enumeration(
        "MemberStatus",
        "Whether a member takes part.",
        {
            StoredStatus.ACTIVE: "Earns and spends points.",
            StoredStatus.BLOCKED: "Neither earns nor spends points: ask the coalition's operator.",
        },
    )
    ContactKind = enumeration(
        "ContactKind",
        "How a member can be reached.",
        {
            StoredKind.PHONE: "A phone; its number in E.164, such as +79161234567.",
            StoredKind.EMAIL: "An e-mail address in lower case.",
        },
    )


@strawberry.type(description="How you can be reached, and log in.")
class Contact:
    """A phone or an e-mail address."""

    kind: ContactKind = strawberry.field(description="What it is.")
    value: str = strawberry.field(description="The number or the address.")


@strawberry.type(description="You, as the coalition knows you.")
class Member:
    """The member who asks."""

    name: str = strawberry.field(description="The name that you gave.")
    member_since: datetime = strawberry.field(description="Since when you take part.")
    status: MemberStatus = strawberry.field(description="Whether you take part at present.")

    @resolved("How you can be reached, phones first.")
    async def contacts(self, info: Info) -> list[Contact]:
        """Read the contacts."""
        async with info.context.reading() as reader:
            found = await contacts_of(reader, info.context.holder)
        return [Contact(kind=each.kind, value=each.value) for each in found]


def myself(stored: Membership) -> Member:
    """Return a member as the door shows it."""
    return Member(name=stored.name, member_since=stored.since, status=stored.status)


@strawberry.type(description="A card of yours. Its number is never issued again.")
class Card(Node):
    """A card, in force or blocked."""

    number: str = strawberry.field(
        description="The 16 digits that its barcode holds. Whoever has them can earn for you."
    )
    last_four: str = strawberry.field(description="The last four digits, as on receipts.")
    valid_from: datetime = strawberry.field(description="Since when it can be used.")
    blocked_at: datetime | None = strawberry.field(
        description="Since when it can't be used any more; null while it can."
    )


def card(held: HeldCard) -> Card:
    """Return a card as the door shows it."""
    return Card(
        id=strawberry.ID(CARD.seal(held.id)),
        number=held.number,
        last_four=held.number[-4:],
        valid_from=held.valid_from,
        blocked_at=held.blocked_at,
    )


@strawberry.type(description="The points that you can spend.")
class Balance:
    """A balance and its instant."""

    points: Points = strawberry.field(description="Points that you can spend.")
    as_of: datetime = strawberry.field(description="When it was read.")


async def read_balance(info: Info) -> Balance:
    """Read the member's balance."""
    holder = info.context.holder
    async with info.context.reading() as reader:
        account = await available_account(reader, holder)
        points = await statements.balance(reader, holder.bucket, account.id)
    return Balance(points=Points(points), as_of=account.read_at)
