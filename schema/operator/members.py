"""Finding, enrolling and blocking members."""

from typing import Annotated

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from coalition import roster
from coalition.members import Application, Enrolled, Holder, enrol_one
from coalition.refusals import MemberRefusal
from coalition.tables import ContactKind
from ledger.refusals import RefusedError
from schema.fields import resolved
from schema.opaque import MEMBER
from schema.operator.context import Info
from schema.operator.holdings import Member, load_member
from schema.operator.identifiers import named
from schema.operator.refusals import Refusal, refusal


@strawberry.type(description="Whom a search found.")
class FindMemberPayload:
    """The member, or why nobody could be searched for."""

    member: Member | None = strawberry.field(
        description="The member; null when it is nobody's, or the search was refused."
    )
    errors: list[Refusal] = strawberry.field(description="Why it was refused; else empty.")


@strawberry.type
class MemberQuery:
    """What the door tells of members."""

    @resolved("The member with this id; null for any other text.")
    async def member(
        self,
        info: Info,
        id: Annotated[  # noqa: A002 Relay's name
            strawberry.ID, strawberry.argument(description="The member's id.")
        ],
    ) -> Member | None:
        """Find a member by their id."""
        key = MEMBER.unseal(id)
        return None if key is None else await load_member(info.context, Holder(*key))

    @resolved("The member with exactly this phone, e-mail or card. Give one of the three.")
    async def find_member(
        self,
        info: Info,
        phone: Annotated[
            str | None,
            strawberry.argument(description="A phone with + and country code, spaced as you like."),
        ] = None,
        email: Annotated[
            str | None, strawberry.argument(description="An e-mail address, in any case.")
        ] = None,
        card: Annotated[
            str | None,
            strawberry.argument(
                description="A card's 16 digits, spaced as you like; also of a blocked card."
            ),
        ] = None,
    ) -> FindMemberPayload:
        """Find a member by what people know of themselves."""
        try:
            holder = await _search(info, phone, email, card)
        except RefusedError as refused:
            return FindMemberPayload(member=None, errors=[refusal(refused.refusal, *refused.path)])
        found = None if holder is None else await load_member(info.context, holder)
        return FindMemberPayload(member=found, errors=[])


async def _search(
    info: Info, phone: str | None, email: str | None, card: str | None
) -> Holder | None:
    async with info.context.reading() as reader:
        match phone, email, card:
            case str(), None, None:
                return await roster.holder_of_contact(reader, ContactKind.PHONE, phone)
            case None, str(), None:
                return await roster.holder_of_contact(reader, ContactKind.EMAIL, email)
            case None, None, str():
                return await roster.holder_of_card(reader, card)
    raise RefusedError(MemberRefusal.SEARCH_UNCLEAR)


@strawberry.input(description="A person who wants to be a member, with one contact.")
class EnrolMemberInput:
    """An application."""

    name: str = strawberry.field(description="Their name: 1 to 200 printable characters.")
    phone: str | None = strawberry.field(
        default=None,
        description="Their phone with + and country code, spaced as you like. This or the e-mail.",
    )
    email: str | None = strawberry.field(
        default=None, description="Their e-mail address, in any case. This or the phone."
    )


@strawberry.input(description="A member to block or unblock.")
class MemberInput:
    """Which member."""

    id: strawberry.ID = strawberry.field(description="The member's id.")


@strawberry.type(description="What became of an application.")
class EnrolMemberPayload:
    """The new member, or why there is none."""

    member: Member | None = strawberry.field(description="The new member; null when refused.")
    card_number: str | None = strawberry.field(
        description="The 16 digits of their first card, to hand over now: they are not told again."
        " Null when refused."
    )
    errors: list[Refusal] = strawberry.field(description="Why it was refused; else empty.")


@strawberry.type(description="What became of a member.")
class MemberPayload:
    """The member, or why nothing was changed."""

    member: Member | None = strawberry.field(
        description="The member as they are now; null when refused."
    )
    errors: list[Refusal] = strawberry.field(description="Why it was refused; else empty.")


@strawberry.type
class MemberMutation:
    """What the door does to members."""

    @resolved(
        "Enrol a person with their first card. A contact is one member's: sent again it is"
        " refused with CONTACT_TAKEN, and `findMember` tells who has it."
    )
    async def enrol_member(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 as every mutation's argument is called
            EnrolMemberInput, strawberry.argument(description="The person.")
        ],
    ) -> EnrolMemberPayload:
        """Enrol a person."""

        async def enrol(connection: AsyncConnection) -> Enrolled:
            return await enrol_one(connection, _application(input))

        written = await info.context.write(enrol)
        if isinstance(written, Refusal):
            return EnrolMemberPayload(
                member=None, card_number=None, errors=[_about(written, input)]
            )
        enrolled = await load_member(info.context, Holder(written.bucket, written.member_id))
        return EnrolMemberPayload(member=enrolled, card_number=written.card.number, errors=[])

    @resolved(
        "Block a member: their cards are refused from now on; what they have stays theirs. Safe"
        " to repeat."
    )
    async def block_member(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            MemberInput, strawberry.argument(description="The member.")
        ],
    ) -> MemberPayload:
        """Block a member."""

        async def block(connection: AsyncConnection) -> Holder:
            holder = _holder(input.id)
            await roster.block_member(connection, holder)
            return holder

        return await _payload(info, await info.context.write(block))

    @resolved("Let a blocked member take part again. Safe to repeat.")
    async def unblock_member(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            MemberInput, strawberry.argument(description="The member.")
        ],
    ) -> MemberPayload:
        """Unblock a member."""

        async def unblock(connection: AsyncConnection) -> Holder:
            holder = _holder(input.id)
            await roster.unblock_member(connection, holder)
            return holder

        return await _payload(info, await info.context.write(unblock))


def _application(sent: EnrolMemberInput) -> Application:
    match sent.phone, sent.email:
        case str() as phone, None:
            return Application(name=sent.name, contact_kind=ContactKind.PHONE, contact=phone)
        case None, str() as email:
            return Application(name=sent.name, contact_kind=ContactKind.EMAIL, contact=email)
    raise RefusedError(MemberRefusal.CONTACT_UNCLEAR)


def _about(refused: Refusal, sent: EnrolMemberInput) -> Refusal:
    """Return a refusal whose path names the input's own field for the contact."""
    contact = "email" if sent.phone is None else "phone"
    path = [contact if part == "contact" else part for part in refused.path]
    return Refusal(code=refused.code, message=refused.message, path=path)


def _holder(identifier: strawberry.ID) -> Holder:
    return Holder(*named(MEMBER, identifier, MemberRefusal.MEMBER_UNKNOWN, "id"))


async def _payload(info: Info, written: Holder | Refusal) -> MemberPayload:
    if isinstance(written, Refusal):
        return MemberPayload(member=None, errors=[written])
    return MemberPayload(member=await load_member(info.context, written), errors=[])
