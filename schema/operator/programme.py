"""The programme's own settings: as they are, every version of them, and a change."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from coalition.programme import settings
from schema.connections import (
    DEFAULT_FIRST,
    After,
    Connection,
    First,
    connection,
    page_size,
    start_of,
)
from schema.fields import resolved
from schema.opaque import PROGRAMME_CURSOR
from schema.operator.context import Info
from schema.operator.refusals import Refusal
from schema.operator.staff import Staff, staff_member


@strawberry.type(description="The programme's settings as they are.")
class Programme:
    """The newest settings."""

    version: int = strawberry.field(
        description="Which version of the settings it is, from 1. A change names it."
    )
    name: str = strawberry.field(description="What members call the programme.")
    time_zone: str = strawberry.field(
        description="The IANA time zone in which days are cut, such as Europe/Moscow. A new one"
        " cuts the days of what occurs ten minutes after the change or later."
    )
    currency: str = strawberry.field(
        description="The ISO 4217 code of the currency in which partners settle. It never changes."
    )


@strawberry.type(description="The programme's settings as they were stored once.")
class ProgrammeVersion(Programme):
    """A version of the settings, with who stored it."""

    set_at: datetime = strawberry.field(description="Since when it counts.")
    setter: strawberry.Private[UUID | None]

    @resolved("Who stored it; null for the command that set the programme up.")
    async def set_by(self, info: Info) -> Staff | None:
        """Load who stored it."""
        if self.setter is None:
            return None
        found = await info.context.loaders.staff.load(self.setter)
        return None if found is None else staff_member(found)


@strawberry.input(description="A change of the programme's settings.")
class ChangeProgrammeInput:
    """The settings that follow a version."""

    version: int = strawberry.field(
        description="The version that you read; another since then refuses the change."
    )
    name: str = strawberry.field(
        description="What members call the programme: 1 to 200 printable characters."
    )
    time_zone: str = strawberry.field(
        description="The IANA time zone, such as Europe/Moscow, in which days are cut of what"
        " occurs ten minutes from now or later."
    )


@strawberry.type(description="What became of the programme's settings.")
class ProgrammePayload:
    """The settings, or why they were not changed."""

    programme: Programme | None = strawberry.field(
        description="The settings as they are now; null when refused."
    )
    errors: list[Refusal] = strawberry.field(description="Why it was refused; else empty.")


@strawberry.type
class ProgrammeQuery:
    """What the door tells of the programme."""

    @resolved("The programme's settings; null until it is set up.")
    async def programme(self, info: Info) -> Programme | None:
        """Read the newest settings."""
        async with info.context.reading() as reader:
            newest = await settings.programme_history(reader, most=1)
        return _programme(newest[0]) if newest else None

    @resolved("Every version of the programme's settings, the newest first.")
    async def programme_history(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[ProgrammeVersion]:
        """Read a page of the versions."""
        size, start = page_size(first), start_of(after, PROGRAMME_CURSOR)
        async with info.context.reading() as reader:
            rows = await settings.programme_history(reader, before=start, most=size + 1)
        return connection(
            rows,
            size=size,
            after=after,
            cursor=lambda row: PROGRAMME_CURSOR.seal(row.version),
            node=_version,
        )


@strawberry.type
class ProgrammeMutation:
    """What the door does to the programme."""

    @resolved(
        "Store other settings after the version that you read. All processes go by them within ten"
        " seconds."
    )
    async def change_programme(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 as every mutation's argument is called
            ChangeProgrammeInput, strawberry.argument(description="The change.")
        ],
    ) -> ProgrammePayload:
        """Change the settings."""
        changed = await info.context.write(
            lambda connection: settings.change_programme(
                connection,
                after=input.version,
                name=input.name,
                time_zone=input.time_zone,
                set_by=info.context.staff.staff_id,
            )
        )
        if isinstance(changed, Refusal):
            return ProgrammePayload(programme=None, errors=[changed])
        return ProgrammePayload(programme=_programme(changed), errors=[])


def _programme(stored: settings.ProgrammeVersion) -> Programme:
    return Programme(
        version=stored.version,
        name=stored.programme.name,
        time_zone=stored.programme.time_zone.key,
        currency=stored.programme.currency,
    )


def _version(stored: settings.ProgrammeVersion) -> ProgrammeVersion:
    return ProgrammeVersion(
        version=stored.version,
        name=stored.programme.name,
        time_zone=stored.programme.time_zone.key,
        currency=stored.programme.currency,
        set_at=stored.set_at,
        setter=stored.set_by,
    )
