"""The server on one data folder: found running, cleaned up after, started and shut down.

Everything here but `postmaster()` happens under the starting lock of the folder.
"""

import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from service.embedded.binaries import Programs
from service.embedded.cluster import ensure_data
from service.embedded.configuration import free_port, is_free, render
from service.embedded.errors import FolderInUseError, StartFailedError
from service.embedded.folder import Home, write_whole
from service.embedded.locks import claim
from service.embedded.processes import DataProcesses, Process, Wake, pause
from service.embedded.serverlog import ServerLog

logger = logging.getLogger(__name__)

POLL = 0.02  # seconds between two looks at a file that no event announces
PROGRESS = 5.0  # seconds between two lines about a wait
PATIENCE = 10.0  # seconds for what should pass at once: a race lost, a process that can't be seen

PORT_TAKEN = "Address already in use"
NOT_GONE_YET = ('lock file "postmaster.pid" already exists', "pre-existing shared memory block")

# The servers that this process started, until they end: a parent has to take note of the end of
# its children, or their pids stay behind as zombies that look alive.
Child: TypeAlias = "subprocess.Popen[bytes]"
_children: list[Child] = []
_children_mutex = threading.Lock()


@dataclass(frozen=True)
class PidFile:
    """What a postmaster tells of itself in postmaster.pid; lines appear as it gets on."""

    pid: int
    port: int | None
    state: str  # starting, ready, stopping, standby, or '' before any

    @classmethod
    def parse(cls, text: str) -> "PidFile | None":
        """None for a file that isn't filled yet."""
        lines = [line.strip() for line in text.split("\n")]
        if not lines[0].isdecimal():
            return None
        port = int(lines[3]) if len(lines) > 3 and lines[3].isdecimal() else None
        return cls(int(lines[0]), port, lines[7] if len(lines) > 7 else "")


