"""Founding the demo coalition: programme, partners with contracts and outlets, and members.

Each step finds what an interrupted run left and goes on from there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import func, select

from coalition.members import Application, Contact, cards_by_contact, enrol
from coalition.programme.settings import Programme, set_up_programme
from coalition.recording import Caller
from coalition.tables import ContactKind
from ledger.identifiers import new_id
from ledger.refusals import RefusedError
from partners.contracts import Terms, agree_contract
from partners.credentials import Credential, hash_secret, store_credential
from partners.refusals import RegistrationRefusal
from partners.registry import Outlet, create_partner, open_outlets
from partners.tables import contract, credential, partner
from service.database.transactions import Database
from service.journey.clock import ZONE, Months, shift_to
from service.journey.households import person
from service.journey.partners import PARTNERS, DemoTerms
from service.journey.partners import Partner as DemoPartner
from service.journey.source import Journey
from service.keys import Keys

CURRENCY = "USD"
TERMINAL = "1"
TILL = "Complete Journey till"
ENROLLED_AT_ONCE = 500


class OtherPeriodError(Exception):
    """The database holds the journey for another period or with another shift."""


@dataclass(frozen=True, slots=True)
class Founded:
    """What the receipts need: each partner's caller, each household's card, and the period."""

    journey: Journey
    callers: Mapping[str, Caller]
    cards: Mapping[int, str]


def till_credential(keys: Keys, credential_id: UUID, partner_code: str) -> Credential:
    """Return a demo till's credential; its secret follows from the installation's own."""
    return Credential(credential_id, keys.demo_secret(partner_code))


async def found_coalition(
    database: Database, keys: Keys, months: Months, *, original_dates: bool
) -> Founded:
    """Set up what the journey's receipts need, or find it set up.

    Raises OtherPeriodError when the database holds another period or shift.
    """
    async with database.operator() as connection:
        await set_up_programme(
            connection, Programme(name="Complete Journey", time_zone=ZONE, currency=CURRENCY)
        )
        today = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
    founded_since = await _founded_since(database)
    if founded_since is None:
        shift = timedelta() if original_dates else shift_to(today.astimezone(ZONE).date(), months)
    else:
        # Weeks later the same receipts keep the days on which they were first loaded.
        shift = founded_since.date() - months.first_day
        if original_dates != (shift == timedelta()):
            raise OtherPeriodError(
                "This database holds the journey with other dates."
                " Use another COALITION_STATE_FOLDER, or the options of the first load."
            )
    journey = Journey(months, shift)
    since = _midnight(months.first_day + shift)
    callers = await _found_partners(database, keys, journey, since, today)
    cards = await _enrol_households(database, journey.households(), since)
    return Founded(journey, callers, cards)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE)


async def _founded_since(database: Database) -> datetime | None:
    async with database.operator() as connection:
        found = await connection.execute(
            select(func.min(func.lower(contract.c.period)))
            .join_from(contract, partner, partner.c.id == contract.c.partner_id)
            .where(partner.c.code.in_([each.key for each in PARTNERS]))
        )
        since: datetime | None = found.scalar_one()
    return None if since is None else since.astimezone(ZONE)


async def _found_partners(
    database: Database, keys: Keys, journey: Journey, since: datetime, today: datetime
) -> dict[str, Caller]:
    callers = await _callers(database)
    outlets = journey.outlets()
    for demo in PARTNERS:
        if demo.key not in callers:
            try:
                await _found_partner(database, keys, demo, outlets[demo.key], since, today)
            except RefusedError as refused:
                if refused.refusal is not RegistrationRefusal.PARTNER_CODE_TAKEN:
                    raise  # else another load is founding it
    return await _callers(database)


async def _callers(database: Database) -> dict[str, Caller]:
    async with database.operator() as connection:
        rows = await connection.execute(
            select(partner.c.code, credential.c.id, partner.c.id.label("partner_id"))
            .join_from(partner, credential, credential.c.partner_id == partner.c.id)
            .where(credential.c.label == TILL, credential.c.revoked_at.is_(None))
        )
        return {row.code: Caller(row.id, row.partner_id) for row in rows}


async def _found_partner(
    database: Database,
    keys: Keys,
    demo: DemoPartner,
    outlets: Sequence[str],
    since: datetime,
    today: datetime,
) -> None:
    # One transaction: an interrupted run leaves a partner whole or not at all.
    async with database.operator() as connection:
        created = await create_partner(
            connection,
            code=demo.key,
            name=demo.key.replace("-", " ").capitalize(),
            legal_name=demo.legal_name,
            category=demo.category,
        )
        await agree_contract(
            connection,
            created.id,
            _terms(demo.terms, acceptance_days=(today - since).days + 30),
            valid_from=since,
        )
        await open_outlets(
            connection,
            created.id,
            [Outlet(code=code, name=f"Store {code}", terminals=(TERMINAL,)) for code in outlets],
        )
        await store_credential(
            connection, created.id, new_id(), hash_secret(keys.demo_secret(demo.key)), label=TILL
        )


def _terms(demo: DemoTerms, *, acceptance_days: int) -> Terms:
    return Terms(
        currency=CURRENCY,
        points_per_unit=demo.points_per_unit,
        excluded_categories=frozenset(demo.excluded_categories),
        category_multipliers=demo.category_multipliers,
        redeem_value=demo.redeem_value,
        issue_price=demo.issue_price,
        redeem_price=demo.redeem_price,
        acceptance_days=acceptance_days,
    )


async def _enrol_households(
    database: Database, households: Sequence[int], since: datetime
) -> dict[int, str]:
    cards: dict[int, str] = {}
    for start in range(0, len(households), ENROLLED_AT_ONCE):
        group = households[start : start + ENROLLED_AT_ONCE]
        people = {household: person(household) for household in group}
        contacts = {
            household: Contact(ContactKind.PHONE, made_up.phone)
            for household, made_up in people.items()
        }
        async with database.operator() as connection:
            # Those enrolled by an earlier run are refused as taken, and found below.
            await enrol(
                connection,
                [
                    Application(
                        name=f"{made_up.first_name} {made_up.family_name}",
                        contact_kind=ContactKind.PHONE,
                        contact=made_up.phone,
                    )
                    for made_up in people.values()
                ],
                joined_at=since,
            )
            numbers = await cards_by_contact(connection, list(contacts.values()))
        cards.update({household: numbers[read] for household, read in contacts.items()})
    return cards
