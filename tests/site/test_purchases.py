"""Every purchase can be found, also one without points; and when a line of the account says so."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from service.database.transactions import Database
from service.keys import Keys
from tests.builders import open_shop
from tests.door.tills import Till, sale_line, token_of
from tests.identity.people import administer
from tests.site.members import Browser, fresh_sale, told

pytestmark = pytest.mark.anyio

PURCHASE = r'href="(/{}/purchases/[^"]+)"'


def found(text: str, code: str = "en") -> list[str]:
    """Where purchases on a page lead to."""
    return re.findall(PURCHASE.format(code), text)


async def test_a_purchase_without_points_is_found_and_explained(
    member: Browser, till: Till, database: Database, keys: Keys
) -> None:
    card = await member.card_number()
    excluding = await open_shop(database, excluded_categories=frozenset({"WINE"}))
    giving_none = await open_shop(database, points_per_unit="0")
    wine = [sale_line("2.34", category="WINE")]
    for shop, lines in (
        (excluding, wine),
        (till.shop, [sale_line("0.34")]),
        (giving_none, wine),
    ):
        there = Till(shop, till.client, token_of(shop, keys))
        total = lines[0]["amount"]
        recorded = await there.record(fresh_sale(card, lines=lines, total=total))
        assert (recorded["errors"], recorded["points"]) == ([], 0)
    history = await member.open("/en/history")
    assert found(history.text) == []
    assert 'href="/en/purchases"' in history.text
    assert "All purchases, also those without points" in told(history)
    listed = await member.open("/en/purchases")
    assert 'href="/en/history"' in listed.text.partition("<main")[2], "the way back"
    paths = found(listed.text)
    assert len(paths) == 3
    assert told(listed).count("0 points") == 3
    assert "$2.34" in told(listed)
    for path, reason in zip(
        paths,
        (
            "The partner's base rate was 0 when you bought this.",
            "All together it came to 0.34 points, which is 0 when rounded.",
            "The receipt has only what earns no points here: WINE.",
        ),
        strict=True,
    ):
        page = await member.open(path)
        assert f"Why no points {reason}" in told(page)
        assert 'href="/en/purchases"' in page.text.partition("<main")[2]
        assert page.text.count('aria-current="page"') == 1
    russian = told(await member.open(paths[1].replace("/en/", "/ru/")))
    assert "Почему без баллов Всего получилось 0,34 балла, после округления — 0." in russian
    assert "0 баллов" in told(await member.open("/ru/purchases"))


async def test_purchases_keep_the_history_tab_current(member: Browser, till: Till) -> None:
    await till.record(fresh_sale(await member.card_number()))
    listed = await member.open("/ru/purchases")
    [current] = re.findall(r'<a href="([^"]+)" aria-current="page"', listed.text)
    assert current == "/ru/history"
    navigation = listed.text.partition("<nav")[2].partition("</nav>")[0]
    assert navigation.count("<li>") == 4
    assert "+12 баллов" in told(listed)
    [path] = found(listed.text, "ru")
    purchase = await member.open(path)
    assert 'href="/ru/purchases"' in purchase.text.partition("<main")[2], "back to the list"
    assert "Почему столько баллов" in told(purchase)
    [line] = found((await member.open("/ru/history")).text, "ru")
    from_history = (await member.open(line)).text.partition("<main")[2]
    assert 'href="/ru/history"' in from_history


async def test_many_purchases_go_on_behind_the_next_link(member: Browser, till: Till) -> None:
    card = await member.card_number()
    await till.record_many(
        [{"idempotencyKey": f"page-{n}", "receipt": fresh_sale(card)} for n in range(26)]
    )
    first = await member.open("/en/purchases")
    [after] = re.findall(r'href="(/en/purchases\?after=[^"]+)"', first.text.partition("<main")[2])
    second = await member.open(after)
    assert (len(found(first.text)), len(found(second.text))) == (25, 1)
    assert not {*found(first.text)} & {*found(second.text)}
    assert "To the newest" in told(second)
    assert "Earlier purchases" not in told(second)
    assert f'href="{after.replace("/en/", "/ru/")}"' in second.text
    assert (await member.open("/en/purchases?after=nonsense")).status_code == 404


async def test_the_empty_pages_promise_nothing_untrue(member: Browser) -> None:
    history, listed = (
        told(await member.open("/en/history")),
        told(await member.open("/en/purchases")),
    )
    assert "Every change of your balance will be a line here" in history
    assert "will be listed here, also those without points" in listed


async def test_months_of_the_history_never_repeat(
    member: Browser, till: Till, database: Database, keys: Keys
) -> None:
    shop = await open_shop(database, acceptance_days=300)
    there = Till(shop, till.client, token_of(shop, keys))
    card = await member.card_number()
    now = datetime.now(UTC)
    administer(
        database,
        "update coalition.card set valid_from = %s where number = %s",
        now - timedelta(days=200),
        card,
    )
    for days in (0, 100, 0, 40):  # tills that were offline send what happened long before
        occurred_at = (now - timedelta(days=days)).isoformat()
        recorded = await there.record(fresh_sale(card) | {"occurredAt": occurred_at})
        assert recorded["errors"] == []
    history = await member.open("/en/history")
    months = re.findall(r'<h2 id="month-\d+">([^<]+)</h2>', history.text)
    assert len(months) == len(set(months)) <= 2, "two only when a month ends during this test"
    assert told(history).count("Points for a purchase · bought on") == 2
    assert told(await member.open("/ru/history")).count("· куплено ") == 2
    assert told(await member.open("/en/balance")).count("· bought on") == 2
    listed = await member.open("/en/purchases")
    months = re.findall(r'<h2 id="month-\d+">([^<]+)</h2>', listed.text)
    assert len(months) == len(set(months)) >= 3


async def test_a_category_that_counts_less_is_a_whole_sentence(
    member: Browser, till: Till, database: Database, keys: Keys
) -> None:
    shop = await open_shop(database, category_multipliers={"WINE": Decimal("0.5")})
    there = Till(shop, till.client, token_of(shop, keys))
    await there.record(fresh_sale(await member.card_number()))
    [path] = found((await member.open("/ru/history")).text, "ru")
    page = told(await member.open(path)).replace("\N{NO-BREAK SPACE}", " ")
    assert "WINE: коэффициент ×0,5, за 2,34 $ в этой категории начислено меньше баллов." in page
