"""A real browser before the real site: what it takes to start both, and to look at a page."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pytest
import uvicorn
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright
from starlette.applications import Starlette

CHROMIUM = Path("/usr/bin/chromium")
PHONE = {"width": 390, "height": 844}


def require_chromium() -> None:
    """Fail unless Debian's Chromium is there, which `make test` installs."""
    if not CHROMIUM.exists():
        pytest.fail(
            f"{CHROMIUM} is missing: `make test` installs Debian's chromium when it runs as root;"
            " otherwise ask for: apt-get install chromium",
        )


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Run Chromium."""
    # A sandbox of Chromium's own can't be set up by root or inside most containers.
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        await browser.close()


@asynccontextmanager
async def served(app: Starlette) -> AsyncIterator[str]:
    """Serve the application at a free port of this machine; yield its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, [listening])
            while not server.started:  # noqa: ASYNC110  # there is no event of it to wait for
                await anyio.sleep(0.02)
            yield f"http://localhost:{listening.getsockname()[1]}"
            server.should_exit = True


@dataclass
class Window:
    """A page on a screen, and all that its console complained of but the statuses we expect."""

    page: Page
    site: str
    complaints: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Note complaints from now on."""
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, message: ConsoleMessage) -> None:
        refused = "the server responded with a status of 4" in message.text
        if not refused:
            self.complaints.append(message.text)

    async def open(self, path: str) -> None:
        await self.page.goto(f"{self.site}{path}")

    async def click(self, name: str) -> None:
        """Click on the link or button of a name."""
        either = self.page.get_by_role("link", name=name, exact=True).or_(
            self.page.get_by_role("button", name=name, exact=True)
        )
        await either.first.click()

    async def fill(self, label: str, text: str) -> None:
        await self.page.get_by_label(label, exact=True).fill(text)

    async def text(self) -> str:
        """Return what the page says, with plain spaces."""
        return " ".join((await self.page.inner_text("body")).split())

    async def path(self) -> str:
        return self.page.url.removeprefix(self.site)


FLAWS = """
() => {
  const flaws = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  if (all('h1').length !== 1) flaws.push(`${all('h1').length} h1`);
  if (!document.documentElement.lang) flaws.push('no lang');
  if (!document.title.includes(' · ')) flaws.push('title: ' + document.title);
  if (all('main').length !== 1) flaws.push('no main');
  for (const input of all('input:not([type=hidden])')) {
    if (!input.labels.length) flaws.push('no label: ' + input.name);
    for (const id of (input.getAttribute('aria-describedby') || '').split(' '))
      if (id && !document.getElementById(id)) flaws.push('describedby nothing: ' + id);
  }
  for (const each of all('a, button'))
    if (!(each.textContent.trim() || each.getAttribute('aria-label')))
      flaws.push('unnamed: ' + each.outerHTML.slice(0, 80));
  const ids = all('[id]').map((each) => each.id);
  if (new Set(ids).size !== ids.length) flaws.push('an id twice: ' + ids);
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) flaws.push(`scrolls sideways by ${wide}`);
  for (const each of all('a, button, input:not([type=hidden])')) {
    const box = each.getBoundingClientRect();
    const inline = getComputedStyle(each).display === 'inline';
    if (!inline && !each.matches('.skip') && box.height && box.height < 24)
      flaws.push('too small to touch: ' + each.textContent.trim());
  }
  return flaws;
}
"""
"""Whatever would trouble a reader: structure, names, labels, width and targets of a page."""

FAINT = """
() => {
  const channel = (part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [red, green, blue] = parts(colour);
    return 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
  };
  const seen = (colour) => parts(colour)[3] !== 0;
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement)
      if (seen(getComputedStyle(at).backgroundColor)) return getComputedStyle(at).backgroundColor;
    return 'rgb(255, 255, 255)';
  };
  const faint = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.textContent.trim() || element.closest('.unseen, title')) continue;
    const style = getComputedStyle(element);
    const [one, other] = [light(style.color), light(ground(element))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < 4.5)
      faint.push(`${contrast.toFixed(2)}: ${texts.currentNode.textContent.trim()}`);
  }
  return faint;
}
"""
"""Texts whose contrast with their ground is under 4.5 (WCAG 2.2, 1.4.3, at any size)."""
