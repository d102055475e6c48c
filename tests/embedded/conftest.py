"""The ground of each test, cleaned up after it."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.embedded.ground import Ground

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made there
ENOUGH = 1 << 30  # bytes


def new_ground() -> Iterator[Ground]:
    """A folder that everybody can reach: as root, pytest's own are closed to the server's user.

    In memory where there is room: what is killed here are processes, which doesn't need a disk,
    and a data folder is a thousand files.
    """
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH
    path = Path(tempfile.mkdtemp(prefix="embedded-", dir=MEMORY if roomy else None))
    path.chmod(0o711)
    ground = Ground(path)
    try:
        yield ground
    finally:
        ground.clean()
        shutil.rmtree(path)


@pytest.fixture(scope="session")
def made_folder() -> Iterator[Path]:
    """The folder of a stopped server that has run once."""
    for ground in new_ground():
        ground.server().start()
        ground.servers[0].stop()
        (ground.folder / "port").unlink()
        yield ground.folder


@pytest.fixture
def bare_ground() -> Iterator[Ground]:
    """Without a folder: the first start makes it, which takes its second."""
    yield from new_ground()


@pytest.fixture
def ground(bare_ground: Ground, made_folder: Path) -> Ground:
    """With a copy of the made folder: the first start is quick."""
    subprocess.run(["cp", "-a", made_folder, bare_ground.folder], check=True)
    return bare_ground
