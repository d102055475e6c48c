"""A visit: one request of a person, in a language, of a member or a stranger, and its answers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from coalition.members import Holder
from coalition.programme.settings import Programme
from coalition.tables import ContactKind
from service.identity import LogIns
from service.site.cookies import Jar
from service.site.headers import PAGE_HEADERS
from service.site.languages import Language, languages
from service.site.member_door import Door
from service.site.rendering import template
from service.site.wording import Wording

ReadProgramme = Callable[[], Awaitable[Programme]]
"""Returns the programme. Raises ProgrammeMissingError."""


@dataclass(frozen=True, slots=True)
class Services:
    """What pages are made from."""

    door: Door
    log_ins: LogIns
    read_programme: ReadProgramme
    jar: Jar
    reachable: tuple[ContactKind, ...]
    """Which kinds of contact a code can be sent to; the first is asked for first."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request; ``programme`` is None only on pages about a failure."""

    request: Request
    services: Services
    language: Language
    programme: Programme | None = None
    holder: Holder | None = None
    has_page: bool = True
    """Whether this address can be opened, too, not only be sent a form."""

    @property
    def path(self) -> str:
        """Return the path after the language."""
        prefix = f"/{self.language.code}"
        return self.request.url.path.removeprefix(prefix) or "/"

    @property
    def words(self) -> Wording:
        """Return how values are written here."""
        zone = self.programme.time_zone if self.programme else ZoneInfo("UTC")
        return Wording(self.language, zone)

    def page(self, name: str, *, status: int = 200, **facts: Any) -> HTMLResponse:
        """Return a page from its template."""
        content = template(self.language, name).render(
            facts
            | {
                "language": self.language,
                "others": [other for other in languages().values() if other != self.language],
                "here": self._here(),
                "base": f"/{self.language.code}",
                "programme": self.programme,
                "is_member": self.holder is not None,
                "words": self.words,
            }
        )
        headers = dict(PAGE_HEADERS) | {"Content-Language": self.language.code}
        return HTMLResponse(content, status_code=status, headers=headers)

    def _here(self) -> str:
        """Return this page's address in any language; a form's, once sent, may have no page."""
        if not self.has_page:
            return "/" if self.holder is None else "/balance"
        query = self.request.url.query
        if self.request.method != "GET" or not query:
            return self.path
        return f"{self.path}?{query}"

    def go(self, path: str) -> Response:
        """Return the way to another page of this language."""
        headers = {"Cache-Control": "no-store"}
        return RedirectResponse(f"/{self.language.code}{path}", status_code=303, headers=headers)

    async def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """Return what the member may see. Raises NotAskedError and DoorFailedError."""
        if self.holder is None:
            raise HTTPException(403)
        return await self.services.door.ask(document, self.holder, variables)


Handler = Callable[[Visit], Awaitable[Response]]
"""Answers a visit."""
