"""The web application: the three doors, log-ins, the member site, and whether it is well."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

import structlog
from anyio import CapacityLimiter
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from coalition.desk import PostingDesk
from schema import member, operator, partner
from schema.context import Calendar
from schema.execution import incident
from service.database.migration import SchemaOutdatedError
from service.database.transactions import Database
from service.doors import Door
from service.graphiql import Samples, playground_routes
from service.identity import HASHES_AT_ONCE, LogIns
from service.keys import Keys
from service.log_in import log_in_routes
from service.oauth import TokenEndpoint
from service.responses import JsonResponse, error_response
from service.settings import Settings
from service.site import site_routes
from service.tokens import AccessTokens, Audience

DOORS = {
    "partner": "/graphql/partner",
    "operator": "/graphql/operator",
    "member": "/graphql/member",
}

logger = structlog.get_logger(__name__)


def create_app(
    database: Database,
    settings: Settings,
    keys: Keys,
    *,
    desk: PostingDesk | None = None,
    samples: Samples | None = None,
) -> Starlette:
    """Return the application. It closes ``database`` when it is shut down.

    ``desk`` records purchases for all tills; one of the database's own unless given. ``samples``
    are what the examples name at the doors' pages, in development.
    """
    tokens = AccessTokens(keys, settings.token_seconds)
    posting_desk = desk or PostingDesk(database.desk)
    hashing = CapacityLimiter(HASHES_AT_ONCE)
    senders = settings.senders()
    lifetimes = settings.session_lifetimes()
    log_ins = LogIns(
        database,
        tokens,
        keys,
        senders,
        hashing=hashing,
        lifetimes=lifetimes,
    )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await posting_desk.drain()
            await database.close()

    return Starlette(
        routes=[
            *_doors(database, tokens, posting_desk),
            *(playground_routes(DOORS, samples or Samples()) if settings.development else ()),
            Route(
                "/oauth/token", TokenEndpoint(database, tokens, hashing).answer, methods=["POST"]
            ),
            *log_in_routes(log_ins, tokens),
            Route("/health", _live),
            Route("/ready", Readiness(database).answer),
            *site_routes(
                database,
                log_ins,
                reachable=senders.kinds,
                secure=not settings.development,
                session=lifetimes.member,
            ),
        ],
        exception_handlers={HTTPException: _http_error, Exception: _unexpected_error},
        lifespan=lifespan,
    )


def _doors(database: Database, tokens: AccessTokens, desk: PostingDesk) -> list[Route]:
    calendar = Calendar()
    doors = {
        DOORS["partner"]: Door(
            Audience.PARTNER,
            partner.schema,
            tokens,
            lambda caller: partner.PartnerContext(caller, database, calendar, desk),
        ),
        DOORS["operator"]: Door(
            Audience.OPERATOR,
            operator.schema,
            tokens,
            lambda staff: operator.OperatorContext(staff, database, calendar),
        ),
        DOORS["member"]: Door(
            Audience.MEMBER,
            member.schema,
            tokens,
            lambda holder: member.MemberContext(holder, database, calendar),
        ),
    }
    return [Route(path, door.answer, methods=["POST"]) for path, door in doors.items()]


class Readiness:
    """Answers GET /ready: whether requests can be served."""

    def __init__(self, database: Database) -> None:
        """Take the database that must be there."""
        self._database = database

    async def answer(self, _request: Request) -> Response:
        """Return 200 when the database is reachable and its schema current, else 503."""
        try:
            await self._database.require_current()
        except SchemaOutdatedError:
            status = "schema outdated"
        except (SQLAlchemyError, OSError) as error:
            logger.warning("database unreachable", error=type(error).__name__)
            status = "database unreachable"
        else:
            return JsonResponse({"status": "ready"})
        return JsonResponse({"status": status}, status_code=503)


async def _live(_request: Request) -> Response:
    return JsonResponse({"status": "live"})


async def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = "BODY_TOO_LARGE" if error.status_code == 413 else HTTPStatus(error.status_code).name
    return error_response(error.status_code, code, error.detail, headers=error.headers)


async def _unexpected_error(request: Request, error: Exception) -> Response:
    identifier = incident(error, path=request.url.path)
    return error_response(500, "INTERNAL", "Internal error", incident=identifier)
