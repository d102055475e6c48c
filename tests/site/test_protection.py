"""What a browser is told it may do, whose forms are taken, and how a failure is told."""

import re
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette

from coalition.programme.settings import ProgrammeMissingError
from schema.context import Calendar
from service.database.transactions import Database
from service.site.assets import STATIC, asset
from service.site.headers import CONTENT_SECURITY_POLICY
from service.site.member_door import MemberDoor
from service.site.rendering import TEMPLATES
from tests.site.members import SITE, Browser, told

pytestmark = pytest.mark.anyio

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)

FOREIGN = [
    {},
    {"Origin": "https://evil.test"},
    {"Origin": "null"},
    {"Origin": "https://site.test.evil.test"},
    {"Origin": "https://["},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": SITE, "Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://evil.test", "Sec-Fetch-Site": "same-origin"},
]


@pytest.mark.parametrize("path", ["/en/", "/en/log-in", "/en/balance", "/en/card", "/en/nowhere"])
async def test_every_page_has_the_strict_headers(member: Browser, path: str) -> None:
    assert CONTENT_SECURITY_POLICY == POLICY
    await member.open(path)
    if path in ("/en/", "/en/log-in"):
        member.client.cookies.clear()
    page = await member.open(path)
    assert page.headers["content-security-policy"] == POLICY
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["content-language"] == "en"


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda each: each.stem)
def test_a_template_has_no_script_and_no_style_of_its_own(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=|javascript:|\|\s*safe", text)


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_a_form_of_another_site_is_refused(member: Browser, headers: dict[str, str]) -> None:
    refused = await member.send("/en/log-out", headers)
    assert refused.status_code == 403
    assert "nothing was changed" in told(refused)
    assert (await member.open("/en/balance")).status_code == 200, "still logged in"


@pytest.mark.parametrize("headers", [{"Origin": SITE}, {"Sec-Fetch-Site": "same-origin"}], ids=str)
async def test_a_form_of_ours_needs_one_of_the_two_headers(
    member: Browser, headers: dict[str, str]
) -> None:
    assert (await member.send("/en/log-out", headers)).status_code == 303


@pytest.mark.parametrize(
    "path", ["/balance", "/history", "/purchases", "/purchases/x", "/card", "/partners"]
)
async def test_a_stranger_is_led_to_the_log_in(browser: Browser, path: str) -> None:
    assert (await browser.open(f"/ru{path}")).headers["location"] == "/ru/log-in"
    browser.client.cookies.set("session", "of somebody else")
    led = await browser.open(f"/ru{path}")
    assert (led.status_code, led.headers["location"]) == (303, "/ru/log-in?ended")
    assert "Ваш сеанс завершён" in told(await browser.open("/ru/log-in?ended"))


async def test_log_out_takes_a_form_only(member: Browser) -> None:
    page = await member.open("/en/log-out")
    assert page.status_code == 405
    assert "There is no such page" in told(page)


async def test_a_wrong_method_is_told_the_right_ones(member: Browser) -> None:
    own = {"Origin": SITE}
    for method, path, allowed in (
        ("GET", "/en/log-out", "POST"),
        ("GET", "/en/partners/x/greeting", "POST"),
        ("POST", "/en/balance", "GET, HEAD"),
        ("PUT", "/en/join", "GET, HEAD, POST"),
        ("POST", "/", "GET, HEAD"),
        ("POST", asset("icon.svg"), "GET, HEAD"),
    ):
        refused = await member.client.request(method, path, headers=own)
        assert refused.status_code == 405, path
        told_allowed = sorted(refused.headers["allow"].replace(" ", "").split(","))
        assert ", ".join(told_allowed) == allowed, path


async def test_the_language_link_of_a_failed_form_leads_to_a_page(member: Browser) -> None:
    def link(page: httpx2.Response) -> str:
        [there] = re.findall(r'class="aside" href="(/ru[^"]*)"', page.text)
        return str(there)

    for path in ("/en/log-out", "/en/partners/x/greeting"):
        for failed in (await member.send(path, {}, allowed="yes"), await member.open(path)):
            assert failed.status_code in (403, 405)
            assert link(failed) == "/ru/balance"
    assert link(await member.open("/en/nowhere?a=b")) == "/ru/nowhere?a=b"
    assert link(await member.send("/en/nowhere")) == "/ru/balance"
    member.client.cookies.clear()
    assert link(await member.send("/en/log-out", {})) == "/ru/"
    typed = await member.send("/en/join", contact="nobody", by="phone")
    assert link(typed) == "/ru/join", "a form's own page stays"


async def test_a_form_that_cannot_be_read_is_told_so(browser: Browser) -> None:
    own = {"Origin": SITE}
    for content, kind, status in (
        (b"{}", "application/json", 415),
        (b"contact=" + b"x" * 20_000, "application/x-www-form-urlencoded", 413),
        (b"contact=\xff", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a=1" for _ in range(11)), "application/x-www-form-urlencoded", 400),
    ):
        page = await browser.client.post(
            "/en/join", content=content, headers=own | {"Content-Type": kind}
        )
        assert page.status_code == status
        assert "read that" in told(page)


async def test_a_failure_of_ours_is_told_with_an_incident(
    member: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise ValueError("a secret of ours")

    monkeypatch.setattr(MemberDoor, "ask", fail)
    page = await member.open("/ru/balance")
    assert page.status_code == 500
    assert re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", told(page))
    assert "a secret of ours" not in page.text
    assert "Ваши баллы в сохранности" in told(page)


async def test_a_failure_is_told_even_without_a_database(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_database: Database) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(Database, "identity", fail)
    page = await browser.open("/en/")
    assert page.status_code == 500
    assert "Something went wrong here" in told(page)
    assert page.headers["content-security-policy"] == POLICY


async def test_a_programme_that_is_not_set_up_is_not_open_yet(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def missing(*_: object) -> None:
        raise ProgrammeMissingError("set it up first")

    monkeypatch.setattr(Calendar, "programme", missing)
    page = await browser.open("/ru/log-in")
    assert page.status_code == 503
    assert "Программа ещё не открыта" in told(page)


async def test_static_files_are_kept_for_good_by_their_hash(app: Starlette) -> None:
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=SITE) as client:
        for file in STATIC.iterdir():
            kept = await client.get(asset(file.name))
            assert kept.status_code == 200
            assert "immutable" in kept.headers["cache-control"]
            assert kept.headers["x-content-type-options"] == "nosniff"
            assert (await client.get(f"/static/{file.name}")).headers["cache-control"] == "no-cache"
        assert (await client.get("/static/../headers.py")).status_code == 404


async def test_an_address_of_another_version_is_not_kept(app: Starlette) -> None:
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=SITE) as client:
        for address in ("/static/site.css?v=0123456789abcdef", asset("icon.svg") + "0"):
            served = await client.get(address)
            assert (served.status_code, served.headers["cache-control"]) == (200, "no-cache")
