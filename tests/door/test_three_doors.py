"""One purchase through the three doors and from the raw rows: the same to the unit.

And no id leads where it shouldn't: at a partner's and a member's door another's id, in each
argument that takes one, gets the answer of an id that doesn't exist.
"""

import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx2
import pytest
from graphql import GraphQLInputObjectType, GraphQLNonNull, get_named_type
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from coalition.members import Enrolled, Holder
from ledger.tables import transfer
from partners.purchases import Place
from partners.tables import purchase, purchase_line
from schema import member as members_door
from schema import opaque
from schema import partner as partners_door
from schema.execution import DoorSchema
from service.database.transactions import Database
from service.keys import Keys
from service.tokens import AccessTokens
from tests.builders import Shop, enrol_members, hire, open_shop

pytestmark = pytest.mark.anyio

FIELDS = """
  receiptNumber businessDate occurredAt recordedAt terminal points cardLastFour
  total { amount currency }
  tenders { kind amount { amount currency } }
  lines { number sku name category quantity points amount { amount currency } }
  explanation { kind category amount { amount currency } rate points rounding }
"""
NEWEST = f"query Newest {{ purchases(first: 1) {{ edges {{ node {{ {FIELDS} }} }} }} }}"
RECORD = """
  mutation Record($input: RecordPurchaseInput!) {
    recordPurchase(input: $input) { points errors { code path } purchase { id points } }
  }
"""
LEDGER = """
  query Ledger {
    purchases(first: 1) { edges { node {
      points member { balance account { balance } }
      posting { transfers { amount unit } }
    } } }
  }
"""
POINTS = """
  query Points {
    balance { points }
    history(first: 1) { edges { node { points balanceAfter purchase { points receiptNumber } } } }
  }
"""


class Visitors:
    """A partner's till, one of the operator's staff and a member, each at their door."""

    def __init__(self, client: httpx2.AsyncClient, keys: Keys) -> None:
        self._client = client
        self._tokens = AccessTokens(keys, 3_600)

    async def ask(
        self, door: str, identity: Any, document: str, **variables: Any
    ) -> dict[str, Any]:
        response = await self._client.post(
            f"/graphql/{door}",
            json={"query": document, "variables": variables},
            headers={"Authorization": f"Bearer {self._tokens.issue(identity)}"},
        )
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def data(
        self, door: str, identity: Any, document: str, **variables: Any
    ) -> dict[str, Any]:
        answer = await self.ask(door, identity, document, **variables)
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data


@pytest.fixture
def visitors(client: httpx2.AsyncClient, keys: Keys) -> Visitors:
    return Visitors(client, keys)


@pytest.fixture
async def shop(database: Database) -> Shop:
    return await open_shop(
        database,
        points_per_unit="0.37",
        excluded_categories=frozenset({"TOBACCO"}),
        category_multipliers={"WINE": Decimal("2.5"), "BOOKS": Decimal("0.5")},
    )


categories = st.sampled_from([None, "FOOD", "WINE", "BOOKS", "TOBACCO"])
amounts = st.integers(0, 99_999)
baskets = st.lists(st.tuples(categories, amounts), min_size=1, max_size=8).filter(
    lambda basket: sum(amount for _, amount in basket) > 0
)


def sent(card: str, basket: list[tuple[str | None, int]], split: int) -> dict[str, Any]:
    """A receipt of this basket, whose total was paid in two parts."""
    total = sum(amount for _, amount in basket)
    first = total * split // 100
    return {
        "card": card,
        "outlet": "1",
        "terminal": "1",
        "receiptNumber": secrets.token_hex(6),
        "occurredAt": datetime.now(UTC).isoformat(),
        "currency": "USD",
        "total": money(total),
        "lines": [
            {"sku": f"{n}", "name": "Goods", "category": category, "quantity": "1.5",
             "amount": money(amount)}
            for n, (category, amount) in enumerate(basket)
        ],
        "tenders": [
            {"kind": "cash", "amount": money(first)},
            {"kind": "card", "amount": money(total - first)},
        ],
    }  # fmt: skip


def money(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02}"


def cents(shown: dict[str, str]) -> int:
    assert shown["currency"] == "USD"
    return int(Decimal(shown["amount"]) * 100)


