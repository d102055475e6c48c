"""Running an operation at a door: the caches and limits, and which errors a caller may read.

What a caller did wrong is shown. What went wrong here is logged under an id, and the caller sees
that id and nothing else.
"""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import strawberry
import structlog
from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.exceptions import MissingQueryError
from strawberry.extensions import (
    AddValidationRules,
    MaxTokensLimiter,
    ParserCache,
    SchemaExtension,
    ValidationCache,
)
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.exceptions import CannotGetOperationTypeError
from strawberry.types import ExecutionContext

from schema.costs import CostLimit
from schema.limits import MOST_TOKENS, OperationLimits
from schema.scalars import SCALARS

LONGEST_DOCUMENT = 65_536
"""Characters: cached documents must not fill the memory with long strings."""
MOST_ERRORS = 50
CACHED_DOCUMENTS = 256
_RULES = [OperationLimits]

logger = structlog.get_logger(__name__)


def _tokens() -> SchemaExtension:
    return MaxTokensLimiter(max_token_count=MOST_TOKENS)


def _rules() -> SchemaExtension:
    return AddValidationRules(list(_RULES))


def _parsed() -> SchemaExtension:
    return ParserCache(maxsize=CACHED_DOCUMENTS)


def _validated() -> SchemaExtension:
    return ValidationCache(maxsize=CACHED_DOCUMENTS)


class DoorSchema(strawberry.Schema):
    """A schema with this project's scalars, caches and limits."""

    def __init__(self, *, query: type, mutation: type, types: tuple[type, ...]) -> None:
        """Build the schema; ``types`` are those that only an interface leads to."""
        super().__init__(
            query=query,
            mutation=mutation,
            types=types,
            config=StrawberryConfig(scalar_map=SCALARS),
            extensions=[_tokens, _rules, _parsed, _validated, CostLimit],
        )

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Log nothing here: ``answer`` logs what is ours, with an id."""

    async def answer(
        self,
        query: str,
        *,
        variables: Mapping[str, Any] | None,
        operation_name: str | None,
        context: object,
    ) -> dict[str, Any]:
        """Run an operation and return the response object; without ``data`` if none was run."""
        if len(query) > LONGEST_DOCUMENT:
            long = GraphQLError(
                f"The document has over {LONGEST_DOCUMENT} characters: send values as variables."
            )
            return {"errors": [shown(long)]}
        try:
            result = await self.execute(
                query,
                variable_values=dict(variables or {}),
                operation_name=operation_name,
                context_value=context,
            )
        except (MissingQueryError, CannotGetOperationTypeError):
            unnamed = GraphQLError("The document has no operation, or none of this name.")
            return {"errors": [shown(unnamed)]}
        if not result.errors:
            return {"data": result.data}
        errors = [shown(error) for error in result.errors[:MOST_ERRORS]]
        if any(error.path is not None for error in result.errors):
            return {"data": result.data, "errors": errors}
        return {"errors": errors}


def shown(error: GraphQLError) -> dict[str, Any]:
    """Return an error as the caller sees it; log it, and hide what it says, if it is ours."""
    cause = _cause(error)
    if cause is None:
        code = "BAD_USER_INPUT" if error.path is not None else "GRAPHQL_VALIDATION_FAILED"
        if isinstance(error, GraphQLSyntaxError):
            long = f"more than {MOST_TOKENS} tokens" in error.message
            code = "QUERY_TOO_LARGE" if long else "GRAPHQL_PARSE_FAILED"
        return {**error.formatted, "extensions": {"code": code} | (error.extensions or {})}
    hidden = GraphQLError(
        "Internal error",
        error.nodes,
        error.source,
        error.positions,
        error.path,
        extensions={"code": "INTERNAL", "incident": incident(cause, path=error.path)},
    )
    return dict(hidden.formatted)


def incident(cause: BaseException, **facts: object) -> str:
    """Log an error of ours with its facts; return the fresh id that it is logged under."""
    identifier = str(uuid4())
    logger.error("request failed", incident=identifier, exc_info=cause, **facts)
    return identifier


def _cause(error: GraphQLError) -> Exception | None:
    """Return the error of ours behind a GraphQL error, or None when the caller made it."""
    cause: BaseException | None = error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return cause if isinstance(cause, Exception) else None
