"""The making of the data folder, once, and the proof that these programs can read it."""

import logging
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from service.embedded.binaries import Programs
from service.embedded.errors import FolderUnusableError, StartFailedError, WrongMajorVersionError
from service.embedded.folder import Home, write_whole
from service.embedded.processes import DataProcesses

logger = logging.getLogger(__name__)

SUPERUSER = "coalition_admin"
PARTIAL = ".data-"

# The built-in provider orders and folds letters alike on every machine. The character types of
# the C library are still asked by extensions: without UTF-8 there, pg_trgm sees no Cyrillic.
ENCODING = (
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--lc-ctype=C.UTF-8",
)


def ensure_data(home: Home, programs: Programs) -> None:
    """Make the data folder unless it is there, and refuse one of another major version.

    To be called under the starting lock. The folder is made under another name and renamed when
    whole, so a maker that was killed half way leaves nothing that looks like data.
    """
    version = home.data / "PG_VERSION"
    if version.exists():
        _check_major(home, version.read_text(encoding="ascii").strip(), programs)
        return
    for leftover in home.path.glob(f"{PARTIAL}*"):
        _remove(leftover, home)
    if not home.password.exists():
        password = secrets.token_urlsafe(24)
        write_whole(home.password, password + "\n", 0o600, owner=home.account)
    partial = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=home.path))
    try:
        if home.account.switching:
            os.chown(partial, home.account.uid, home.account.gid)
        _initdb(home, programs, partial)
        partial.rename(home.data)
        _sync(home.path)
    except BaseException:
        _remove(partial, home)
        raise


def read_password(home: Home) -> str:
    """The superuser's password."""
    try:
        return home.password.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise FolderUnusableError(
            f"the superuser's password is gone: bring the file {home.password} back"
        ) from None


def _check_major(home: Home, found: str, programs: Programs) -> None:
    carried = programs.major(home.account)
    if found != carried:
        raise WrongMajorVersionError(home.data, found, carried)


def _initdb(home: Home, programs: Programs, partial: Path) -> None:
    logger.info("making the data folder %s, as user %s", home.data, home.account.name)
    command = [
        str(programs.initdb),
        f"--pgdata={partial}",
        f"--username={SUPERUSER}",
        f"--pwfile={home.password}",
        "--auth-host=scram-sha-256",
        "--auth-local=scram-sha-256",
        "--no-instructions",
        *ENCODING,
    ]
    what = f"{programs.initdb} could not make the data folder {home.data}"
    try:
        process = home.account.spawn(command, folder=partial, output=subprocess.PIPE)
    except OSError as error:
        raise StartFailedError(what, [str(error)]) from error
    said = process.communicate()[0].decode(errors="replace")
    if process.returncode != 0:
        raise StartFailedError(what, said.splitlines()[-20:])


def _remove(partial: Path, home: Home) -> None:
    """Remove an unfinished data folder, and first whoever still works on it."""
    processes = DataProcesses(partial, home.account.uid)
    while pids := processes.find():
        processes.end(pids, signal.SIGTERM)
    shutil.rmtree(partial)


def _sync(folder: Path) -> None:
    """Make the rename last: without it a power cut could bring back the old name."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