@given(basket=baskets, split=st.integers(0, 100))
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_one_purchase_is_the_same_at_every_door(
    visitors: Visitors,
    database: Database,
    shop: Shop,
    basket: list[tuple[str | None, int]],
    split: int,
) -> None:
    [buyer] = await enrol_members(database)
    holder = Holder(buyer.bucket, buyer.member_id)
    staff = await hire(database)
    receipt = sent(buyer.card.number, basket, split)
    recorded = await visitors.data(
        "partner",
        shop.caller,
        RECORD,
        input={"idempotencyKey": receipt["receiptNumber"], "receipt": receipt},
    )
    payload = recorded["recordPurchase"]
    assert payload["errors"] == []
    points = payload["points"]

    shown = []
    for door, identity in (("partner", shop.caller), ("operator", staff), ("member", holder)):
        [edge] = (await visitors.data(door, identity, NEWEST))["purchases"]["edges"]
        shown.append(edge["node"])
    assert shown[0] == shown[1] == shown[2]
    assert shown[0]["receiptNumber"] == receipt["receiptNumber"]
    assert shown[0]["points"] == points == sum(line["points"] for line in shown[0]["lines"])

    stored = await rows(database, buyer)
    assert stored["amount"] == cents(shown[0]["total"]) == sum(amount for _, amount in basket)
    assert stored["points"] == points
    assert stored["lines"] == [
        (line["number"], cents(line["amount"]), line["points"]) for line in shown[0]["lines"]
    ]
    assert stored["transfers"] == ([points] if points else [])

    [edge] = (await visitors.data("operator", staff, LEDGER))["purchases"]["edges"]
    seen = edge["node"]
    assert seen["points"] == seen["member"]["balance"] == points
    assert seen["member"]["account"]["balance"] == points
    if points:
        assert seen["posting"]["transfers"] == [{"amount": points, "unit": "POINT"}]
    else:
        assert seen["posting"] is None

    own = await visitors.data("member", holder, POINTS)
    assert own["balance"]["points"] == points
    assert [edge["node"] for edge in own["history"]["edges"]] == (
        [
            {
                "points": points,
                "balanceAfter": points,
                "purchase": {"points": points, "receiptNumber": receipt["receiptNumber"]},
            }
        ]
        if points
        else []
    )


async def rows(database: Database, buyer: Enrolled) -> dict[str, Any]:
    """What the tables hold of the one purchase of a member, read as the auditor does."""
    async with database.audit() as connection:
        [bought] = await connection.execute(
            select(purchase).where(
                purchase.c.bucket == buyer.bucket, purchase.c.member_id == buyer.member_id
            )
        )
        lines = await connection.execute(
            select(purchase_line.c.line, purchase_line.c.amount, purchase_line.c.points)
            .where(purchase_line.c.bucket == buyer.bucket, purchase_line.c.purchase_id == bought.id)
            .order_by(purchase_line.c.line)
        )
        posted = await connection.execute(
            select(transfer.c.amount).where(
                transfer.c.bucket == buyer.bucket, transfer.c.posting_id == bought.id
            )
        )
        return {
            "amount": bought.amount,
            "points": bought.points,
            "lines": [tuple(row) for row in lines],
            "transfers": list(posted.scalars()),
        }


def takers_of_ids(door: DoorSchema) -> Iterator[tuple[str, str, str]]:
    """Every place at a door that takes an id: operation, field, and a document that fills it."""
    types = door._schema.type_map
    for operation, root in (("query", "Query"), ("mutation", "Mutation")):
        for name, field in types[root].fields.items():  # type: ignore[attr-defined]
            for argument, it in field.args.items():
                kind = get_named_type(it.type)
                result = get_named_type(field.type)
                selection = "{ __typename }"
                if "errors" in getattr(result, "fields", {}):
                    selection = "{ __typename errors { code path message } }"
                if str(kind) == "ID":
                    yield (
                        name,
                        argument,
                        f"{operation} Try($id: ID!) {{ {name}({argument}: $id) {selection} }}",
                    )
                elif isinstance(kind, GraphQLInputObjectType):
                    yield from _within(operation, name, argument, kind, selection)


def _within(
    operation: str, name: str, argument: str, kind: GraphQLInputObjectType, selection: str
) -> Iterator[tuple[str, str, str]]:
    for inner, it in kind.fields.items():
        if str(get_named_type(it.type)) != "ID":
            continue
        others = " ".join(
            f"{other}: {_any(needed.type)}"
            for other, needed in kind.fields.items()
            if other != inner and isinstance(needed.type, GraphQLNonNull)
        )
        yield (
            name,
            f"{argument}.{inner}",
            f"{operation} Try($id: ID!) {{ {name}({argument}: {{ {inner}: $id {others} }})"
            f" {selection} }}",
        )


