"""The businesses that take part, as the operator's door shows them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeAlias

import strawberry

from partners import registry
from partners.tables import PartnerStatus as Status
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
from schema.enumerations import enumeration
from schema.fields import resolved
from schema.nodes import Node
from schema.opaque import (
    CONTRACT_CURSOR,
    CREDENTIAL_CURSOR,
    OUTLET_CURSOR,
    PARTNER,
    PARTNER_CODE_CURSOR,
)
from schema.operator.agreements import contract_page
from schema.operator.context import Info
from schema.operator.credentials import Credential, credential_page
from schema.operator.register import InForce, Page
from schema.outlets import Outlet, outlet_page

if TYPE_CHECKING:
    PartnerStatus: TypeAlias = Status
else:
    PartnerStatus = enumeration(
        "PartnerStatus",
        "Whether a partner takes part.",
        {
            Status.ACTIVE: "It gives and takes points.",
            Status.SUSPENDED: "It can neither give nor take points, and none of it can log in.",
        },
    )


@strawberry.type(description="A business that takes part in the coalition.")
class Partner(Node):
    """A partner's entry in the register, with what it has."""

    code: str = strawberry.field(description="Its short name, unique in the coalition.")
    name: str = strawberry.field(description="The name that members know.")
    legal_name: str = strawberry.field(description="The name in its contracts.")
    category: str = strawberry.field(description="What kind of business it is.")
    status: PartnerStatus = strawberry.field(description="Whether it takes part.")
    joined_at: datetime = strawberry.field(description="Since when it is registered.")
    stored: strawberry.Private[registry.Partner]

    @resolved("Its outlets in the order of their codes.")
    async def outlets(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[Outlet]:
        """Load a page of the outlets."""
        size = page_size(first)
        page = Page(self.stored.id, start_of(after, OUTLET_CURSOR), size + 1)
        return outlet_page(await info.context.loaders.outlet_pages.load(page), size, after)

    @resolved("Its contracts, the one that begins last first.")
    async def contracts(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[Contract]:
        """Load a page of the contracts."""
        size = page_size(first)
        page = Page(self.stored.id, start_of(after, CONTRACT_CURSOR), size + 1)
        return contract_page(await info.context.loaders.contract_pages.load(page), size, after)

    @resolved("Its contract in force at an instant; null if there is none.")
    async def contract(
        self,
        info: Info,
        at: Annotated[
            datetime | None, strawberry.argument(description="The instant; now unless given.")
        ] = None,
    ) -> Contract | None:
        """Load the contract in force."""
        found = await info.context.loaders.contracts_in_force.load(InForce(self.stored.id, at))
        return None if found is None else contract(found)

    @resolved("Its systems' credentials, the oldest first, with those that are revoked.")
    async def credentials(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[Credential]:
        """Load a page of the credentials."""
        size = page_size(first)
        page = Page(self.stored.id, start_of(after, CREDENTIAL_CURSOR), size + 1)
        return credential_page(await info.context.loaders.credential_pages.load(page), size, after)


def partner(registered: registry.Partner) -> Partner:
    """Return a partner as the door shows it."""
    return Partner(
        id=strawberry.ID(PARTNER.seal(registered.id)),
        code=registered.code,
        name=registered.name,
        legal_name=registered.legal_name,
        category=registered.category,
        status=registered.status,
        joined_at=registered.joined_at,
        stored=registered,
    )


@strawberry.type
class PartnerQuery:
    """What the door tells of partners."""

    @resolved("The partner with this id; null for any other text.")
    async def partner(
        self,
        info: Info,
        id: Annotated[  # noqa: A002 Relay's name
            strawberry.ID, strawberry.argument(description="The partner's id.")
        ],
    ) -> Partner | None:
        """Find a partner by its id."""
        partner_id = PARTNER.unseal(id)
        if partner_id is None:
            return None
        found = await info.context.loaders.partners.load(partner_id)
        return None if found is None else partner(found)

    @resolved("The partner with exactly this code; null if there is none.")
    async def partner_by_code(
        self,
        info: Info,
        code: Annotated[str, strawberry.argument(description="The partner's short name.")],
    ) -> Partner | None:
        """Find a partner by its code."""
        async with info.context.reading() as reader:
            found = await registry.find_partner(reader, code)
        return None if found is None else partner(found)

    @resolved("The partners in the order of their codes, with those that are suspended.")
    async def partners(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[Partner]:
        """Read a page of the partners."""
        size, start = page_size(first), start_of(after, PARTNER_CODE_CURSOR)
        async with info.context.reading() as reader:
            rows = await registry.list_partners(reader, after=start, most=size + 1)
        return connection(
            rows,
            size=size,
            after=after,
            cursor=lambda row: PARTNER_CODE_CURSOR.seal(row.code),
            node=partner,
        )
