"""Where everything of one server lies, and who owns it.

    data/           PostgreSQL's own folder; the only thing here that the server may write
    password        of the superuser, readable by the server's user alone
    server.conf     written anew at each start
    server.log      and server.log.1, see serverlog.py
    port            the last one used, kept across restarts
    *.lock          see locks.py
    kept-at         instead of all these: a link to the place where they are

When root starts the server it runs as another user, who may be unable to reach the folder (a
home is closed to others). Opening the way would open it to everybody, so the server then lives
in a place made for it, and the asked folder only points there.
"""

import hashlib
import logging
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from service.embedded.account import Account
from service.embedded.errors import FolderUnusableError

logger = logging.getLogger(__name__)

SYSTEM_FOLDER = Path("/var/lib/coalition")
POINTER = "kept-at"


@dataclass(frozen=True)
class Home:
    """The folder in which a server's files really are, and the user who runs the server."""

    path: Path
    account: Account

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder; there only when whole."""
        return self.path / "data"

    @property
    def pid_file(self) -> Path:
        """Where a running postmaster tells its pid, port and state."""
        return self.data / "postmaster.pid"

    @property
    def password(self) -> Path:
        """The superuser's password, on one line."""
        return self.path / "password"

    @property
    def configuration(self) -> Path:
        """The settings of the server, in place of the data folder's postgresql.conf."""
        return self.path / "server.conf"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.path / "server.log"

    @property
    def port(self) -> Path:
        """The number of the port that the server listened on last."""
        return self.path / "port"

    @property
    def starting_lock(self) -> Path:
        """Held while the server is started or stopped."""
        return self.path / "starting.lock"

    @property
    def users_lock(self) -> Path:
        """Shared by those who use the server."""
        return self.path / "users.lock"

    @property
    def server_lock(self) -> Path:
        """Held by the server's own processes."""
        return self.path / "server.lock"


def find_home(folder: Path, system_folder: Path = SYSTEM_FOLDER) -> Home:
    """The home that belongs to this absolute folder; made, empty, where there is none yet.

    Raises FolderUnusableError for a folder that holds something else, belongs to another user or
    can't be reached, and NoUnprivilegedUserError when nobody can run the server.
    """
    make_folder(folder, 0o711 if os.geteuid() == 0 else 0o700)
    if (folder / "PG_VERSION").exists():
        raise FolderUnusableError(
            f"{folder} is itself a data folder of PostgreSQL: give the embedded server a folder "
            f"of its own"
        )
    pointer = folder / POINTER
    if not os.path.lexists(pointer) and not _occupied(folder / "data"):
        account = Account.for_new_data()
        if not account.switching or account.may_enter(folder):
            return Home(folder, account)
        _point_elsewhere(pointer, system_folder, account)
    return _existing_home(_follow(pointer) if os.path.lexists(pointer) else folder)


def make_folder(path: Path, mode: int) -> bool:
    """Make it with exactly this mode, whatever the umask; False when it is there already.

    It appears with its mode at once, so that nobody can find it half made.
    """
    if path.is_dir():
        return False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    except OSError as error:
        raise FolderUnusableError(f"the folder {path} can't be made: {error}") from error
    try:
        made.chmod(mode)
        made.rename(path)
    except OSError as error:
        made.rmdir()
        if path.is_dir():  # somebody was faster
            return False
        raise FolderUnusableError(f"the folder {path} can't be made: {error}") from error
    return True


def write_whole(path: Path, text: str, mode: int, owner: Account | None = None) -> None:
    """Replace the file at once by one with this text: no reader sees half of it.

    By way of a new file, so that a link planted in its place is replaced and not followed. It
    belongs to `owner`, or to who owns the folder, so that root leaves nothing that a folder's own
    user can't use later.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, mode)
            if os.geteuid() == 0:
                folder = path.parent.stat()
                uid, gid = (owner.uid, owner.gid) if owner else (folder.st_uid, folder.st_gid)
                os.fchown(descriptor, uid, gid)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _occupied(data: Path) -> bool:
    try:
        return data.is_dir() and any(data.iterdir())
    except PermissionError:  # somebody else's data
        return True


def _existing_home(path: Path) -> Home:
    """The home at this path, run by the owner of its data where it has any."""
    data = path / "data"
    if not _occupied(data):
        account = Account.for_new_data()
    else:
        account = _owner_of(data)
        if not (data / "PG_VERSION").exists():
            raise FolderUnusableError(
                f"{data} is not a data folder of PostgreSQL: choose another folder, or move it away"
            )
    if not account.may_enter(path):
        raise FolderUnusableError(
            f"the user {account.name}, who runs the server, can't reach {path}: let it pass "
            f"through the folders above (chmod o+x), or choose another folder"
        )
    return Home(path, account)


def _owner_of(data: Path) -> Account:
    uid = data.stat().st_uid
    if os.geteuid() not in (0, uid):
        raise FolderUnusableError(
            f"{data} belongs to user {uid}: start as that user or as root, or choose another folder"
        )
    if uid == 0:
        raise FolderUnusableError(
            f"{data} belongs to root, as whom PostgreSQL does not run: give it to another user "
            f"(chown -R postgres {data})"
        )
    return Account.by_uid(uid)


def _point_elsewhere(pointer: Path, system_folder: Path, account: Account) -> None:
    """Make a place that the account can reach, and the link to it; the first of a race wins."""
    place = _make_place(pointer.parent, system_folder)
    if not account.may_enter(place):
        raise FolderUnusableError(
            f"the user {account.name}, who runs the server, can reach neither {pointer.parent} "
            f"nor {system_folder}: choose a folder that it can reach"
        )
    try:
        pointer.symlink_to(place, target_is_directory=True)
    except FileExistsError:
        if _follow(pointer) != place:
            place.rmdir()
    else:
        logger.info(
            "the user %s can't reach %s: the embedded server lives in %s",
            account.name,
            pointer.parent,
            place,
        )


def _make_place(folder: Path, system_folder: Path) -> Path:
    """An empty place named after the folder; it is root's, and only `data` will be the server's.

    One with data and no pointer is of a folder that was deleted since: left alone, never revived.
    """
    make_folder(system_folder, 0o755)
    name = hashlib.sha256(bytes(folder)).hexdigest()[:16]
    number = 1
    while True:
        place = system_folder / (name if number == 1 else f"{name}-{number}")
        if make_folder(place, 0o711) or not _occupied(place / "data"):
            return place
        logger.warning(
            "%s holds the data of an earlier folder %s: delete it unless it is wanted",
            place,
            folder,
        )
        number += 1


def _follow(pointer: Path) -> Path:
    """Where the link leads. Only root makes such links, so root believes no other's."""
    if os.geteuid() == 0 and pointer.lstat().st_uid != 0:
        raise FolderUnusableError(f"the link {pointer} was not made by root: remove it")
    with suppress(PermissionError):
        place = pointer.resolve()
        if os.geteuid() == 0 or os.access(place, os.W_OK):
            if place.is_dir():
                return place
            raise FolderUnusableError(
                f"the data of {pointer.parent} was kept in {place}, which is gone: bring it back, "
                f"or remove the link {pointer} to begin anew"
            )
    raise FolderUnusableError(
        f"the server of {pointer.parent} was set up by root: start as root, or choose another "
        f"folder"
    )
