"""The token endpoint: OAuth 2.0 client credentials (RFC 6749, section 4.4).

A client authenticates by HTTP Basic or by ``client_id`` and ``client_secret`` in the form. The
secret is checked in a worker thread: its hash is slow on purpose, for a stranger too.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_plus
from uuid import UUID

import anyio
from anyio import CapacityLimiter
from starlette.requests import Request
from starlette.responses import Response

from coalition.recording import Caller
from partners.credentials import secret_matches, stored_secret
from service.database.transactions import Database
from service.responses import JsonResponse, media_type, read_body
from service.tokens import AccessTokens

LARGEST_BODY = 16 * 1024
MOST_FIELDS = 20

_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@dataclass(frozen=True, slots=True)
class Client:
    """Who a request says that it comes from; nothing is checked yet."""

    identifier: str
    secret: str


class TokenRefusedError(Exception):
    """The request gets no token; ``error`` is RFC 6749's code (section 5.2)."""

    def __init__(self, error: str, description: str) -> None:
        """Take the code and what a developer should read."""
        super().__init__(description)
        self.error = error
        self.description = description


class TokenEndpoint:
    """Answers POST /oauth/token."""

    def __init__(self, database: Database, tokens: AccessTokens, hashing: CapacityLimiter) -> None:
        """Take where secrets are stored, what issues tokens, and the bound on hashing at once."""
        self._database = database
        self._tokens = tokens
        self._hashing = hashing

    async def answer(self, request: Request) -> Response:
        """Return an access token for a client that knows its secret."""
        try:
            caller = await self._authenticate(await _client(request))
        except TokenRefusedError as refused:
            return _refusal(refused)
        return JsonResponse(
            {
                "access_token": self._tokens.issue(caller),
                "token_type": "Bearer",
                "expires_in": self._tokens.seconds,
            },
            headers=_NO_STORE,
        )

    async def _authenticate(self, client: Client) -> Caller:
        credential_id = _credential_id(client.identifier)
        stored = None
        if credential_id is not None:
            async with self._database.identity() as connection:
                stored = await stored_secret(connection, credential_id)
        matches = await anyio.to_thread.run_sync(
            secret_matches, stored, client.secret, limiter=self._hashing
        )
        if not matches or stored is None or credential_id is None:
            raise TokenRefusedError("invalid_client", "The client or its secret is not known.")
        return Caller(credential_id, stored.partner_id)


def _refusal(refused: TokenRefusedError) -> Response:
    status, headers = 400, dict(_NO_STORE)
    if refused.error == "invalid_client":
        status = 401
        headers["WWW-Authenticate"] = 'Basic realm="coalition", charset="UTF-8"'
    content = {"error": refused.error, "error_description": refused.description}
    return JsonResponse(content, status_code=status, headers=headers)


async def _client(request: Request) -> Client:
    """Return the client that asks for a token. Raises TokenRefusedError."""
    if media_type(request) != "application/x-www-form-urlencoded":
        raise TokenRefusedError(
            "invalid_request", "Send a form: application/x-www-form-urlencoded."
        )
    form = _form(await read_body(request, LARGEST_BODY))
    if "grant_type" not in form:
        raise TokenRefusedError("invalid_request", "grant_type is missing.")
    if form["grant_type"] != "client_credentials":
        raise TokenRefusedError(
            "unsupported_grant_type", "The one grant_type here is client_credentials."
        )
    authorization = request.headers.get("authorization")
    if authorization is None:
        return _client_of_form(form)
    if "client_secret" in form:
        raise TokenRefusedError("invalid_request", "Authenticate in one way, not in two.")
    return _client_of_header(authorization)


def _form(body: bytes) -> dict[str, str]:
    try:
        fields = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError:
        raise TokenRefusedError("invalid_request", "The form can't be read.") from None
    form = dict(fields)
    if len(form) != len(fields):
        raise TokenRefusedError("invalid_request", "A parameter is there twice.")
    return form


def _client_of_form(form: Mapping[str, str]) -> Client:
    if not form.get("client_id") or not form.get("client_secret"):
        raise TokenRefusedError("invalid_client", "client_id and client_secret are missing.")
    return Client(form["client_id"], form["client_secret"])


def _client_of_header(authorization: str) -> Client:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            identifier, colon, secret = (
                base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
            )
        except (binascii.Error, ValueError):
            colon = ""
        if colon:  # both are form-urlencoded first (RFC 6749, section 2.3.1)
            return Client(unquote_plus(identifier), unquote_plus(secret))
    raise TokenRefusedError("invalid_client", "The Authorization header can't be read as Basic.")


def _credential_id(identifier: str) -> UUID | None:
    try:
        return UUID(identifier)
    except ValueError:
        return None
