"""What a blocked member sees and may do: look, and take permissions back."""

import re

import pytest

from service.database.transactions import Database
from tests.builders import Shop
from tests.identity.people import Outbox, administer
from tests.site.members import Browser, told

pytestmark = pytest.mark.anyio


def block(database: Database, card: str) -> None:
    administer(
        database,
        "update coalition.member set status = 'blocked' where (bucket, id) ="
        " (select bucket, member_id from coalition.card where number = %s)",
        card,
    )


async def test_a_blocked_member_reads_that_they_are(
    member: Browser, database: Database, outbox: Outbox
) -> None:
    contact = outbox.sent[-1][0].value
    block(database, await member.card_number())
    for _ in range(2):
        for path in ("balance", "card"):
            assert "Your membership is suspended" in told(await member.open(f"/en/{path}"))
            assert "Ваше участие приостановлено" in told(await member.open(f"/ru/{path}"))
        balance = told(await member.open("/en/balance"))
        assert "Show your card at the till" not in balance, "it would earn nothing"
        for path in ("history", "purchases", "partners"):
            assert (await member.open(f"/en/{path}")).status_code == 200
        member.client.cookies.clear()
        await member.send("/en/log-in", contact=contact, by="email")
        entered = await member.send("/en/log-in/code", code=outbox.last_code)
        assert entered.headers["location"] == "/en/balance"


async def test_a_blocked_member_takes_a_permission_back_and_gives_none(
    member: Browser, database: Database, shop: Shop
) -> None:
    listed = (await member.open("/ru/partners")).text
    action = re.findall(r'action="(/ru/partners/[^"]+/greeting)"', listed)[0]
    page = action.removesuffix("/greeting")
    assert (await member.send(action, allowed="yes")).status_code == 303
    block(database, await member.card_number())
    assert (await member.send(action, allowed="no")).headers["location"] == page
    assert 'aria-checked="false"' in (await member.open(page)).text
    refused = await member.send(action, allowed="yes")
    assert refused.status_code == 422
    assert "разрешение можно отозвать, но нельзя дать" in told(refused)
    english = await member.send(action.replace("/ru/", "/en/"), allowed="yes")
    assert "you can take a permission back, but not give one" in told(english)
    assert 'aria-checked="false"' in (await member.open(page)).text
