"""Asking the member's door in process: stored documents, run with one member's own rights."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from coalition.members import Holder
from schema.context import Calendar
from schema.member import schema
from schema.member.context import MemberContext
from service.database.transactions import Database

DOCUMENTS = Path(__file__).with_name("documents")


class NotAskedError(Exception):
    """The door didn't take the variables: an id or cursor in the address that leads nowhere."""


class DoorFailedError(Exception):
    """The door failed and has logged why, under ``incident``."""

    def __init__(self, incident: str) -> None:
        """Take the id that the failure is logged under."""
        super().__init__(f"the member's door failed: incident {incident}")
        self.incident = incident


@cache
def stored_document(name: str) -> str:
    """Return a stored document."""
    return (DOCUMENTS / f"{name}.graphql").read_text(encoding="utf-8")


class Door(Protocol):
    """Answers stored documents."""

    async def ask(self, name: str, holder: Holder, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return a stored document's data. Raises NotAskedError and DoorFailedError."""
        ...


class MemberDoor:
    """The member's door, as each page asks it."""

    def __init__(self, database: Database, calendar: Calendar) -> None:
        """Take what the door's context needs."""
        self._database = database
        self._calendar = calendar

    async def ask(self, name: str, holder: Holder, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return a stored document's data. Raises NotAskedError and DoorFailedError."""
        context = MemberContext(holder, self._database, self._calendar)
        try:
            answer = await schema.answer(
                stored_document(name), variables=variables, operation_name=None, context=context
            )
        finally:
            await context.close()
        return sound(answer)


def sound(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of an answer without errors. Raises NotAskedError and DoorFailedError."""
    for error in answer.get("errors", ()):
        facts = error.get("extensions", {})
        if "incident" in facts:
            raise DoorFailedError(facts["incident"])
    if answer.get("errors"):
        # The documents are valid, as a test proves: what is left to be wrong is a variable.
        raise NotAskedError(answer["errors"][0]["message"])
    data: dict[str, Any] = answer["data"]
    return data
