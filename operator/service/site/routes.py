"""The site's routes: each language's pages below its code, and ``/`` that leads to one of them.

A language is an application of its own, so that whatever fails within it is told on a page.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Match, Mount, Route, Router
from starlette.types import Receive, Scope, Send

from coalition.members import Holder
from coalition.programme.settings import Programme, ProgrammeMissingError
from coalition.tables import ContactKind
from schema.context import Calendar, Reading
from schema.execution import incident
from service.database.transactions import Database
from service.identity import LogIns
from service.site import cookies, entering, pages
from service.site.assets import PREFIX, Assets
from service.site.cookies import Jar
from service.site.languages import Language, languages, preferred
from service.site.member_door import DoorFailedError, MemberDoor, NotAskedError
from service.site.origins import is_own
from service.site.visits import Handler, Services, Visit

Endpoint = Callable[[Request], Awaitable[Response]]


def site_routes(
    database: Database,
    log_ins: LogIns,
    *,
    reachable: Iterable[ContactKind],
    secure: bool,
    session: timedelta,
) -> list[BaseRoute]:
    """Return the member site's routes.

    ``reachable``: where codes can be sent; ``secure``: whether cookies travel encrypted only, as
    they do but in development; ``session``: how long a browser remembers one.
    """
    calendar = Calendar()

    async def read_programme() -> Programme:
        reading = Reading(database.identity)
        try:
            return await calendar.programme(reading)
        finally:
            await reading.close()

    services = Services(
        door=MemberDoor(database, calendar),
        log_ins=log_ins,
        read_programme=read_programme,
        jar=Jar(secure=secure, session_seconds=int(session.total_seconds())),
        reachable=tuple(reachable) or tuple(ContactKind),
    )
    return routes_of(services)


def routes_of(services: Services) -> list[BaseRoute]:
    """Return the routes of a site made from these services."""
    return [
        Route("/", _choose_language, methods=["GET"]),
        Mount(PREFIX, Assets()),
        *(Mount(f"/{code}", Pages(services, each)) for code, each in languages().items()),
    ]


async def _choose_language(request: Request) -> Response:
    language = preferred(request.headers.get("accept-language", ""))
    headers = {"Vary": "Accept-Language", "Cache-Control": "no-store"}
    return RedirectResponse(f"/{language.code}/", status_code=303, headers=headers)


class Pages:
    """The pages of one language: an ASGI application that answers its own failures."""

    def __init__(self, services: Services, language: Language) -> None:
        """Take what pages are made from, and whose words they are in."""
        self._services = services
        self._language = language
        self._router = Router(
            [
                self._route("/", pages.home),
                *self._entrance(entering.JOIN),
                *self._entrance(entering.LOG_IN),
                self._route("/join/name", entering.ask_name),
                self._route("/join/name", entering.enrol, "POST"),
                self._route("/log-out", entering.log_out, "POST"),
                self._route("/balance", _personal(pages.balance)),
                self._route("/history", _personal(pages.history)),
                self._route("/purchases", _personal(pages.purchases)),
                self._route("/purchases/{id}", _personal(pages.purchase)),
                self._route("/card", _personal(pages.card)),
                self._route("/partners", _personal(pages.partners)),
                self._route("/partners/{id}", _personal(pages.partner)),
                self._route("/partners/{id}/greeting", _personal(pages.set_greeting), "POST"),
            ],
            redirect_slashes=False,
            default=self._nowhere,
        )

    def _entrance(self, entrance: entering.Entrance) -> list[Route]:
        return [
            self._route(f"/{entrance.name}", entrance.ask_contact),
            self._route(f"/{entrance.name}", entrance.send_code, "POST"),
            self._route(f"/{entrance.name}/code", entrance.ask_code),
            self._route(f"/{entrance.name}/code", entrance.prove, "POST"),
        ]

    def _route(self, path: str, handler: Handler, method: str = "GET") -> Route:
        return Route(path, self._endpoint(handler), methods=[method])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        try:
            await self._router(scope, receive, send)
        except HTTPException as error:  # a method that the path doesn't have
            await self._refuse(error, scope, receive, send)

    async def _nowhere(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._refuse(HTTPException(404), scope, receive, send)

    async def _refuse(
        self, error: HTTPException, scope: Scope, receive: Receive, send: Send
    ) -> None:
        async def refuse(_visit: Visit) -> Response:
            raise error

        response = await self._endpoint(refuse)(Request(scope, receive))
        await response(scope, receive, send)

    def _endpoint(self, handler: Handler) -> Endpoint:
        async def answer(request: Request) -> Response:
            methods = self._methods(request.scope)
            has_page = "GET" in methods or (request.method == "GET" and not methods)
            visit = Visit(request, self._services, self._language, has_page=has_page)
            try:
                visit = replace(visit, programme=await self._services.read_programme())
                visit = replace(visit, holder=await self._holder(request))
                if not is_own(request):
                    raise HTTPException(403)
                return await handler(visit)
            except HTTPException as error:
                response = _refusal(visit, error.status_code)
                if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
                    response.headers["Allow"] = ", ".join(sorted(methods))
                return response
            except NotAskedError:
                return _refusal(visit, 404)
            except ProgrammeMissingError:
                return visit.page("failure", status=503, kind="unopened", incident=None)
            except DoorFailedError as failed:
                identifier = failed.incident
            except Exception as error:  # noqa: BLE001  # whatever it is, it is told on a page
                identifier = incident(error, path=request.url.path)
            return visit.page("failure", status=500, kind="incident", incident=identifier)

        return answer

    def _methods(self, scope: Scope) -> set[str]:
        """Return the methods that a path has: a form's page and its sending are two routes."""
        return {
            method
            for route in self._router.routes
            if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE
            for method in route.methods or ()
        }

    async def _holder(self, request: Request) -> Holder | None:
        """Return the member whose session the cookie is; staff are strangers here."""
        token = request.cookies.get(cookies.SESSION)
        subject = None if token is None else await self._services.log_ins.session(token)
        return subject if isinstance(subject, Holder) else None


def _personal(handler: Handler) -> Handler:
    """Return a handler that strangers are led to the log-in from."""

    async def answer(visit: Visit) -> Response:
        if visit.holder is not None:
            return await handler(visit)
        if cookies.SESSION in visit.request.cookies:
            return visit.go("/log-in?ended")
        return visit.go("/log-in")

    return answer


def _refusal(visit: Visit, status: int) -> Response:
    kind = {403: "foreign", 404: "missing", 405: "missing"}.get(status, "unreadable")
    return visit.page("failure", status=status, kind=kind, incident=None)
