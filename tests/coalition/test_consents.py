"""Consents: every decision is kept and the latest counts, also when decisions race."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import URL, select, update

from coalition.consents import ConsentRefusal, consents_given, decide
from coalition.members import Enrolled, Holder
from coalition.tables import ConsentPurpose, MemberStatus, consent, member
from ledger.identifiers import new_id
from ledger.refusals import RefusedError
from service.database.transactions import Database
from service.keys import Keys
from tests.builders import Shop, enrol_members, open_shop

pytestmark = pytest.mark.anyio

GREETING = ConsentPurpose.GREETING
RACERS = 20


@pytest.fixture
def holder(member: Enrolled) -> Holder:
    return Holder(member.bucket, member.member_id)


async def _decide(database: Database, holder: Holder, shop: Shop, *, given: bool) -> None:
    async with database.member_deciding(holder) as connection:
        await decide(connection, holder, shop.partner.id, GREETING, given=given)


async def _given(database: Database, holder: Holder, *shops: Shop) -> set[str]:
    names = {shop.partner.id: shop.partner.code for shop in shops}
    async with database.member(holder) as connection:
        found = await consents_given(connection, holder, list(names), GREETING)
    return {names[partner_id] for partner_id in found}


async def _kept(database: Database, holder: Holder, shop: Shop) -> list[bool]:
    """Every decision about a shop, in order."""
    async with database.worker() as connection:
        rows = await connection.execute(
            select(consent.c.given)
            .where(consent.c.member_id == holder.member_id, consent.c.partner_id == shop.partner.id)
            .order_by(consent.c.decided_at)
        )
    return list(rows.scalars())


async def _set_status(database: Database, holder: Holder, status: MemberStatus) -> None:
    async with database.operator() as connection:
        await connection.execute(
            update(member)
            .where(member.c.bucket == holder.bucket, member.c.id == holder.member_id)
            .values(status=status)
        )


async def test_nothing_is_given_before_it_is(
    database: Database, holder: Holder, shop: Shop
) -> None:
    assert await _given(database, holder, shop) == set()
    assert await _given(database, holder) == set()


async def test_the_latest_decision_counts_and_all_are_kept(
    database: Database, holder: Holder, shop: Shop
) -> None:
    for given in (False, True, False, True):
        await _decide(database, holder, shop, given=given)
        assert await _given(database, holder, shop) == ({shop.partner.code} if given else set())
    assert await _kept(database, holder, shop) == [False, True, False, True]


async def test_a_decision_is_one_members_about_one_partner(
    database: Database, holder: Holder, shop: Shop
) -> None:
    [stranger] = await enrol_members(database)
    another = await open_shop(database)
    await _decide(database, holder, shop, given=True)
    assert await _given(database, holder, shop, another) == {shop.partner.code}
    them = Holder(stranger.bucket, stranger.member_id)
    assert await _given(database, them, shop, another) == set()


@pytest.mark.parametrize("given", [True, False])
async def test_repeating_a_decision_changes_nothing(
    database: Database, holder: Holder, shop: Shop, given: bool
) -> None:
    for times in range(1, 4):
        await _decide(database, holder, shop, given=given)
        assert await _kept(database, holder, shop) == [given] * times
        assert await _given(database, holder, shop) == ({shop.partner.code} if given else set())


async def test_a_partner_must_exist(database: Database, holder: Holder) -> None:
    with pytest.raises(RefusedError) as refused:
        async with database.member_deciding(holder) as connection:
            await decide(connection, holder, new_id(), GREETING, given=True)
    assert refused.value.refusal is ConsentRefusal.PARTNER_UNKNOWN
    assert refused.value.path == ("partnerId",)


async def test_who_is_blocked_takes_back_but_does_not_give(
    database: Database, holder: Holder, shop: Shop
) -> None:
    await _decide(database, holder, shop, given=True)
    await _set_status(database, holder, MemberStatus.BLOCKED)
    await _decide(database, holder, shop, given=False)
    assert await _given(database, holder, shop) == set()
    with pytest.raises(RefusedError) as refused:
        await _decide(database, holder, shop, given=True)
    assert refused.value.refusal is ConsentRefusal.MEMBER_BLOCKED
    assert await _kept(database, holder, shop) == [True, False]
    await _set_status(database, holder, MemberStatus.ACTIVE)
    await _decide(database, holder, shop, given=True)
    assert await _given(database, holder, shop) == {shop.partner.code}


@pytest.fixture
async def crowd(location: URL, keys: Keys) -> AsyncIterator[Database]:
    """A connection for each of many."""
    opened = Database(location, keys, pool_size=RACERS)
    yield opened
    await opened.close()


async def test_racing_decisions_end_as_the_last_one_kept(
    crowd: Database, holder: Holder, shop: Shop
) -> None:
    await asyncio.gather(*(_decide(crowd, holder, shop, given=bool(n % 2)) for n in range(RACERS)))
    kept = await _kept(crowd, holder, shop)
    assert len(kept) == RACERS
    assert await _given(crowd, holder, shop) == ({shop.partner.code} if kept[-1] else set())


async def test_consent_taken_back_while_it_is_being_given_is_taken_back(
    crowd: Database, holder: Holder, shop: Shop
) -> None:
    await _decide(crowd, holder, shop, given=False)
    async with asyncio.timeout(15), crowd.member_deciding(holder) as connection:
        await decide(connection, holder, shop.partner.id, GREETING, given=True)
        await _decide(crowd, holder, shop, given=False)
    assert await _kept(crowd, holder, shop) == [False, True, False]
    assert await _given(crowd, holder, shop) == set()


async def test_decisions_about_several_partners_wait_for_none(
    crowd: Database, holder: Holder, shop: Shop
) -> None:
    another = await open_shop(crowd)
    async with asyncio.timeout(15), crowd.member_deciding(holder) as connection:
        await decide(connection, holder, shop.partner.id, GREETING, given=True)
        await _decide(crowd, holder, another, given=True)
    assert await _given(crowd, holder, shop, another) == {shop.partner.code, another.partner.code}
