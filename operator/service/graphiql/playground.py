"""The pages of GraphiQL and their files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from importlib.util import find_spec
from pathlib import Path
from string import Template

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

HERE = Path(__file__).parent
PACKAGE = "graphene_django_graphiql_static"
"""GraphiQL with React as files of a Python package; the package's own code is not used."""

_CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self';"
    " img-src 'self' data:; font-src 'self' data:; worker-src 'self' blob:; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Samples:
    """What the examples name: a card, and an outlet with a terminal of the partner's."""

    card: str = "0000000000000000"
    outlet: str = "1"
    terminal: str = "1"
    log_ins: Mapping[str, str] = field(default_factory=dict)
    """By door, whom to log in as."""


def playground_routes(doors: Mapping[str, str], samples: Samples) -> list[Route | Mount]:
    """Return routes of a page for each door, by name and path, and of the files they need."""
    pages = [
        Route(path, Playground(name, path, samples).answer, methods=["GET"])
        for name, path in doors.items()
    ]
    library: list[str | tuple[str, str]] = []
    if _installed():
        library.append((PACKAGE, f"static/{PACKAGE}"))
    return [*pages, Mount("/graphiql", StaticFiles(directory=HERE / "static", packages=library))]


def _installed() -> bool:
    return find_spec(PACKAGE) is not None


class Playground:
    """Answers GET at one door."""

    def __init__(self, door: str, path: str, samples: Samples) -> None:
        """Take the door's name and path."""
        self._door = door
        self._path = path
        self._samples = samples

    async def answer(self, request: Request) -> Response:
        """Return the page; to a program that doesn't want HTML, how to call the door."""
        if "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse("POST a GraphQL operation as JSON.\n", 405, {"Allow": "POST"})
        if not _installed():
            return PlainTextResponse("GraphiQL is not installed; `make demo` installs it.\n", 503)
        page = Template((HERE / "page.html").read_text())
        return HTMLResponse(
            page.substitute(door=escape(self._door), settings=self._settings()),
            headers={"Content-Security-Policy": _CONTENT_POLICY, "Cache-Control": "no-store"},
        )

    def _settings(self) -> str:
        settings = {
            "door": self._door,
            "path": self._path,
            "logIn": self._samples.log_ins.get(self._door, ""),
            "examples": examples(self._door, self._samples),
        }
        # Within a script element only "<" could end the text early.
        return orjson.dumps(settings).decode().replace("<", "\\u003c")


def examples(door: str, samples: Samples) -> list[dict[str, str]]:
    """Return a door's example operations in order, with variables that name the samples."""
    now = datetime.now(UTC)
    named = {
        "card": samples.card,
        "outlet": samples.outlet,
        "terminal": samples.terminal,
        "now": now.isoformat(timespec="seconds"),
        "today": now.date().isoformat(),
        "year_ago": (now - timedelta(days=365)).date().isoformat(),
    }
    shown = []
    for file in sorted((HERE / "examples" / door).glob("*.graphql")):
        variables = file.with_suffix(".json")
        shown.append(
            {
                "query": file.read_text(),
                "variables": Template(variables.read_text()).safe_substitute(named)
                if variables.is_file()
                else "",
            }
        )
    return shown
