"""What the operator's role may write but never take back, whatever SQL runs as it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Executable, insert, select, update
from sqlalchemy.exc import ProgrammingError

from coalition.cards import block_card
from coalition.identity.sessions import Lifetimes, open_session
from coalition.identity.staff import disable_staff
from coalition.tables import card, programme, session
from partners.credentials import revoke_credential
from partners.tables import credential
from service.database.transactions import Database
from tests.builders import ZONE, enrol_members, hire, open_shop

pytestmark = pytest.mark.anyio


async def taken_back(database: Database, statement: Executable) -> bool:
    """Tell whether the operator's role may run a statement, and it changes a row."""
    try:
        async with database.operator() as connection:
            changed: Any = await connection.execute(statement)
            return bool(changed.rowcount)
    except ProgrammingError:
        return False


async def test_a_revoked_credential_stays_revoked(database: Database) -> None:
    shop = await open_shop(database)
    async with database.operator() as connection:
        await revoke_credential(connection, shop.credential.id)
    mine = credential.c.id == shop.credential.id
    for revoked_at in (None, datetime.now(UTC)):
        restored = update(credential).where(mine).values(revoked_at=revoked_at)
        assert not await taken_back(database, restored)


async def test_a_blocked_card_stays_blocked(database: Database) -> None:
    [member] = await enrol_members(database)
    async with database.operator() as connection:
        await block_card(connection, member.bucket, member.card.id, reason="lost")
    mine = (card.c.bucket == member.bucket, card.c.id == member.card.id)
    for blocked_at in (None, datetime.now(UTC)):
        restored = update(card).where(*mine).values(blocked_at=blocked_at)
        assert not await taken_back(database, restored)


async def test_an_ended_session_stays_ended(database: Database) -> None:
    kim = await hire(database)
    async with database.identity() as connection:
        await open_session(connection, kim, Lifetimes())
    async with database.operator() as connection:
        await disable_staff(connection, kim.staff_id)
    mine = session.c.staff_id == kim.staff_id
    assert not await taken_back(database, update(session).where(mine).values(revoked_at=None))
    async with database.operator() as connection:
        ended = await connection.execute(select(session.c.revoked_at).where(mine))
    assert ended.scalar_one() is not None


async def test_the_clock_says_when_settings_were_set(database: Database) -> None:
    backdated = insert(programme).values(
        version=30_000,
        name="Club",
        time_zone=ZONE.key,
        currency="USD",
        set_at=datetime(2020, 1, 1, tzinfo=UTC),
    )
    assert not await taken_back(database, backdated)
