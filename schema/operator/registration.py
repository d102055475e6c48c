"""Registering partners, outlets and terminals, and changing what is registered."""

from typing import Annotated
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from partners import registry
from partners.refusals import RegistrationRefusal
from schema.fields import resolved
from schema.opaque import OUTLET, PARTNER
from schema.operator.context import Info, OperatorContext
from schema.operator.identifiers import named
from schema.operator.partners import Partner, partner
from schema.operator.refusals import Refusal
from schema.outlets import Outlet, outlet

_NAME = "1 to 200 printable characters"
_CODE = "1 to 64 printable characters"


@strawberry.input(description="A business to register.")
class CreatePartnerInput:
    """A new partner."""

    code: str = strawberry.field(
        description=f"A short name, unique in the coalition, that stays: {_CODE}."
    )
    name: str = strawberry.field(description=f"The name that members know: {_NAME}.")
    legal_name: str = strawberry.field(description=f"The name in its contracts: {_NAME}.")
    category: str = strawberry.field(description=f"What kind of business it is: {_NAME}.")


@strawberry.input(description="A change of a partner's entry. What is left out or null stays.")
class ChangePartnerInput:
    """What is to be different."""

    id: strawberry.ID = strawberry.field(description="The partner's id.")
    name: str | None = strawberry.field(
        default=None, description=f"The name that members know: {_NAME}."
    )
    legal_name: str | None = strawberry.field(
        default=None, description=f"The name in its contracts: {_NAME}."
    )
    category: str | None = strawberry.field(
        default=None, description=f"What kind of business it is: {_NAME}."
    )


@strawberry.input(description="A partner to suspend or to let take part again.")
class PartnerInput:
    """Which partner."""

    id: strawberry.ID = strawberry.field(description="The partner's id.")


@strawberry.input(description="An outlet to open.")
class OutletInput:
    """A new place of business."""

    code: str = strawberry.field(
        description=f"The partner's own code of it, as receipts will name it: {_CODE}."
    )
    name: str = strawberry.field(description=f"Its name: {_NAME}.")
    address: str | None = strawberry.field(
        default=None, description="Its postal address in one line: 1 to 500 printable characters."
    )
    terminals: list[str] = strawberry.field(
        default_factory=list,
        description=f"The codes of its tills, as receipts will name them: up to 100, each {_CODE}.",
    )


@strawberry.input(description="Outlets to open.")
class OpenOutletsInput:
    """New places of business of a partner: all are opened, or none."""

    partner_id: strawberry.ID = strawberry.field(description="The partner's id.")
    outlets: list[OutletInput] = strawberry.field(description="Up to 1,000 outlets.")


@strawberry.input(description="A change of an outlet's entry. What is left out stays.")
class ChangeOutletInput:
    """What is to be different."""

    id: strawberry.ID = strawberry.field(description="The outlet's id.")
    name: str | None = strawberry.field(default=None, description=f"Its name: {_NAME}.")
    address: strawberry.Maybe[str | None] = strawberry.field(
        default=None,
        description="Its postal address in one line: 1 to 500 printable characters; null takes it"
        " away.",
    )


@strawberry.input(description="Terminals to add to an outlet.")
class AddTerminalsInput:
    """New tills: all are registered, or none."""

    outlet_id: strawberry.ID = strawberry.field(description="The outlet's id.")
    terminals: list[str] = strawberry.field(
        description=f"Their codes, as receipts will name them: up to 100, each {_CODE}."
    )


@strawberry.type(description="What became of a partner's entry.")
class PartnerPayload:
    """The partner, or why nothing was changed."""

    partner: Partner | None = strawberry.field(
        description="The partner as it is now; null when refused."
    )
    errors: list[Refusal] = strawberry.field(description="Why it was refused; else empty.")


@strawberry.type(description="What became of an outlet's entry.")
class OutletPayload:
    """The outlet, or why nothing was changed."""

    outlet: Outlet | None = strawberry.field(
        description="The outlet as it is now; null when refused."
    )
    errors: list[Refusal] = strawberry.field(description="Why it was refused; else empty.")


@strawberry.type(description="The outlets that were opened.")
class OpenOutletsPayload:
    """The outlets, or why none was opened."""

    outlets: list[Outlet] = strawberry.field(
        description="The outlets in the order in which they were sent; empty when refused."
    )
    errors: list[Refusal] = strawberry.field(description="Why it was refused; else empty.")


