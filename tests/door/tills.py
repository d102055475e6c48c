"""A till at the partner's door: it sends documents over HTTP, in process, and checks nothing."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

import httpx2
import psycopg
from sqlalchemy import func, select

from ledger.tables import partner_line
from partners import tables
from service.database.transactions import Database
from service.keys import Keys
from service.settings import Settings
from service.tokens import AccessTokens
from tests.builders import Shop

RECORD = """
  mutation Record($input: RecordPurchaseInput!) {
    recordPurchase(input: $input) {
      points
      replayed
      errors { code message path }
      purchase { id points }
    }
  }
"""

RECORD_MANY = """
  mutation RecordMany($input: RecordPurchasesInput!) {
    recordPurchases(input: $input) {
      outcomes { points replayed errors { code message path } purchase { id receiptNumber } }
      errors { code message path }
    }
  }
"""

QUOTE = """
  query Quote($receipt: ReceiptInput!) {
    quotePurchase(receipt: $receipt) {
      points
      lines { number points }
      steps { kind category amount { amount currency } rate points rounding }
      errors { code message path }
    }
  }
"""

NODE = "query Node($id: ID!) { node(id: $id) { __typename id } }"


def token_of(shop: Shop, keys: Keys) -> str:
    """A token for the shop's till, without the round trip."""
    return AccessTokens(keys, Settings().token_seconds).issue(shop.caller)


@dataclass(frozen=True)
class Till:
    """A till of a shop."""

    shop: Shop
    client: httpx2.AsyncClient
    token: str

    async def post(self, content: Any, **headers: str) -> httpx2.Response:
        """Send any JSON."""
        return await self.client.post(
            "/graphql/partner",
            json=content,
            headers={"Authorization": f"Bearer {self.token}", **headers},
        )

    async def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """Send a document; return the whole response object."""
        response = await self.post({"query": document, "variables": variables})
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def data(self, document: str, **variables: Any) -> dict[str, Any]:
        """Send a document that must succeed; return its data."""
        answer = await self.ask(document, **variables)
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    async def record(self, receipt: dict[str, Any], key: str | None = None) -> dict[str, Any]:
        """Record a receipt; return the payload."""
        given = {"idempotencyKey": key or secrets.token_hex(8), "receipt": receipt}
        payload: dict[str, Any] = (await self.data(RECORD, input=given))["recordPurchase"]
        return payload

    async def record_many(self, items: list[dict[str, Any]]) -> dict[str, Any]:
        """Record many purchases; return the payload."""
        data = await self.data(RECORD_MANY, input={"purchases": items})
        payload: dict[str, Any] = data["recordPurchases"]
        return payload


def sale_line(amount: str, **changes: Any) -> dict[str, Any]:
    """A line as a till sends it."""
    return {"sku": "4006381", "name": "Tea", "quantity": "1", "amount": amount, **changes}


def sale(card: str, **changes: Any) -> dict[str, Any]:
    """A sound receipt of a moment ago as a till sends it: 12.34 in all unless changed."""
    occurred_at = datetime.now(UTC) - timedelta(minutes=1)
    return {
        "card": card,
        "outlet": "1",
        "terminal": "1",
        "receiptNumber": secrets.token_hex(6),
        "occurredAt": occurred_at.isoformat(),
        "currency": "USD",
        "total": "12.34",
        "lines": [sale_line("10.00", category="FOOD"), sale_line("2.34", category="WINE")],
        **changes,
    }


async def rows_of(database: Database, shop: Shop) -> dict[str, int]:
    """How many rows each table has of a shop, as the auditor counts them."""
    async with database.audit() as connection:
        counted = {}
        for table in (tables.purchase, tables.purchase_line, tables.customer, tables.receipt):
            query = select(func.count()).where(table.c.partner_id == shop.partner.id)
            counted[table.name] = (await connection.execute(query)).scalar_one()
        posted = select(func.count()).where(partner_line.c.party == shop.partner.id)
        counted["posted"] = (await connection.execute(posted)).scalar_one()
    return counted


def administer(database: Database, statement: LiteralString, identifier: UUID) -> None:
    """Run a statement that no serving role may, about one row."""
    location = database._location.set(drivername="postgresql")
    with psycopg.connect(location.render_as_string(hide_password=False)) as connection:
        connection.execute(statement, [identifier])
