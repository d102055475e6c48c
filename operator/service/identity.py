"""Logging in: staff by a password, members by a code, newcomers by enrolling; and sessions.

What the endpoints under /auth and the member site both call. Every refusal is a RefusedError,
raised when what must be kept of it, such as a counted attempt, is committed.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias
from uuid import UUID

import anyio
from anyio import CapacityLimiter

from coalition.identity import codes, sessions, staff
from coalition.identity.codes import Challenge
from coalition.identity.holders import find_holder
from coalition.identity.passwords import hash_password, password_matches, password_valid
from coalition.identity.sessions import Lifetimes
from coalition.identity.staff import LogIn, StaffRefusal
from coalition.identity.subjects import Subject
from coalition.members import Application, Contact, Holder, NotEnrolled, enrol, read_contact
from coalition.tables import ContactKind
from ledger.refusals import Refusal, RefusedError
from service.database.transactions import Database
from service.keys import Keys
from service.senders import Senders, SendingFailedError
from service.tokens import TICKET_SECONDS, AccessTokens, TokenInvalidError

HASHES_AT_ONCE = 4
"""argon2id takes memory by design: so many checks at once, and the rest wait."""

SUBJECT = "Код для входа / Your log-in code"
TEXT = """\
Ваш код: {code}
Действует {minutes} минут. Никто из нас никогда не попросит его назвать.

Your code: {code}
It works for {minutes} minutes. None of us will ever ask you for it.
"""


class LogInRefusal(Refusal):
    """Why nobody was logged in, or stays so."""

    LOG_IN_FAILED = (
        "LOG_IN_FAILED",
        "The e-mail address and the password don't let anyone in. Check both, or ask who"
        " registered you.",
    )
    SESSION_ENDED = (
        "SESSION_ENDED",
        "The session has ended, was closed, or its owner is no longer let in. Log in again.",
    )
    CONTACT_UNREACHABLE = (
        "CONTACT_UNREACHABLE",
        "No messages can be sent to contacts of this kind here. Use an e-mail address instead of"
        " a phone or the other way round, or ask the coalition's operator.",
    )
    CODE_NOT_SENT = (
        "CODE_NOT_SENT",
        "The message with the code could not be handed over. Try again in a few minutes.",
    )
    TICKET_INVALID = (
        "TICKET_INVALID",
        "The enrolment ticket has expired or is none. Prove the contact by a code again.",
    )


@dataclass(frozen=True, slots=True)
class EnrolmentTicket:
    """What lets a newcomer enrol with the contact that they have proven, for a short time."""

    token: str = field(repr=False)
    expires_in: int
    """Seconds."""


Proven: TypeAlias = Holder | EnrolmentTicket


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Who logged in, and the token of the session that this opened."""

    subject: Subject
    session: str = field(repr=False)


