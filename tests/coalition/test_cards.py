"""Cards: issued once, blocked once, replaced by another of the same holder."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from coalition.cards import (
    Card,
    CardBlockedError,
    CardUnknownError,
    block_card,
    find_card,
    is_card_number,
    issue_cards,
    random_number,
    replace_card,
)
from coalition.recording import Recorded, record_purchase
from coalition.tables import card, card_number
from partners.receipts import Flaw
from partners.refusals import PurchaseRefusal
from service.database.transactions import Database
from tests.builders import LONG_AGO, enrol_members, open_shop

pytestmark = pytest.mark.anyio

MINUTE = timedelta(minutes=1)


async def _find(database: Database, number: str) -> Card:
    async with database.operator() as connection:
        return await find_card(connection, number)


async def _block(database: Database, number: str) -> datetime:
    async with database.operator() as connection:
        return await block_card(connection, number, reason="lost")


async def _replace(database: Database, number: str) -> Card:
    async with database.operator() as connection:
        return await replace_card(connection, number, reason="lost")


async def test_cards_are_issued_in_the_order_of_their_holders(database: Database) -> None:
    members = await enrol_members(database, 3)
    holders = [(member.bucket, member.member_id) for member in members] * 2
    async with database.operator() as connection:
        issued = await issue_cards(connection, holders, valid_from=LONG_AGO)
        assert await issue_cards(connection, [], valid_from=LONG_AGO) == []
    assert [(each.bucket, each.member_id) for each in issued] == holders
    assert len({each.number for each in issued}) == 6
    assert all(is_card_number(each.number) for each in issued)
    assert [await _find(database, each.number) for each in issued] == issued


async def test_a_number_that_was_never_issued_is_unknown(database: Database) -> None:
    for attempt in (_find, _block, _replace):
        with pytest.raises(CardUnknownError):
            await attempt(database, random_number())


async def test_a_card_is_blocked_once_and_keeps_its_number(database: Database) -> None:
    [member] = await enrol_members(database)
    before = datetime.now(UTC)
    blocked_at = await _block(database, member.card.number)
    assert before - MINUTE < blocked_at < datetime.now(UTC) + MINUTE
    for attempt in (_block, _replace):
        with pytest.raises(CardBlockedError):
            await attempt(database, member.card.number)
    assert await _find(database, member.card.number) == member.card
    async with database.operator() as connection:
        stored = await connection.execute(
            select(card.c.blocked_at, card.c.block_reason, card.c.replaced_by).where(
                card.c.bucket == member.bucket, card.c.id == member.card.id
            )
        )
        assert tuple(stored.one()) == (blocked_at, "lost", None)


async def test_a_replaced_card_is_followed_by_another_of_its_holder(database: Database) -> None:
    [member] = await enrol_members(database)
    fresh = await _replace(database, member.card.number)
    assert (fresh.bucket, fresh.member_id) == (member.bucket, member.member_id)
    assert fresh.number != member.card.number
    assert await _find(database, fresh.number) == fresh
    async with database.operator() as connection:
        stored = (
            await connection.execute(
                select(card.c.blocked_at, card.c.replaced_by).where(
                    card.c.bucket == member.bucket, card.c.id == member.card.id
                )
            )
        ).one()
    assert stored.replaced_by == fresh.id
    assert stored.blocked_at >= fresh.valid_from


async def test_of_raced_blocks_one_blocks(database: Database) -> None:
    [member] = await enrol_members(database)
    outcomes = await asyncio.gather(
        *(_block(database, member.card.number) for _ in range(8)), return_exceptions=True
    )
    assert Counter(type(outcome) for outcome in outcomes) == {datetime: 1, CardBlockedError: 7}


async def test_of_raced_replacements_one_leaves_a_card(database: Database) -> None:
    [member] = await enrol_members(database)
    outcomes = await asyncio.gather(
        *(_replace(database, member.card.number) for _ in range(8)), return_exceptions=True
    )
    assert Counter(type(outcome) for outcome in outcomes) == {Card: 1, CardBlockedError: 7}
    async with database.operator() as connection:
        held = await connection.execute(
            select(func.count()).where(
                card.c.bucket == member.bucket, card.c.member_id == member.member_id
            )
        )
        assert held.scalar_one() == 2
        numbers = await connection.execute(
            select(func.count())
            .select_from(card_number.join(card, card.c.id == card_number.c.card_id))
            .where(card.c.bucket == member.bucket, card.c.member_id == member.member_id)
        )
        assert numbers.scalar_one() == 2


async def test_a_late_purchase_of_before_the_block_is_accepted(database: Database) -> None:
    shop, [member] = await open_shop(database), await enrol_members(database)
    number = member.card.number
    blocked_at = await _block(database, number)
    instants = [
        blocked_at - MINUTE,
        blocked_at - timedelta(microseconds=1),
        blocked_at,
        blocked_at + timedelta(microseconds=1),
    ]
    outcomes = [
        await record_purchase(database.desk, shop.request(card=number, occurred_at=instant))
        for instant in instants
    ]
    assert [isinstance(outcome, Recorded) for outcome in outcomes] == [True, True, False, False]
    assert outcomes[2:] == [Flaw(PurchaseRefusal.CARD_BLOCKED, "card")] * 2


async def test_a_replaced_cards_holder_goes_on_with_the_new_one(database: Database) -> None:
    shop, [member] = await open_shop(database), await enrol_members(database)
    fresh = await _replace(database, member.card.number)
    early = await record_purchase(
        database.desk,
        shop.request(card=fresh.number, occurred_at=fresh.valid_from - timedelta(microseconds=1)),
    )
    assert early == Flaw(PurchaseRefusal.CARD_NOT_YET_VALID, "card")
    for number in (fresh.number, member.card.number):
        instant = fresh.valid_from if number == fresh.number else fresh.valid_from - MINUTE
        outcome = await record_purchase(
            database.desk, shop.request(card=number, occurred_at=instant)
        )
        assert isinstance(outcome, Recorded)
