"""Members at the endpoints: in by a code, enrolled with a ticket, and never told who is who."""

import asyncio
from datetime import timedelta
from uuid import UUID

import httpx2
import pytest

from coalition.members import Application, Enrolled, Holder, enrol
from coalition.tables import ContactKind
from ledger.refusals import RefusedError
from service.database.transactions import Database
from service.identity import EnrolmentTicket, LogIns
from service.keys import Keys
from service.senders import Senders, SendingFailedError
from service.tokens import AccessTokens, Audience
from tests.identity.people import (
    Outbox,
    administer,
    age_code,
    another,
    fresh_email,
    fresh_phone,
    rows,
)
from tests.identity.test_staff_log_in import error_of, refresh_status

pytestmark = pytest.mark.anyio


async def member_with(database: Database, email: str) -> Holder:
    async with database.operator() as connection:
        [outcome] = await enrol(
            connection,
            [Application(name="Ann", contact_kind=ContactKind.EMAIL, contact=email)],
        )
    assert isinstance(outcome, Enrolled)
    return Holder(outcome.bucket, outcome.member_id)


async def ask(client: httpx2.AsyncClient, contact: str) -> str:
    """Ask for a code that must be sent; return the challenge."""
    response = await client.post("/auth/codes", json={"contact": contact})
    assert response.status_code == 202, response.text
    assert response.headers["cache-control"] == "no-store"
    answer = response.json()
    assert answer.keys() == {"challenge", "expires_in"}
    assert answer["expires_in"] == 600
    return str(answer["challenge"])


async def prove(client: httpx2.AsyncClient, challenge: str, code: str) -> httpx2.Response:
    return await client.post("/auth/member", json={"challenge": challenge, "code": code})


async def test_a_member_logs_in_by_a_code(
    client: httpx2.AsyncClient, database: Database, outbox: Outbox, tokens: AccessTokens
) -> None:
    email = fresh_email()
    holder = await member_with(database, email)
    challenge = await ask(client, f" {email.upper()}")
    response = await prove(client, challenge, outbox.last_code)
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    answer = response.json()
    assert answer.keys() == {
        "access_token", "token_type", "expires_in", "refresh_token", "audience",
    }  # fmt: skip
    assert answer["audience"] == "member"
    assert tokens.verify(answer["access_token"], Audience.MEMBER) == holder
    response = await client.post("/auth/refresh", json={"refresh_token": answer["refresh_token"]})
    assert tokens.verify(response.json()["access_token"], Audience.MEMBER) == holder
    await client.post("/auth/logout", json={"refresh_token": answer["refresh_token"]})
    assert await refresh_status(client, answer["refresh_token"]) == 401


@pytest.mark.parametrize("contact", [fresh_email, fresh_phone])
async def test_a_newcomer_enrols_with_a_ticket_and_is_a_member_from_then_on(
    client: httpx2.AsyncClient, outbox: Outbox, tokens: AccessTokens, contact: type[str]
) -> None:
    typed = contact()
    response = await prove(client, await ask(client, typed), outbox.last_code)
    assert response.status_code == 200
    ticket = response.json()
    assert ticket.keys() == {"enrolment_ticket", "expires_in"}
    assert ticket["expires_in"] == 900
    sent = {"enrolment_ticket": ticket["enrolment_ticket"], "name": "Анна"}
    response = await client.post("/auth/enrol", json={**sent, "name": "\n"})
    assert error_of(response) == (400, {"code": "NAME_INVALID", "path": "name"})
    response = await client.post("/auth/enrol", json=sent)
    assert response.status_code == 200
    holder = tokens.verify(response.json()["access_token"], Audience.MEMBER)
    assert await refresh_status(client, response.json()["refresh_token"]) == 200
    # The ticket is spent: the contact is a member's.
    response = await client.post("/auth/enrol", json=sent)
    assert error_of(response) == (409, {"code": "CONTACT_TAKEN", "path": "contact"})
    response = await prove(client, await ask(client, typed), outbox.last_code)
    assert tokens.verify(response.json()["access_token"], Audience.MEMBER) == holder


