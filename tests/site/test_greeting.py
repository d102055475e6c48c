"""Where one is led after deciding who may greet: to the page that one decided on."""

import re
from uuid import uuid4

import pytest

from schema.opaque import OUTLET_CURSOR, PARTNER_CURSOR
from service.database.transactions import Database
from service.site import pages
from tests.builders import open_shop
from tests.site.members import Browser

pytestmark = pytest.mark.anyio


async def test_a_decision_on_a_later_page_leads_back_to_it(
    member: Browser, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PARTNERS", 1)
    for _ in range(2):
        await open_shop(database)
    first = (await member.open("/en/partners")).text
    assert 'name="after"' not in first
    [second] = re.findall(r'href="(/en/partners\?after=[^"]+)"', first.partition("<main")[2])
    page = (await member.open(second)).text
    [code] = re.findall(r'<li class="tile" id="([^"]+)">', page)
    [action] = re.findall(r'action="(/en/partners/[^"]+/greeting)"', page)
    [after] = re.findall(r'name="after" value="([^"]+)"', page)
    changed = await member.send(action, allowed="yes", after=after, **{"from": "list"})
    assert changed.headers["location"] == f"{second}#{code}"
    assert 'aria-checked="true"' in (await member.open(second)).text


async def test_what_is_no_cursor_leads_to_the_first_page(
    member: Browser, database: Database
) -> None:
    await open_shop(database)
    page = (await member.open("/en/partners")).text
    code, action = re.findall(
        r'<li class="tile" id="([^"]+)">.*?action="(/en/partners/[^"]+/greeting)"', page, re.S
    )[0]
    outlet = OUTLET_CURSOR.seal("1")
    for after in ("", "//evil.test", "x&y=z", "a\r\nSet-Cookie: b=c", "%0d%0a", outlet):
        sent = await member.send(action, allowed="no", after=after, **{"from": "list"})
        assert sent.headers["location"] == f"/en/partners#{code}", after
    there = action.removesuffix("/greeting")
    sent = await member.send(action, allowed="no", after=outlet)
    assert sent.headers["location"] == f"{there}?after={outlet}"
    foreign = PARTNER_CURSOR.seal(uuid4())
    sent = await member.send(action, allowed="no", after=foreign)
    assert sent.headers["location"] == there


async def test_names_that_others_chose_stand_apart(member: Browser, database: Database) -> None:
    await open_shop(database)
    assert "<bdi>Anna</bdi>" in (await member.open("/en/balance")).text
    assert "<bdi>Anna</bdi>" in (await member.open("/en/card")).text
    listed = (await member.open("/en/partners")).text
    assert re.search(r"<h2><a [^>]+><bdi>[^<]+</bdi></a></h2>", listed)
