"""A PostgreSQL server that comes with the package, for who has none of their own.

`EmbeddedPostgres(folder)` starts it, watches it and stops it; its errors are
`EmbeddedPostgresError` and more exact classes of it.
"""

from service.embedded.errors import (
    EmbeddedPostgresError,
    FolderInUseError,
    FolderUnusableError,
    NotStartedError,
    NoUnprivilegedUserError,
    ProgramsMissingError,
    SettingRefusedError,
    StartFailedError,
    WrongMajorVersionError,
)
from service.embedded.supervisor import EmbeddedPostgres

__all__ = [
    "EmbeddedPostgres",
    "EmbeddedPostgresError",
    "FolderInUseError",
    "FolderUnusableError",
    "NoUnprivilegedUserError",
    "NotStartedError",
    "ProgramsMissingError",
    "SettingRefusedError",
    "StartFailedError",
    "WrongMajorVersionError",
]
