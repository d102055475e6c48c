"""Staff and members to be, and what is sent to them."""

import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import LiteralString
from uuid import UUID

import psycopg

from coalition.identity.passwords import hash_password
from coalition.identity.staff import StaffMember, create_staff
from coalition.members import Contact
from service.database.transactions import Database

PASSWORD = "correct horse battery"
_HASH = hash_password(PASSWORD)  # slow on purpose: the same for all


@dataclass
class Outbox:
    """Keeps messages instead of sending them."""

    sent: list[tuple[Contact, str, str]] = field(default_factory=list)

    async def send(self, contact: Contact, subject: str, text: str) -> None:
        self.sent.append((contact, subject, text))

    @property
    def last_code(self) -> str:
        """The code of the newest message."""
        return code_in(self.sent[-1][2])


def code_in(text: str) -> str:
    """The one code that a message tells, in both languages."""
    [code] = set(re.findall(r"\b\d{6}\b", text))
    return str(code)


def another(code: str) -> str:
    """A wrong code."""
    return f"{(int(code) + 1) % 10**6:06}"


def fresh_email() -> str:
    return f"{secrets.token_hex(8)}@example.test"


def fresh_phone() -> str:
    return f"+7912{secrets.randbelow(10**7):07}"


async def register(
    database: Database, *, partner_id: UUID | None = None, email: str | None = None
) -> StaffMember:
    """Register an employee whose password is PASSWORD."""
    async with database.operator() as connection:
        return await create_staff(
            connection,
            email=email or fresh_email(),
            name="Olga",
            partner_id=partner_id,
            password_hash=_HASH,
        )


def administer(database: Database, statement: LiteralString, *parameters: object) -> None:
    """Run a statement that no serving role may."""
    location = database._location.set(drivername="postgresql")
    with psycopg.connect(location.render_as_string(hide_password=False)) as connection:
        connection.execute(statement, parameters)


def rows(database: Database, query: LiteralString, *parameters: object) -> list[tuple[object, ...]]:
    """What the administrator sees."""
    location = database._location.set(drivername="postgresql")
    with psycopg.connect(location.render_as_string(hide_password=False)) as connection:
        return connection.execute(query, parameters).fetchall()


def age_code(database: Database, challenge_id: UUID, by: timedelta) -> None:
    """Let a code be older than it is."""
    administer(
        database,
        "update coalition.one_time_code set created_at = created_at - %s,"
        " expires_at = expires_at - %s where id = %s",
        by,
        by,
        challenge_id,
    )
