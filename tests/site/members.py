"""People at the site: what a browser sends, and what a page that came back holds."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import Any

import httpx2

from tests.door.tills import sale
from tests.identity.people import Outbox, fresh_email

SITE = "https://site.test"


@dataclass(frozen=True)
class Browser:
    """Sends what a browser sends of itself; keeps cookies, follows nothing unless told."""

    client: httpx2.AsyncClient

    async def open(self, path: str, **headers: str) -> httpx2.Response:
        """Follow a link or type an address."""
        return await self.client.get(path, headers=headers)

    async def send(
        self, path: str, headers: dict[str, str] | None = None, **fields: str
    ) -> httpx2.Response:
        """Send a form of the site's own."""
        own = {"Origin": SITE, "Sec-Fetch-Site": "same-origin"} if headers is None else headers
        return await self.client.post(path, data=fields, headers=own)

    async def join(self, outbox: Outbox, *, language: str = "en", name: str = "Anna") -> str:
        """Join as a newcomer; return the contact."""
        contact = fresh_email()
        asked = await self.send(f"/{language}/join", contact=contact, by="email")
        assert asked.headers["location"] == f"/{language}/join/code", asked.text
        proved = await self.send(f"/{language}/join/code", code=outbox.last_code)
        assert proved.headers["location"] == f"/{language}/join/name", proved.text
        joined = await self.send(f"/{language}/join/name", name=name)
        assert joined.headers["location"] == f"/{language}/balance", joined.text
        return contact

    async def card_number(self) -> str:
        """Return the number on the member's card page."""
        page = await self.open("/en/card")
        return "".join(re.findall(r"<span>(\d{4})</span>", page.text))


def told(page: httpx2.Response) -> str:
    """Return a page's text as it is read: without tags, with single spaces."""
    body = re.sub(r"</?bdi>", "", page.text.partition("<body")[2])
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


def fresh_sale(card: str, **changes: Any) -> dict[str, Any]:
    """A sale of right now: its card may be no older than this test."""
    return sale(card, occurredAt=datetime.now(UTC).isoformat(), **changes)
