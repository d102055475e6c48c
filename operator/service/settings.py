"""Settings, from the environment (``COALITION_...``) and nowhere else."""

import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Self

from pydantic import Field, PostgresDsn, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from coalition.identity.sessions import Lifetimes
from coalition.tables import ContactKind
from service.keys import Keys
from service.senders import (
    LogSender,
    MailServer,
    Sender,
    Senders,
    SmtpSender,
    require_address,
)

SECRET_LENGTH = 32


class SecretMissingError(Exception):
    """A real database needs a secret of the operator's own."""


class Settings(BaseSettings):
    """How this installation runs. Every field has a safe default but the secret."""

    model_config = SettingsConfigDict(env_prefix="COALITION_", extra="ignore")

    database_url: PostgresDsn | None = Field(
        default=None,
        description="A PostgreSQL server (15 to 18), as a role that may create roles."
        " Without it an embedded server runs in the state folder.",
    )
    state_folder: Path = Field(
        default=Path(".state"), description="Where the embedded server and its secret live."
    )
    secret: SecretStr | None = Field(
        default=None,
        description="At least 32 characters; keys and role passwords are derived from it.",
    )
    secret_file: Path | None = Field(default=None, description="A file that holds the secret.")
    host: str = Field(default="127.0.0.1", description="Address to serve at.")
    port: int = Field(default=8000, ge=0, le=65_535, description="Port to serve at.")
    token_seconds: int = Field(
        default=600, ge=30, le=3_600, description="How long an access token lives."
    )
    staff_session_hours: int = Field(
        default=12, ge=1, le=168, description="How long staff stay logged in."
    )
    member_session_days: int = Field(
        default=30, ge=1, le=365, description="How long members stay logged in."
    )
    development: bool = Field(
        default=False,
        description="For a developer's own machine: messages, with their codes, go to the log.",
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description="The server that takes mail: smtp://host:port (STARTTLS when it offers it)"
        " or smtps://user:password@host:port.",
    )
    mail_from: str | None = Field(
        default=None, description="The address that mail comes from: Club <club@example.com>."
    )
    pool_size: int = Field(default=8, ge=1, le=100, description="Connections per audience.")
    log_json: bool = Field(default=True, description="Log one JSON object a line.")

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if self.secret is not None and self.secret_file is not None:
            raise ValueError("give COALITION_SECRET or COALITION_SECRET_FILE, not both")
        if self.secret is not None and len(self.secret.get_secret_value()) < SECRET_LENGTH:
            raise ValueError(f"COALITION_SECRET needs at least {SECRET_LENGTH} characters")
        return self

    @model_validator(mode="after")
    def _mail(self) -> Self:
        if (self.smtp_url is None) != (self.mail_from is None):
            raise ValueError("give COALITION_SMTP_URL and COALITION_MAIL_FROM, both or neither")
        if self.smtp_url is not None and self.mail_from is not None:
            MailServer.of_url(self.smtp_url.get_secret_value())
            require_address(self.mail_from)
        return self

    def session_lifetimes(self) -> Lifetimes:
        """Return how long sessions last."""
        return Lifetimes(
            staff=timedelta(hours=self.staff_session_hours),
            member=timedelta(days=self.member_session_days),
        )

    def senders(self) -> Senders:
        """Return what messages are sent by; in production nothing stands in for a mail server."""
        by_kind: dict[ContactKind, Sender] = {}
        if self.development:
            by_kind = dict.fromkeys(ContactKind, LogSender())
        if self.smtp_url is not None and self.mail_from is not None:
            server = MailServer.of_url(self.smtp_url.get_secret_value())
            by_kind[ContactKind.EMAIL] = SmtpSender(server, self.mail_from)
        return Senders(by_kind)

    def keys(self) -> Keys:
        """Return the keys derived from the secret; the embedded server's is made when missing.

        Raises SecretMissingError for a real server without a secret.
        """
        if self.secret is not None:
            return Keys(self.secret.get_secret_value().encode())
        if self.secret_file is not None:
            try:
                content = self.secret_file.read_bytes().strip()
            except OSError as error:
                raise SecretMissingError(f"COALITION_SECRET_FILE can't be read: {error}") from None
            if len(content) < SECRET_LENGTH:
                raise SecretMissingError(
                    f"{self.secret_file} holds less than {SECRET_LENGTH} bytes"
                )
            return Keys(content)
        if self.database_url is not None:
            raise SecretMissingError(
                "COALITION_DATABASE_URL is set, so COALITION_SECRET or COALITION_SECRET_FILE"
                " must be too: 32 random characters, the same for every process."
            )
        return Keys(_embedded_secret(self.state_folder / "secret"))


def _embedded_secret(file: Path) -> bytes:
    """Return the content of ``file``; write it first, once, whoever comes first."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        draft = file.with_name(f"{file.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        try:
            os.link(draft, file)
        except FileExistsError:
            pass  # another process was first: its secret holds
        finally:
            draft.unlink()
    return file.read_bytes().strip()