@strawberry.type
class RegistrationMutation:
    """What the door does to partners, outlets and terminals."""

    @resolved("Register a business. It takes part as soon as it has a contract and an outlet.")
    async def create_partner(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 as every mutation's argument is called
            CreatePartnerInput, strawberry.argument(description="The business.")
        ],
    ) -> PartnerPayload:
        """Register a partner."""
        return _payload(
            await info.context.write(
                lambda connection: registry.create_partner(
                    connection,
                    code=input.code,
                    name=input.name,
                    legal_name=input.legal_name,
                    category=input.category,
                )
            )
        )

    @resolved("Change a partner's names or category. Its code stays.")
    async def change_partner(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            ChangePartnerInput, strawberry.argument(description="The change.")
        ],
    ) -> PartnerPayload:
        """Change a partner's entry."""

        async def change(connection: AsyncConnection) -> registry.Partner:
            return await registry.change_partner(
                connection,
                _partner_id(input.id, "id"),
                name=input.name,
                legal_name=input.legal_name,
                category=input.category,
            )

        return _payload(await info.context.write(change))

    @resolved(
        "Let a partner neither give nor take points, at once; none of it can log in. Safe to"
        " repeat."
    )
    async def suspend_partner(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            PartnerInput, strawberry.argument(description="Which partner.")
        ],
    ) -> PartnerPayload:
        """Suspend a partner."""

        async def suspend(connection: AsyncConnection) -> registry.Partner:
            return await registry.suspend_partner(connection, _partner_id(input.id, "id"))

        return _payload(await info.context.write(suspend))

    @resolved("Let a suspended partner take part again. Safe to repeat.")
    async def resume_partner(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            PartnerInput, strawberry.argument(description="Which partner.")
        ],
    ) -> PartnerPayload:
        """Resume a partner."""

        async def resume(connection: AsyncConnection) -> registry.Partner:
            return await registry.resume_partner(connection, _partner_id(input.id, "id"))

        return _payload(await info.context.write(resume))

    @resolved("Open outlets of a partner, with their tills: all of them or none.")
    async def open_outlets(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            OpenOutletsInput, strawberry.argument(description="The outlets.")
        ],
    ) -> OpenOutletsPayload:
        """Open outlets."""

        async def open_all(connection: AsyncConnection) -> list[UUID]:
            return await registry.open_outlets(
                connection,
                _partner_id(input.partner_id, "partnerId"),
                [
                    registry.Outlet(
                        code=each.code,
                        name=each.name,
                        address=each.address,
                        terminals=tuple(each.terminals),
                    )
                    for each in input.outlets
                ],
            )

        opened = await info.context.write(open_all)
        if isinstance(opened, Refusal):
            return OpenOutletsPayload(outlets=[], errors=[opened])
        found = await info.context.loaders.outlets.load_many(opened)
        return OpenOutletsPayload(
            outlets=[outlet(each) for each in found if each is not None], errors=[]
        )

    @resolved("Change an outlet's name or address. Its code stays: receipts name it.")
    async def change_outlet(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            ChangeOutletInput, strawberry.argument(description="The change.")
        ],
    ) -> OutletPayload:
        """Change an outlet's entry."""

        async def change(connection: AsyncConnection) -> UUID:
            outlet_id = _outlet_id(input.id, "id")
            address = None if input.address is None else registry.Address(input.address.value)
            await registry.change_outlet(connection, outlet_id, name=input.name, address=address)
            return outlet_id

        return await _outlet(info.context, await info.context.write(change))

    @resolved("Register tills of an outlet: all of them or none.")
    async def add_terminals(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            AddTerminalsInput, strawberry.argument(description="The tills.")
        ],
    ) -> OutletPayload:
        """Add terminals to an outlet."""

        async def add(connection: AsyncConnection) -> UUID:
            outlet_id = _outlet_id(input.outlet_id, "outletId")
            await registry.add_terminals(connection, outlet_id, input.terminals)
            return outlet_id

        return await _outlet(info.context, await info.context.write(add))


def _partner_id(identifier: strawberry.ID, *path: str) -> UUID:
    return named(PARTNER, identifier, RegistrationRefusal.PARTNER_UNKNOWN, *path)


def _outlet_id(identifier: strawberry.ID, *path: str) -> UUID:
    return named(OUTLET, identifier, RegistrationRefusal.OUTLET_UNKNOWN, *path)


def _payload(written: registry.Partner | Refusal) -> PartnerPayload:
    if isinstance(written, Refusal):
        return PartnerPayload(partner=None, errors=[written])
    return PartnerPayload(partner=partner(written), errors=[])


async def _outlet(context: OperatorContext, changed: UUID | Refusal) -> OutletPayload:
    if isinstance(changed, Refusal):
        return OutletPayload(outlet=None, errors=[changed])
    found = await context.loaders.outlets.load(changed)
    assert found is not None
    return OutletPayload(outlet=outlet(found), errors=[])
