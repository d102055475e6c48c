"""The operator's door: its staff see the whole coalition, and set up who takes part in it."""

from typing import Annotated

import strawberry

from schema.execution import DoorSchema
from schema.fields import resolved
from schema.nodes import Node
from schema.operator.context import Info, OperatorContext
from schema.operator.registry import RegistryMutation, RegistryQuery, find_registered
from schema.operator.whole import WholeMutation, WholeQuery, find_whole


@strawberry.type(description="What the operator's staff may read: the whole coalition.")
class Query(RegistryQuery, WholeQuery):
    """The door's queries."""

    @resolved(
        "What has this id: a partner, outlet, contract, credential or person of the staff, a"
        " member, card, purchase, account or posting. Null for any other text."
    )
    async def node(
        self,
        info: Info,
        id: Annotated[  # noqa: A002 Relay's name
            strawberry.ID, strawberry.argument(description="An id that this door gave.")
        ],
    ) -> Node | None:
        """Find a node."""
        return await find_registered(info.context, id) or await find_whole(info.context, id)


@strawberry.type(description="What the operator's staff may do.")
class Mutation(RegistryMutation, WholeMutation):
    """The door's mutations."""


schema = DoorSchema(query=Query, mutation=Mutation, types=())

__all__ = ["OperatorContext", "schema"]