async def test_two_tickets_of_one_contact_at_once_give_one_member(
    database: Database, log_ins: LogIns, outbox: Outbox
) -> None:
    for _ in range(3):
        email, tickets = fresh_email(), []
        for _ in range(4):
            challenge = await log_ins.request_code(email)
            ticket = await log_ins.prove(challenge.id, outbox.last_code)
            assert isinstance(ticket, EnrolmentTicket)
            tickets.append(ticket.token)
        outcomes = await asyncio.gather(
            *(log_ins.enrol(ticket, "Ann") for ticket in tickets), return_exceptions=True
        )
        [holder] = [each for each in outcomes if isinstance(each, Holder)]
        refused = [each for each in outcomes if isinstance(each, RefusedError)]
        assert [each.refusal for each in refused] == ["CONTACT_TAKEN"] * 3
        kept = "select bucket, member_id from coalition.contact where value = %s"
        assert rows(database, kept, email) == [(holder.bucket, holder.member_id)]


async def test_a_new_member_has_an_account_and_a_card(
    database: Database, log_ins: LogIns, outbox: Outbox
) -> None:
    challenge = await log_ins.request_code(fresh_email())
    ticket = await log_ins.prove(str(challenge.id), outbox.last_code)
    assert isinstance(ticket, EnrolmentTicket)
    assert ticket.token not in repr(ticket)
    holder = await log_ins.enrol(ticket.token, "Ann")
    async with database.member(holder) as connection:
        for table in ("member", "member_account", "card", "contact"):
            counted = await connection.exec_driver_sql(f"select count(*) from coalition.{table}")
            assert counted.scalar_one() == 1, table


async def test_nothing_tells_a_member_from_a_stranger(
    client: httpx2.AsyncClient, database: Database, outbox: Outbox
) -> None:
    member, stranger = fresh_email(), fresh_email()
    await member_with(database, member)
    told = []
    for contact in (member, stranger):
        asked = [await client.post("/auth/codes", json={"contact": contact}) for _ in range(6)]
        challenge = asked[0].json()["challenge"]
        sent = [text for to, _, text in outbox.sent if to.value == contact]
        code = outbox.last_code
        guesses = [await prove(client, challenge, "wrong") for _ in range(6)]
        stored = rows(
            database,
            "select kind, octet_length(code_hash), expires_at - created_at, attempts_left, used_at"
            " from coalition.one_time_code where value = %s order by id",
            contact,
        )
        told.append(
            (
                [(each.status_code, sorted(each.json()), each.headers.keys()) for each in asked],
                [(each.status_code, each.json()) for each in guesses],
                len(sent),
                sent[-1].replace(code, "code"),
                stored,
            )
        )
    assert told[0] == told[1]


async def test_the_sixth_code_of_an_hour_is_refused_and_not_sent(
    client: httpx2.AsyncClient, outbox: Outbox
) -> None:
    email = fresh_email()
    for _ in range(5):
        await ask(client, email)
    response = await client.post("/auth/codes", json={"contact": email})
    assert error_of(response) == (429, {"code": "CODES_TOO_MANY", "path": "contact"})
    assert len(outbox.sent) == 5


@pytest.mark.parametrize(
    ("contact", "code"),
    [
        ("", "PHONE_INVALID"),
        ("8 912 345 67 89", "PHONE_INVALID"),
        ("ann", "PHONE_INVALID"),
        ("ann@", "EMAIL_INVALID"),
        ("@\0", "EMAIL_INVALID"),
    ],
)
async def test_what_is_no_contact(
    client: httpx2.AsyncClient, outbox: Outbox, contact: str, code: str
) -> None:
    response = await client.post("/auth/codes", json={"contact": contact})
    assert error_of(response) == (400, {"code": code, "path": "contact"})
    assert outbox.sent == []


async def test_the_message_tells_the_code_and_how_long_it_works(
    log_ins: LogIns, outbox: Outbox
) -> None:
    await log_ins.request_code(fresh_phone())
    [(contact, subject, text)] = outbox.sent
    assert contact.kind is ContactKind.PHONE
    assert outbox.last_code not in subject
    assert text.count("10 мин") == text.count("10 min") == 1


