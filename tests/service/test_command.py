"""The command as a user meets it: what it answers when something is missing or wrong."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.embedded import EmbeddedPostgres

COALITION = Path(sys.executable).with_name("coalition")


class Installation:
    """A state folder of its own, with the embedded server kept up between commands."""

    def __init__(self, folder: Path) -> None:
        self.environment = os.environ | {"COALITION_STATE_FOLDER": str(folder)}

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [COALITION, *arguments], env=self.environment, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip

    def complaint(self, *arguments: str) -> str:
        """What is said on standard error by a command that must fail, without a traceback."""
        ended = self.run(*arguments)
        assert ended.returncode != 0, ended.stdout
        assert "Traceback" not in ended.stderr
        return " ".join(ended.stderr.split())


@pytest.fixture(scope="module")
def installation(run_folder: Path) -> Iterator[Installation]:
    folder = run_folder / f"installation-{secrets.token_hex(6)}"
    with EmbeddedPostgres(folder / "postgres"):
        yield Installation(folder)


def test_an_empty_database_is_named_and_mended_by_migrate(installation: Installation) -> None:
    assert "coalition migrate" in installation.complaint("serve", "--port", "0")
    assert "coalition migrate" in installation.complaint("verify")
    assert json.loads(installation.run("migrate", "--json").stdout) == {"migrated": True}
    audit = json.loads(installation.run("verify", "--json").stdout)
    assert audit["sound"] is True


def test_a_partner_joins_a_programme(installation: Installation) -> None:
    installation.run("migrate")
    creation = ("partner", "create", "tea", "--legal-name", "Tea [Ltd]", "--category", "tea")
    club = ("programme", "create", "Club", "--time-zone", "Europe/Moscow", "--currency", "RUB")
    assert "coalition programme create" in installation.complaint(*creation)
    assert "time zone" in installation.complaint(*club[:4], "Europe", *club[5:])
    assert "RUB" in installation.complaint(*club[:6], "ROUBLE")
    assert installation.run(*club).returncode == 0
    assert "already" in installation.complaint(*club)
    assert "1,000,000" in installation.complaint(*creation, "--points-per-unit", "1e400")
    credential = json.loads(installation.run(*creation, "--json").stdout)
    assert set(credential) == {"partner", "client_id", "client_secret"}
    assert "takes part already" in installation.complaint(*creation)
    assert "printable" in installation.complaint("partner", "create", "", *creation[3:])


def test_a_taken_port_is_told_before_anything_is_done(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert "COALITION_PORT" in installation.complaint("serve", "--port", port)


def test_settings_that_no_one_can_mean_are_named(installation: Installation) -> None:
    installation.environment["COALITION_TOKEN_SECONDS"] = "1"
    assert "COALITION_TOKEN_SECONDS" in installation.complaint("verify")
    del installation.environment["COALITION_TOKEN_SECONDS"]


def answer_when_up(url: str, process: "subprocess.Popen[str]") -> object:
    """The answer, as soon as the server listens."""
    while True:
        assert process.poll() is None
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)
        except ConnectionRefusedError:
            continue
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_interrupted_and_stops_its_database(
    run_folder: Path, ending: signal.Signals
) -> None:
    state = run_folder / f"installation-{secrets.token_hex(6)}"
    installation = Installation(state)  # nothing else keeps its database up
    installation.run("migrate")
    with subprocess.Popen(
        [COALITION, "serve", "--port", "0"], env=installation.environment,
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stderr is not None
            lines = iter(process.stderr.readline, "")
            serving = next(line for line in lines if "Serving at" in line)
            base = serving.split()[2]
            assert answer_when_up(f"{base}/ready", process) == {"status": "ready"}
            process.send_signal(ending)
            _, rest = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0
    assert "Traceback" not in rest
    assert (state / "postgres" / "data" / "PG_VERSION").exists()
    assert not (state / "postgres" / "data" / "postmaster.pid").exists()


def test_the_database_is_reached_with_the_url(installation: Installation) -> None:
    url = installation.run("database", "url").stdout.strip()
    assert url.startswith("postgresql://")
    assert url.endswith("/coalition")
