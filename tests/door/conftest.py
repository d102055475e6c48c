"""The application in process, on a real database, with tills of two shops at its door."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from service.app import create_app
from service.database.transactions import Database
from service.keys import Keys
from service.settings import Settings
from tests.builders import Shop, enrol_members, open_shop
from tests.door.tills import Till, token_of

OpenTill = Callable[..., Awaitable[Till]]


@pytest.fixture
def app(database: Database, keys: Keys) -> Starlette:
    return create_app(database, Settings(), keys)


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://door") as opened:
        yield opened


@pytest.fixture
async def shop(database: Database) -> Shop:
    return await open_shop(database)


@pytest.fixture
async def open_till(database: Database, client: httpx2.AsyncClient, keys: Keys) -> OpenTill:
    """Opens another shop, on terms as for ``open_shop``, and a till of it."""

    async def open_another(**terms: Any) -> Till:
        opened = await open_shop(database, **terms)
        return Till(opened, client, token_of(opened, keys))

    return open_another


@pytest.fixture
def till(shop: Shop, client: httpx2.AsyncClient, keys: Keys) -> Till:
    return Till(shop, client, token_of(shop, keys))


@pytest.fixture
async def card(database: Database) -> str:
    """The number of a new member's card."""
    [member] = await enrol_members(database)
    return member.card.number
