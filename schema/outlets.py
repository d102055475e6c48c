"""A partner's places of business, as the doors show them."""

from datetime import datetime

import strawberry

from partners.outlets import RegisteredOutlet
from schema.connections import Connection, connection
from schema.nodes import Node
from schema.opaque import OUTLET, OUTLET_CURSOR
from schema.scalars import Cursor


@strawberry.type(description="A place of business.")
class Outlet(Node):
    """An outlet with its terminals."""

    code: str = strawberry.field(description="The partner's own code of it, as receipts name it.")
    name: str = strawberry.field(description="Its name.")
    address: str | None = strawberry.field(description="Its postal address, if registered.")
    opened_at: datetime = strawberry.field(description="Since when it is registered.")
    terminals: list[str] = strawberry.field(
        description="The codes of its tills, as receipts name them."
    )


def outlet(registered: RegisteredOutlet) -> Outlet:
    """Return an outlet as the door shows it."""
    return Outlet(
        id=strawberry.ID(OUTLET.seal(registered.id)),
        code=registered.code,
        name=registered.name,
        address=registered.address,
        opened_at=registered.opened_at,
        terminals=list(registered.terminals),
    )


def outlet_page(
    rows: list[RegisteredOutlet], size: int, after: Cursor | None
) -> Connection[Outlet]:
    """Return a page of outlets as the doors show it."""
    return connection(
        rows,
        size=size,
        after=after,
        cursor=lambda row: OUTLET_CURSOR.seal(row.code),
        node=outlet,
    )
