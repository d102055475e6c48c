"""Logging in over HTTP: the endpoints under /auth, JSON in and out, and the public key.

A session's token is called refresh_token here: it opens no door itself, and is exchanged for
access tokens while the session is in force.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from coalition.identity.codes import LIFETIME, CodeRefusal
from coalition.identity.subjects import Subject
from coalition.members import EnrolmentRefusal
from ledger.refusals import Refusal, RefusedError
from service.identity import EnrolmentTicket, LogInRefusal, LogIns
from service.responses import JsonResponse, error_response, media_type, read_body
from service.tokens import AccessTokens, audience_of

LARGEST_BODY = 16 * 1024
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_STATUS: dict[Refusal, int] = {
    LogInRefusal.LOG_IN_FAILED: 401,
    LogInRefusal.SESSION_ENDED: 401,
    LogInRefusal.CODE_NOT_SENT: 503,
    CodeRefusal.CODES_TOO_MANY: 429,
    EnrolmentRefusal.CONTACT_TAKEN: 409,
}
"""The status of a refusal where it isn't 400."""

Sent = dict[str, str]


class BodyUnreadableError(Exception):
    """The body is not the JSON object that is asked for; the message says what to send."""

    def __init__(self, status: int, message: str, **facts: str) -> None:
        """Take the status, what to send instead, and which field it is about."""
        super().__init__(message)
        self.status = status
        self.facts = facts


def log_in_routes(log_ins: LogIns, tokens: AccessTokens) -> list[Route]:
    """Return the routes of logging in."""
    endpoints = LogInEndpoints(log_ins, tokens)

    def post(path: str, answer: Callable[[Sent], Awaitable[Response]], *fields: str) -> Route:
        async def endpoint(request: Request) -> Response:
            return await _answer(request, answer, fields)

        return Route(path, endpoint, methods=["POST"])

    return [
        post("/auth/staff", endpoints.staff, "email", "password"),
        post("/auth/password", endpoints.password, "email", "password", "new_password"),
        post("/auth/refresh", endpoints.refresh, "refresh_token"),
        post("/auth/logout", endpoints.logout, "refresh_token"),
        post("/auth/codes", endpoints.codes, "contact"),
        post("/auth/member", endpoints.member, "challenge", "code"),
        post("/auth/enrol", endpoints.enrol, "enrolment_ticket", "name"),
        Route("/.well-known/jwks.json", endpoints.jwks),
    ]


class LogInEndpoints:
    """Answers under /auth; each method takes the body's fields, all texts."""

    def __init__(self, log_ins: LogIns, tokens: AccessTokens) -> None:
        """Take the ways in and what issues access tokens."""
        self._log_ins = log_ins
        self._tokens = tokens

    async def staff(self, sent: Sent) -> Response:
        """Log an employee in by a password."""
        opened = await self._log_ins.log_in(sent["email"], sent["password"])
        return self._logged_in(opened.subject, opened.session)

    async def password(self, sent: Sent) -> Response:
        """Change an employee's password."""
        await self._log_ins.change_password(sent["email"], sent["password"], sent["new_password"])
        return _nothing()

    async def refresh(self, sent: Sent) -> Response:
        """Give a fresh access token for a session in force."""
        subject = await self._log_ins.session(sent["refresh_token"])
        if subject is None:
            raise RefusedError(LogInRefusal.SESSION_ENDED, "refresh_token")
        return JsonResponse(self._access(subject), headers=_NO_STORE)

    async def logout(self, sent: Sent) -> Response:
        """Close a session, whichever it is."""
        await self._log_ins.close_session(sent["refresh_token"])
        return _nothing()

    async def codes(self, sent: Sent) -> Response:
        """Send a code to a contact."""
        challenge = await self._log_ins.request_code(sent["contact"])
        content = {"challenge": str(challenge.id), "expires_in": int(LIFETIME.total_seconds())}
        return JsonResponse(content, status_code=202, headers=_NO_STORE)

    async def member(self, sent: Sent) -> Response:
        """Log a member in by a code, or give who is none a ticket to enrol with."""
        proven = await self._log_ins.prove(sent["challenge"], sent["code"])
        if isinstance(proven, EnrolmentTicket):
            content = {"enrolment_ticket": proven.token, "expires_in": proven.expires_in}
            return JsonResponse(content, headers=_NO_STORE)
        return self._logged_in(proven, await self._log_ins.open_session(proven))

    async def enrol(self, sent: Sent) -> Response:
        """Enrol a newcomer and log them in."""
        holder = await self._log_ins.enrol(sent["enrolment_ticket"], sent["name"])
        return self._logged_in(holder, await self._log_ins.open_session(holder))

    async def jwks(self, _request: Request) -> Response:
        """Return the key that access tokens are verified by."""
        return JsonResponse(self._tokens.jwks(), headers={"Cache-Control": "public, max-age=300"})

    def _access(self, subject: Subject) -> dict[str, str | int]:
        return {
            "access_token": self._tokens.issue(subject),
            "token_type": "Bearer",
            "expires_in": self._tokens.seconds,
            "audience": audience_of(subject).name.lower(),
        }

    def _logged_in(self, subject: Subject, session: str) -> Response:
        content = {**self._access(subject), "refresh_token": session}
        return JsonResponse(content, headers=_NO_STORE)


async def _answer(
    request: Request, answer: Callable[[Sent], Awaitable[Response]], fields: tuple[str, ...]
) -> Response:
    try:
        return await answer(await _fields(request, fields))
    except BodyUnreadableError as unreadable:
        return error_response(
            unreadable.status,
            "BAD_REQUEST",
            str(unreadable),
            headers=_NO_STORE,
            **unreadable.facts,
        )
    except RefusedError as refused:
        return _refusal(refused)


def _refusal(refused: RefusedError) -> Response:
    status, headers = _STATUS.get(refused.refusal, 400), dict(_NO_STORE)
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="coalition"'
    facts = {"path": ".".join(refused.path)} if refused.path else {}
    return error_response(status, refused.refusal, str(refused), headers=headers, **facts)


async def _fields(request: Request, names: tuple[str, ...]) -> Sent:
    """Return the fields of the body, which must all be there. Raises BodyUnreadableError."""
    # A page of another site can make a browser send a form, and JSON only when it is asked first.
    if media_type(request) != "application/json":
        raise BodyUnreadableError(415, "Send JSON: application/json.")
    try:
        sent: Any = orjson.loads(await read_body(request, LARGEST_BODY))
    except orjson.JSONDecodeError:
        sent = None
    if not isinstance(sent, dict):
        raise BodyUnreadableError(400, f"Send a JSON object with {', '.join(names)}.")
    for name in names:
        if not isinstance(sent.get(name), str):
            raise BodyUnreadableError(400, f"{name} is missing or is no text.", path=name)
    return {name: sent[name] for name in names}


def _nothing() -> Response:
    return Response(status_code=204, headers=_NO_STORE)
