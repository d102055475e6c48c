"""The web application: the partner's door, the token endpoint, and whether it is well."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from schema.execution import incident
from service.database.migration import SchemaOutdatedError
from service.database.transactions import Database
from service.keys import Keys
from service.oauth import TokenEndpoint
from service.partner_door import PartnerDoor
from service.responses import JsonResponse, error_response
from service.settings import Settings
from service.tokens import AccessTokens

logger = structlog.get_logger(__name__)


def create_app(database: Database, settings: Settings, keys: Keys) -> Starlette:
    """Return the application. It closes ``database`` when it is shut down."""
    tokens = AccessTokens(keys, settings.token_seconds)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await database.close()

    return Starlette(
        routes=[
            Route("/graphql/partner", PartnerDoor(database, tokens).answer, methods=["POST"]),
            Route("/oauth/token", TokenEndpoint(database, tokens).answer, methods=["POST"]),
            Route("/health", _live),
            Route("/ready", Readiness(database).answer),
        ],
        exception_handlers={HTTPException: _http_error, Exception: _unexpected_error},
        lifespan=lifespan,
    )


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
