"""The site's cookies: the session, and what a log-in under way remembers for minutes.

None can be read by a script. What must not travel from another site is ``SameSite=Strict``; the
session is ``Lax``, so that a link in a letter finds the member logged in.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from service.identity import EnrolmentTicket

SESSION = "session"
CHALLENGE = "challenge"
TICKET = "enrolment"

_ENTERING = 60 * 60
"""Seconds; longer than a code works, so that who comes late is told so."""


@dataclass(frozen=True, slots=True)
class Jar:
    """Sets and forgets cookies; ``secure`` unless in development."""

    secure: bool
    session_seconds: int

    def open_session(self, response: Response, token: str) -> None:
        """Remember a session, and nothing more of the log-in that led to it."""
        self._set(response, SESSION, token, self.session_seconds, "lax")
        self.forget(response, CHALLENGE)
        self.forget(response, TICKET)

    def keep_challenge(self, response: Response, challenge: "Pending") -> None:
        """Remember which code is waited for, and where it was sent."""
        sealed = base64.urlsafe_b64encode(challenge.sent_to.encode()).decode().rstrip("=")
        self._set(response, CHALLENGE, f"{challenge.id}.{sealed}", _ENTERING, "strict")

    def keep_ticket(self, response: Response, ticket: EnrolmentTicket) -> None:
        """Remember that a contact is proved, whose holder has yet to give a name."""
        self._set(response, TICKET, ticket.token, ticket.expires_in, "strict")
        self.forget(response, CHALLENGE)

    def _set(
        self,
        response: Response,
        name: str,
        value: str,
        seconds: int,
        same_site: Literal["lax", "strict"],
    ) -> None:
        response.set_cookie(
            name, value, max_age=seconds, httponly=True, secure=self.secure, samesite=same_site
        )

    def forget(self, response: Response, name: str) -> None:
        """Have a cookie removed."""
        response.delete_cookie(name, httponly=True, secure=self.secure, samesite="lax")


@dataclass(frozen=True, slots=True)
class Pending:
    """A code that is waited for: its challenge, and the contact, mostly hidden, it went to."""

    id: str
    sent_to: str


def pending(request: Request) -> Pending | None:
    """Return the code that this browser waits for."""
    identifier, dot, sealed = request.cookies.get(CHALLENGE, "").partition(".")
    try:
        sent_to = base64.b64decode(sealed + "=" * (-len(sealed) % 4), b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return Pending(identifier, sent_to) if dot and identifier else None


def hidden(contact: str) -> str:
    """Return a contact that only its holder recognises."""
    name, at, host = contact.strip().rpartition("@")
    if at:
        return f"{name[:1]}•••@{host}"
    return f"•••{contact.strip()[-2:]}"
