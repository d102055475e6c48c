"""Locks on files of the folder, which the kernel releases however their holder dies.

`starting.lock`  exclusive, held while somebody starts or stops the server: one at a time.
`users.lock`     shared, held by everyone who uses the server: its holders are the count.
`server.lock`    exclusive, inherited by the server and its backends: held while any of them
                 lives, even one that this process can't see (in another container, say).
"""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

logger = logging.getLogger(__name__)


def open_lock(path: Path) -> int:
    """A new descriptor of the lock file, owned as the folder is; the caller closes it."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.fchown(descriptor, folder.st_uid, folder.st_gid)
    return descriptor


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock alone; waits for as long as another process starts or stops the server."""
    descriptor = open_lock(path)
    try:
        if not _try(descriptor, fcntl.LOCK_EX):
            logger.info("waiting for another process that starts or stops the embedded server")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        _free(descriptor)


def claim(path: Path) -> int | None:
    """The exclusive lock as a descriptor to be handed on, or None when somebody has it."""
    descriptor = open_lock(path)
    if _try(descriptor, fcntl.LOCK_EX):
        return descriptor
    os.close(descriptor)
    return None


class Use:
    """Our being counted among the users; taken and left only under the starting lock."""

    def __init__(self, path: Path) -> None:
        self._descriptor = open_lock(path)
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def leave(self) -> bool:
        """Stop being a user; True when we were the last one."""
        last = _try(self._descriptor, fcntl.LOCK_EX)
        _free(self._descriptor)
        return last

    def forget(self) -> None:
        """Close the descriptor without leaving: in a forked child, the parent still uses it."""
        os.close(self._descriptor)


def _free(descriptor: int) -> None:
    """Unlock and not only close: a child forked meanwhile may have inherited the descriptor."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


def _try(descriptor: int, operation: int) -> bool:
    try:
        fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
