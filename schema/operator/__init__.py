"""The operator's door: its staff see the whole coalition, and set up who takes part in it."""

import strawberry

from schema.execution import DoorSchema
from schema.operator.context import OperatorContext
from schema.operator.registry import RegistryMutation, RegistryQuery
from schema.operator.whole import WholeMutation, WholeQuery


@strawberry.type(description="What the operator's staff may read: the whole coalition.")
class Query(RegistryQuery, WholeQuery):
    """The door's queries."""


@strawberry.type(description="What the operator's staff may do.")
class Mutation(RegistryMutation, WholeMutation):
    """The door's mutations."""


schema = DoorSchema(query=Query, mutation=Mutation, types=())

__all__ = ["OperatorContext", "schema"]
