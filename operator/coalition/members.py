"""Enrolment: a person becomes a member by a contact and a name, with a bucket, account and card."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import phonenumbers
from sqlalchemy import and_, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from coalition.cards import Card, issue_cards
from coalition.tables import (
    ContactKind,
    MemberStatus,
    card,
    contact,
    member,
    member_account,
)
from ledger.accounts import Account, open_accounts
from ledger.identifiers import new_id
from ledger.refusals import Refusal, RefusedError
from ledger.tables import BUCKETS, AccountKind
from partners.receipts import LONGEST_NAME, printable

LONGEST_EMAIL = 254
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_EMAIL = re.compile(rf"{_ATOM}(\.{_ATOM})*@[a-z0-9-]+(\.[a-z0-9-]+)+", re.ASCII)
"""Dot-strings alone (RFC 5321, 4.1.2): quotes and comments write one mailbox in many ways."""


class EnrolmentRefusal(Refusal):
    """Why a person was not enrolled."""

    NAME_INVALID = ("NAME_INVALID", "A name has 1 to 200 printable characters. Write it so.")
    PHONE_INVALID = (
        "PHONE_INVALID",
        "The phone number is not possible. Write it with + and the country code.",
    )
    EMAIL_INVALID = (
        "EMAIL_INVALID",
        "The e-mail address is not of the form name@host. Write it without quotes or comments.",
    )
    CONTACT_TAKEN = (
        "CONTACT_TAKEN",
        "A member with this contact is enrolled already. Find them by it, or use another contact.",
    )


@dataclass(frozen=True, slots=True)
class Holder:
    """A member, by the bucket that they belong to for ever and their id."""

    bucket: int
    member_id: UUID


@dataclass(frozen=True, slots=True)
class Contact:
    """A phone in E.164 or an e-mail in lower case, as it is compared."""

    kind: ContactKind
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """Who wants to become a member: a name, and a phone or an e-mail as it was typed."""

    name: str
    contact_kind: ContactKind
    contact: str


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A member since now, with the first card."""

    bucket: int
    member_id: UUID
    card: Card


@dataclass(frozen=True, slots=True)
class NotEnrolled:
    """Nothing was written for this application."""

    refusal: EnrolmentRefusal
    path: str


def read_contact(kind: ContactKind, typed: str) -> Contact | NotEnrolled:
    """Return a typed contact in the form in which it is stored and compared."""
    if kind is ContactKind.PHONE:
        try:
            number = phonenumbers.parse(typed, None)
        except phonenumbers.NumberParseException:
            return NotEnrolled(EnrolmentRefusal.PHONE_INVALID, "contact")
        if not phonenumbers.is_possible_number(number):
            return NotEnrolled(EnrolmentRefusal.PHONE_INVALID, "contact")
        return Contact(
            kind, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        )
    value = typed.strip().lower()
    if len(value) > LONGEST_EMAIL or not _EMAIL.fullmatch(value):
        return NotEnrolled(EnrolmentRefusal.EMAIL_INVALID, "contact")
    return Contact(kind, value)


async def enrol(
    connection: AsyncConnection,
    applications: Sequence[Application],
    *,
    joined_at: datetime | None = None,
) -> list[Enrolled | NotEnrolled]:
    """Enrol people, an outcome for each in order; a contact is taken by who comes first.

    ``joined_at`` (now unless given) is when their membership and first cards begin.
    """
    since = joined_at or (await connection.execute(select(func.clock_timestamp()))).scalar_one()
    outcomes: dict[int, Enrolled | NotEnrolled] = {}
    drafts: dict[int, tuple[Application, Contact, int, UUID]] = {}
    for place, application in enumerate(applications):
        read = read_contact(application.contact_kind, application.contact)
        if not printable(application.name, LONGEST_NAME):
            outcomes[place] = NotEnrolled(EnrolmentRefusal.NAME_INVALID, "name")
        elif isinstance(read, NotEnrolled):
            outcomes[place] = read
        else:
            drafts[place] = (application, read, secrets.randbelow(BUCKETS), new_id())

    ours = await _take_contacts(connection, drafts)
    enrolled = {place: draft for place, draft in drafts.items() if draft[3] in ours}
    for place in drafts.keys() - enrolled.keys():
        outcomes[place] = NotEnrolled(EnrolmentRefusal.CONTACT_TAKEN, "contact")
    if enrolled:
        cards = await _admit(connection, list(enrolled.values()), since)
        for (place, (_, _, bucket, member_id)), issued in zip(enrolled.items(), cards, strict=True):
            outcomes[place] = Enrolled(bucket, member_id, issued)
    return [outcomes[place] for place in range(len(applications))]


