"""Reading what a form sent, within bounds."""

from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from service.responses import media_type, read_body

LARGEST_FORM = 16 * 1024
MOST_FIELDS = 10


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form, the last of equal names. Raises HTTPException (4xx)."""
    if media_type(request) != "application/x-www-form-urlencoded":
        raise HTTPException(415)
    body = await read_body(request, LARGEST_FORM)
    try:
        fields = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError:
        raise HTTPException(400) from None
    return dict(fields)
