"""Joining and logging in: a contact, the code that was sent to it, for a newcomer a name.

Both are one flow in other words. What a step needs of the step before lies in cookies of minutes,
never in an address.
"""

from dataclasses import dataclass

from starlette.responses import Response

from ledger.refusals import RefusedError
from service.identity import EnrolmentTicket
from service.site import cookies
from service.site.cookies import Pending
from service.site.forms import read_form
from service.site.refusing import refused
from service.site.visits import Visit

REFUSED = 422


@dataclass(frozen=True, slots=True)
class Entrance:
    """One of the two ways in; ``name`` is the first part of its path."""

    name: str

    async def ask_contact(self, visit: Visit) -> Response:
        """Ask for a phone number or an e-mail address."""
        if visit.holder is not None:
            return visit.go("/balance")
        return self._contact_page(visit)

    def _contact_page(
        self, visit: Visit, *, typed: str = "", by: str | None = None, error: str | None = None
    ) -> Response:
        query = visit.request.query_params
        kinds = [kind.value for kind in visit.services.reachable]
        by = by or query.get("by")
        return visit.page(
            "contact",
            status=REFUSED if error else 200,
            entrance=self.name,
            by=by if by in kinds else kinds[0],
            kinds=kinds,
            typed=typed,
            error=error,
            ended="ended" in query,
        )

    def begin_again(self, visit: Visit, error: str) -> Response:
        """Say why a contact has to be proved anew, or in the other way."""
        return self._contact_page(visit, error=error)

    async def send_code(self, visit: Visit) -> Response:
        """Send a code to the contact that was typed."""
        form = await read_form(visit.request)
        typed = form.get("contact", "").strip()
        try:
            challenge = await visit.services.log_ins.request_code(typed)
        except RefusedError as error:
            return self._contact_page(
                visit, typed=typed, by=form.get("by"), error=_said(error, visit)
            )
        response = visit.go(f"/{self.name}/code")
        waiting = Pending(str(challenge.id), cookies.hidden(typed))
        visit.services.jar.keep_challenge(response, waiting)
        return response

    async def ask_code(self, visit: Visit) -> Response:
        """Ask for the code."""
        waiting = cookies.pending(visit.request)
        if waiting is None:
            return visit.go(f"/{self.name}")
        return self._code_page(visit, waiting)

    def _code_page(self, visit: Visit, waiting: Pending, error: str | None = None) -> Response:
        return visit.page(
            "code",
            status=REFUSED if error else 200,
            entrance=self.name,
            sent_to=waiting.sent_to,
            error=error,
        )

    async def prove(self, visit: Visit) -> Response:
        """Open a session for a member whose code is right; a newcomer is asked for a name."""
        waiting = cookies.pending(visit.request)
        if waiting is None:
            return visit.go(f"/{self.name}")
        form = await read_form(visit.request)
        code = "".join(form.get("code", "").split())
        try:
            proved = await visit.services.log_ins.prove(waiting.id, code)
        except RefusedError as error:
            return self._code_page(visit, waiting, _said(error, visit))
        if isinstance(proved, EnrolmentTicket):
            response = visit.go("/join/name")
            visit.services.jar.keep_ticket(response, proved)
            return response
        response = visit.go("/balance")
        token = await visit.services.log_ins.open_session(proved)
        visit.services.jar.open_session(response, token)
        return response


JOIN = Entrance("join")
LOG_IN = Entrance("log-in")


async def ask_name(visit: Visit) -> Response:
    """Ask a newcomer's name, and say what the card records."""
    if cookies.TICKET not in visit.request.cookies:
        return visit.go("/join")
    return _name_page(visit)


def _name_page(visit: Visit, *, typed: str = "", error: str | None = None) -> Response:
    return visit.page("name", status=REFUSED if error else 200, typed=typed, error=error)


async def enrol(visit: Visit) -> Response:
    """Make a newcomer a member, and log them in."""
    ticket = visit.request.cookies.get(cookies.TICKET)
    if ticket is None:
        return visit.go("/join")
    form = await read_form(visit.request)
    typed = form.get("name", "").strip()
    try:
        holder = await visit.services.log_ins.enrol(ticket, typed)
    except RefusedError as error:
        said = _said(error, visit)
        if "name" in error.path:
            return _name_page(visit, typed=typed, error=said)
        return JOIN.begin_again(visit, said)
    response = visit.go("/balance")
    token = await visit.services.log_ins.open_session(holder)
    visit.services.jar.open_session(response, token)
    return response


async def log_out(visit: Visit) -> Response:
    """End the session, here and in the database."""
    token = visit.request.cookies.get(cookies.SESSION)
    if token is not None:
        await visit.services.log_ins.close_session(token)
    response = visit.go("/")
    visit.services.jar.forget(response, cookies.SESSION)
    return response


def _said(error: RefusedError, visit: Visit) -> str:
    return refused(error.refusal.value, error.refusal.meaning, visit.words)
