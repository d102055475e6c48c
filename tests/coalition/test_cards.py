"""Cards: issued once, blocked once, replaced by another of the same holder."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from coalition.cards import (
    MOST_CARDS,
    Card,
    CardState,
    block_card,
    cards_by_key,
    cards_of_members,
    is_card_number,
    issue_card,
    issue_cards,
    random_number,
    read_number,
    replace_card,
)
from coalition.members import Enrolled, Holder
from coalition.recording import Recorded, record_purchase
from coalition.refusals import CardRefusal
from coalition.roster import block_member, unblock_member
from coalition.tables import card, card_number
from ledger.identifiers import new_id
from ledger.refusals import RefusedError
from ledger.tables import BUCKETS
from partners.receipts import Flaw
from partners.refusals import PurchaseRefusal
from service.database.transactions import Database
from tests.builders import LONG_AGO, enrol_members, find_card, open_shop

pytestmark = pytest.mark.anyio

MINUTE = timedelta(minutes=1)


async def _find(database: Database, number: str) -> Card:
    async with database.operator() as connection:
        return await find_card(connection, number)


async def _issue(database: Database, holder: Enrolled) -> Card:
    async with database.operator() as connection:
        return await issue_card(connection, holder.bucket, holder.member_id)


async def _block(database: Database, card: Card, reason: str = "lost") -> datetime:
    async with database.operator() as connection:
        return await block_card(connection, card.bucket, card.id, reason=reason)


async def _replace(database: Database, card: Card, reason: str = "lost") -> Card:
    async with database.operator() as connection:
        return await replace_card(connection, card.bucket, card.id, reason=reason)


async def _refused(attempt: Awaitable[object]) -> tuple[str, tuple[str, ...]]:
    with pytest.raises(RefusedError) as told:
        await attempt
    return told.value.refusal.value, told.value.path


def _told(outcome: object) -> str:
    return outcome.refusal.value if isinstance(outcome, RefusedError) else type(outcome).__name__


async def _in_force(database: Database, holder: Enrolled) -> list[CardState]:
    async with database.operator() as connection:
        found = await cards_of_members(connection, [(holder.bucket, holder.member_id)])
    return [each for each in found[holder.member_id] if each.blocked_at is None]


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


async def test_a_card_that_was_never_issued_is_unknown(database: Database) -> None:
    [member] = await enrol_members(database)
    elsewhere = replace(member.card, bucket=(member.bucket + 1) % BUCKETS)
    for nowhere in (replace(member.card, id=new_id()), elsewhere):
        assert await _refused(_block(database, nowhere)) == ("CARD_UNKNOWN", ("id",))
        assert await _refused(_replace(database, nowhere)) == ("CARD_UNKNOWN", ("id",))


@pytest.mark.parametrize("reason", ["", "x" * 201, "\x00", "a\nb", "\ud800"])
async def test_a_reason_is_printable(database: Database, reason: str) -> None:
    [member] = await enrol_members(database)
    for attempt in (_block, _replace):
        refused = await _refused(attempt(database, member.card, reason))
        assert refused == ("REASON_INVALID", ("reason",))
    assert len(await _in_force(database, member)) == 1


@pytest.mark.parametrize(
    "between", ["", " ", "-", "\u00a0", "\u2011", "\u2013", "\t", ".", " - "], ids=ascii
)
def test_a_number_is_read_as_people_type_it(between: str) -> None:
    number = random_number()
    typed = between.join(number[place : place + 4] for place in range(0, 16, 4))
    assert read_number(f" {typed} ") == number


@pytest.mark.parametrize(
    "typed",
    ["", "4", "x" * 10**6, "-" * 10**6, "\x00" * 16, "\ud800", "١" * 16, "400012341234123"],
    ids=lambda typed: ascii(typed[:8]),
)
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(RefusedError) as told:
        read_number(typed)
    assert told.value.refusal is CardRefusal.CARD_NUMBER_INVALID


async def test_a_mistyped_digit_is_refused() -> None:
    number = random_number()
    mistyped = str((int(number[0]) + 1) % 10) + number[1:]
    with pytest.raises(RefusedError):
        read_number(mistyped)


async def test_a_card_is_blocked_once_and_keeps_its_number(database: Database) -> None:
    [member] = await enrol_members(database)
    before = datetime.now(UTC)
    blocked_at = await _block(database, member.card)
    assert before - MINUTE < blocked_at < datetime.now(UTC) + MINUTE
    for attempt in (_block, _replace):
        refused = await _refused(attempt(database, member.card))
        assert refused == ("CARD_ALREADY_BLOCKED", ("id",))
    assert await _in_force(database, member) == []
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
    fresh = await _replace(database, member.card)
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
        *(_block(database, member.card) for _ in range(8)), return_exceptions=True
    )
    assert Counter(map(_told, outcomes)) == {"datetime": 1, "CARD_ALREADY_BLOCKED": 7}


async def test_of_raced_replacements_one_leaves_a_card(database: Database) -> None:
    [member] = await enrol_members(database)
    outcomes = await asyncio.gather(
        *(_replace(database, member.card) for _ in range(8)), return_exceptions=True
    )
    assert Counter(map(_told, outcomes)) == {"Card": 1, "CARD_ALREADY_BLOCKED": 7}
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


async def test_a_member_has_five_cards_in_force_at_most(database: Database) -> None:
    [member] = await enrol_members(database)
    cards = [member.card]
    while len(cards) < MOST_CARDS:
        fresh = await _issue(database, member)
        assert (fresh.bucket, fresh.member_id) == (member.bucket, member.member_id)
        cards.append(fresh)
    too_many = ("CARDS_TOO_MANY", ("memberId",))
    assert await _refused(_issue(database, member)) == too_many
    cards.append(await _replace(database, cards[0]))  # one goes, one comes
    assert await _refused(_issue(database, member)) == too_many
    await _block(database, cards[1])
    cards.append(await _issue(database, member))
    assert {each.id for each in await _in_force(database, member)} == {
        each.id for each in cards[2:]
    }


async def test_raced_issues_stop_at_five(database: Database) -> None:
    for _ in range(3):
        [member] = await enrol_members(database)
        outcomes = await asyncio.gather(
            *(_issue(database, member) for _ in range(8)), return_exceptions=True
        )
        assert Counter(map(_told, outcomes)) == {"Card": 4, "CARDS_TOO_MANY": 4}
        assert len(await _in_force(database, member)) == MOST_CARDS


async def test_raced_issues_replacements_and_blocks_stop_at_five(database: Database) -> None:
    for _ in range(3):
        [member] = await enrol_members(database)
        cards = [member.card, *[await _issue(database, member) for _ in range(3)]]
        outcomes = await asyncio.gather(
            *(_issue(database, member) for _ in range(4)),
            *(_replace(database, each) for each in cards[:2]),
            _block(database, cards[2]),
            return_exceptions=True,
        )
        told = Counter(map(_told, outcomes))
        in_force = await _in_force(database, member)
        assert told["datetime"] == 1
        assert len(in_force) == MOST_CARDS - 2 + told["Card"] - 2 <= MOST_CARDS
        assert told["Card"] + told["CARDS_TOO_MANY"] == 6


async def test_a_blocked_member_gets_no_card(database: Database) -> None:
    [member] = await enrol_members(database)
    holder = Holder(member.bucket, member.member_id)
    async with database.operator() as connection:
        await block_member(connection, holder)
    assert await _refused(_issue(database, member)) == ("MEMBER_BLOCKED", ("memberId",))
    assert await _refused(_replace(database, member.card)) == ("MEMBER_BLOCKED", ("id",))
    assert len(await _in_force(database, member)) == 1
    await _block(database, member.card)  # but a card of theirs can still be blocked
    async with database.operator() as connection:
        await unblock_member(connection, holder)
    assert isinstance(await _issue(database, member), Card)


async def test_nobody_gets_no_card(database: Database) -> None:
    [member] = await enrol_members(database)
    nobody = replace(member, member_id=new_id())
    assert await _refused(_issue(database, nobody)) == ("MEMBER_UNKNOWN", ("memberId",))


async def test_who_issues_a_card_waits_for_a_block_under_way(database: Database) -> None:
    [member] = await enrol_members(database)
    async with database.operator() as first:
        await block_member(first, Holder(member.bucket, member.member_id))
        waiting = asyncio.create_task(_refused(_issue(database, member)))
        await asyncio.sleep(0.05)
        assert not waiting.done()
    assert await waiting == ("MEMBER_BLOCKED", ("memberId",))


async def test_staff_see_the_last_four_digits_in_force_first(database: Database) -> None:
    members = await enrol_members(database, 2)
    second = await _issue(database, members[0])
    third = await _replace(database, members[0].card, reason="worn out")
    async with database.operator() as connection:
        found = await cards_of_members(
            connection, [(each.bucket, each.member_id) for each in members]
        )
        keys = [(each.bucket, each.id) for each in (second, third)]
        by_key = await cards_by_key(connection, [*keys, (second.bucket, new_id())])
    listed = found[members[0].member_id]
    assert [each.id for each in listed] == [third.id, second.id, members[0].card.id]
    assert [each.last_four for each in listed] == [
        each.number[-4:] for each in (third, second, members[0].card)
    ]
    assert [each.blocked_at is None for each in listed] == [True, True, False]
    assert (listed[2].block_reason, listed[2].replaced_by) == ("worn out", third.id)
    assert [each.id for each in found[members[1].member_id]] == [members[1].card.id]
    assert by_key == dict(zip(keys, [listed[1], listed[0]], strict=True))


async def test_a_list_has_a_hundred_cards_at_most(database: Database) -> None:
    members = await enrol_members(database, 2)
    async with database.operator() as connection:
        await issue_cards(
            connection, [(members[0].bucket, members[0].member_id)] * 110, valid_from=LONG_AGO
        )
        found = await cards_of_members(
            connection, [(each.bucket, each.member_id) for each in members]
        )
    assert [len(found[each.member_id]) for each in members] == [100, 1]


async def test_a_late_purchase_of_before_the_block_is_accepted(database: Database) -> None:
    shop, [member] = await open_shop(database), await enrol_members(database)
    number = member.card.number
    blocked_at = await _block(database, member.card)
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
    fresh = await _replace(database, member.card)
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
