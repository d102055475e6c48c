"""What the server says: one file and one older one, so that years of it don't fill the disk."""

import os
from pathlib import Path

LIMIT = 8 * 1024 * 1024  # bytes; above, the newest part is kept aside and the file begun anew
KEPT = 2 * 1024 * 1024  # bytes of the older file
SHOWN = 20  # lines in an error message


class ServerLog:
    """The log file of one server."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self) -> int:
        """A descriptor for a server to write to; the caller closes its own copy.

        It appends, so that the file can be cut under a running server.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, 0o600)
        if os.geteuid() == 0:
            folder = self._path.parent.stat()
            os.fchown(descriptor, folder.st_uid, folder.st_gid)
        return descriptor

    def size(self) -> int:
        """Bytes in it; remember it to ask later for what was said since."""
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0

    def said_since(self, size: int) -> list[str]:
        """The last lines since the file was of this size, oldest first."""
        try:
            with self._path.open("rb") as file:
                end = file.seek(0, os.SEEK_END)
                start = size if size <= end else 0  # it was cut meanwhile
                file.seek(max(start, end - 64 * 1024))
                text = file.read().decode("utf-8", errors="replace")
        except FileNotFoundError:
            return []
        return text.splitlines()[-SHOWN:]

    def cut(self) -> None:
        """Keep it bounded: of a file above the limit the newest part moves to `.1`."""
        if self.size() <= LIMIT:
            return
        with self._path.open("r+b") as file:
            file.seek(-KEPT, os.SEEK_END)
            newest = file.read()
            older = self._path.with_name(self._path.name + ".1")
            older.unlink(missing_ok=True)
            older.touch(0o600)
            older.write_bytes(newest)
            file.truncate(0)
