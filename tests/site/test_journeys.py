"""What a member does at the site, in a real browser: phone-sized, by keyboard, in each language."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import pytest
from playwright.async_api import Browser as Chromium
from starlette.applications import Starlette

from service.database.transactions import Database
from service.keys import Keys
from tests.builders import Shop, open_shop
from tests.door.tills import Till, sale_line, token_of
from tests.identity.people import Outbox, administer, another, fresh_email
from tests.site.chromium import FAINT, FLAWS, PHONE, Window, chromium, require_chromium, served
from tests.site.members import fresh_sale

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Words:
    """The words by which one finds the way in a language."""

    code: str
    join: str
    log_in: str
    by_email: str
    email: str
    send: str
    digits: str
    go_on: str
    name: str
    finish: str
    wrong: str
    spent: str
    used: str
    points: str
    base: str
    rounded: str
    other: str


ENGLISH = Words(
    code="en", join="Join", log_in="Log in", by_email="E-mail", email="E-mail address",
    send="Send a code", digits="Six-digit code", go_on="Go on", name="Your name",
    finish="Join and get a card", wrong="That isn't the code", spent="Five wrong codes",
    used="was used before", points="22 points",
    base="$12.34 at the base rate: 1 point for each $1.",
    rounded="22.34 points all together, rounded to the nearest whole point", other="Русский",
)  # fmt: skip
RUSSIAN = Words(
    code="ru", join="Вступить", log_in="Войти", by_email="Эл. почта", email="Адрес эл. почты",
    send="Отправить код", digits="Код из шести цифр", go_on="Продолжить", name="Ваше имя",
    finish="Вступить и получить карту", wrong="Это не тот код", spent="пять неверных попыток",
    used="уже использован", points="22 балла",
    base="12,34 $ по основной ставке: 1 балл за 1 $.",
    rounded="Всего 22,34 балла, округление до ближайшего целого", other="English",
)  # fmt: skip
BOTH = pytest.mark.parametrize("words", [ENGLISH, RUSSIAN], ids=lambda words: words.code)


@pytest.fixture
async def site(app: Starlette) -> AsyncIterator[str]:
    async with served(app) as address:
        yield address


@pytest.fixture(scope="module")
async def browser_program() -> AsyncIterator[Chromium]:
    require_chromium()
    async with chromium() as running:
        yield running


@pytest.fixture
async def window(browser_program: Chromium, site: str) -> AsyncIterator[Window]:
    """A stranger's phone. Whatever its console complains of fails the test."""
    context = await browser_program.new_context(viewport=PHONE)
    opened = Window(await context.new_page(), site)
    opened.listen()
    yield opened
    await context.close()
    assert opened.complaints == []


async def ask_code(window: Window, words: Words, way: str, contact: str) -> None:
    await window.open(f"/{words.code}/")
    await window.click(way)
    await window.click(words.by_email)
    await window.fill(words.email, contact)
    await window.click(words.send)


async def join(window: Window, words: Words, outbox: Outbox, contact: str) -> None:
    await ask_code(window, words, words.join, contact)
    await window.fill(words.digits, outbox.last_code)
    await window.click(words.go_on)
    await window.fill(words.name, "Анна Каренина")
    await window.click(words.finish)
    assert await window.path() == f"/{words.code}/balance"


async def card_number(window: Window, words: Words) -> str:
    await window.open(f"/{words.code}/card")
    groups = window.page.locator(".pass-number > span:not(.unseen)")
    return "".join(await groups.all_inner_texts())


@pytest.fixture
async def shop(database: Database) -> Shop:
    return await open_shop(database, category_multipliers={"FOOD": Decimal(2)})


@BOTH
async def test_a_newcomer_joins_buys_and_reads_why(
    window: Window, words: Words, outbox: Outbox, till: Till
) -> None:
    await join(window, words, outbox, fresh_email())
    receipt = fresh_sale(await card_number(window, words))
    assert (await till.record(receipt))["errors"] == []
    await window.open(f"/{words.code}/balance")
    assert words.points in await window.text()
    await window.click(till.shop.partner.name)
    page = await window.text()
    assert words.base in page
    assert words.rounded in page
    await window.click(words.other)
    assert "/purchases/" in await window.path(), "the other language, the same page"


@BOTH
async def test_a_member_logs_in_by_keyboard_alone(
    window: Window, words: Words, outbox: Outbox
) -> None:
    contact = fresh_email()
    await join(window, words, outbox, contact)
    await window.page.context.clear_cookies()
    keyboard = window.page.keyboard
    await window.open(f"/{words.code}/log-in?by=email")
    await keyboard.press("Tab")
    assert await focused(window) == "a.skip"
    await keyboard.press("Enter")
    await keyboard.press("Tab")
    await keyboard.press("Tab")
    await keyboard.press("Tab")
    assert await focused(window) == "input."
    await keyboard.type(contact)
    await keyboard.press("Enter")
    await window.page.wait_for_url("**/log-in/code")
    while await focused(window) != "input.code":
        await keyboard.press("Tab")
    await keyboard.type(outbox.last_code)
    await keyboard.press("Enter")
    await window.page.wait_for_url("**/balance")


async def focused(window: Window) -> str:
    """What has the focus, and that one sees where it is."""
    element, outline = await window.page.evaluate(
        """() => {
          const at = document.activeElement;
          return [`${at.tagName.toLowerCase()}.${at.className}`, getComputedStyle(at).outlineStyle];
        }"""
    )
    assert outline == "solid" or element.startswith(("body", "main")), element
    return str(element)


