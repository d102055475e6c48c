"""What a member reads of themselves: name, contacts, cards; nothing of another's."""

from datetime import UTC, datetime

import httpx2
import pytest
from sqlalchemy import select, update

from coalition.cards import issue_cards
from coalition.tables import card, contact, member
from ledger.identifiers import new_id
from schema.opaque import CARD
from service.database.transactions import Database
from tests.builders import ZONE
from tests.door.member.conftest import Join
from tests.door.member.visitors import NODE, Visitor, block_member
from tests.door.tills import Till

pytestmark = pytest.mark.anyio

ME = "{ me { name memberSince status contacts { kind value } } }"
CARDS = "{ cards { id number lastFour validFrom blockedAt } }"
ENDPOINT = "/graphql/member"


async def test_a_member_reads_themselves(visitor: Visitor, database: Database) -> None:
    async with database.operator() as connection:
        stored = (
            await connection.execute(
                select(member.c.name, member.c.joined_at).where(
                    member.c.id == visitor.enrolled.member_id
                )
            )
        ).one()
        email = await connection.scalar(
            select(contact.c.value).where(contact.c.member_id == visitor.enrolled.member_id)
        )
    me = (await visitor.data(ME))["me"]
    assert datetime.fromisoformat(me.pop("memberSince")) == stored.joined_at
    assert me == {
        "name": stored.name,
        "status": "ACTIVE",
        "contacts": [{"kind": "EMAIL", "value": email}],
    }


async def test_who_is_blocked_still_reads(visitor: Visitor, database: Database) -> None:
    await block_member(database, visitor.holder)
    data = await visitor.data("{ me { status } balance { points } cards { lastFour } }")
    assert data["me"]["status"] == "BLOCKED"
    assert data["balance"]["points"] == 0
    assert len(data["cards"]) == 1


async def test_the_programme(visitor: Visitor) -> None:
    assert await visitor.data("{ programme { name timeZone currency } }") == {
        "programme": {"name": "Test", "timeZone": ZONE.key, "currency": "USD"}
    }


async def test_cards_come_newest_first_with_the_blocked(
    visitor: Visitor, database: Database
) -> None:
    now = datetime.now(UTC)
    async with database.operator() as connection:
        [newer] = await issue_cards(
            connection, [(visitor.enrolled.bucket, visitor.enrolled.member_id)], valid_from=now
        )
        await connection.execute(
            update(card)
            .where(card.c.bucket == newer.bucket, card.c.id == visitor.enrolled.card.id)
            .values(blocked_at=now, block_reason="lost, says the holder", replaced_by=newer.id)
        )
    first, second = (await visitor.data(CARDS))["cards"]
    assert first["number"] == newer.number
    assert first["lastFour"] == newer.number[-4:]
    assert first["blockedAt"] is None
    assert second["number"] == visitor.card
    assert datetime.fromisoformat(second["blockedAt"]) == now
    for each in (first, second):
        found = await visitor.data(NODE, id=each["id"])
        assert found["node"] == {"__typename": "Card", "id": each["id"]}


async def test_anothers_card_is_as_one_that_never_was(join: Join) -> None:
    mine, theirs = await join(), await join()
    [other] = (await theirs.data(CARDS))["cards"]
    assert (await mine.data(CARDS))["cards"][0]["number"] != other["number"]
    nobodys = CARD.seal(new_id())
    assert await mine.ask(NODE, id=other["id"]) == await mine.ask(NODE, id=nobodys)
    assert await mine.data(NODE, id=other["id"]) == {"node": None}


@pytest.mark.parametrize("text", ["", "?", "D", "RAA", "UA", "\0", "ё", "Q" * 500])
async def test_any_text_is_an_id_of_nothing(text: str, visitor: Visitor) -> None:
    assert await visitor.data(NODE, id=text) == {"node": None}


async def test_each_door_has_its_own_tokens(
    visitor: Visitor, till: Till, client: httpx2.AsyncClient
) -> None:
    question = {"query": "{ __typename }"}
    for endpoint, token in ((ENDPOINT, till.token), ("/graphql/partner", visitor.token)):
        response = await client.post(
            endpoint, json=question, headers={"Authorization": f"Bearer {token}"}
        )
        assert response.status_code == 401
    assert (await client.post(ENDPOINT, json=question)).status_code == 401
