"""Members at their door, who buy at the tills of the partner's door."""

from collections.abc import Awaitable, Callable

import httpx2
import pytest

from service.database.transactions import Database
from service.keys import Keys
from service.settings import Settings
from service.tokens import AccessTokens
from tests.builders import enrol_members
from tests.door.member.visitors import Visitor

Join = Callable[[], Awaitable[Visitor]]


@pytest.fixture
def join(database: Database, client: httpx2.AsyncClient, keys: Keys) -> Join:
    """Enrols somebody and gives them a token."""
    tokens = AccessTokens(keys, Settings().token_seconds)

    async def enrol() -> Visitor:
        [enrolled] = await enrol_members(database)
        visitor = Visitor(enrolled, client, "")
        return Visitor(enrolled, client, tokens.issue(visitor.holder))

    return enrol


@pytest.fixture
async def visitor(join: Join) -> Visitor:
    return await join()