@BOTH
async def test_wrong_codes_are_announced_and_end(
    window: Window, words: Words, outbox: Outbox
) -> None:
    await ask_code(window, words, words.log_in, fresh_email())
    code = outbox.last_code
    alert = window.page.get_by_role("alert")
    for _ in range(5):
        await window.fill(words.digits, another(code))
        await window.click(words.log_in)
        assert words.wrong in await alert.inner_text()
    await window.fill(words.digits, code)
    await window.click(words.log_in)
    assert words.spent in await alert.inner_text()


@BOTH
async def test_a_replayed_code_lets_nobody_in(window: Window, words: Words, outbox: Outbox) -> None:
    await ask_code(window, words, words.join, fresh_email())
    waiting = [each for each in await window.page.context.cookies() if each["name"] == "challenge"]
    await window.fill(words.digits, outbox.last_code)
    await window.click(words.go_on)
    await window.page.context.clear_cookies()
    [kept] = waiting
    await window.page.context.add_cookies(
        [{"name": kept["name"], "value": kept["value"], "url": window.site}]
    )
    await window.open(f"/{words.code}/join/code")
    await window.fill(words.digits, outbox.last_code)
    await window.click(words.go_on)
    assert words.used in await window.page.get_by_role("alert").inner_text()


async def test_a_strangers_cookie_leads_to_the_log_in(window: Window) -> None:
    await window.page.context.add_cookies(
        [{"name": "session", "value": "of-somebody-else", "url": window.site}]
    )
    await window.open("/en/balance")
    assert await window.path() == "/en/log-in?ended"
    assert "Your session has ended" in await window.page.get_by_role("status").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@BOTH
async def test_every_page_can_be_read(
    browser_program: Chromium,
    site: str,
    words: Words,
    scheme: Literal["light", "dark"],
    outbox: Outbox,
    till: Till,
) -> None:
    """Structure, labels, width at 390 px and contrast, of each page and its errors."""
    context = await browser_program.new_context(viewport=PHONE, color_scheme=scheme)
    window = Window(await context.new_page(), site)
    window.listen()
    for path in ("/", "/log-in", "/join", "/nowhere", "/log-in?ended"):
        await window.open(f"/{words.code}{path}")
        await look(window)
    await ask_code(window, words, words.join, "nobody")
    await look(window)
    await ask_code(window, words, words.join, fresh_email())
    await look(window)
    await window.fill(words.digits, another(outbox.last_code))
    await window.click(words.go_on)
    await look(window)
    await window.fill(words.digits, outbox.last_code)
    await window.click(words.go_on)
    await look(window)
    await window.fill(words.name, "Анна")
    await window.click(words.finish)
    personal = ["/balance", "/history", "/purchases", "/card", "/purchases/nonsense", "/partners"]
    for path in personal:
        await window.open(f"/{words.code}{path}")
        await look(window)
    await window.page.locator(".tile a").first.click()
    await look(window)
    receipt = fresh_sale(await card_number(window, words))
    assert (await till.record(receipt))["errors"] == []
    for path in personal[:3]:
        await window.open(f"/{words.code}{path}")
        await look(window)
    await window.click(till.shop.partner.name)
    await look(window)
    await context.close()
    assert window.complaints == []


async def test_words_of_any_length_keep_to_the_screen(
    window: Window, outbox: Outbox, till: Till, database: Database, keys: Keys
) -> None:
    word = "Щ" * 200
    shop = await open_shop(database, points_per_unit="10", category_multipliers={word: Decimal(2)})
    administer(
        database,
        "update partners.partner set name = %s, category = %s where id = %s",
        f"A{word[1:]}",
        word,
        shop.partner.id,
    )
    await join(window, ENGLISH, outbox, fresh_email())
    receipt = fresh_sale(
        await card_number(window, ENGLISH),
        total="1234567.00",
        lines=[sale_line("1234567.00", name=word, category=word)],
        tenders=[{"kind": word[:64], "amount": "1234567.00"}],
        receiptNumber=word[:64],
    )
    there = Till(shop, till.client, token_of(shop, keys))
    assert (await there.record(receipt))["errors"] == []
    for path in ("/en/balance", "/en/history", "/en/purchases", "/en/partners"):
        await window.open(path)
        await look(window)
    await window.page.locator(".tile a").first.click()
    await look(window)
    await window.open("/en/history")
    await window.page.locator(".entry-link").first.click()
    assert "/purchases/" in await window.path()
    await look(window)


async def test_figures_of_twelve_digits_keep_to_the_narrowest_screen(
    browser_program: Chromium,
    site: str,
    outbox: Outbox,
    till: Till,
    database: Database,
    keys: Keys,
) -> None:
    shop = await open_shop(
        database, points_per_unit="10.01", category_multipliers={"FOOD": Decimal("2.00001")}
    )
    context = await browser_program.new_context(viewport={"width": 320, "height": 640})
    window = Window(await context.new_page(), site)
    await join(window, RUSSIAN, outbox, fresh_email())
    amount = "9999999999.99"
    receipt = fresh_sale(
        await card_number(window, RUSSIAN),
        total=amount,
        lines=[sale_line(amount, name="Чай", category="FOOD")],
        tenders=[{"kind": "CARD", "amount": amount}],
    )
    there = Till(shop, till.client, token_of(shop, keys))
    assert (await there.record(receipt))["errors"] == []
    for code in ("ru", "en"):
        for path in ("balance", "history", "purchases"):
            await window.open(f"/{code}/{path}")
            await look(window)
        await window.page.locator(".entry-link").first.click()
        await look(window)
    await context.close()


async def look(window: Window) -> None:
    await window.page.wait_for_load_state()
    where = await window.path()
    assert await window.page.evaluate(FLAWS) == [], where
    assert await window.page.evaluate(FAINT) == [], where
