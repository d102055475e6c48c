"""The partner's door: a partner's tills and systems see its own side, and nothing of another's."""

from schema.contracts import Contract
from schema.execution import DoorSchema
from schema.outlets import Outlet
from schema.partner.context import PartnerContext
from schema.partner.history import Customer, Purchase
from schema.partner.query import Query
from schema.partner.recording import Mutation

schema = DoorSchema(query=Query, mutation=Mutation, types=(Purchase, Customer, Outlet, Contract))

__all__ = ["PartnerContext", "schema"]
