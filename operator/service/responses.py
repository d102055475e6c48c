"""JSON over HTTP: reading a body within bounds, and answers and errors in GraphQL's form."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response


class JsonResponse(Response):
    """A response whose content is written by orjson."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return the content as JSON."""
        return orjson.dumps(content)


def error_response(
    status: int,
    code: str,
    message: str,
    *,
    headers: Mapping[str, str] | None = None,
    **facts: str,
) -> JsonResponse:
    """Return one error as GraphQL's response form has it; ``facts`` are extensions, too."""
    error = {"message": message, "extensions": {"code": code, **facts}}
    return JsonResponse({"errors": [error]}, status_code=status, headers=headers)


async def read_body(request: Request, most: int) -> bytes:
    """Return the request's body. Raises HTTPException (413) when it has over ``most`` bytes."""
    too_large = HTTPException(413, f"A body has at most {most} bytes here.")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise too_large
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise too_large
    return bytes(body)


def media_type(request: Request) -> str:
    """Return the body's media type in lower case, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