def _any(kind: Any) -> str:
    return {"Boolean": "true", "String": '"text"', "Int": "1"}[str(get_named_type(kind))]


def test_the_search_for_ids_finds_them() -> None:
    assert [name for name, _, _ in takers_of_ids(partners_door.schema)] == ["node"]
    assert [name for name, _, _ in takers_of_ids(members_door.schema)] == ["node", "setGreeting"]


def absent(identifier: str) -> str:
    """An id of the same kind that leads nowhere."""
    for kind in vars(opaque).values():
        if not isinstance(kind, opaque.Opaque):
            continue
        key = kind.unseal(identifier)
        if isinstance(key, UUID):
            return kind.seal(UUID(bytes=secrets.token_bytes(16), version=4))
        if isinstance(key, Place):
            return kind.seal(Place(key.occurred_at, UUID(bytes=secrets.token_bytes(16), version=4)))
        if isinstance(key, tuple):
            return kind.seal((key[0], UUID(bytes=secrets.token_bytes(16), version=4)))
    raise AssertionError(identifier)


IDS_OF_A_PARTNER = """
  query Ids { purchases(first: 1) { edges { cursor node {
    id customer { id } outlet { id } contract { id }
  } } } }
"""
IDS_OF_A_MEMBER = "query Ids { purchases(first: 1) { edges { node { id } } } cards { id } }"
IDS_OF_THE_OPERATOR = """
  query Ids { purchases(first: 1) { edges { node {
    id member { id account { id } cards { id } } partner { id } contract { id } posting { id }
  } } } }
"""


async def test_anothers_id_is_as_good_as_none(
    visitors: Visitors, database: Database, shop: Shop
) -> None:
    [buyer, stranger] = await enrol_members(database, 2)
    other_shop = await open_shop(database)
    staff = await hire(database)
    receipt = sent(buyer.card.number, [("FOOD", 1_000)], 50)
    await visitors.data(
        "partner", shop.caller, RECORD, input={"idempotencyKey": "k", "receipt": receipt}
    )
    holder = Holder(buyer.bucket, buyer.member_id)
    found = [
        await visitors.data("partner", shop.caller, IDS_OF_A_PARTNER),
        await visitors.data("member", holder, IDS_OF_A_MEMBER),
        await visitors.data("operator", staff, IDS_OF_THE_OPERATOR),
    ]
    foreign = sorted(set(re.findall(r"'id': '([^']+)'", str(found))))
    assert len(foreign) >= 9

    public = {"node": {"Partner", "Outlet"}}  # who takes part, and where, is every member's
    for door, schema, asker in (
        ("partner", partners_door.schema, other_shop.caller),
        ("member", members_door.schema, Holder(stranger.bucket, stranger.member_id)),
    ):
        for name, argument, document in takers_of_ids(schema):
            for identifier in foreign:
                answer = await visitors.ask(door, asker, document, id=identifier)
                nothing = await visitors.ask(door, asker, document, id=absent(identifier))
                if door == "member" and is_public(answer, name, public):
                    continue
                assert answer == nothing, (door, name, argument, identifier)


def is_public(answer: dict[str, Any], name: str, public: dict[str, set[str]]) -> bool:
    """Whether it is what the coalition tells every member."""
    found = (answer.get("data") or {}).get(name) or {}
    if name == "setGreeting":
        return found.get("errors") == []
    return found.get("__typename") in public[name]


async def test_another_purchase_is_on_no_page_of_mine(
    visitors: Visitors, database: Database, shop: Shop
) -> None:
    [buyer, stranger] = await enrol_members(database, 2)
    receipt = sent(buyer.card.number, [("FOOD", 1_000)], 50)
    await visitors.data(
        "partner", shop.caller, RECORD, input={"idempotencyKey": "k2", "receipt": receipt}
    )
    [edge] = (await visitors.data("partner", shop.caller, IDS_OF_A_PARTNER))["purchases"]["edges"]
    page = "query Page($after: Cursor) { purchases(first: 9, after: $after) { edges { cursor } } }"
    asker = Holder(stranger.bucket, stranger.member_id)
    for after in (None, edge["cursor"]):
        answer = await visitors.data("member", asker, page, after=after)
        assert answer == {"purchases": {"edges": []}}
