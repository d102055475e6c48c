"""A member at their door: sends documents over HTTP, in process, and checks nothing."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx2
from sqlalchemy import update

from coalition.members import Enrolled, Holder, account_ids
from coalition.tables import MemberStatus, member
from ledger.accounts import Account, open_accounts
from ledger.identifiers import new_id
from ledger.posting import Posted, Posting, Transfer, post, reverse
from ledger.tables import AccountKind, Purpose
from partners import tables
from partners.tables import PartnerStatus
from service.database.transactions import Database
from tests.builders import Shop

NODE = "query Node($id: ID!) { node(id: $id) { __typename id } }"

PURCHASES = """
  query Purchases($first: PageSize, $after: Cursor) {
    list: purchases(first: $first, after: $after) {
      edges { cursor node {
        id receiptNumber businessDate occurredAt recordedAt terminal points cardLastFour
        total { amount currency }
        tenders { kind amount { amount } }
        partner { id code name category }
        outlet { id code name address }
        lines { number sku name category quantity points amount { amount currency } }
        explanation { kind category amount { amount currency } rate points rounding }
      } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
"""

HISTORY = """
  query History($first: PageSize, $after: Cursor) {
    list: history(first: $first, after: $after) {
      edges { cursor node {
        kind points balanceAfter occurredAt postedAt purchase { id points partner { code } }
      } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
"""

PARTNERS = """
  query Partners($first: PageSize, $after: Cursor) {
    list: partners(first: $first, after: $after) {
      edges { cursor node {
        id code name category greetsMe
        offer {
          currency pointsPerUnit rounding excludedCategories
          categoryMultipliers { category multiplier }
          redeemValue redeemStep redeemLeastBalance redeemGreatestShare
        }
        outlets(first: 3) { edges { node { id code name address } } }
      } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
"""

SET_GREETING = """
  mutation Set($input: SetGreetingInput!) {
    setGreeting(input: $input) {
      partner { id code greetsMe }
      errors { code message path }
    }
  }
"""


@dataclass(frozen=True)
class Visitor:
    """A member with a token."""

    enrolled: Enrolled
    client: httpx2.AsyncClient
    token: str

    @property
    def holder(self) -> Holder:
        return Holder(self.enrolled.bucket, self.enrolled.member_id)

    @property
    def card(self) -> str:
        """The number of the first card."""
        return self.enrolled.card.number

    async def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """Send a document; return the whole response object."""
        response = await self.client.post(
            "/graphql/member",
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

    async def set_greeting(self, partner: str, *, allowed: bool) -> dict[str, Any]:
        """Decide about a partner, given by its id at this door; return the payload."""
        given = {"partnerId": partner, "allowed": allowed}
        payload: dict[str, Any] = (await self.data(SET_GREETING, input=given))["setGreeting"]
        return payload


async def give_goodwill(database: Database, holder: Holder, points: int) -> UUID:
    """Post points from the operator; return the posting's id."""
    goodwill = Account(bucket=holder.bucket, id=new_id(), kind=AccountKind.OPERATOR_GOODWILL)
    async with database.operator() as connection:
        await open_accounts(connection, [goodwill])
        [account] = await account_ids(connection, holder)
    posting = Posting(
        id=new_id(),
        purpose=Purpose.GOODWILL,
        occurred_at=datetime.now(UTC),
        transfers=(
            Transfer(bucket=holder.bucket, debit=goodwill.id, credit=account, amount=points),
        ),
    )
    async with database.worker() as connection:
        assert isinstance(await post(connection, posting), Posted)
    return posting.id


async def take_back(database: Database, posting_id: UUID) -> None:
    """Reverse a posting."""
    async with database.worker() as connection:
        reversed_ = await reverse(
            connection, original=posting_id, reversal=new_id(), occurred_at=datetime.now(UTC)
        )
    assert isinstance(reversed_, Posted)


async def block_member(database: Database, holder: Holder) -> None:
    async with database.operator() as connection:
        await connection.execute(
            update(member)
            .where(member.c.bucket == holder.bucket, member.c.id == holder.member_id)
            .values(status=MemberStatus.BLOCKED)
        )


async def suspend(database: Database, shop: Shop) -> None:
    async with database.operator() as connection:
        await connection.execute(
            update(tables.partner)
            .where(tables.partner.c.id == shop.partner.id)
            .values(status=PartnerStatus.SUSPENDED)
        )
