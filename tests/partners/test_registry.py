"""The register: a code is one partner's; outlets and terminals; secrets that are stored hashed."""

import asyncio
import secrets

import anyio
import psycopg
import pytest
from sqlalchemy import URL, select

from ledger.identifiers import new_id
from ledger.refusals import RefusedError
from ledger.tables import BUCKETS, AccountKind, account
from partners.credentials import (
    StoredSecret,
    new_credential,
    secret_matches,
    store_credential,
    stored_secret,
)
from partners.outlets import read_outlets
from partners.refusals import RegistrationRefusal
from partners.registry import (
    Outlet,
    Partner,
    create_partner,
    open_outlets,
    read_partner,
)
from service.database.transactions import Database

pytestmark = pytest.mark.anyio


async def _create(database: Database, code: str) -> Partner:
    async with database.operator() as connection:
        return await create_partner(
            connection, code=code, name="Tea & Co", legal_name="Tea and Company", category="tea"
        )


async def test_a_partner_is_read_as_it_was_registered(database: Database) -> None:
    created = await _create(database, secrets.token_hex(6))
    async with database.operator() as connection:
        assert await read_partner(connection, created.id) == created


async def test_a_code_that_no_receipt_could_name_is_refused(database: Database) -> None:
    for code in ("", "x" * 65, "a\nb"):
        with pytest.raises(RefusedError) as refused:
            await _create(database, code)
        assert refused.value.refusal is RegistrationRefusal.CODE_INVALID
        assert refused.value.path == ("code",)


@pytest.mark.parametrize(
    ("outlets", "refusal", "path"),
    [
        ([Outlet(code="", name="None")], RegistrationRefusal.CODE_INVALID, "outlets.0.code"),
        ([Outlet(code="1", name="")], RegistrationRefusal.NAME_INVALID, "outlets.0.name"),
        (
            [Outlet(code="1", name="One", address="")],
            RegistrationRefusal.ADDRESS_INVALID,
            "outlets.0.address",
        ),
        (
            [Outlet(code="1", name="One", terminals=("1", "1"))],
            RegistrationRefusal.TERMINAL_CODE_TAKEN,
            "outlets.0.terminals.1",
        ),
        (
            [Outlet(code="1", name="One", terminals=("1", "\x00"))],
            RegistrationRefusal.CODE_INVALID,
            "outlets.0.terminals.1",
        ),
        (
            [Outlet(code="1", name="One", terminals=tuple(map(str, range(101))))],
            RegistrationRefusal.TOO_MANY_TERMINALS,
            "outlets.0.terminals",
        ),
        (
            [Outlet(code="1", name="One"), Outlet(code="1", name="Again")],
            RegistrationRefusal.OUTLET_CODE_TAKEN,
            "outlets.1.code",
        ),
        (
            [Outlet(code=str(each), name="One") for each in range(1_001)],
            RegistrationRefusal.TOO_MANY_OUTLETS,
            "outlets",
        ),
    ],
)
async def test_outlets_that_no_receipt_could_name_are_refused_whole(
    database: Database, outlets: list[Outlet], refusal: RegistrationRefusal, path: str
) -> None:
    created = await _create(database, secrets.token_hex(6))
    with pytest.raises(RefusedError) as refused:
        async with database.operator() as connection:
            await open_outlets(connection, created.id, outlets)
    assert (refused.value.refusal, ".".join(refused.value.path)) == (refusal, path)
    async with database.operator() as connection:
        assert await read_outlets(connection, created.id, after=None, most=9) == []


async def test_a_code_that_many_register_at_once_is_taken_once(database: Database) -> None:
    code = secrets.token_hex(6)
    outcomes: list[str] = []

    async def register() -> None:
        try:
            await _create(database, code)
            outcomes.append("created")
        except RefusedError as refused:
            outcomes.append(refused.refusal)

    async with anyio.create_task_group() as tasks:
        for _ in range(6):
            tasks.start_soon(register)
    taken = RegistrationRefusal.PARTNER_CODE_TAKEN
    assert sorted(outcomes) == [taken] * 5 + ["created"]


async def test_a_partner_has_points_accounts_in_every_bucket(database: Database) -> None:
    created = await _create(database, secrets.token_hex(6))
    async with database.operator() as connection:
        rows = (
            await connection.execute(
                select(account.c.bucket, account.c.kind, account.c.unit, account.c.floored).where(
                    account.c.party == created.id
                )
            )
        ).all()
    assert sorted(map(tuple, rows)) == sorted(
        (bucket, kind, "POINT", False)
        for bucket in range(BUCKETS)
        for kind in (AccountKind.PARTNER_ISSUED, AccountKind.PARTNER_REDEEMED)
    )