class Server:
    """The one server of a home."""

    def __init__(self, home: Home, programs: Programs, settings: Mapping[str, str]) -> None:
        self._home = home
        self._programs = programs
        self._settings = settings
        self._processes = DataProcesses(home.data, home.account.uid)
        self.log = ServerLog(home.log)

    def postmaster(self) -> Process | None:
        """The living postmaster of this folder, whoever started it; the caller closes it."""
        reap()
        told = self._read_pid_file()
        process = Process.of(told.pid) if told else None
        if process is None or (self._processes.include(process.pid) and not process.ended()):
            return process
        with process:  # ended, or the number is somebody else's by now
            return None

    def bring_up(self, *, patience: float = 0, wake: Wake | None = None) -> int:
        """Make sure that a ready server is running, and return its port.

        A running one is adopted as it is; else one is started, on its last port if that becomes
        free within `patience` seconds. Recovery is awaited for as long as the process lives.
        Raises WrongMajorVersionError, FolderInUseError or StartFailedError.
        """
        ensure_data(self._home, self._programs)
        deadline = None  # for failures that should pass, from the first one on
        while True:
            lock = self._claim(wake)
            since = self.log.size()
            child = None if lock is None else self._spawn(lock, patience, wake)
            process = self.postmaster() if child is None else Process.of(child.pid)
            if process is not None:
                with process:
                    port = self._await_ready(process, since, wake)
                if port is not None:
                    write_whole(self._home.port, f"{port}\n", 0o600)
                    logger.info(
                        "the embedded server %s on port %d", "started" if child else "runs", port
                    )
                    return port
            if child is not None:
                deadline = deadline or time.monotonic() + PATIENCE
                self._judge_failure(child, since, final=time.monotonic() > deadline)
                pause(POLL, wake)

    def shut_down(self) -> None:
        """End the server in order, and wait for as long as that takes."""
        lock = None
        while lock is None:
            process = self.postmaster()
            if process is not None:
                logger.info("shutting down the embedded server")
                with process:
                    process.send(signal.SIGINT)  # 'fast': ends the sessions, saves everything
                    while not process.ended(PROGRESS):
                        logger.info("the embedded server is still shutting down")
            try:
                lock = self._claim(None)
            except FolderInUseError:  # a program that a session ran, most likely
                logger.warning("something outlived the embedded server and keeps its lock")
                break
        else:
            os.close(lock)
        reap()

    def _claim(self, wake: Wake | None) -> int | None:
        """The lock for a new server, once nothing of an old one lives; None if one runs.

        A postmaster that was killed leaves backends which never look up from their work, and
        with them its shared memory, in which no new server may start.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            running = self.postmaster()
            if running is not None:
                with running:
                    return None
            lock = claim(self._home.server_lock)
            orphans = self._processes.find()
            if lock is not None and not orphans:
                # No process is behind this file any more, though its pid may be a zombie's, or
                # another program's by now, for which a new server would refuse to start.
                self._home.pid_file.unlink(missing_ok=True)
                return lock
            if lock is not None:
                os.close(lock)
            if orphans:
                logger.warning("ending %d processes left by a killed server", len(orphans))
                self._processes.end(orphans)
            elif time.monotonic() > deadline:
                raise FolderInUseError(
                    f"a server is running on {self._home.data}, and its processes can't be seen "
                    f"from here: stop it where it runs (another container?)"
                )
            else:
                pause(POLL, wake)

    def _spawn(self, lock: int, patience: float, wake: Wake | None) -> Child:
        """Start a postmaster that holds the lock for its life and for that of its backends."""
        try:
            text = render(
                self._settings,
                port=self._choose_port(patience, wake),
                title=self._processes.title,
            )
            write_whole(self._home.configuration, text, 0o644)
            self.log.cut()
            output = self.log.open()
            try:
                child = self._home.account.spawn(
                    [
                        str(self._programs.postgres),
                        "-D",
                        str(self._home.data),
                        "-c",
                        f"config_file={self._home.configuration}",
                    ],
                    output=output,
                    kept_open=[lock],
                )
            except OSError as error:
                what = f"{self._programs.postgres} can't be run"
                raise StartFailedError(what, [str(error)]) from error
            finally:
                os.close(output)
            with _children_mutex:
                _children.append(child)
            return child
        finally:
            os.close(lock)

    def _choose_port(self, patience: float, wake: Wake | None) -> int:
        try:
            last = int(self._home.port.read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            return free_port()
        deadline = time.monotonic() + patience
        while not is_free(last):
            if time.monotonic() >= deadline:
                logger.warning("port %d is taken: the embedded server moves to another", last)
                return free_port()
            pause(POLL, wake)
        return last

    def _await_ready(self, process: Process, since: int, wake: Wake | None) -> int | None:
        """The port once the server takes connections; None if the process ended instead."""
        told_at = time.monotonic()
        while True:
            told = self._read_pid_file()
            if told and told.pid == process.pid and told.state == "ready" and told.port:
                return told.port
            if process.ended(POLL, wake):
                reap()
                return None
            if time.monotonic() - told_at > PROGRESS:
                told_at = time.monotonic()
                said = self.log.said_since(since)[-1:] or ["nothing yet"]
                logger.info("waiting for the embedded server; it says: %s", said[0])

    def _judge_failure(self, child: Child, since: int, *, final: bool) -> None:
        """Return when another attempt makes sense after a start that failed, else raise."""
        code = child.wait()
        end = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        said = self.log.said_since(since)
        text = "\n".join(said)
        passing = PORT_TAKEN in text or any(words in text for words in NOT_GONE_YET)
        if final or not passing:
            raise StartFailedError(
                f"the embedded server on {self._home.data} {end} before it was ready; its log is "
                f"{self._home.log}",
                said,
            )
        logger.info("the embedded server did not start, which should pass: trying again")

    def _read_pid_file(self) -> PidFile | None:
        try:
            return PidFile.parse(self._home.pid_file.read_text(encoding="utf-8"))
        except (FileNotFoundError, UnicodeDecodeError):
            return None


def reap() -> None:
    """Take note of those of our children that have ended."""
    with _children_mutex:
        _children[:] = [child for child in _children if child.poll() is None]
