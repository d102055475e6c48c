"""One-time codes: five attempts, ten minutes, one use, five an hour, and no word of who is who."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from coalition.identity import codes
from coalition.identity.codes import CodeRefusal, Issued
from coalition.members import Contact
from coalition.tables import ContactKind
from ledger.refusals import RefusedError
from service.database.transactions import Database
from service.keys import Keys
from tests.identity.people import administer, age_code, another, fresh_email, fresh_phone, rows

pytestmark = pytest.mark.anyio

KEY = b"k" * 32
Proof = Contact | CodeRefusal


def somebody() -> Contact:
    return Contact(ContactKind.EMAIL, fresh_email())


async def request(database: Database, contact: Contact) -> Issued:
    async with database.identity() as connection:
        return await codes.request_code(connection, contact, key=KEY)


async def prove(database: Database, challenge_id: UUID, code: str, key: bytes = KEY) -> Proof:
    async with database.identity() as connection:
        return await codes.prove(connection, challenge_id, code, key=key)


async def prove_at_once(
    database: Database, challenge_id: UUID, guesses: Sequence[str]
) -> Counter[Proof]:
    proofs = (prove(database, challenge_id, guess) for guess in guesses)
    return Counter(await asyncio.gather(*proofs))


async def test_the_code_that_was_sent_proves_the_contact(database: Database) -> None:
    for contact in (somebody(), Contact(ContactKind.PHONE, fresh_phone())):
        issued = await request(database, contact)
        assert len(issued.code) == 6
        assert issued.code.isdecimal()
        assert await prove(database, issued.challenge.id, issued.code) == contact


async def test_a_code_may_be_typed_with_spaces(database: Database) -> None:
    contact = somebody()
    issued = await request(database, contact)
    typed = f" {issued.code[:3]} {issued.code[3:]}\n"
    assert await prove(database, issued.challenge.id, typed) == contact


@pytest.mark.parametrize("guess", ["", "1", "not a code", "\0", "é" * 6, "\ud800", "9" * 5_000])
async def test_what_is_no_code_is_wrong(database: Database, guess: str) -> None:
    issued = await request(database, somebody())
    assert await prove(database, issued.challenge.id, guess) is CodeRefusal.CODE_WRONG


async def test_a_wrong_code_spoils_nothing_until_the_fifth(database: Database) -> None:
    contact = somebody()
    issued = await request(database, contact)
    for _ in range(4):
        wrong = await prove(database, issued.challenge.id, another(issued.code))
        assert wrong is CodeRefusal.CODE_WRONG
    assert await prove(database, issued.challenge.id, issued.code) == contact


async def test_five_wrong_codes_kill_the_right_one(database: Database) -> None:
    issued = await request(database, somebody())
    for _ in range(5):
        wrong = await prove(database, issued.challenge.id, another(issued.code))
        assert wrong is CodeRefusal.CODE_WRONG
    spent = await prove(database, issued.challenge.id, issued.code)
    assert spent is CodeRefusal.ATTEMPTS_SPENT


async def test_racing_guesses_never_exceed_five(crowd: Database) -> None:
    issued = await request(crowd, somebody())
    guesses = [another(issued.code)] * 20
    assert await prove_at_once(crowd, issued.challenge.id, guesses) == {
        CodeRefusal.CODE_WRONG: 5,
        CodeRefusal.ATTEMPTS_SPENT: 15,
    }
    spent = await prove(crowd, issued.challenge.id, issued.code)
    assert spent is CodeRefusal.ATTEMPTS_SPENT


async def test_of_racing_right_codes_one_wins(crowd: Database) -> None:
    contact = somebody()
    issued = await request(crowd, contact)
    assert await prove_at_once(crowd, issued.challenge.id, [issued.code] * 20) == {
        contact: 1,
        CodeRefusal.CODE_USED: 19,
    }


async def test_a_code_works_once(database: Database) -> None:
    contact = somebody()
    issued = await request(database, contact)
    assert await prove(database, issued.challenge.id, issued.code) == contact
    assert await prove(database, issued.challenge.id, issued.code) is CodeRefusal.CODE_USED


async def test_a_code_works_for_ten_minutes(database: Database) -> None:
    contact = somebody()
    issued = await request(database, contact)
    age_code(database, issued.challenge.id, timedelta(minutes=9, seconds=50))
    assert await prove(database, issued.challenge.id, issued.code) == contact
    issued = await request(database, contact)
    age_code(database, issued.challenge.id, timedelta(minutes=10))
    assert await prove(database, issued.challenge.id, issued.code) is CodeRefusal.CODE_EXPIRED


async def test_a_code_answers_its_own_challenge_only(database: Database) -> None:
    contact = somebody()
    one, other = await request(database, contact), await request(database, contact)
    if one.code != other.code:
        assert await prove(database, other.challenge.id, one.code) is CodeRefusal.CODE_WRONG
    # What is stored of the same code differs by its challenge: none can stand in for another.
    administer(
        database,
        "update coalition.one_time_code set code_hash ="
        " (select code_hash from coalition.one_time_code where id = %s) where id = %s",
        one.challenge.id,
        other.challenge.id,
    )
    assert await prove(database, other.challenge.id, one.code) is CodeRefusal.CODE_WRONG


async def test_a_challenge_that_is_not_there(database: Database) -> None:
    assert await prove(database, uuid4(), "123456") is CodeRefusal.CHALLENGE_UNKNOWN


async def test_a_code_is_stored_under_the_key(database: Database, keys: Keys) -> None:
    issued = await request(database, somebody())
    [(stored, whole)] = rows(
        database,
        "select code_hash, c::text from coalition.one_time_code c where id = %s",
        issued.challenge.id,
    )
    assert isinstance(stored, bytes)
    assert len(stored) == 32
    assert issued.code not in str(whole).replace(str(issued.challenge.id), "")
    wrong = await prove(database, issued.challenge.id, issued.code, keys.one_time_code_key())
    assert wrong is CodeRefusal.CODE_WRONG
    assert issued.code not in repr(issued)


async def test_codes_are_drawn_from_the_whole_million(database: Database) -> None:
    issued = [(await request(database, somebody())).code for _ in range(60)]
    assert len(set(issued)) > 55
    assert len({code[0] for code in issued}) > 5


async def refused(database: Database, contact: Contact) -> bool:
    """Whether one code more is too many."""
    try:
        await request(database, contact)
    except RefusedError as error:
        return (error.refusal, error.path) == (CodeRefusal.CODES_TOO_MANY, ("contact",))
    return False


async def test_five_codes_an_hour(database: Database) -> None:
    contact = somebody()
    assert [await refused(database, contact) for _ in range(7)] == [False] * 5 + [True] * 2
    assert not await refused(database, somebody())
    assert not await refused(database, Contact(ContactKind.PHONE, contact.value))


async def test_the_hour_is_counted_back_from_each_request(database: Database) -> None:
    contact = somebody()
    for _ in range(5):
        assert not await refused(database, contact)
    older = (
        "update coalition.code_allowance set asked_at = array(select case when place <= %s"
        " then each - interval '1 hour' else each end"
        " from unnest(asked_at) with ordinality as asked (each, place) order by place)"
        " where value = %s"
    )
    administer(database, older, 2, contact.value)
    assert [await refused(database, contact) for _ in range(3)] == [False, False, True]
    administer(database, older, 5, contact.value)
    assert not await refused(database, contact)
    [(kept,)] = rows(
        database,
        "select cardinality(asked_at) from coalition.code_allowance where value = %s",
        contact.value,
    )
    assert kept == 1  # what doesn't count any more is forgotten


async def test_racing_requests_share_the_five(crowd: Database) -> None:
    contact = somebody()
    outcomes = await asyncio.gather(*(refused(crowd, contact) for _ in range(20)))
    assert Counter(outcomes) == {False: 5, True: 15}
    [(stored,)] = rows(
        crowd, "select count(*) from coalition.one_time_code where value = %s", contact.value
    )
    assert stored == 5
