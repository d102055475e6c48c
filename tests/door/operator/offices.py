"""An employee of the operator at its door: sends documents over HTTP, in process."""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2

from coalition.identity.staff import StaffMember, create_staff
from coalition.identity.subjects import OperatorStaff
from schema.opaque import PARTNER
from service.database.transactions import Database
from service.keys import Keys
from service.settings import Settings
from service.tokens import AccessTokens

REFUSALS = "errors { code message path }"

TERMS: dict[str, Any] = {
    "currency": "USD",
    "pointsPerUnit": "1",
    "redeemValue": "1",
    "redeemGreatestShare": "1",
    "issuePrice": "1",
    "redeemPrice": "0.9",
}
"""Sound terms of a contract, as the door takes them."""


@dataclass(frozen=True)
class Office:
    """One of the operator's staff, who is logged in."""

    staff: StaffMember
    client: httpx2.AsyncClient
    token: str

    async def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """Send a document; return the whole response object."""
        response = await self.client.post(
            "/graphql/operator",
            json={"query": document, "variables": variables},
            headers={"Authorization": f"Bearer {self.token}"},
        )
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def data(self, document: str, **variables: Any) -> dict[str, Any]:
        """Send a document that must succeed; return its data."""
        answer = await self.ask(document, **variables)
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    async def do(self, mutation: str, selection: str, **given: Any) -> dict[str, Any]:
        """Do what a mutation does with an input of ``given``; return the payload."""
        name = mutation[0].upper() + mutation[1:]
        types = {
            "SuspendPartner": "Partner",
            "ResumePartner": "Partner",
            "BlockMember": "Member",
            "UnblockMember": "Member",
            "BlockCard": "CloseCard",
            "ReplaceCard": "CloseCard",
        }
        document = f"""
          mutation Do($input: {types.get(name, name)}Input!) {{
            {mutation}(input: $input) {{ {selection} {REFUSALS} }}
          }}
        """
        payload: dict[str, Any] = (await self.data(document, input=given))[mutation]
        return payload

    async def done(self, mutation: str, selection: str, **given: Any) -> dict[str, Any]:
        """Do what must not be refused; return the payload."""
        payload = await self.do(mutation, selection, **given)
        assert payload["errors"] == [], payload
        return payload

    async def refusal(self, mutation: str, **given: Any) -> tuple[str, str]:
        """Do what must be refused, for one reason; return its code and its path, dotted."""
        payload = await self.do(mutation, "", **given)
        [refused] = payload["errors"]
        assert refused["message"].endswith(".")
        return refused["code"], ".".join(refused["path"])


async def warm(office: Office, connections: int = 8) -> None:
    """Open the connections that a race needs: who is first to have one must not win by that."""
    reads = (office.data("{ programme { version } }") for _ in range(connections))
    await asyncio.gather(*reads)


async def hire(database: Database, client: httpx2.AsyncClient, keys: Keys) -> Office:
    """Register an employee of the operator, and let them in without the round trip."""
    async with database.operator() as connection:
        staff = await create_staff(
            connection,
            email=f"{secrets.token_hex(8)}@operator.test",
            name="Olga Petrova",
            partner_id=None,
            password_hash="none: nobody logs in by it",
        )
    tokens = AccessTokens(keys, Settings().token_seconds)
    return Office(staff, client, tokens.issue(OperatorStaff(staff.id)))


def partner_id(identifier: UUID) -> str:
    """A partner's id as the door gives it."""
    return PARTNER.seal(identifier)


def ahead(**time: float) -> str:
    """An instant from now, as the door takes it."""
    return (datetime.now(UTC) + timedelta(**time)).isoformat()
