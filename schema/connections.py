"""Lists in pages, after the Relay connection specification: forward, by keyset, never counted."""

from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

import strawberry
from graphql import GraphQLError

from schema.opaque import Key, Opaque
from schema.scalars import DEFAULT_PAGE, LARGEST_PAGE, Cursor, PageSize

DEFAULT_FIRST = PageSize(DEFAULT_PAGE)

NodeType = TypeVar("NodeType")
Row = TypeVar("Row")

First = Annotated[
    PageSize | None,
    strawberry.argument(description=f"How many rows at most: 1 to {LARGEST_PAGE}."),
]
After = Annotated[
    Cursor | None,
    strawberry.argument(description="The cursor after which the page begins; else at the start."),
]


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """Relay's PageInfo."""

    has_next_page: bool = strawberry.field(description="Whether more rows follow.")
    has_previous_page: bool = strawberry.field(description="Whether the page began after a cursor.")
    start_cursor: Cursor | None = strawberry.field(description="The first row's cursor, if any.")
    end_cursor: Cursor | None = strawberry.field(
        description="The last row's cursor, if any: give it as `after` for the next page."
    )


@strawberry.type(description="A row of a list, and its place.")
class Edge(Generic[NodeType]):
    """Relay's Edge."""

    cursor: Cursor = strawberry.field(description="The row's place in the list.")
    node: NodeType = strawberry.field(description="The row.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[NodeType]):
    """Relay's Connection."""

    edges: list[Edge[NodeType]] = strawberry.field(description="The page's rows in order.")
    page_info: PageInfo = strawberry.field(description="Where the page stands in the list.")


def page_size(first: PageSize | None) -> int:
    """Return how many rows were asked for; explicit null means the default, too."""
    return DEFAULT_PAGE if first is None else first


def start_of(after: Cursor | None, kind: Opaque[Key]) -> Key | None:
    """Return the key after which a page begins. Raises for the cursor of another list."""
    if after is None:
        return None
    key = kind.unseal(after)
    if key is None:
        raise GraphQLError("The cursor is of another list.", extensions={"code": "BAD_USER_INPUT"})
    return key


def connection(
    rows: Sequence[Row],
    *,
    size: int,
    after: Cursor | None,
    cursor: Callable[[Row], str],
    node: Callable[[Row], NodeType],
) -> Connection[NodeType]:
    """Return the page of ``rows``, which are one more than ``size`` when more follow."""
    edges = [Edge(cursor=Cursor(cursor(row)), node=node(row)) for row in rows[:size]]
    return Connection(
        edges=edges,
        page_info=PageInfo(
            has_next_page=len(rows) > size,
            has_previous_page=after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        ),
    )
