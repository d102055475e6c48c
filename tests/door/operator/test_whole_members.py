"""The operator's door finds, enrols and blocks members, and hands out their cards."""

import asyncio
import secrets
from collections import Counter
from typing import Any

import pytest

from coalition.cards import MOST_CARDS, is_card_number, random_number
from coalition.identity.subjects import OperatorStaff
from coalition.members import Enrolled
from ledger.identifiers import new_id
from schema.context import Calendar
from schema.opaque import CARD, ISSUED_CARD, MEMBER
from schema.operator import OperatorContext, schema
from service.database.transactions import Database
from tests.builders import Shop, enrol_members
from tests.door.operator.offices import Office
from tests.door.tills import Till, sale

pytestmark = pytest.mark.anyio

FIND = """
  query Find($phone: String, $email: String, $card: String) {
    findMember(phone: $phone, email: $email, card: $card) {
      member { id name status joinedAt contacts { kind value } balance
        cards { id lastFour validFrom blockedAt blockReason replacedBy { id } member { id } } }
      errors { code message path }
    }
  }
"""
NODE = "query Node($id: ID!) { node(id: $id) { __typename id } }"
MEMBER_BY_ID = "query M($id: ID!) { member(id: $id) { id name status cards { id } } }"
ODD = ["", "\x00", "a\nb", "x" * 60_000, "٧" * 20, "'; select 1", "%", "Ω"]


def member_id(member: Enrolled) -> str:
    """A member's id as the door gives it."""
    return MEMBER.seal((member.bucket, member.member_id))


def card_id(member: Enrolled) -> str:
    """The id of a member's first card as the door gives it."""
    return ISSUED_CARD.seal((member.bucket, member.card.id))


async def find(office: Office, **given: str | None) -> dict[str, Any]:
    """Search for a member; return the payload."""
    payload: dict[str, Any] = (await office.data(FIND, **given))["findMember"]
    return payload


async def found(office: Office, **given: str) -> dict[str, Any]:
    """Find a member who is there."""
    payload = await find(office, **given)
    assert payload["errors"] == []
    member: dict[str, Any] = payload["member"]
    assert member is not None
    return member


@pytest.fixture
async def member(database: Database) -> Enrolled:
    [enrolled] = await enrol_members(database)
    return enrolled


async def test_a_person_is_enrolled_and_found_by_each_way(office: Office) -> None:
    tail = f"{secrets.randbelow(10**7):07}"
    email = f"{secrets.token_hex(8)}@example.test"
    for field, sent, contact, typed in (
        ("phone", f"+7 (912) {tail}", ("PHONE", f"+7912{tail}"), f" +7912-{tail[:3]} {tail[3:]}"),
        ("email", email.upper(), ("EMAIL", email), f" {email.title()} "),
    ):
        payload = await office.done(
            "enrolMember",
            "member { id name status balance contacts { kind value } cards { lastFour } }"
            " cardNumber",
            **{"name": "Анна Ли", field: sent},
        )
        enrolled, number = payload["member"], payload["cardNumber"]
        assert is_card_number(number)
        assert (enrolled["name"], enrolled["status"], enrolled["balance"]) == (
            "Анна Ли",
            "ACTIVE",
            0,
        )
        assert enrolled["contacts"] == [{"kind": contact[0], "value": contact[1]}]
        assert enrolled["cards"] == [{"lastFour": number[-4:]}]
        spaced = " - ".join(number[place : place + 4] for place in range(0, 16, 4))
        for way in ({field: typed}, {"card": number}, {"card": spaced}):
            seen = await found(office, **way)
            assert seen["id"] == enrolled["id"]
            assert number not in str(seen)
        assert await office.refusal("enrolMember", **{"name": "B", field: sent}) == (
            "CONTACT_TAKEN",
            field,
        )


async def test_who_is_not_there_is_not_found(office: Office) -> None:
    for way in (
        {"phone": f"+7915{secrets.randbelow(10**7):07}"},
        {"email": f"{secrets.token_hex(8)}@example.test"},
        {"card": random_number()},
    ):
        assert await find(office, **way) == {"member": None, "errors": []}


@pytest.mark.parametrize(
    ("way", "code"),
    [("phone", "PHONE_INVALID"), ("email", "EMAIL_INVALID"), ("card", "CARD_NUMBER_INVALID")],
)
async def test_an_odd_search_is_refused_by_name(office: Office, way: str, code: str) -> None:
    for odd in ODD:
        payload = await find(office, **{way: odd})
        [refused] = payload["errors"]
        assert payload["member"] is None
        assert (refused["code"], refused["path"]) == (code, [way])
        assert refused["message"]


async def test_a_search_is_for_one_thing(office: Office) -> None:
    number, email = random_number(), "ann@example.test"
    for ways in ({}, {"card": number, "email": email}, {"phone": None, "card": None}):
        payload = await find(office, **ways)
        assert payload["member"] is None
        [refused] = payload["errors"]
        assert (refused["code"], refused["path"]) == ("SEARCH_UNCLEAR", [])


