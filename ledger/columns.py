"""Column types that the floors' tables share."""

from enum import StrEnum

from sqlalchemy import DateTime, Enum, MetaData, text

instant = DateTime(timezone=True)
"""A point in time, stored in UTC."""

clock = text("clock_timestamp()")
"""The database's clock at the moment of writing, not at the transaction's beginning."""


def enumeration(enum: type[StrEnum], name: str, metadata: MetaData) -> Enum:
    """Return the Postgres enum ``name`` whose labels are the values of ``enum``."""
    return Enum(
        enum,
        name=name,
        metadata=metadata,
        schema=metadata.schema,
        values_callable=lambda members: [member.value for member in members],
    )
