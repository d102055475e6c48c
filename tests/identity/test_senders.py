"""What is sent arrives, over real SMTP, encrypted where it can be; production logs no code."""

import datetime
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from pydantic import ValidationError

from coalition.members import Contact
from coalition.tables import ContactKind
from ledger.refusals import RefusedError
from service.database.transactions import Database
from service.identity import LogIns
from service.keys import Keys
from service.senders import MailServer, Senders, SendingFailedError, SmtpSender
from service.settings import Settings
from service.tokens import AccessTokens
from tests.identity.people import code_in, fresh_email, fresh_phone

pytestmark = pytest.mark.anyio

MAIL_FROM = "Клуб <club@example.test>"
ANN = Contact(ContactKind.EMAIL, "ann@example.test")


class Sink:
    """Takes mail, or answers as told."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.encrypted: list[bool] = []
        self.logged_in: list[tuple[bytes, bytes]] = []
        self.answer = "250 taken"
        self.controller: Controller | None = None

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.taken.append(envelope)
        assert server.transport is not None
        self.encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        return self.answer

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object
    ) -> AuthResult:
        assert isinstance(given, LoginPassword)
        self.logged_in.append((given.login, given.password))
        return AuthResult(success=given.password == b"pass word", handled=False)

    @property
    def port(self) -> int:
        assert self.controller is not None
        return int(self.controller.port)

    def text(self) -> str:
        """The last message's text."""
        content = self.taken[-1].content
        assert isinstance(content, bytes)
        text: str = message_from_bytes(content, policy=default).get_content()
        return text


class FreePort(Controller):
    """A controller at a port that the system chooses."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, hostname="127.0.0.1", port=0, **options)

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


OpenSink = Callable[..., Sink]
plain_log_in = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


@pytest.fixture
def open_sink() -> Iterator[OpenSink]:
    """Opens a mail server; ``options`` are the controller's."""
    opened: list[Controller] = []

    def open_one(**options: Any) -> Sink:
        sink = Sink()
        if options.pop("demand_password", False):
            options |= {"authenticator": sink.authenticate, "auth_required": True}
        sink.controller = FreePort(sink, **options)
        sink.controller.start()
        opened.append(sink.controller)
        return sink

    yield open_one
    for controller in opened:
        controller.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 with its key, signed by nobody else."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sink")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "sink.pem"
    file.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + signed.public_bytes(Encoding.PEM)
    )
    return file