async def test_a_code_is_taken_once(database: Database) -> None:
    code = secrets.token_hex(6)
    await _create(database, code)
    with pytest.raises(RefusedError) as refused:
        await _create(database, code)
    assert refused.value.refusal is RegistrationRefusal.PARTNER_CODE_TAKEN


async def test_a_raced_code_is_taken_once(database: Database) -> None:
    code = secrets.token_hex(6)
    outcomes = await asyncio.gather(
        *(_create(database, code) for _ in range(4)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "Partner",
        *["RefusedError"] * 3,
    ]


async def test_outlets_are_opened_with_their_terminals(database: Database) -> None:
    partner = await _create(database, secrets.token_hex(6))
    async with database.operator() as connection:
        await open_outlets(connection, partner.id, [])
        await open_outlets(
            connection,
            partner.id,
            [
                Outlet(code="7", name="Main Street", address="1 Main Street"),
                Outlet(code="8", name="Harbour", terminals=("a", "b")),
            ],
        )
    async with database.operator() as connection:
        found = await read_outlets(connection, partner.id, after=None, most=10)
    assert [(each.code, each.name, each.address, each.terminals) for each in found] == [
        ("7", "Main Street", "1 Main Street", ("1",)),
        ("8", "Harbour", None, ("a", "b")),
    ]


async def test_an_outlet_may_have_no_terminal_yet(database: Database) -> None:
    partner = await _create(database, secrets.token_hex(6))
    async with database.operator() as connection:
        await open_outlets(connection, partner.id, [Outlet(code="7", name="New", terminals=())])
        [found] = await read_outlets(connection, partner.id, after=None, most=10)
    assert found.terminals == ()


async def test_an_outlets_code_is_new_at_its_partner(database: Database) -> None:
    one, other = [await _create(database, secrets.token_hex(6)) for _ in range(2)]
    opening = [Outlet(code="7", name="Main Street")]
    async with database.operator() as connection:
        await open_outlets(connection, one.id, opening)
        await open_outlets(connection, other.id, opening)
    with pytest.raises(RefusedError) as refused:
        async with database.operator() as connection:
            await open_outlets(connection, one.id, opening)
    assert refused.value.refusal is RegistrationRefusal.OUTLET_CODE_TAKEN


async def test_openings_of_the_same_codes_do_not_deadlock(database: Database) -> None:
    created = await _create(database, secrets.token_hex(6))

    async def open_both() -> None:
        async with database.operator() as connection:
            backwards = [Outlet(code=code, name=code) for code in ("z", "m")]
            await open_outlets(connection, created.id, backwards)

    async with database.operator() as connection:
        await open_outlets(connection, created.id, [Outlet(code="m", name="m")])
        waiting = asyncio.create_task(open_both())
        await asyncio.sleep(0.5)  # it waits for what becomes of "m", and holds no "z" yet
        assert not waiting.done()
        await open_outlets(connection, created.id, [Outlet(code="z", name="z")])
    with pytest.raises(RefusedError) as refused:
        await waiting
    assert refused.value.refusal is RegistrationRefusal.OUTLET_CODE_TAKEN


async def test_a_secret_is_stored_as_a_hash_and_matches_only_itself(database: Database) -> None:
    partner = await _create(database, secrets.token_hex(6))
    fresh, secret_hash = new_credential()
    assert fresh.secret not in repr(fresh)
    async with database.operator() as connection:
        await store_credential(connection, partner.id, fresh.id, secret_hash, label="till")
    async with database.identity() as connection:
        stored = await stored_secret(connection, fresh.id)
        stranger = await stored_secret(connection, new_id())
    assert stored == StoredSecret(partner.id, secret_hash)
    assert stranger is None
    assert fresh.secret not in secret_hash
    assert secret_hash.startswith("$argon2id$")
    assert secret_matches(stored, fresh.secret)
    assert not secret_matches(stored, fresh.secret + "x")
    assert not secret_matches(stranger, fresh.secret)
    assert not secret_matches(StoredSecret(partner.id, "not a hash"), fresh.secret)


@pytest.mark.parametrize(
    "change",
    [
        "update partners.credential set revoked_at = clock_timestamp() where partner_id = %s",
        "update partners.partner set status = 'suspended' where id = %s",
    ],
)
async def test_a_credential_out_of_force_opens_nothing(
    database: Database, location: URL, change: str
) -> None:
    partner = await _create(database, secrets.token_hex(6))
    identifier = new_id()
    async with database.operator() as connection:
        await store_credential(connection, partner.id, identifier, "hash", label="till")
    with psycopg.connect(location.set(drivername="postgresql").render_as_string(False)) as admin:
        admin.execute(change.encode(), [partner.id])
    async with database.identity() as connection:
        assert await stored_secret(connection, identifier) is None
