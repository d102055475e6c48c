"""Joining, logging in and out by forms, and every way in which that is refused."""

import re

import pytest
from structlog.testing import capture_logs

from service.site.cookies import hidden
from tests.identity.people import Outbox, another, fresh_email, fresh_phone
from tests.site.members import Browser, told

pytestmark = pytest.mark.anyio


async def test_a_newcomer_joins_and_is_logged_in(browser: Browser, outbox: Outbox) -> None:
    await browser.join(outbox, language="ru", name="Анна")
    assert "Анна" in told(await browser.open("/ru/balance"))


async def test_a_member_logs_out_and_in_again(member: Browser, outbox: Outbox) -> None:
    session = member.client.cookies["session"]
    contact = outbox.sent[-1][0].value
    out = await member.send("/en/log-out")
    assert (out.status_code, out.headers["location"]) == (303, "/en/")
    assert "session" not in member.client.cookies
    member.client.cookies.set("session", session)
    assert (await member.open("/en/balance")).headers["location"] == "/en/log-in?ended"
    member.client.cookies.clear()
    await member.send("/en/log-in", contact=contact, by="email")
    assert contact not in (await member.open("/en/log-in/code")).text
    typed = f" {outbox.last_code[:3]} {outbox.last_code[3:]} "
    entered = await member.send("/en/log-in/code", code=typed)
    assert entered.headers["location"] == "/en/balance"
    assert (await member.open("/en/balance")).status_code == 200


async def test_a_phone_will_do(browser: Browser, outbox: Outbox) -> None:
    await browser.send("/en/join", contact=fresh_phone(), by="phone")
    proved = await browser.send("/en/join/code", code=outbox.last_code)
    assert proved.headers["location"] == "/en/join/name"


async def test_who_logs_in_without_being_a_member_may_join(
    browser: Browser, outbox: Outbox
) -> None:
    await browser.send("/en/log-in", contact=fresh_email(), by="email")
    proved = await browser.send("/en/log-in/code", code=outbox.last_code)
    assert proved.headers["location"] == "/en/join/name"
    asked = told(await browser.open("/en/join/name"))
    assert "You are new here" in asked
    assert "rules" not in asked, "there are none to read"
    assert "Your card is personal." in asked


async def test_cookies_are_out_of_reach_of_scripts_and_other_sites(
    browser: Browser, outbox: Outbox
) -> None:
    asked = await browser.send("/en/join", contact=fresh_email(), by="email")
    proved = await browser.send("/en/join/code", code=outbox.last_code)
    joined = await browser.send("/en/join/name", name="Anna")
    for answer, name, same_site in (
        (asked, "challenge", "strict"),
        (proved, "enrolment", "strict"),
        (joined, "session", "lax"),
    ):
        [cookie] = [
            each for each in answer.headers.get_list("set-cookie") if each.startswith(f"{name}=")
        ]
        for part in ("HttpOnly", "Path=/", "Secure", f"SameSite={same_site}", "Max-Age="):
            assert part in cookie, cookie
    assert set(browser.client.cookies) == {"session"}, "nothing is left of the way in"


async def test_nothing_secret_is_in_an_address_or_a_log(browser: Browser, outbox: Outbox) -> None:
    with capture_logs() as logged:
        contact = await browser.join(outbox)
        await browser.send("/en/log-out")
        asked = await browser.send("/en/log-in", contact=contact, by="email")
        entered = await browser.send("/en/log-in/code", code=outbox.last_code)
    secret = (contact, outbox.last_code, browser.client.cookies["session"])
    for answer in (asked, entered):
        assert not any(each in answer.headers["location"] for each in secret)
    assert not any(each in str(logged) for each in secret)


async def test_a_contact_that_is_none_is_told_at_its_field(browser: Browser) -> None:
    page = await browser.send("/en/join", contact="nobody", by="phone")
    assert page.status_code == 422
    assert '<p class="error" id="contact-error" role="alert">' in page.text
    assert 'aria-describedby="contact-error contact-hint"' in page.text
    assert 'aria-invalid="true"' in page.text
    assert 'value="nobody"' in page.text, "what was typed stays"
    assert "<title>Error: Join" in page.text
    assert "no possible phone number" in told(page)


