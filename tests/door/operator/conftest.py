"""The operator's office at its door."""

import httpx2
import pytest

from service.database.transactions import Database
from service.keys import Keys
from tests.door.operator.offices import Office, hire


@pytest.fixture
async def office(database: Database, client: httpx2.AsyncClient, keys: Keys) -> Office:
    """One of the operator's staff, logged in."""
    return await hire(database, client, keys)
