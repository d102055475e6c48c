"""Ground on which real servers are started, and the end of every process left there."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import LiteralString

import psycopg

from service.embedded import EmbeddedPostgres
from service.embedded.processes import DataProcesses

OWNER = """
import sys
from pathlib import Path
from typing import LiteralString
from service.embedded import EmbeddedPostgres

server = EmbeddedPostgres(Path(sys.argv[1]), system_folder=Path(sys.argv[2]))
print(server.start(), flush=True)
if "watch" in sys.argv:
    server.watch()
sys.stdin.read()
server.stop()
"""


def until(condition: Callable[[], object], what: str, seconds: float = 30) -> None:
    """Wait for a condition, which must come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.005)


def processes_below(folder: Path) -> list[int]:
    """The programs of PostgreSQL that work somewhere in the folder, or are told to."""
    titles = [f"postgres: {DataProcesses(data, 0).title}:" for data in folder.rglob("data")]
    found = []
    for name in filter(str.isdecimal, os.listdir("/proc")):
        process = Path("/proc", name)
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            try:
                program = (process / "exe").readlink().name
                here = (process / "cwd").readlink().is_relative_to(folder)
            except PermissionError:  # a container's root may not look there
                words = (process / "cmdline").read_text(encoding="utf-8").split("\0")
                program = Path(words[0]).name.partition(":")[0]
                here = words[0].startswith(tuple(titles)) or f"{folder}/" in "".join(words[1:])
            if program in ("postgres", "initdb") and here:
                found.append(int(name))
    return found


class Owner:
    """Another process that uses the server of a folder, until it leaves or is killed."""

    def __init__(
        self,
        folder: Path,
        system_folder: Path,
        *words: str,
        python: str = sys.executable,
        user: int | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.process = subprocess.Popen(
            [python, "-c", OWNER, str(folder), str(system_folder), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            env=environment,
        )

    @property
    def url(self) -> str:
        """Waits until it has started the server, or has failed to."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def leave(self) -> None:
        self.process.communicate()
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


class Ground:
    """A folder that an unprivileged user can reach, for the folders of servers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder = path / "server"
        self.system_folder = path / "system"
        self.owners: list[Owner] = []
        self.servers: list[EmbeddedPostgres] = []

    def server(
        self, folder: Path | None = None, settings: Mapping[str, str] | None = None
    ) -> EmbeddedPostgres:
        """A server in this process; stopped with the test."""
        server = EmbeddedPostgres(
            folder or self.folder, settings=settings or {}, system_folder=self.system_folder
        )
        self.servers.append(server)
        return server

    def owner(self, *words: str, folder: Path | None = None) -> Owner:
        """A server's user in another process; gone with the test."""
        owner = Owner(folder or self.folder, self.system_folder, *words)
        self.owners.append(owner)
        return owner

    def postmaster(self) -> int:
        """The pid in postmaster.pid; 0 while the file is missing or only begun."""
        path = self.folder / "data" / "postmaster.pid"
        try:
            return int(path.read_text(encoding="utf-8").split("\n")[0])
        except (FileNotFoundError, ValueError):
            return 0

    def kill_postmaster(self) -> None:
        """As the system does when memory runs out."""
        os.kill(self.postmaster(), signal.SIGKILL)

    def processes(self) -> list[int]:
        """All processes of PostgreSQL on this ground."""
        return processes_below(self.path)

    def clean(self) -> None:
        for owner in self.owners:
            owner.kill()
        for server in self.servers:
            server.stop()
        while pids := self.processes():
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.005)


def ask(url: str, query: LiteralString, *values: object) -> object:
    """The first value that the query returns, if any."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query, values or None)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None