async def test_an_attempt_counts_although_it_is_refused(
    client: httpx2.AsyncClient, outbox: Outbox
) -> None:
    challenge = await ask(client, fresh_email())
    for _ in range(5):
        response = await prove(client, challenge, another(outbox.last_code))
        assert error_of(response) == (400, {"code": "CODE_WRONG", "path": "code"})
    response = await prove(client, challenge, outbox.last_code)
    assert error_of(response) == (400, {"code": "ATTEMPTS_SPENT", "path": "code"})


async def test_a_code_is_refused_when_it_was_used_or_is_old(
    client: httpx2.AsyncClient, database: Database, outbox: Outbox
) -> None:
    challenge = await ask(client, fresh_email())
    assert (await prove(client, challenge, outbox.last_code)).status_code == 200
    response = await prove(client, challenge, outbox.last_code)
    assert error_of(response) == (400, {"code": "CODE_USED", "path": "code"})
    challenge = await ask(client, fresh_email())
    age_code(database, UUID(challenge), timedelta(minutes=10))
    response = await prove(client, challenge, outbox.last_code)
    assert error_of(response) == (400, {"code": "CODE_EXPIRED", "path": "code"})


@pytest.mark.parametrize("challenge", [str(UUID(int=1)), "", "no id", "\0"])
async def test_a_challenge_that_is_none(client: httpx2.AsyncClient, challenge: str) -> None:
    response = await prove(client, challenge, "123456")
    assert error_of(response) == (400, {"code": "CHALLENGE_UNKNOWN", "path": "challenge"})


async def test_a_blocked_member_is_let_in_to_look(
    client: httpx2.AsyncClient, database: Database, outbox: Outbox
) -> None:
    email = fresh_email()
    holder = await member_with(database, email)
    block = "update coalition.member set status = 'blocked' where id = %s"
    administer(database, block, holder.member_id)
    response = await prove(client, await ask(client, email), outbox.last_code)
    assert response.status_code == 200
    assert response.json()["audience"] == "member"


@pytest.mark.parametrize("ticket", ["", "x", "a.b.c"])
async def test_a_ticket_that_is_none(client: httpx2.AsyncClient, ticket: str) -> None:
    response = await client.post("/auth/enrol", json={"enrolment_ticket": ticket, "name": "Ann"})
    facts = {"code": "TICKET_INVALID", "path": "enrolment_ticket"}
    assert error_of(response) == (400, facts)


async def test_an_access_token_is_no_ticket(
    database: Database, log_ins: LogIns, tokens: AccessTokens
) -> None:
    holder = await member_with(database, fresh_email())
    with pytest.raises(RefusedError) as refused:
        await log_ins.enrol(tokens.issue(holder), "Ann")
    assert refused.value.refusal == "TICKET_INVALID"


async def test_who_cannot_be_reached_is_told_so_a_member_or_not(
    database: Database, tokens: AccessTokens, keys: Keys, outbox: Outbox
) -> None:
    mail_only = LogIns(database, tokens, keys, Senders({ContactKind.EMAIL: outbox}))
    phone = fresh_phone()
    for _ in range(2):
        with pytest.raises(RefusedError) as refused:
            await mail_only.request_code(phone)
        assert refused.value.refusal == "CONTACT_UNREACHABLE"
        assert refused.value.path == ("contact",)
        async with database.operator() as connection:
            application = Application(name="A", contact_kind=ContactKind.PHONE, contact=phone)
            await enrol(connection, [application])
    assert rows(database, "select from coalition.one_time_code where value = %s", phone) == []
    await mail_only.request_code(fresh_email())


async def test_a_failing_sender_is_told(
    database: Database, tokens: AccessTokens, keys: Keys
) -> None:
    class Failing:
        async def send(self, *_: object) -> None:
            raise SendingFailedError("no")

    failing = LogIns(database, tokens, keys, Senders(dict.fromkeys(ContactKind, Failing())))
    with pytest.raises(RefusedError) as refused:
        await failing.request_code(fresh_email())
    assert refused.value.refusal == "CODE_NOT_SENT"