@pytest.fixture
def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trust(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


def sender(sink: Sink, trust: ssl.SSLContext | None = None, **changes: Any) -> SmtpSender:
    server = {"host": "127.0.0.1", "port": sink.port, "tls": False} | changes
    return SmtpSender(MailServer(**server), MAIL_FROM, trust=trust)


async def test_mail_arrives(open_sink: OpenSink) -> None:
    sink = open_sink()
    await sender(sink).send(ANN, "Код / Code", "Ваш код\nYour code\n")
    [envelope] = sink.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("club@example.test", [ANN.value])
    assert isinstance(envelope.content, bytes)
    message = message_from_bytes(envelope.content, policy=default)
    assert (message["From"], message["To"]) == (MAIL_FROM, ANN.value)
    assert message["Subject"] == "Код / Code"
    assert message["Date"] is not None
    assert message["Message-ID"].endswith("@example.test>")
    assert sink.text().splitlines() == ["Ваш код", "Your code"]
    assert sink.encrypted == [False]


@pytest.mark.parametrize(
    "address",
    [
        "a,b@example.test",
        "<b@example.test",
        'a"b@example.test',
        "ann(1)@example.test",
        "ann@example.test(1)",
        '"ann"@example.test',
        "ann@[example.test",
    ],
)
async def test_an_address_that_reads_as_another_gets_nothing(
    open_sink: OpenSink, address: str
) -> None:
    sink = open_sink()
    with pytest.raises(SendingFailedError):
        await sender(sink).send(Contact(ContactKind.EMAIL, address), "Subject", "Text")
    assert sink.taken == []


@pytest.mark.parametrize(
    "address", ["o'hara+club@example.test", "a.b-c_d@ex-ample.co.test", "!#$%&*/=?^`{|}~@e.test"]
)
async def test_an_unusual_address_is_one(open_sink: OpenSink, address: str) -> None:
    sink = open_sink()
    await sender(sink).send(Contact(ContactKind.EMAIL, address), "Subject", "Text")
    assert sink.taken[-1].rcpt_tos == [address]


async def test_tls_is_started_when_the_server_offers_it(
    open_sink: OpenSink, server_side: ssl.SSLContext, trust: ssl.SSLContext
) -> None:
    sink = open_sink(tls_context=server_side)
    await sender(sink, trust).send(ANN, "Subject", "Text")
    assert sink.encrypted == [True]


@plain_log_in
async def test_tls_from_the_beginning_and_a_password(
    open_sink: OpenSink, server_side: ssl.SSLContext, trust: ssl.SSLContext
) -> None:
    sink = open_sink(ssl_context=server_side, demand_password=True, auth_require_tls=False)
    known = {"tls": True, "user": "club", "password": "pass word"}
    await sender(sink, trust, **known).send(ANN, "Subject", "Text")
    assert sink.logged_in == [(b"club", b"pass word")]
    assert sink.encrypted == [True]
    with pytest.raises(SendingFailedError):
        await sender(sink, trust, **known | {"password": "wrong"}).send(ANN, "Subject", "Text")
    assert len(sink.taken) == 1


async def test_a_server_that_is_not_trusted_gets_nothing(
    open_sink: OpenSink, server_side: ssl.SSLContext
) -> None:
    sink = open_sink(tls_context=server_side)
    with pytest.raises(SendingFailedError):
        await sender(sink).send(ANN, "Subject", "Text")
    assert sink.taken == []


@plain_log_in
async def test_no_password_goes_over_a_plain_connection(open_sink: OpenSink) -> None:
    sink = open_sink(demand_password=True, auth_require_tls=False)
    with pytest.raises(SendingFailedError):
        await sender(sink, user="club", password="pass word").send(ANN, "Subject", "Text")
    assert sink.logged_in == []


async def test_no_server_there() -> None:
    with socket.socket() as silent:  # has the port, and doesn't listen
        silent.bind(("127.0.0.1", 0))
        server = MailServer("127.0.0.1", silent.getsockname()[1], tls=False)
        with pytest.raises(SendingFailedError):
            await SmtpSender(server, MAIL_FROM).send(ANN, "Subject", "Text")


def log_ins_with(database: Database, keys: Keys, senders: Senders) -> LogIns:
    return LogIns(database, AccessTokens(keys, 600), keys, senders)


async def test_a_code_that_was_mailed_logs_in(
    open_sink: OpenSink, database: Database, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = open_sink()
    monkeypatch.setenv("COALITION_SMTP_URL", f"smtp://127.0.0.1:{sink.port}")
    monkeypatch.setenv("COALITION_MAIL_FROM", MAIL_FROM)
    log_ins = log_ins_with(database, keys, Settings().senders())
    email = fresh_email()
    with structlog.testing.capture_logs() as logged:
        challenge = await log_ins.request_code(email)
    assert sink.taken[-1].rcpt_tos == [email]
    assert await log_ins.prove(challenge.id, code_in(sink.text()))
    assert logged == []


async def test_a_server_that_fails_is_logged_without_the_code(
    open_sink: OpenSink,
    database: Database,
    keys: Keys,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sink = open_sink()
    monkeypatch.setenv("COALITION_SMTP_URL", f"smtp://127.0.0.1:{sink.port}")
    monkeypatch.setenv("COALITION_MAIL_FROM", MAIL_FROM)
    log_ins = log_ins_with(database, keys, Settings().senders())

    async def echo(_server: SMTP, _session: Session, envelope: Envelope) -> str:
        sink.taken.append(envelope)
        return f"554 not taken: {code_in(sink.text())}"

    sink.handle_DATA = echo
    with structlog.testing.capture_logs() as logged, pytest.raises(RefusedError) as refused:
        await log_ins.request_code(fresh_email())
    assert refused.value.refusal == "CODE_NOT_SENT"
    [entry] = logged
    assert (entry["event"], entry["smtp_code"]) == ("mail not sent", 554)
    assert code_in(sink.text()) not in f"{logged}{refused.value!r}{caplog.text}"
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("contact", [fresh_email, fresh_phone])
async def test_production_without_a_way_sends_and_logs_nothing(
    database: Database,
    keys: Keys,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    contact: Callable[[], str],
) -> None:
    monkeypatch.delenv("COALITION_DEVELOPMENT", raising=False)
    log_ins = log_ins_with(database, keys, Settings().senders())
    with structlog.testing.capture_logs() as logged, pytest.raises(RefusedError) as refused:
        await log_ins.request_code(contact())
    assert refused.value.refusal == "CONTACT_UNREACHABLE"
    assert logged == []
    assert caplog.text == ""


async def test_in_development_codes_are_read_from_the_log(
    database: Database, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COALITION_DEVELOPMENT", "true")
    log_ins = log_ins_with(database, keys, Settings().senders())
    for contact in (fresh_email(), fresh_phone()):
        with structlog.testing.capture_logs() as logged:
            challenge = await log_ins.request_code(contact)
        [entry] = logged
        assert entry["contact"] == contact
        assert await log_ins.prove(challenge.id, code_in(entry["text"]))


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.test", MailServer("mail.test", 25, tls=False)),
        ("smtp://mail.test:587/", MailServer("mail.test", 587, tls=False)),
        ("smtps://mail.test", MailServer("mail.test", 465, tls=True)),
        ("smtps://a%40b:p%3Aw@mail.test", MailServer("mail.test", 465, True, "a@b", "p:w")),
        ("smtp://[::1]:2525", MailServer("::1", 2525, tls=False)),
    ],
)
def test_a_server_is_read_from_its_url(url: str, server: MailServer) -> None:
    assert MailServer.of_url(url) == server
    assert "p:w" not in repr(server)


@pytest.mark.parametrize(
    ("url", "mail_from"),
    [
        ("http://mail.test", MAIL_FROM),
        ("smtp://", MAIL_FROM),
        ("mail.test:25", MAIL_FROM),
        ("smtp://mail.test:port", MAIL_FROM),
        ("smtp://mail.test/path", MAIL_FROM),
        ("smtp://mail.test", ""),
        ("smtp://mail.test", "club"),
        ("smtp://mail.test", "a@example.test, b@example.test"),
        ("smtp://mail.test", "Club <club@example.test>\nBcc: x@example.test"),
        ("smtp://mail.test", None),
        (None, MAIL_FROM),
    ],
)
def test_settings_that_no_mail_could_be_sent_by(
    monkeypatch: pytest.MonkeyPatch, url: str | None, mail_from: str | None
) -> None:
    for name, value in (("SMTP_URL", url), ("MAIL_FROM", mail_from)):
        monkeypatch.delenv(f"COALITION_{name}", raising=False)
        if value is not None:
            monkeypatch.setenv(f"COALITION_{name}", value)
    with pytest.raises(ValidationError):
        Settings()


def test_the_mail_servers_password_is_not_shown_by_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COALITION_SMTP_URL", "smtps://club:very-secret@mail.test")
    monkeypatch.setenv("COALITION_MAIL_FROM", MAIL_FROM)
    assert "very-secret" not in repr(Settings())
