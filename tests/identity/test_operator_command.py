"""``coalition operator create``: the first person who may log in, and never by a default."""

import json
import os
import pty
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from coalition.identity.staff import find_log_in
from coalition.identity.subjects import OperatorStaff
from service.database.transactions import Database
from service.embedded import EmbeddedPostgres
from service.settings import Settings
from tests.identity.people import PASSWORD, fresh_email

pytestmark = pytest.mark.anyio

COALITION = Path(sys.executable).with_name("coalition")


class Installation:
    """A state folder of its own, migrated, with its embedded server kept up."""

    def __init__(self, folder: Path, url: str) -> None:
        self.environment = os.environ | {"COALITION_STATE_FOLDER": str(folder)}
        self.url = url
        self.settings = Settings(state_folder=folder)

    def run(self, *arguments: str, typed: str | None = None) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [COALITION, *arguments], env=self.environment, capture_output=True, text=True,
            timeout=60, check=False, input=typed or "",
        )  # fmt: skip

    def complaint(self, *arguments: str, typed: str | None = None) -> str:
        """The one line on standard error of a command that must fail."""
        ended = self.run(*arguments, typed=typed)
        assert (ended.returncode, ended.stdout) == (1, "")
        [line] = " ".join(ended.stderr.split()).split("coalition: ")[1:]
        return line


@pytest.fixture(scope="module")
def installation(run_folder: Path) -> Iterator[Installation]:
    folder = run_folder / f"installation-{secrets.token_hex(6)}"
    with EmbeddedPostgres(folder / "postgres") as embedded:
        installation = Installation(folder, embedded.url)
        assert installation.run("migrate").returncode == 0
        yield installation


def creation(email: str) -> tuple[str, ...]:
    return ("operator", "create", email, "--name", "Olga")


async def test_a_password_is_piped_in(installation: Installation) -> None:
    email = fresh_email()
    made = installation.run(*creation(email), "--password-stdin", "--json", typed=f"{PASSWORD}\n")
    assert made.returncode == 0, made.stderr
    told = json.loads(made.stdout)
    assert (told["email"], told["name"]) == (email, "Olga")
    keys = installation.settings.keys()
    location = make_url(installation.url).set(drivername="postgresql+psycopg", database="coalition")
    database = Database(location, keys)
    try:
        async with database.identity() as connection:
            found = await find_log_in(connection, email)
        assert found is not None
        assert isinstance(found.subject, OperatorStaff)
        assert str(found.subject.staff_id) == told["id"]
    finally:
        await database.close()


def test_what_is_refused_is_one_line(installation: Installation) -> None:
    email = fresh_email()
    piped = (*creation(email), "--password-stdin")
    assert "12 to 200" in installation.complaint(*piped, typed="short\n")
    assert "--password-stdin" in installation.complaint(*creation(email))
    assert "name@host" in installation.complaint(
        *creation("olga"), "--password-stdin", typed=PASSWORD
    )
    assert installation.run(*piped, typed=PASSWORD).returncode == 0
    assert "e-mail address" in installation.complaint(*piped, typed=PASSWORD)


def test_a_password_is_asked_for_twice_and_not_shown(installation: Installation) -> None:
    email, shown = fresh_email(), b""
    terminal, inner = pty.openpty()
    with subprocess.Popen(
        [COALITION, *creation(email)], env=installation.environment, start_new_session=True,
        stdin=inner, stdout=inner, stderr=inner,
    ) as process:  # fmt: skip
        os.close(inner)
        for prompt in (b"Password: ", b"Repeat for confirmation: "):
            while prompt not in shown:
                shown += os.read(terminal, 1_024)
            os.write(terminal, f"{PASSWORD}\n".encode())
        while True:
            try:
                shown += os.read(terminal, 1_024)
            except OSError:  # it has ended
                break
    os.close(terminal)
    assert process.returncode == 0, shown
    assert PASSWORD.encode() not in shown
    assert email.encode() in shown
