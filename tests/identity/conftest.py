"""The ways in, on a real database, with an outbox for what is sent and the endpoints over it."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from sqlalchemy import URL
from starlette.applications import Starlette

from coalition.tables import ContactKind
from service.database.transactions import Database
from service.identity import LogIns
from service.keys import Keys
from service.log_in import log_in_routes
from service.senders import Senders
from service.settings import Settings
from service.tokens import AccessTokens
from tests.builders import ensure_programme
from tests.identity.people import Outbox


@pytest.fixture
async def crowd(location: URL, keys: Keys) -> AsyncIterator[Database]:
    """A way to the database for twenty at once."""
    opened = Database(location, keys, pool_size=20)
    await ensure_programme(opened)
    yield opened
    await opened.close()


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def tokens(keys: Keys) -> AccessTokens:
    return AccessTokens(keys, Settings().token_seconds)


@pytest.fixture
def log_ins(database: Database, tokens: AccessTokens, keys: Keys, outbox: Outbox) -> LogIns:
    return LogIns(database, tokens, keys, Senders(dict.fromkeys(ContactKind, outbox)))


@pytest.fixture
async def client(log_ins: LogIns, tokens: AccessTokens) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=Starlette(routes=log_in_routes(log_ins, tokens)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://door") as opened:
        yield opened
