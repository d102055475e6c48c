"""How a message reaches a contact: by SMTP, or into the log of a development installation."""

import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from typing import Protocol, Self
from urllib.parse import unquote, urlsplit

import anyio
import structlog
from anyio import CapacityLimiter

from coalition.members import Contact
from coalition.tables import ContactKind

logger = structlog.get_logger(__name__)

LONGEST_WAIT = 10
"""Seconds that a mail server may be silent."""
SENT_AT_ONCE = 8
PORTS = {"smtp": 25, "smtps": 465}


class SendingFailedError(Exception):
    """The message was not handed over; the log says why."""


class Sender(Protocol):
    """What hands a message over."""

    async def send(self, contact: Contact, subject: str, text: str) -> None:
        """Hand a message over. Raises SendingFailedError."""


class Senders:
    """The installation's senders, one for each kind of contact that it can reach."""

    def __init__(self, by_kind: Mapping[ContactKind, Sender]) -> None:
        """Take them by the kind that each reaches."""
        self._by_kind = by_kind
        self.kinds = tuple(kind for kind in ContactKind if kind in by_kind)

    async def send(self, contact: Contact, subject: str, text: str) -> None:
        """Hand a message over. Raises SendingFailedError, and KeyError for a kind out of reach."""
        await self._by_kind[contact.kind].send(contact, subject, text)


class LogSender:
    """Writes messages to the log, codes and all: in development only."""

    async def send(self, contact: Contact, subject: str, text: str) -> None:
        """Write the message to the log."""
        logger.info("message", contact=contact.value, subject=subject, text=text)


@dataclass(frozen=True, slots=True)
class MailServer:
    """A server that takes mail, by its URL: ``smtp[s]://[user:password@]host[:port]``."""

    host: str
    port: int
    tls: bool
    """TLS from the beginning; otherwise STARTTLS when the server offers it."""
    user: str | None = None
    password: str = field(default="", repr=False)

    @classmethod
    def of_url(cls, url: str) -> Self:
        """Read the URL. Raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/"):
            raise ValueError("write smtp://host:port or smtps://user:password@host:port")
        return cls(
            host=parts.hostname,
            port=parts.port or PORTS[parts.scheme],
            tls=parts.scheme == "smtps",
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password or ""),
        )


def require_address(mail_from: str) -> None:
    """Raise ValueError unless it is one address that mail can come from, with a name or not."""
    read = EmailMessage(policy=SMTP)
    try:
        read["From"] = mail_from
        [address] = read["From"].addresses
    except (MessageError, ValueError):
        address = None
    if address is None or not (address.username and address.domain) or read["From"].defects:
        raise ValueError(f"mail can't come from {mail_from!r}: write Club <club@example.com>")


def mailbox(address: str) -> Address:
    """Return the address as a header has it. Raises ValueError unless it names itself.

    ``ann(1)@example.com`` and ``"ann"@example.com`` reach Ann, too: each would be a contact of its
    own, with an allowance of codes of its own, in a mailbox that has one already.
    """
    try:
        read = Address(addr_spec=address)
    except (AttributeError, IndexError, MessageError) as error:  # the first two: the parser's slips
        raise ValueError("no mail can be sent there") from error
    if read.addr_spec != address:
        raise ValueError("the address is another's, written differently")
    return read


class SmtpSender:
    """Sends e-mail through one server, in worker threads of its own number."""

    def __init__(self, server: MailServer, mail_from: str, *, trust: ssl.SSLContext | None = None):
        """Take the server and the address that mail comes from; ``trust``: the system's unless."""
        self._server = server
        self._mail_from = mail_from
        self._trust = trust or ssl.create_default_context()
        self._threads = CapacityLimiter(SENT_AT_ONCE)

    async def send(self, contact: Contact, subject: str, text: str) -> None:
        """Hand an e-mail to the server. Raises SendingFailedError."""
        try:
            await anyio.to_thread.run_sync(
                self._send, contact.value, subject, text, limiter=self._threads
            )
        except (smtplib.SMTPException, MessageError, OSError, ValueError) as error:
            # Neither the text nor what the server said of it: the text holds a code.
            logger.warning(
                "mail not sent",
                server=self._server.host,
                error=type(error).__name__,
                smtp_code=getattr(error, "smtp_code", None),
            )
            raise SendingFailedError("the mail server did not take the message") from None

    def _send(self, address: str, subject: str, text: str) -> None:
        message = EmailMessage(policy=SMTP)
        message["From"] = self._mail_from
        message["To"] = mailbox(address)
        message["Subject"] = subject
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain=self._mail_from.rpartition("@")[2].strip("> "))
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence answers it
        message.set_content(text)
        with self._connect() as server:
            server.send_message(message, to_addrs=[address])

    def _connect(self) -> smtplib.SMTP:
        to = self._server
        if to.tls:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                to.host, to.port, timeout=LONGEST_WAIT, context=self._trust
            )
            encrypted = True
        else:
            server = smtplib.SMTP(to.host, to.port, timeout=LONGEST_WAIT)
            encrypted = False
        try:
            server.ehlo()
            if not encrypted and server.has_extn("starttls"):
                server.starttls(context=self._trust)
                encrypted = True
            if to.user is not None:
                if not encrypted:
                    raise smtplib.SMTPNotSupportedError("no password goes over a plain connection")
                server.login(to.user, to.password)
        except BaseException:
            server.close()
            raise
        return server
