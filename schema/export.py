"""The schemas as files: what a review sees change, and what clients are generated from."""

from schema.partner import schema


def sdl() -> str:
    """Return the partner's schema in GraphQL's schema definition language."""
    return schema.as_str() + "\n"
