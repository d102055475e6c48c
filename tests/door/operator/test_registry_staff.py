"""Staff at the operator's door: a password shown once, and nobody shuts themselves out."""

import asyncio
import secrets
from typing import Any

import httpx2
import pytest

from ledger.identifiers import new_id
from schema.opaque import PARTNER, STAFF
from service.database.transactions import Database
from tests.builders import Shop
from tests.door.operator.offices import Office, partner_id, warm

pytestmark = pytest.mark.anyio

STAFF_FIELDS = "staff { id email name createdAt disabledAt partner { id } }"
LISTED = """
  query Staff($first: PageSize, $after: Cursor) {
    staff(first: $first, after: $after) {
      edges { node { id email disabledAt partner { id } } } pageInfo { hasNextPage endCursor }
    }
  }
"""


def address() -> str:
    """An e-mail address that nobody has."""
    return f"{secrets.token_hex(8)}@staff.test"


async def log_in(client: httpx2.AsyncClient, email: str, password: str) -> httpx2.Response:
    """Log in as a person of the staff does."""
    return await client.post("/auth/staff", json={"email": email, "password": password})


@pytest.mark.parametrize("employed", [False, True])
async def test_a_new_person_logs_in_until_they_are_disabled(
    office: Office, client: httpx2.AsyncClient, shop: Shop, *, employed: bool
) -> None:
    employer = partner_id(shop.partner.id) if employed else None
    given = {"email": address(), "name": "Ivan Ivanov", "partnerId": employer}
    created = await office.done("createStaff", f"{STAFF_FIELDS} password", **given)
    entry = created["staff"]
    assert (entry["email"], entry["name"]) == (given["email"], given["name"])
    assert entry["partner"] == ({"id": employer} if employed else None)
    answered = await log_in(client, given["email"], created["password"])
    assert answered.status_code == 200, answered.text

    for _ in range(2):  # safe to repeat
        disabled = await office.done("disableStaff", STAFF_FIELDS, id=entry["id"])
    assert disabled["staff"]["disabledAt"] is not None
    assert (await log_in(client, given["email"], created["password"])).status_code != 200
    node = await office.data("query N($id: ID!) { node(id: $id) { __typename } }", id=entry["id"])
    assert node["node"] == {"__typename": "Staff"}


async def test_a_password_is_shown_once(office: Office) -> None:
    created = await office.done("createStaff", "password", email=address(), name="Ivan")
    answer = await office.data(LISTED, first=100)
    assert created["password"] not in str(answer)
    assert "argon2" not in str(answer)


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"email": "nobody"}, ("EMAIL_INVALID", "email")),
        ({"email": "\x00@staff.test"}, ("EMAIL_INVALID", "email")),
        ({"email": "a" * 100_000 + "@staff.test"}, ("EMAIL_INVALID", "email")),
        ({"name": ""}, ("NAME_INVALID", "name")),
        ({"name": "a\x00"}, ("NAME_INVALID", "name")),
        ({"partnerId": "x"}, ("PARTNER_UNKNOWN", "partnerId")),
        ({"partnerId": PARTNER.seal(new_id())}, ("PARTNER_UNKNOWN", "partnerId")),
    ],
)
async def test_a_refused_person_gets_no_password(
    office: Office, changes: dict[str, Any], refused: tuple[str, str]
) -> None:
    given = {"email": address(), "name": "Ivan"} | changes
    payload = await office.do("createStaff", "staff { id } password", **given)
    assert (payload["staff"], payload["password"]) == (None, None)
    [error] = payload["errors"]
    assert (error["code"], ".".join(error["path"])) == refused


async def test_an_address_is_taken_once_in_a_race(office: Office) -> None:
    given = {"email": address(), "name": "Ivan"}
    await warm(office)
    payloads = await asyncio.gather(
        *(office.do("createStaff", "staff { id }", **given) for _ in range(3))
    )
    assert sum(payload["staff"] is not None for payload in payloads) == 1
    refused = [error["code"] for payload in payloads for error in payload["errors"]]
    assert refused == ["EMAIL_TAKEN"] * 2


async def test_nobody_disables_themselves(office: Office) -> None:
    mine = STAFF.seal(office.staff.id)
    assert await office.refusal("disableStaff", id=mine) == ("STAFF_IS_YOURSELF", "id")
    node = await office.data(
        "query N($id: ID!) { node(id: $id) { ... on Staff { disabledAt } } }", id=mine
    )
    assert node["node"] == {"disabledAt": None}


async def test_an_unknown_person_is_refused(office: Office) -> None:
    for identifier in ("x", "\x00", STAFF.seal(new_id()), PARTNER.seal(office.staff.id)):
        assert await office.refusal("disableStaff", id=identifier) == ("STAFF_UNKNOWN", "id")


async def test_staff_are_paged_by_address(office: Office, database: Database) -> None:
    for _ in range(2):
        await office.done("createStaff", "password", email=address(), name="Ivan")
    whole = (await office.data(LISTED, first=100))["staff"]["edges"]
    addresses = [edge["node"]["email"] for edge in whole]
    assert addresses == sorted(addresses)
    first = (await office.data(LISTED, first=2))["staff"]
    assert first["pageInfo"]["hasNextPage"]
    rest = await office.data(LISTED, first=100, after=first["pageInfo"]["endCursor"])
    paged = [edge["node"]["email"] for edge in first["edges"] + rest["staff"]["edges"]]
    assert paged[: len(addresses)] == addresses