class LogIns:
    """The ways in, and the sessions that they open."""

    def __init__(
        self,
        database: Database,
        tokens: AccessTokens,
        keys: Keys,
        senders: Senders,
        *,
        hashing: CapacityLimiter | None = None,
        lifetimes: Lifetimes | None = None,
    ) -> None:
        """Take what they stand on; ``hashing`` bounds the password checks at once."""
        self._database = database
        self._tokens = tokens
        self._code_key = keys.one_time_code_key()
        self._senders = senders
        self._hashing = hashing or CapacityLimiter(HASHES_AT_ONCE)
        self._lifetimes = lifetimes or Lifetimes()

    async def request_code(self, contact_typed: str) -> Challenge:
        """Send a code to a phone or an e-mail address, a member's or not.

        Raises RefusedError: PHONE_INVALID, EMAIL_INVALID, CONTACT_UNREACHABLE, CODES_TOO_MANY,
        CODE_NOT_SENT.
        """
        kind = ContactKind.EMAIL if "@" in contact_typed else ContactKind.PHONE
        contact = read_contact(kind, contact_typed)
        if isinstance(contact, NotEnrolled):
            raise RefusedError(contact.refusal, contact.path)
        if contact.kind not in self._senders.kinds:
            raise RefusedError(LogInRefusal.CONTACT_UNREACHABLE, "contact")
        async with self._database.identity() as connection:
            issued = await codes.request_code(connection, contact, key=self._code_key)
        text = TEXT.format(code=issued.code, minutes=codes.LIFETIME // timedelta(minutes=1))
        try:
            await self._senders.send(contact, SUBJECT, text)
        except SendingFailedError:
            raise RefusedError(LogInRefusal.CODE_NOT_SENT, "contact") from None
        return issued.challenge

    async def prove(self, challenge_id: UUID | str, code: str) -> Proven:
        """Return the member whose contact a code proves, or a ticket when it is no member's.

        Raises RefusedError: CodeRefusal's about a code.
        """
        identifier = _uuid(challenge_id)
        if identifier is None:
            raise RefusedError(codes.CodeRefusal.CHALLENGE_UNKNOWN, "challenge")
        async with self._database.identity() as connection:
            proven = await codes.prove(connection, identifier, code, key=self._code_key)
            known = await find_holder(connection, proven) if isinstance(proven, Contact) else None
        if not isinstance(proven, Contact):
            unknown = proven is codes.CodeRefusal.CHALLENGE_UNKNOWN
            raise RefusedError(proven, "challenge" if unknown else "code")
        if known is None:
            return EnrolmentTicket(self._tokens.issue_ticket(proven), TICKET_SECONDS)
        return known

    async def enrol(self, ticket: str, name: str) -> Holder:
        """Enrol a newcomer with the contact that their ticket says they have proven.

        Raises RefusedError: TICKET_INVALID, NAME_INVALID, CONTACT_TAKEN (a second time, too).
        """
        try:
            contact = self._tokens.verify_ticket(ticket)
        except TokenInvalidError:
            raise RefusedError(LogInRefusal.TICKET_INVALID, "enrolment_ticket") from None
        application = Application(name=name, contact_kind=contact.kind, contact=contact.value)
        async with self._database.identity() as connection:
            [outcome] = await enrol(connection, [application])
        if isinstance(outcome, NotEnrolled):
            raise RefusedError(outcome.refusal, outcome.path)
        return Holder(outcome.bucket, outcome.member_id)

    async def log_in(self, email: str, password: str) -> LoggedIn:
        """Open a session for an employee who knows their password.

        Raises RefusedError (LOG_IN_FAILED), after the same work for whatever reason.
        """
        log_in = await self._authenticate(email, password)
        async with self._database.identity() as connection:
            if await staff.confirm_log_in(connection, log_in):
                opened = await sessions.open_session(connection, log_in.subject, self._lifetimes)
                return LoggedIn(log_in.subject, opened)
        raise RefusedError(LogInRefusal.LOG_IN_FAILED)

    async def change_password(self, email: str, password: str, new_password: str) -> None:
        """Replace an employee's password and close their sessions.

        Raises RefusedError: PASSWORD_INVALID, LOG_IN_FAILED.
        """
        if not password_valid(new_password):
            raise RefusedError(StaffRefusal.PASSWORD_INVALID, "new_password")
        log_in = await self._authenticate(email, password)
        fresh = await anyio.to_thread.run_sync(hash_password, new_password, limiter=self._hashing)
        async with self._database.identity() as connection:
            changed = await staff.change_password(connection, log_in, fresh)
        if not changed:
            raise RefusedError(LogInRefusal.LOG_IN_FAILED)

    async def _authenticate(self, email: str, password: str) -> LogIn:
        async with self._database.identity() as connection:
            found = await staff.find_log_in(connection, email)
        matches = await anyio.to_thread.run_sync(
            password_matches,
            None if found is None else found.password_hash,
            password,
            limiter=self._hashing,
        )
        if found is None or not matches:
            raise RefusedError(LogInRefusal.LOG_IN_FAILED)
        return found

    async def open_session(self, subject: Subject) -> str:
        """Open a session for who is known by now; return its token."""
        async with self._database.identity() as connection:
            return await sessions.open_session(connection, subject, self._lifetimes)

    async def session(self, token: str) -> Subject | None:
        """Return whose session a token opens, or None when it is in force no longer."""
        async with self._database.identity() as connection:
            return await sessions.session_subject(connection, token)

    async def close_session(self, token: str) -> None:
        """End a token's session; safe to repeat."""
        async with self._database.identity() as connection:
            await sessions.close_session(connection, token)


def _uuid(identifier: UUID | str) -> UUID | None:
    try:
        return identifier if isinstance(identifier, UUID) else UUID(identifier)
    except ValueError:
        return None
