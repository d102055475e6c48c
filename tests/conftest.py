"""Real servers, one database per worker built by the real migrations, and people to act in it."""

import fcntl
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL, make_url

from service.database.migration import migrate
from service.database.transactions import Database
from service.embedded import EmbeddedPostgres
from service.keys import Keys
from tests.builders import ensure_programme

DEBIAN_SERVER = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def keys() -> Keys:
    return Keys(b"a secret that only the tests know, and all their workers")


FOLDER = "COALITION_TEST_FOLDER"


def pytest_configure() -> None:
    """Make one folder for the run, which all workers share and a server's user can reach."""
    if FOLDER not in os.environ:
        folder = Path(tempfile.mkdtemp(prefix="coalition-test-", dir="/var/tmp"))
        folder.chmod(0o755)
        os.environ[FOLDER] = str(folder)


def pytest_unconfigure() -> None:
    """Remove the run's folder, when the workers that used it have ended."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(os.environ.pop(FOLDER))


@pytest.fixture(scope="session")
def run_folder() -> Path:
    """The folder of this run."""
    return Path(os.environ[FOLDER])


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest, run_folder: Path) -> Iterator[str]:
    """The administrator's URL of a server: embedded, or Debian's PostgreSQL 15 by parameter."""
    if getattr(request, "param", "embedded") == "embedded":
        with EmbeddedPostgres(run_folder / "postgres", settings={"fsync": "off"}) as embedded:
            yield embedded.url
    else:
        yield from debian_server(run_folder / f"debian-{secrets.token_hex(6)}")


def debian_server(home: Path) -> Iterator[str]:
    """Run Debian's PostgreSQL 15, which `make test` installs, from the system's packages."""
    if not DEBIAN_SERVER.is_dir():
        pytest.fail(
            f"{DEBIAN_SERVER} is missing: `make test` installs Debian's postgresql-15 when it runs"
            " as root; otherwise ask for: apt-get install postgresql-15",
        )
    account = pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    home.mkdir(mode=0o700)
    os.chown(home, account.pw_uid, account.pw_gid)
    as_account = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    if os.geteuid() != 0:
        as_account = {}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    subprocess.run(
        [DEBIAN_SERVER / "initdb", "-D", home / "data", "-U", "admin",
         "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"],
        check=True, capture_output=True, cwd="/", **as_account,
    )  # fmt: skip
    settings = [
        f"port={port}",
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "fsync=off",
    ]
    process = subprocess.Popen(
        [DEBIAN_SERVER / "postgres", "-D", home / "data"]
        + [part for setting in settings for part in ("-c", setting)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **as_account,
    )  # fmt: skip
    try:
        while True:
            assert process.poll() is None, "Debian's PostgreSQL did not start"
            pid_file = home / "data" / "postmaster.pid"
            if pid_file.exists() and "ready" in pid_file.read_text():
                break
        yield f"postgresql://admin@127.0.0.1:{port}/postgres"
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="session")
def location(server: str, keys: Keys, run_folder: Path) -> URL:
    """A database of this worker's own, as the migrations build it."""
    name = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}_{secrets.token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    url = make_url(server).set(drivername="postgresql+psycopg", database=name)
    # The databases of one server share its roles: their first migrations go one by one.
    with (run_folder / "migrating").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        migrate(url, keys)
    return url


@pytest.fixture
async def database(location: URL, keys: Keys) -> AsyncIterator[Database]:
    """The service's way to the database; transactions open through it."""
    opened = Database(location, keys)
    await ensure_programme(opened)
    yield opened
    await opened.close()