async def test_an_odd_application_is_refused_by_name(office: Office) -> None:
    email = f"{secrets.token_hex(8)}@example.test"
    for odd in ("", "\x00", "a\nb", "x" * 60_000):
        assert await office.refusal("enrolMember", name=odd, email=email) == (
            "NAME_INVALID",
            "name",
        )
        assert await office.refusal("enrolMember", name="Ann", phone=odd) == (
            "PHONE_INVALID",
            "phone",
        )
        assert await office.refusal("enrolMember", name="Ann", email=odd) == (
            "EMAIL_INVALID",
            "email",
        )
    for contacts in ({}, {"phone": "+79123456789", "email": email}, {"phone": None}):
        assert await office.refusal("enrolMember", name="Ann", **contacts) == (
            "CONTACT_UNCLEAR",
            "",
        )
    assert await find(office, email=email) == {"member": None, "errors": []}


async def test_a_blocked_member_buys_again_when_unblocked(
    office: Office, member: Enrolled, till: Till
) -> None:
    identifier = member_id(member)
    for mutation, status, code in (
        ("blockMember", "BLOCKED", ["MEMBER_BLOCKED"]),
        ("unblockMember", "ACTIVE", []),
    ):
        for _ in range(2):
            payload = await office.done(mutation, "member { id status }", id=identifier)
            assert payload["member"] == {"id": identifier, "status": status}
        recorded = await till.record(sale(member.card.number))
        assert [refused["code"] for refused in recorded["errors"]] == code


@pytest.mark.parametrize("mutation", ["blockMember", "unblockMember"])
async def test_nobody_is_neither_blocked_nor_unblocked(office: Office, mutation: str) -> None:
    for odd in (*ODD, CARD.seal(new_id()), MEMBER.seal((7, new_id()))):
        assert await office.refusal(mutation, id=odd) == ("MEMBER_UNKNOWN", "id")


async def test_cards_are_issued_until_there_are_five(office: Office, member: Enrolled) -> None:
    identifier, numbers = member_id(member), {member.card.number}
    selection = "card { id lastFour blockedAt member { id } } number"
    while len(numbers) < MOST_CARDS:
        payload = await office.done("issueCard", selection, memberId=identifier)
        assert payload["card"]["lastFour"] == payload["number"][-4:]
        assert payload["card"]["member"] == {"id": identifier}
        numbers.add(payload["number"])
    assert await office.refusal("issueCard", memberId=identifier) == (
        "CARDS_TOO_MANY",
        "memberId",
    )
    seen = await found(office, card=member.card.number)
    assert sorted(each["lastFour"] for each in seen["cards"]) == sorted(
        number[-4:] for number in numbers
    )
    for number in numbers:
        assert number not in str(seen)
        assert (await found(office, card=number))["id"] == identifier


async def test_requests_that_race_leave_five_cards(office: Office, member: Enrolled) -> None:
    payloads = await asyncio.gather(
        *(office.do("issueCard", "number", memberId=member_id(member)) for _ in range(8))
    )
    codes = Counter(refused["code"] for each in payloads for refused in each["errors"])
    assert codes == {"CARDS_TOO_MANY": 4}
    assert len((await found(office, card=member.card.number))["cards"]) == MOST_CARDS


async def test_a_card_is_blocked_once(office: Office, member: Enrolled, till: Till) -> None:
    given = {"id": card_id(member), "reason": "Lost in the metro"}
    payloads = await asyncio.gather(
        *(office.do("blockCard", "card { id blockedAt blockReason }", **given) for _ in range(4))
    )
    [blocked] = [each["card"] for each in payloads if each["card"] is not None]
    assert (blocked["id"], blocked["blockReason"]) == (card_id(member), "Lost in the metro")
    refused = [each["errors"] for each in payloads if each["card"] is None]
    assert [(one["code"], one["path"]) for [one] in refused] == [
        ("CARD_ALREADY_BLOCKED", ["id"])
    ] * 3
    recorded = await till.record(sale(member.card.number))
    assert recorded["errors"] == []  # of a minute ago, when it was in force
    late = await till.record(sale(member.card.number, occurredAt=blocked["blockedAt"]))
    assert [each["code"] for each in late["errors"]] == ["CARD_BLOCKED"]


async def test_a_replaced_card_tells_which_came_after(office: Office, member: Enrolled) -> None:
    given = {"id": card_id(member), "reason": "Worn out"}
    payload = await office.done("replaceCard", "card { id lastFour } number", **given)
    assert is_card_number(payload["number"])
    seen = await found(office, card=payload["number"])
    assert [each["id"] for each in seen["cards"]] == [payload["card"]["id"], given["id"]]
    old = seen["cards"][1]
    assert old["replacedBy"] == {"id": payload["card"]["id"]}
    assert old["blockReason"] == "Worn out"
    assert await office.refusal("replaceCard", **given) == ("CARD_ALREADY_BLOCKED", "id")


