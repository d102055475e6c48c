"""A GraphQL door over HTTP: a bearer token and an operation in, its answer out.

Three doors, one way in: each has an audience, whose tokens alone open it, and a schema.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from schema.context import DoorContext
from schema.execution import DoorSchema
from service.responses import JsonResponse, error_response, media_type, read_body
from service.tokens import AccessTokens, Audience, Identity, TokenInvalidError

LARGEST_BODY = 4 * 1024 * 1024
GRAPHQL_RESPONSE = "application/graphql-response+json"


@dataclass(frozen=True, slots=True)
class Operation:
    """What a request asks to run."""

    query: str
    variables: dict[str, Any] | None
    name: str | None


class Door:
    """Answers POST at one door."""

    def __init__(
        self,
        audience: Audience,
        schema: DoorSchema,
        tokens: AccessTokens,
        context: Callable[[Any], DoorContext],
    ) -> None:
        """Take whose door it is; ``context`` makes a request's from the token's identity."""
        self._audience = audience
        self._schema = schema
        self._tokens = tokens
        self._context = context

    async def answer(self, request: Request) -> Response:
        """Run the request's operation for whom its token names."""
        try:
            identity = self._identity(request)
        except TokenInvalidError as invalid:
            return _unauthenticated(str(invalid), error="invalid_token")
        if identity is None:
            return _unauthenticated("An access token is missing: log in, or POST /oauth/token.")
        if media_type(request) != "application/json":
            return error_response(415, "BAD_REQUEST", "Send JSON: application/json.")
        operation = _operation(await read_body(request, LARGEST_BODY))
        if operation is None:
            return error_response(
                400,
                "BAD_REQUEST",
                'The body is no JSON object with "query", and "variables" and "operationName"'
                " if any.",
            )
        return _response(request, await self._run(operation, identity))

    def _identity(self, request: Request) -> Identity | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        return self._tokens.verify(token.strip(), self._audience)

    async def _run(self, operation: Operation, identity: Identity) -> dict[str, Any]:
        context = self._context(identity)
        try:
            return await self._schema.answer(
                operation.query,
                variables=operation.variables,
                operation_name=operation.name,
                context=context,
            )
        finally:
            await context.close()


def _operation(body: bytes) -> Operation | None:
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(sent, dict):
        return None
    query, variables, name = sent.get("query"), sent.get("variables"), sent.get("operationName")
    if (
        not isinstance(query, str)
        or not isinstance(variables, dict | None)
        or not isinstance(name, str | None)
    ):
        return None
    return Operation(query, variables, name)


def _response(request: Request, content: dict[str, Any]) -> Response:
    """Return 200 for JSON clients; by GraphQL over HTTP, 400 for who asks for its media type."""
    if GRAPHQL_RESPONSE not in request.headers.get("accept", ""):
        return JsonResponse(content)
    status = 200 if "data" in content else 400
    return JsonResponse(content, status_code=status, media_type=GRAPHQL_RESPONSE)


def _unauthenticated(message: str, *, error: str | None = None) -> Response:
    challenge = 'Bearer realm="coalition"'
    if error is not None:
        challenge += f', error="{error}", error_description="{message}"'
    return error_response(401, "UNAUTHENTICATED", message, headers={"WWW-Authenticate": challenge})
