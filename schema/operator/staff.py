"""The people who work with the coalition: the operator's own, and partners' employees."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from coalition.identity import staff as register
from coalition.identity.passwords import hash_password, new_password
from coalition.identity.staff import StaffMember, StaffRefusal
from ledger.refusals import RefusedError
from partners.refusals import RegistrationRefusal
from schema.connections import (
    DEFAULT_FIRST,
    After,
    Connection,
    First,
    connection,
    page_size,
    start_of,
)
from schema.fields import resolved
from schema.nodes import Node
from schema.opaque import PARTNER, STAFF, STAFF_CURSOR
from schema.operator.context import Info
from schema.operator.hashing import hashed
from schema.operator.identifiers import named
from schema.operator.partners import Partner, partner
from schema.operator.refusals import DoorRefusal, Refusal


@strawberry.type(description="A person who may log in: of the operator's staff or of a partner's.")
class Staff(Node):
    """An employee's entry in the register."""

    email: str = strawberry.field(description="The e-mail address that they log in by.")
    name: str = strawberry.field(description="Their name.")
    created_at: datetime = strawberry.field(description="Since when they are registered.")
    disabled_at: datetime | None = strawberry.field(
        description="Since when they can't log in any more; null while they can."
    )
    partner_id: strawberry.Private[UUID | None]

    @resolved("The partner that they work for; null for the operator's own staff.")
    async def partner(self, info: Info) -> Partner | None:
        """Load the employer."""
        if self.partner_id is None:
            return None
        found = await info.context.loaders.partners.load(self.partner_id)
        return None if found is None else partner(found)


def staff_member(registered: StaffMember) -> Staff:
    """Return a person's entry as the door shows it."""
    return Staff(
        id=strawberry.ID(STAFF.seal(registered.id)),
        email=registered.email,
        name=registered.name,
        created_at=registered.created_at,
        disabled_at=registered.disabled_at,
        partner_id=registered.partner_id,
    )


@strawberry.input(description="A person to register.")
class CreateStaffInput:
    """Who is to log in."""

    email: str = strawberry.field(
        description="The e-mail address to log in by, of the form name@host; nobody else's."
    )
    name: str = strawberry.field(description="Their name: 1 to 200 printable characters.")
    partner_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The partner that they work for; else they are of the operator's own staff.",
    )


@strawberry.input(description="A person who is to log in no more.")
class DisableStaffInput:
    """Which person."""

    id: strawberry.ID = strawberry.field(description="Their id.")


@strawberry.type(description="A new entry, with the password that is shown this once.")
class CreateStaffPayload:
    """The entry, or why there is none."""

    staff: Staff | None = strawberry.field(description="The entry; null when it was refused.")
    password: str | None = strawberry.field(
        description="A generated password, to hand to the person. It can't be shown again. Null"
        " when it was refused."
    )
    errors: list[Refusal] = strawberry.field(description="Why it was refused; else empty.")


@strawberry.type(description="An entry that lets nobody in.")
class DisableStaffPayload:
    """The entry, or why it was not disabled."""

    staff: Staff | None = strawberry.field(
        description="The entry as it is now; null when it was refused."
    )
    errors: list[Refusal] = strawberry.field(description="Why it was refused; else empty.")


@strawberry.type
class StaffQuery:
    """What the door tells of staff."""

    @resolved("Who may log in, in the order of e-mail addresses, with those who are disabled.")
    async def staff(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[Staff]:
        """Read a page of the register."""
        size, start = page_size(first), start_of(after, STAFF_CURSOR)
        async with info.context.reading() as reader:
            rows = await register.list_staff(reader, first=size + 1, after=start)
        return connection(
            rows,
            size=size,
            after=after,
            cursor=lambda row: STAFF_CURSOR.seal(row.email),
            node=staff_member,
        )


@strawberry.type
class StaffMutation:
    """What the door does to staff."""

    @resolved("Let a person log in. The password is in this answer and nowhere else.")
    async def create_staff(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 as every mutation's argument is called
            CreateStaffInput, strawberry.argument(description="The person.")
        ],
    ) -> CreateStaffPayload:
        """Register a person."""
        password = new_password()
        password_hash = await hashed(lambda: hash_password(password))

        async def create(connection: AsyncConnection) -> StaffMember:
            partner_id = None
            if input.partner_id is not None:
                unknown = RegistrationRefusal.PARTNER_UNKNOWN
                partner_id = named(PARTNER, input.partner_id, unknown, "partnerId")
            return await register.create_staff(
                connection,
                email=input.email,
                name=input.name,
                partner_id=partner_id,
                password_hash=password_hash,
            )

        created = await info.context.write(create)
        if isinstance(created, Refusal):
            return CreateStaffPayload(staff=None, password=None, errors=[created])
        return CreateStaffPayload(staff=staff_member(created), password=password, errors=[])

    @resolved("Let a person log in no more, and end their sessions. Safe to repeat.")
    async def disable_staff(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            DisableStaffInput, strawberry.argument(description="Which person.")
        ],
    ) -> DisableStaffPayload:
        """Disable a person's entry."""

        async def disable(connection: AsyncConnection) -> StaffMember:
            staff_id = named(STAFF, input.id, StaffRefusal.STAFF_UNKNOWN, "id")
            if staff_id == info.context.staff.staff_id:
                raise RefusedError(DoorRefusal.STAFF_IS_YOURSELF, "id")
            return await register.disable_staff(connection, staff_id)

        disabled = await info.context.write(disable)
        if isinstance(disabled, Refusal):
            return DisableStaffPayload(staff=None, errors=[disabled])
        return DisableStaffPayload(staff=staff_member(disabled), errors=[])
