"""The processes of a server, seen through the kernel and not through files they left behind.

A pid in a file may be stale or belong to somebody else by now. Here a process is held by a
pidfd, which stays with that very process, and is recognised by what it runs and where.
"""

import errno
import hashlib
import os
import select
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

PROGRAMS = ("postgres", "initdb")
PATIENCE_WITH_ORPHANS = 5.0  # seconds between asking (SIGQUIT) and killing


class WokenError(Exception):
    """The wait was ended by Wake.set(): whoever waited is to give up its work."""


class Wake:
    """Ends the waits of another thread; an Event that can be polled beside a process."""

    def __init__(self) -> None:
        self._descriptor = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def fileno(self) -> int:
        """For poll()."""
        return self._descriptor

    def set(self) -> None:
        """From now on every wait that knows this wake raises WokenError."""
        os.eventfd_write(self._descriptor, 1)

    def close(self) -> None:
        """Give the descriptor back; no thread may be waiting any more."""
        os.close(self._descriptor)


def pause(seconds: float, wake: Wake | None) -> None:
    """Sleep, or raise WokenError as soon as the wake is set."""
    _poll([], seconds, wake)


class Process:
    """One living or just ended process, which can be waited for without being its parent."""

    def __init__(self, pid: int, descriptor: int) -> None:
        self.pid = pid
        self._descriptor = descriptor

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """The process of this number, ended but unreaped ones included; None without one."""
        try:
            return cls(pid, os.pidfd_open(pid))
        except ProcessLookupError:
            return None
        except OSError as error:
            if error.errno == errno.EINVAL:  # the number is a mere thread's by now
                return None
            raise

    def ended(self, seconds: float | None = 0, wake: Wake | None = None) -> bool:
        """Wait until it has ended (a zombie has), at most so long; None waits for ever."""
        return _poll([self._descriptor], seconds, wake)

    def send(self, number: signal.Signals) -> None:
        """Signal it, unless it has ended already."""
        try:
            signal.pidfd_send_signal(self._descriptor, number)
        except ProcessLookupError:
            return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)


class DataProcesses:
    """PostgreSQL's processes that work on one data folder: postmaster, backends, orphans."""

    def __init__(self, data: Path, uid: int) -> None:
        self._data = data
        self._uid = uid
        # The server carries it in the titles of its processes, which everybody may read.
        self.title = "coalition-" + hashlib.sha256(bytes(data)).hexdigest()[:12]

    def include(self, pid: int) -> bool:
        """Whether this is a program of PostgreSQL whose working directory is the data folder."""
        try:
            program = os.path.basename(os.readlink(f"/proc/{pid}/exe"))
            return program.removesuffix(" (deleted)") in PROGRAMS and os.path.samefile(
                f"/proc/{pid}/cwd", self._data
            )
        except PermissionError:
            return self._named_like_ours(pid)
        except (FileNotFoundError, ProcessLookupError):
            return False

    def find(self) -> list[int]:
        """All of them, in no order."""
        names = (name for name in os.listdir("/proc") if name.isdecimal())
        return [pid for pid in map(int, names) if self.include(pid)]

    def end(self, pids: Iterable[int], first: signal.Signals = signal.SIGQUIT) -> None:
        """Make them leave, and wait until they have; those deaf to the first signal are killed.

        Only for processes without a postmaster: on SIGQUIT backends leave at once, as nothing
        they hold is worth an orderly end.
        """
        deadline = time.monotonic() + PATIENCE_WITH_ORPHANS
        for pid in pids:
            process = Process.of(pid)
            if process is None:
                continue
            with process:
                if not self.include(pid):
                    continue
                process.send(first)
                if not process.ended(max(0.0, deadline - time.monotonic())):
                    process.send(signal.SIGKILL)
                    process.ended(None)

    def _named_like_ours(self, pid: int) -> bool:
        """The same question where the kernel hides exe and cwd of other users from root.

        It does in containers, which lack CAP_SYS_PTRACE. The command line stays readable: the
        postmaster names the data folder there, its children show the title.
        """
        try:
            if os.stat(f"/proc/{pid}").st_uid != self._uid:
                return False
            words = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
        except (PermissionError, FileNotFoundError, ProcessLookupError):
            return False
        if words[0].startswith(f"postgres: {self.title}: ".encode()):
            return True
        return os.path.basename(words[0]).decode(errors="replace") in PROGRAMS and any(
            word in (bytes(self._data), b"--pgdata=" + bytes(self._data)) for word in words[1:]
        )


def _poll(descriptors: list[int], seconds: float | None, wake: Wake | None) -> bool:
    """Whether one of the descriptors became readable in time."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    if wake is not None:
        poll.register(wake, select.POLLIN)
    ready = poll.poll(None if seconds is None else seconds * 1000)
    if wake is not None and any(descriptor == wake.fileno() for descriptor, _ in ready):
        raise WokenError
    return bool(ready)
