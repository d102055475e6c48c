"""The member site in process, on a real database, with an outbox for codes, and a till."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.applications import Starlette

from coalition.tables import ContactKind
from service.app import create_app
from service.database.transactions import Database
from service.keys import Keys
from service.senders import Senders
from service.settings import Settings
from tests.builders import Shop, open_shop
from tests.door.tills import Till, token_of
from tests.identity.people import Outbox
from tests.site.members import SITE, Browser


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, outbox: Outbox) -> Settings:
    senders = Senders(dict.fromkeys(ContactKind, outbox))
    monkeypatch.setattr(Settings, "senders", lambda _settings: senders)
    return Settings()


@pytest.fixture
def app(database: Database, settings: Settings, keys: Keys) -> Starlette:
    return create_app(database, settings, keys)


@pytest.fixture
async def browser(app: Starlette) -> AsyncIterator[Browser]:
    """A stranger's browser, without the parts that show pages."""
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=SITE) as client:
        yield Browser(client)


@pytest.fixture
async def member(browser: Browser, outbox: Outbox) -> Browser:
    """The browser of somebody who has just joined."""
    await browser.join(outbox)
    return browser


@pytest.fixture
async def shop(database: Database) -> Shop:
    return await open_shop(database)


@pytest.fixture
async def till(app: Starlette, shop: Shop, keys: Keys) -> AsyncIterator[Till]:
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=SITE) as client:
        yield Till(shop, client, token_of(shop, keys))
