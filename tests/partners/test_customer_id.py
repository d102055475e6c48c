"""A partner knows a member by an HMAC under a key of its own: two partners' can't be joined."""

import hashlib
import hmac
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import URL, text

from coalition.recording import Recorded, record_purchase
from service.database.transactions import Database
from tests.builders import Shop, enrol_members, open_shop

pytestmark = pytest.mark.anyio


def _key(location: URL, shop: Shop) -> bytes:
    with psycopg.connect(location.set(drivername="postgresql").render_as_string(False)) as admin:
        row = admin.execute(
            "select key from partners.customer_key where partner_id = %s", [shop.partner.id]
        ).fetchone()
    assert row is not None
    return bytes(row[0])


async def _customer_id(database: Database, shop: Shop, member_id: UUID) -> UUID:
    async with database.worker() as connection:
        found = await connection.execute(
            text("select partners.customer_id(:partner, :member)"),
            {"partner": shop.partner.id, "member": member_id},
        )
        identifier: UUID = found.scalar_one()
        return identifier


async def test_it_is_the_hmac_of_the_member_under_the_partners_key(
    database: Database, location: URL
) -> None:
    shops = [await open_shop(database) for _ in range(3)]
    members = await enrol_members(database, 5)
    keys = [_key(location, shop) for shop in shops]
    assert {len(key) for key in keys} == {32}
    seen = set()
    for shop, key in zip(shops, keys, strict=True):
        for member in members:
            found = await _customer_id(database, shop, member.member_id)
            digest = hmac.new(key, member.member_id.bytes, hashlib.sha256).digest()
            assert found == UUID(bytes=digest[:16])
            seen.add(found)
    assert len(seen) == len(shops) * len(members)


async def test_a_purchase_bears_it(database: Database) -> None:
    shop, [member] = await open_shop(database), await enrol_members(database)
    recorded = [
        await record_purchase(database.desk, shop.request(card=member.card.number))
        for _ in range(2)
    ]
    assert all(isinstance(each, Recorded) for each in recorded)
    wanted = await _customer_id(database, shop, member.member_id)
    async with database.partner(shop.partner.id) as connection:
        rows = await connection.execute(
            text("""
                select customer_id from partners.purchase
                union all select customer_id from partners.customer
            """)
        )
        assert list(rows.scalars()) == [wanted] * 3
