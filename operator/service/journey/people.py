"""The demo's people who log in: one of the operator's staff, one of a partner's, and a member.

Passwords follow from the installation's secret, so they can be told again after a restart and are
no one else's. A demo on a real database would be a way in: ``coalition demo`` says so.
"""

from dataclasses import dataclass
from uuid import UUID

from coalition.identity.passwords import hash_password
from coalition.identity.staff import StaffRefusal, create_staff
from ledger.refusals import RefusedError
from service.database.transactions import Database
from service.journey.households import person
from service.keys import Keys

OPERATOR = "operator@example.test"


@dataclass(frozen=True, slots=True)
class Employee:
    """Somebody of the staff, with the password to tell."""

    email: str
    password: str


def employee(keys: Keys, email: str) -> Employee:
    """Return a demo employee's log-in."""
    return Employee(email, keys.demo_password(email))


def partner_email(partner_code: str) -> str:
    """Return the e-mail address of a demo partner's employee."""
    return f"{partner_code}@example.test"


async def hire(database: Database, keys: Keys, partners: dict[str, UUID]) -> None:
    """Let the operator's employee, and one of each partner given, log in, unless they may."""
    employers: dict[str, UUID | None] = {OPERATOR: None}
    employers |= {partner_email(code): partner_id for code, partner_id in partners.items()}
    for email, partner_id in employers.items():
        password_hash = hash_password(employee(keys, email).password)
        try:
            async with database.operator() as connection:
                await create_staff(
                    connection,
                    email=email,
                    name="Robin Demo",
                    partner_id=partner_id,
                    password_hash=password_hash,
                )
        except RefusedError as refused:
            if refused.refusal is not StaffRefusal.EMAIL_TAKEN:  # by an earlier run
                raise


def member_phone(household: int) -> str:
    """Return the telephone number that a household's member logs in by."""
    return person(household).phone
