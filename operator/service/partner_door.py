"""The partner's door over HTTP: a bearer token and a GraphQL operation in, its answer out."""

from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from coalition.recording import Caller
from schema.context import Calendar
from schema.partner import schema
from schema.partner.context import PartnerContext
from service.database.transactions import Database
from service.responses import JsonResponse, error_response, media_type, read_body
from service.tokens import AccessTokens, TokenInvalidError

LARGEST_BODY = 4 * 1024 * 1024
GRAPHQL_RESPONSE = "application/graphql-response+json"


@dataclass(frozen=True, slots=True)
class Operation:
    """What a request asks to run."""

    query: str
    variables: dict[str, Any] | None
    name: str | None


class PartnerDoor:
    """Answers POST /graphql/partner."""

    def __init__(self, database: Database, tokens: AccessTokens) -> None:
        """Take what transactions and callers come from."""
        self._database = database
        self._tokens = tokens
        self._calendar = Calendar()

    async def answer(self, request: Request) -> Response:
        """Run the request's operation for the partner that its token names."""
        try:
            caller = self._caller(request)
        except TokenInvalidError as invalid:
            return _unauthenticated(str(invalid), error="invalid_token")
        if caller is None:
            return _unauthenticated("An access token is missing: POST /oauth/token gives one.")
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
        return _response(request, await self._run(operation, caller))

    def _caller(self, request: Request) -> Caller | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        return self._tokens.verify(token.strip())

    async def _run(self, operation: Operation, caller: Caller) -> dict[str, Any]:
        context = PartnerContext(caller, self._database, self._calendar)
        try:
            return await schema.answer(
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
