"""Whom the server runs as: never root, which PostgreSQL refuses for good reasons."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from service.embedded.errors import NoUnprivilegedUserError

# PostgreSQL's own user where a package made one, else the user that owns nothing.
CANDIDATES = ("postgres", "nobody")

# The caller's environment may hold secrets, and PG* variables would steer the server.
PASSED_ON = ("PATH", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class Account:
    """A user of the system, and whether this process must become it to run the server."""

    name: str
    uid: int
    gid: int
    switching: bool

    @classmethod
    def by_uid(cls, uid: int) -> "Account":
        """The account that already owns the data, or that we are."""
        try:
            entry = pwd.getpwuid(uid)
        except KeyError:
            raise NoUnprivilegedUserError(
                f"user {uid} has no entry in the passwd file, without which PostgreSQL does not "
                f"run: add one (in a container, to /etc/passwd)"
            ) from None
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid, switching=os.geteuid() != uid)

    @classmethod
    def for_new_data(cls) -> "Account":
        """Ourselves, or an unprivileged user when we are root."""
        if os.geteuid() != 0:
            return cls.by_uid(os.geteuid())
        for name in CANDIDATES:
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            if entry.pw_uid != 0:
                return cls.by_uid(entry.pw_uid)
        raise NoUnprivilegedUserError(
            f"PostgreSQL does not run as root, and there is no user {' or '.join(CANDIDATES)}: "
            f"add one of them (useradd --system postgres), or start as an ordinary user"
        )

    def may_enter(self, *paths: Path) -> bool:
        """Whether this user may traverse the folders and run the programs.

        Asked by trying as that user: modes alone miss access lists and mount options.
        """
        if not self.switching:
            return all(os.access(path, os.X_OK) for path in paths)
        ask = 'for path; do test -x "$path" || exit 1; done'
        try:
            process = self.spawn(["/bin/sh", "-c", ask, "sh", *map(str, paths)])
        except OSError as error:
            raise NoUnprivilegedUserError(f"can't become the user {self.name}: {error}") from error
        return process.wait() == 0

    def spawn(
        self,
        command: Sequence[str],
        *,
        folder: Path = Path("/"),
        output: int = subprocess.DEVNULL,
        kept_open: Sequence[int] = (),
    ) -> "subprocess.Popen[bytes]":
        """Start a program as this user, away from our terminal, groups and environment.

        A session of its own keeps a Ctrl-C in our terminal from killing the server under us.
        """
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment | {"LC_ALL": "C"},
            user=self.uid if self.switching else None,
            group=self.gid if self.switching else None,
            extra_groups=[] if self.switching else None,
            umask=0o077,
            start_new_session=True,
            pass_fds=kept_open,
        )
