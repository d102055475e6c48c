"""Credentials at the operator's door: a secret shown once, which works until it is revoked."""

from typing import Any

import httpx2
import pytest

from ledger.identifiers import new_id
from schema.opaque import CREDENTIAL, PARTNER
from tests.builders import Shop
from tests.door.operator.offices import Office, partner_id
from tests.door.tills import Till, sale

pytestmark = pytest.mark.anyio

CREATED = "credential { id clientId label createdAt revokedAt } clientSecret"
CREDENTIALS = """
  query Credentials($id: ID!) { partner(id: $id) {
    credentials { edges { node { id clientId label createdAt revokedAt } } }
  } }
"""


async def log_in(client: httpx2.AsyncClient, identifier: str, secret: str) -> httpx2.Response:
    """Ask for a token as a partner's system does."""
    return await client.post(
        "/oauth/token",
        data={
            "grant_type": "client_credentials",
            "client_id": identifier,
            "client_secret": secret,
        },
    )


async def listed(office: Office, shop: Shop) -> list[dict[str, Any]]:
    """The credentials of a shop as the door lists them."""
    data = await office.data(CREDENTIALS, id=partner_id(shop.partner.id))
    return [edge["node"] for edge in data["partner"]["credentials"]["edges"]]


async def test_a_credential_works_until_it_is_revoked(
    office: Office, client: httpx2.AsyncClient, shop: Shop, card: str
) -> None:
    created = await office.done(
        "createCredential", CREATED, partnerId=partner_id(shop.partner.id), label="CRM"
    )
    entry, secret = created["credential"], created["clientSecret"]
    assert (entry["label"], entry["revokedAt"]) == ("CRM", None)
    granted = await log_in(client, entry["clientId"], secret)
    assert granted.status_code == 200
    till = Till(shop, client, granted.json()["access_token"])
    assert (await till.record(sale(card)))["errors"] == []

    for _ in range(2):  # safe to repeat
        revoked = await office.done("revokeCredential", "credential { revokedAt }", id=entry["id"])
    instant = revoked["credential"]["revokedAt"]
    assert instant is not None
    again = await office.done("revokeCredential", "credential { revokedAt }", id=entry["id"])
    assert again["credential"]["revokedAt"] == instant
    assert (await log_in(client, entry["clientId"], secret)).status_code == 401
    refused = await till.record(sale(card))
    assert [each["code"] for each in refused["errors"]] == ["CREDENTIAL_REVOKED"]


async def test_a_secret_is_shown_once(office: Office, shop: Shop) -> None:
    created = await office.done(
        "createCredential", CREATED, partnerId=partner_id(shop.partner.id), label="CRM"
    )
    entries = await listed(office, shop)
    assert created["credential"] in entries
    assert len(entries) == 2
    assert created["clientSecret"] not in str(entries)
    assert "argon2" not in str(entries)


async def test_a_refused_credential_leaves_nothing(office: Office, shop: Shop) -> None:
    mine = partner_id(shop.partner.id)
    for given, refused in (
        ({"partnerId": mine, "label": ""}, ("LABEL_INVALID", "label")),
        ({"partnerId": mine, "label": "\x00"}, ("LABEL_INVALID", "label")),
        ({"partnerId": "x", "label": "CRM"}, ("PARTNER_UNKNOWN", "partnerId")),
        ({"partnerId": PARTNER.seal(new_id()), "label": "CRM"}, ("PARTNER_UNKNOWN", "partnerId")),
    ):
        payload = await office.do("createCredential", CREATED, **given)
        assert (payload["credential"], payload["clientSecret"]) == (None, None)
        [error] = payload["errors"]
        assert (error["code"], ".".join(error["path"])) == refused
    assert len(await listed(office, shop)) == 1


async def test_an_unknown_credential_is_refused(office: Office) -> None:
    for identifier in ("x", "\x00", CREDENTIAL.seal(new_id()), PARTNER.seal(new_id())):
        refused = await office.refusal("revokeCredential", id=identifier)
        assert refused == ("CREDENTIAL_UNKNOWN", "id")


async def test_credentials_are_paged(office: Office, shop: Shop) -> None:
    mine = partner_id(shop.partner.id)
    for label in ("a", "b"):
        await office.done("createCredential", CREATED, partnerId=mine, label=label)
    document = """
      query Credentials($id: ID!, $after: Cursor) { partner(id: $id) {
        credentials(first: 2, after: $after) {
          edges { node { label } } pageInfo { hasNextPage endCursor }
        }
      } }
    """
    first = (await office.data(document, id=mine))["partner"]["credentials"]
    assert first["pageInfo"]["hasNextPage"]
    after = first["pageInfo"]["endCursor"]
    rest = (await office.data(document, id=mine, after=after))["partner"]["credentials"]
    assert not rest["pageInfo"]["hasNextPage"]
    labels = [edge["node"]["label"] for page in (first, rest) for edge in page["edges"]]
    assert sorted(labels) == ["a", "b", "till"]
