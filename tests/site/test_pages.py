"""Each page over HTTP: what it shows of a member's own, and what it says when there is nothing."""

import re
from decimal import Decimal

import pytest

from service.database.transactions import Database
from service.keys import Keys
from tests.builders import Shop, open_shop
from tests.door.tills import Till, sale_line, token_of
from tests.identity.people import Outbox, administer
from tests.site.members import Browser, fresh_sale, told

pytestmark = pytest.mark.anyio

PERSONAL = ["/balance", "/history", "/purchases", "/card", "/partners"]
STRANGERS = ["/", "/join", "/log-in", "/join?by=phone", "/log-in?by=email"]


async def bought(member: Browser, till: Till) -> str:
    """Record a purchase of the member's; return where its page is."""
    recorded = await till.record(fresh_sale(await member.card_number()))
    assert recorded["errors"] == []
    history = await member.open("/en/history")
    [path] = re.findall(r'href="(/en/purchases/[^"]+)"', history.text)
    return str(path)


async def test_the_root_leads_to_the_preferred_language(browser: Browser) -> None:
    for header, path in (("ru-RU,en;q=0.5", "/ru/"), ("de", "/en/")):
        answer = await browser.open("/", **{"Accept-Language": header})
        assert (answer.status_code, answer.headers["location"]) == (303, path)
        assert answer.headers["vary"] == "Accept-Language"


@pytest.mark.parametrize("path", STRANGERS)
@pytest.mark.parametrize("code", ["ru", "en"])
async def test_a_strangers_page_is_whole(browser: Browser, code: str, path: str) -> None:
    page = await browser.open(f"/{code}{path}")
    assert page.status_code == 200
    assert f'<html lang="{code}">' in page.text
    assert page.text.count("<h1") == 1
    other = {"ru": "en", "en": "ru"}[code]
    assert f'href="/{other}{path}"' in page.text, "the language link keeps the page"


@pytest.mark.parametrize("path", PERSONAL)
@pytest.mark.parametrize("code", ["ru", "en"])
async def test_a_members_page_is_whole_before_anything_happened(
    member: Browser, code: str, path: str
) -> None:
    page = await member.open(f"/{code}{path}")
    assert page.status_code == 200
    assert f'<html lang="{code}">' in page.text
    assert page.text.count("<h1") == 1
    assert page.text.count('aria-current="page"') == 1


async def test_a_member_is_led_from_the_first_page_to_the_balance(member: Browser) -> None:
    for path in ("/en/", "/en/join", "/en/log-in"):
        assert (await member.open(path)).headers["location"] == "/en/balance"


async def test_an_empty_account_says_what_to_do(member: Browser, shop: Shop) -> None:
    balance = told(await member.open("/en/balance"))
    assert "0 points" in balance
    assert "Show your card at the till" in balance
    partners = told(await member.open("/ru/partners"))
    assert "Сколько баллов по ней начислять, решает каждый партнёр." in partners
    assert "Здесь пока пусто" in told(await member.open("/ru/history"))


async def test_a_purchase_is_on_every_page_that_is_about_it(member: Browser, till: Till) -> None:
    path = await bought(member, till)
    assert "12 points" in told(await member.open("/en/balance"))
    assert "12 баллов" in told(await member.open("/ru/balance"))
    line = told(await member.open("/en/history"))
    assert till.shop.partner.name in line
    assert "+12 points" in line
    assert "Balance after: = 12" in line
    page = told(await member.open(path))
    assert "+12 points" in page
    assert "$12.34 at the base rate: 1 point for each $1." in page
    assert "12.34 points all together, rounded to the nearest whole point, a half upwards." in page
    assert "Tea FOOD $10.00 +10" in page
    assert "Tea WINE $2.34 +2" in page


