"""Static files, named with a hash of their content, so that browsers may keep them for good."""

import hashlib
from collections.abc import MutableMapping
from functools import cache
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

STATIC = Path(__file__).with_name("static")
PREFIX = "/static"
_METHODS = ("GET", "HEAD")
_FOR_GOOD = "public, max-age=31536000, immutable"


@cache
def asset(name: str) -> str:
    """Return the address of a static file in the version that this process has."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:16]
    return f"{PREFIX}/{name}?v={digest}"


class Assets(StaticFiles):
    """Serves static files; those asked for by their hash are kept for good."""

    def __init__(self) -> None:
        """Serve the site's own folder."""
        super().__init__(directory=STATIC)

    async def get_response(self, path: str, scope: MutableMapping[str, Any]) -> Response:
        """Return a file with how long it may be kept."""
        if scope["method"] not in _METHODS:
            raise HTTPException(405, headers={"Allow": ", ".join(_METHODS)})
        response = await super().get_response(path, scope)
        # Another version's address, asked for while processes are being replaced, isn't kept.
        asked = f"{PREFIX}/{path}?{scope['query_string'].decode('latin-1')}"
        versioned = asked == asset(path)
        response.headers["Cache-Control"] = _FOR_GOOD if versioned else "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
