"""The partner's door: a partner's tills and systems see its own side, and nothing of another's."""

from schema.execution import DoorSchema
from schema.partner.history import Customer, Purchase
from schema.partner.query import Query
from schema.partner.recording import Mutation
from schema.partner.registration import Contract, Outlet

schema = DoorSchema(query=Query, mutation=Mutation, types=(Purchase, Customer, Outlet, Contract))

__all__ = ["schema"]