@pytest.mark.parametrize("mutation", ["blockCard", "replaceCard"])
async def test_odd_texts_about_cards_are_refused_by_name(
    office: Office, member: Enrolled, mutation: str
) -> None:
    for odd in (*ODD, member_id(member), ISSUED_CARD.seal((member.bucket, new_id()))):
        assert await office.refusal(mutation, id=odd, reason="Lost") == ("CARD_UNKNOWN", "id")
    for odd in ("", "\x00", "a\nb", "x" * 60_000):
        assert await office.refusal(mutation, id=card_id(member), reason=odd) == (
            "REASON_INVALID",
            "reason",
        )
    seen = await found(office, card=member.card.number)
    assert [each["blockedAt"] for each in seen["cards"]] == [None]


async def test_who_is_no_member_gets_no_card(office: Office, member: Enrolled) -> None:
    for odd in (*ODD, card_id(member), MEMBER.seal((member.bucket, new_id()))):
        assert await office.refusal("issueCard", memberId=odd) == ("MEMBER_UNKNOWN", "memberId")
    await office.done("blockMember", "", id=member_id(member))
    blocked = await office.refusal("issueCard", memberId=member_id(member))
    assert blocked == ("MEMBER_BLOCKED", "memberId")
    replaced = await office.refusal("replaceCard", id=card_id(member), reason="Lost")
    assert replaced == ("MEMBER_BLOCKED", "id")


async def test_a_refused_mutation_leaves_nothing(office: Office, member: Enrolled) -> None:
    await office.done("blockCard", "", id=card_id(member), reason="Lost")
    await office.refusal("replaceCard", id=card_id(member), reason="Lost")
    assert len((await found(office, card=member.card.number))["cards"]) == 1


async def test_members_and_cards_are_found_again_by_their_ids(
    office: Office, member: Enrolled, shop: Shop
) -> None:
    for identifier, kind in ((member_id(member), "Member"), (card_id(member), "Card")):
        node = await office.data(NODE, id=identifier)
        assert node == {"node": {"__typename": kind, "id": identifier}}
    told = (await office.data(MEMBER_BY_ID, id=member_id(member)))["member"]
    assert told["cards"] == [{"id": card_id(member)}]
    elsewhere = ((member.bucket + 1) % 1024, member.member_id)
    for nothing in (
        *ODD,
        MEMBER.seal(elsewhere),
        MEMBER.seal((member.bucket, new_id())),
        ISSUED_CARD.seal((member.bucket, new_id())),
        CARD.seal(member.card.id),
    ):
        assert await office.data(NODE, id=nothing) == {"node": None}
        assert await office.data(MEMBER_BY_ID, id=nothing) == {"member": None}


EVERYWHERE = """
  mutation Everywhere($odd: String!, $id: ID!) {
    enrolMember(input: {name: $odd, email: $odd}) { errors { code } }
    byPhone: enrolMember(input: {name: "Ann", phone: $odd}) { errors { code } }
    blockMember(input: {id: $id}) { errors { code } }
    issueCard(input: {memberId: $id}) { errors { code } }
    blockCard(input: {id: $id, reason: $odd}) { errors { code } }
    replaceCard(input: {id: $id, reason: "Lost"}) { errors { code } }
  }
"""
SEARCHED = """
  query Searched($odd: String!, $id: ID!) {
    byPhone: findMember(phone: $odd) { errors { code } }
    byEmail: findMember(email: $odd) { errors { code } }
    byCard: findMember(card: $odd) { errors { code } }
    balanceAsOf(accountId: $id) { errors { code } }
    partnerAccounts(partnerId: $id) { errors { code } }
    monthlyTotals(from: "2026-01-01", to: "2026-01-01", partnerId: $id) { errors { code } }
  }
"""
FOUND = (
    "query Found($id: ID!) { node(id: $id) { id } member(id: $id) { id } account(id: $id) { id } }"
)


@pytest.mark.parametrize("odd", ["\ud800", "a\udfff", "\x00\ud83d", "x" * 10**6, "\x7f", "\u202e"])
async def test_texts_that_no_transport_passes_are_refused_by_name(
    database: Database, odd: str
) -> None:
    for document in (EVERYWHERE, SEARCHED):
        context = OperatorContext(OperatorStaff(new_id()), database, Calendar())
        answer = await schema.answer(
            document, variables={"odd": odd, "id": odd}, operation_name=None, context=context
        )
        await context.close()
        assert "errors" not in answer, answer
        assert [len(payload["errors"]) for payload in answer["data"].values()] == [1] * 6
    context = OperatorContext(OperatorStaff(new_id()), database, Calendar())
    answer = await schema.answer(FOUND, variables={"id": odd}, operation_name=None, context=context)
    await context.close()
    assert answer == {"data": {"node": None, "member": None, "account": None}}