async def test_a_purchase_explains_exclusions_and_multipliers(
    member: Browser, till: Till, database: Database, keys: Keys
) -> None:
    shop = await open_shop(
        database, excluded_categories=frozenset({"WINE"}), category_multipliers={"FOOD": Decimal(3)}
    )
    other = Till(shop, till.client, token_of(shop, keys))
    await other.record(
        fresh_sale(
            await member.card_number(),
            lines=[sale_line("10.00", category="FOOD"), sale_line("2.34", category="WINE")],
        )
    )
    history = await member.open("/ru/history")
    [path] = re.findall(r'href="(/ru/purchases/[^"]+)"', history.text)
    page = told(await member.open(path)).replace("\N{NO-BREAK SPACE}", " ")
    assert "WINE: баллы не начисляются, 2,34 $ не в счёт." in page
    assert "FOOD: коэффициент ×3, за 10,00 $ в этой категории начислено больше баллов." in page
    assert "Всего; округлять не пришлось." in page


async def test_a_long_history_goes_on_behind_its_next_link(member: Browser, till: Till) -> None:
    card = await member.card_number()
    for _ in range(26):
        await till.record(fresh_sale(card))
    first = await member.open("/en/history")
    assert first.text.count('class="entry"') == 25
    [after] = re.findall(r'href="(/en/history\?after=[^"]+)"', first.text)
    second = await member.open(after)
    assert second.text.count('class="entry"') == 1
    assert "after=" not in second.text.partition("<main")[2]
    assert f'href="{after.replace("/en/", "/ru/")}"' in second.text


async def test_what_is_anothers_or_nobodys_is_not_found(
    member: Browser, till: Till, outbox: Outbox
) -> None:
    path = await bought(member, till)
    assert (await member.open(path)).status_code == 200
    member.client.cookies.clear()
    await member.join(outbox, name="Another")
    for nowhere in (path, "/en/purchases/nonsense", "/en/history?after=nonsense", "/en/nowhere"):
        page = await member.open(nowhere)
        assert page.status_code == 404, nowhere
        assert "There is no such page" in told(page)
        assert page.text.count("<h1") == 1


async def test_the_card_shows_its_number_in_groups_and_as_a_code(member: Browser) -> None:
    page = await member.open("/en/card")
    assert re.search(r"Card number: \d{4} \d{4} \d{4} \d{4} Anna", told(page))
    assert 'role="img"' in page.text
    assert "QR code with the number of your card" in page.text


async def test_a_partner_may_greet_only_while_allowed(
    member: Browser, shop: Shop, database: Database
) -> None:
    listed = await _tile(member, shop)
    assert 'aria-checked="false"' in listed
    [action] = re.findall(r'action="(/en/partners/[^"]+/greeting)"', listed)
    page = action.removesuffix("/greeting")
    changed = await member.send(action, allowed="yes", **{"from": "list"})
    assert changed.status_code == 303
    assert changed.headers["location"] == f"/en/partners#{shop.partner.code}"
    assert 'aria-checked="true"' in (await member.open(page)).text
    taken_back = await member.send(action, allowed="no")
    assert taken_back.headers["location"] == page
    assert 'aria-checked="false"' in (await member.open(page)).text


async def _tile(member: Browser, shop: Shop) -> str:
    """The shop's part of the list of partners, wherever it is in it."""
    path = "/en/partners"
    while True:
        page = await member.open(path)
        found = re.search(rf'<li class="tile" id="{shop.partner.code}">.*?</li>', page.text, re.S)
        if found:
            return found.group()
        [path] = re.findall(r'href="(/en/partners\?after=[^"]+)"', page.text.partition("<main")[2])


async def test_a_partners_page_tells_terms_and_places(member: Browser, shop: Shop) -> None:
    [path] = re.findall(r'href="(/en/partners/[^"]+)"', await _tile(member, shop))
    page = told(await member.open(path))
    assert "1 point for each $1" in page
    assert "to the nearest whole point, a half upwards" in page
    assert "Main Street" in page


async def test_a_blocked_card_is_listed_and_not_shown(member: Browser, database: Database) -> None:
    number = await member.card_number()
    administer(
        database,
        "update coalition.card set blocked_at = clock_timestamp() where number = %s",
        number,
    )
    page = told(await member.open("/ru/card"))
    assert "У вас нет действующей карты" in page
    assert f"Карта, последние цифры •••• {number[-4:]} Заблокирована" in page
    assert number not in (await member.open("/ru/card")).text
    assert (await member.open("/ru/balance")).status_code == 200
