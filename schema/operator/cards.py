"""Issuing, blocking and replacing members' cards.

A card's whole number is told once, to the clerk who hands the card over. Everywhere else staff
see its last four digits and name it by its id: a number is what pays at a till.
"""

from typing import Annotated

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from coalition import cards as stored_cards
from coalition.refusals import CardRefusal, MemberRefusal
from schema.fields import resolved
from schema.opaque import ISSUED_CARD, MEMBER
from schema.operator.books import OwnedKey
from schema.operator.context import Info
from schema.operator.holdings import Card, load_card
from schema.operator.identifiers import named
from schema.operator.refusals import Refusal

_REASON = "Why it is blocked, for staff: 1 to 200 printable characters."


@strawberry.input(description="A member who is to get another card.")
class IssueCardInput:
    """Whose card."""

    member_id: strawberry.ID = strawberry.field(description="The member's id.")


@strawberry.input(description="A card to block or replace.")
class CloseCardInput:
    """Which card, and why."""

    id: strawberry.ID = strawberry.field(description="The card's id.")
    reason: str = strawberry.field(description=_REASON)


@strawberry.type(description="What became of a request for a card.")
class IssueCardPayload:
    """The new card, or why there is none."""

    card: Card | None = strawberry.field(description="The new card; null when refused.")
    number: str | None = strawberry.field(
        description="Its 16 digits, to hand over now: they are not told again. Null when refused."
    )
    errors: list[Refusal] = strawberry.field(description="Why it was refused; else empty.")


@strawberry.type(description="What became of a card.")
class BlockCardPayload:
    """The card, or why it was not blocked."""

    card: Card | None = strawberry.field(description="The blocked card; null when refused.")
    errors: list[Refusal] = strawberry.field(description="Why it was refused; else empty.")


@strawberry.type
class CardMutation:
    """What the door does to cards."""

    @resolved(
        "Issue another card to a member, beside those that they have: up to 5 are in force at"
        " once. Each request issues one."
    )
    async def issue_card(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 as every mutation's argument is called
            IssueCardInput, strawberry.argument(description="The member.")
        ],
    ) -> IssueCardPayload:
        """Issue a card."""

        async def issue(connection: AsyncConnection) -> stored_cards.Card:
            key = named(MEMBER, input.member_id, MemberRefusal.MEMBER_UNKNOWN, "memberId")
            return await stored_cards.issue_card(connection, *key)

        return await _issued(info, await info.context.write(issue))

    @resolved("Block a card from now on, for ever. Purchases of before may still arrive.")
    async def block_card(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            CloseCardInput, strawberry.argument(description="The card.")
        ],
    ) -> BlockCardPayload:
        """Block a card."""

        async def block(connection: AsyncConnection) -> OwnedKey:
            key = _card_key(input.id)
            await stored_cards.block_card(connection, *key, reason=input.reason)
            return key

        written = await info.context.write(block)
        if isinstance(written, Refusal):
            return BlockCardPayload(card=None, errors=[written])
        return BlockCardPayload(card=await load_card(info.context, written), errors=[])

    @resolved("Block a card and issue another to its holder, who keeps all else.")
    async def replace_card(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            CloseCardInput, strawberry.argument(description="The card.")
        ],
    ) -> IssueCardPayload:
        """Replace a card."""

        async def replace(connection: AsyncConnection) -> stored_cards.Card:
            key = _card_key(input.id)
            return await stored_cards.replace_card(connection, *key, reason=input.reason)

        return await _issued(info, await info.context.write(replace))


def _card_key(identifier: strawberry.ID) -> OwnedKey:
    return named(ISSUED_CARD, identifier, CardRefusal.CARD_UNKNOWN, "id")


async def _issued(info: Info, written: stored_cards.Card | Refusal) -> IssueCardPayload:
    if isinstance(written, Refusal):
        return IssueCardPayload(card=None, number=None, errors=[written])
    fresh = await load_card(info.context, (written.bucket, written.id))
    return IssueCardPayload(card=fresh, number=written.number, errors=[])
