"""The member's door: what is theirs, who takes part, and what they decide."""

from schema.execution import DoorSchema
from schema.member.context import MemberContext
from schema.member.deciding import Mutation
from schema.member.history import Purchase
from schema.member.membership import Card
from schema.member.places import Outlet, Partner
from schema.member.query import Query

schema = DoorSchema(query=Query, mutation=Mutation, types=(Purchase, Card, Partner, Outlet))

__all__ = ["MemberContext", "schema"]
