"""Whether a form came from a page of this site: the defence against forged requests.

Browsers say where a request comes from in two headers that a page can't set. Both must agree;
a request with neither isn't from a browser that a member uses.
"""

from urllib.parse import urlsplit

from starlette.requests import Request

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_own(request: Request) -> bool:
    """Tell whether a request changes nothing or was sent by a page of this host."""
    if request.method in SAFE_METHODS:
        return True
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is None and origin is None:
        return False
    if site not in (None, "same-origin"):
        return False
    return origin is None or _host(origin) == request.headers.get("host", "")


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # no browser sends such
        return None