async def test_a_name_that_is_none_is_told_at_its_field(browser: Browser, outbox: Outbox) -> None:
    await browser.send("/ru/join", contact=fresh_email(), by="email")
    await browser.send("/ru/join/code", code=outbox.last_code)
    page = await browser.send("/ru/join/name", name="  ")
    assert page.status_code == 422
    assert "В имени от 1 до 200 символов." in told(page)


async def test_what_was_typed_is_never_markup(browser: Browser) -> None:
    page = await browser.send("/en/join", contact='"><script>alert(1)</script>', by="phone")
    assert "<script" not in page.text
    assert "&#34;&gt;&lt;script&gt;" in page.text


async def test_a_code_works_once(browser: Browser, outbox: Outbox) -> None:
    await browser.send("/en/join", contact=fresh_email(), by="email")
    waiting = browser.client.cookies["challenge"]
    code = outbox.last_code
    assert (await browser.send("/en/join/code", code=code)).status_code == 303
    browser.client.cookies.set("challenge", waiting)
    replayed = await browser.send("/en/join/code", code=code)
    assert replayed.status_code == 422
    assert "was used before" in told(replayed)


async def test_five_wrong_codes_spend_the_right_one(browser: Browser, outbox: Outbox) -> None:
    await browser.send("/ru/log-in", contact=fresh_email(), by="email")
    code = outbox.last_code
    for _ in range(5):
        page = await browser.send("/ru/log-in/code", code=another(code))
        assert page.status_code == 422
        assert "Это не тот код" in told(page)
    spent = await browser.send("/ru/log-in/code", code=code)
    assert spent.status_code == 422
    assert "Было пять неверных попыток" in told(spent)


async def test_an_enrolment_ticket_works_once(browser: Browser, outbox: Outbox) -> None:
    await browser.send("/en/join", contact=fresh_email(), by="email")
    await browser.send("/en/join/code", code=outbox.last_code)
    ticket = browser.client.cookies["enrolment"]
    await browser.send("/en/join/name", name="Anna")
    browser.client.cookies.clear()
    browser.client.cookies.set("enrolment", ticket)
    again = await browser.send("/en/join/name", name="Anna")
    assert again.status_code == 422
    assert "a member with this contact already" in told(again)
    browser.client.cookies.set("enrolment", "made-up")
    forged = await browser.send("/en/join/name", name="Anna")
    assert forged.status_code == 422
    assert "prove your contact" in told(forged)


async def test_a_step_without_the_one_before_leads_to_the_beginning(browser: Browser) -> None:
    for path, beginning in (
        ("/en/join/code", "/en/join"),
        ("/en/log-in/code", "/en/log-in"),
        ("/en/join/name", "/en/join"),
    ):
        assert (await browser.open(path)).headers["location"] == beginning
        assert (await browser.send(path, code="123456")).headers["location"] == beginning
    for broken in ("nonsense", "x.", ".x", "x.%%%", "00000000-0000-0000-0000-000000000000.eA"):
        browser.client.cookies.set("challenge", broken)
        answer = await browser.send("/en/log-in/code", code="123456")
        assert answer.status_code in (303, 422), broken


async def test_a_contact_is_hidden_but_for_who_knows_it() -> None:
    assert hidden("anna@example.com") == "a•••@example.com"
    assert hidden("+7 912 345-67-89") == "•••89"


async def test_the_fields_help_a_phone_fill_them(browser: Browser, outbox: Outbox) -> None:
    by_phone = (await browser.open("/en/join")).text
    assert re.search(r'type="tel" autocomplete="tel" inputmode="tel"', by_phone)
    by_email = (await browser.open("/en/join?by=email")).text
    assert re.search(r'type="email" autocomplete="email" inputmode="email"', by_email)
    await browser.send("/en/join", contact=fresh_email(), by="email")
    code = (await browser.open("/en/join/code")).text
    assert 'inputmode="numeric"' in code
    assert 'autocomplete="one-time-code"' in code