async def enrol_one(connection: AsyncConnection, application: Application) -> Enrolled:
    """Enrol one person from now on. Raises RefusedError with an EnrolmentRefusal."""
    [outcome] = await enrol(connection, [application])
    if isinstance(outcome, NotEnrolled):
        raise RefusedError(outcome.refusal, outcome.path)
    return outcome


async def _take_contacts(
    connection: AsyncConnection, drafts: dict[int, tuple[Application, Contact, int, UUID]]
) -> set[UUID]:
    if not drafts:
        return set()
    # Sorted, so that two enrolments with the same contacts can't deadlock; of equal contacts
    # in one call the first place wins.
    ordered = sorted(drafts.items(), key=lambda item: (item[1][1].kind, item[1][1].value, item[0]))
    taken = await connection.execute(
        insert(contact).on_conflict_do_nothing().returning(contact.c.member_id),
        [
            {"kind": read.kind, "value": read.value, "bucket": bucket, "member_id": member_id}
            for _, (_, read, bucket, member_id) in ordered
        ],
    )
    return set(taken.scalars())


async def _admit(
    connection: AsyncConnection,
    drafts: Sequence[tuple[Application, Contact, int, UUID]],
    since: datetime,
) -> list[Card]:
    await connection.execute(
        insert(member),
        [
            {
                "bucket": bucket,
                "id": member_id,
                "name": application.name,
                "status": MemberStatus.ACTIVE,
                "joined_at": since,
            }
            for application, _, bucket, member_id in drafts
        ],
    )
    # The ledger learns an account's id, not whose it is: that link is a row that can be erased.
    accounts = [
        Account(bucket=bucket, id=new_id(), kind=AccountKind.MEMBER_AVAILABLE)
        for _, _, bucket, _ in drafts
    ]
    await open_accounts(connection, accounts)
    await connection.execute(
        insert(member_account),
        [
            {
                "bucket": bucket,
                "member_id": member_id,
                "kind": account.kind,
                "account_id": account.id,
            }
            for (_, _, bucket, member_id), account in zip(drafts, accounts, strict=True)
        ],
    )
    return await issue_cards(
        connection,
        [(bucket, member_id) for _, _, bucket, member_id in drafts],
        valid_from=since,
    )


async def cards_by_contact(
    connection: AsyncConnection, contacts: Sequence[Contact]
) -> dict[Contact, str]:
    """Return the number of the newest card in force for each contact that is a member's."""
    rows = await connection.execute(
        select(contact.c.kind, contact.c.value, card.c.number)
        .join_from(
            contact,
            card,
            and_(card.c.bucket == contact.c.bucket, card.c.member_id == contact.c.member_id),
        )
        .where(
            tuple_(contact.c.kind, contact.c.value).in_(
                [(read.kind, read.value) for read in contacts]
            ),
            card.c.blocked_at.is_(None),
        )
        .order_by(card.c.valid_from)
    )
    return {Contact(row.kind, row.value): row.number for row in rows}


async def account_ids(connection: AsyncConnection, holder: Holder) -> list[UUID]:
    """Return the ids of a member's accounts in the ledger, all in the member's bucket."""
    found = await connection.execute(
        select(member_account.c.account_id).where(
            member_account.c.bucket == holder.bucket,
            member_account.c.member_id == holder.member_id,
        )
    )
    return list(found.scalars())
