"""Kills without warning: of the owner, of the postmaster, in the middle of anything."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator

import psycopg
import pytest

from service.embedded import server as server_module
from service.embedded.locks import claim
from tests.embedded.ground import Ground, ask, until

BUSY = "DO $$ BEGIN LOOP END LOOP; END $$"  # never looks up to see its postmaster gone


@contextlib.contextmanager
def busy_backend(url: str) -> Iterator[int]:
    """A backend that computes for ever; gives its pid. It has to be ended by somebody."""
    connection = psycopg.connect(url, autocommit=True)

    def compute() -> None:
        with contextlib.suppress(psycopg.OperationalError):
            connection.execute(BUSY)

    thread = threading.Thread(target=compute)
    thread.start()
    pid = connection.info.backend_pid
    active = "SELECT state = 'active' FROM pg_stat_activity WHERE pid = %s"
    until(lambda: ask(url, active, pid), "the backend to be busy")
    try:
        yield pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        thread.join()
        connection.close()


def answers(url: str) -> bool:
    try:
        return ask(url, "SELECT 1") == 1
    except psycopg.OperationalError:
        return False


def fill(url: str, rows: int) -> None:
    ask(url, "CREATE TABLE filled (number int, filler text)")
    ask(url, "INSERT INTO filled SELECT g, repeat('x', 1000) FROM generate_series(1, %s) g", rows)


def test_a_server_left_by_a_killed_owner_is_adopted(ground: Ground) -> None:
    owner = ground.owner()
    url = owner.url
    ask(url, "CREATE TABLE kept AS SELECT 42 AS answer")
    pid = ground.postmaster()
    owner.kill()
    with ground.server() as server:
        assert server.url == url
        assert ground.postmaster() == pid
        assert ask(url, "SELECT answer FROM kept") == 42
    assert not ground.processes()


def test_start_succeeds_at_once_after_the_postmaster_is_killed(ground: Ground) -> None:
    server = ground.server()
    url = server.start()
    ask(url, "CREATE TABLE kept AS SELECT 42 AS answer")
    with busy_backend(url) as busy:
        ground.kill_postmaster()
        assert busy in ground.processes()
        assert claim(ground.folder / "server.lock") is None
        assert server.start() == url
        assert busy not in ground.processes()
        assert ask(url, "SELECT answer FROM kept") == 42
    server.stop()
    assert not ground.processes()


def test_the_last_user_ends_what_a_killed_postmaster_left(ground: Ground) -> None:
    server = ground.server()
    with busy_backend(server.start()):
        ground.kill_postmaster()
        server.stop()
        assert not ground.processes()
    with server:
        assert answers(server.url)


def test_owner_and_postmaster_killed_together(ground: Ground) -> None:
    owner = ground.owner()
    url = owner.url
    with busy_backend(url):
        ground.kill_postmaster()
        owner.kill()
        with ground.server() as server:
            assert answers(server.url)


def test_a_zombie_of_another_process_is_no_server(ground: Ground) -> None:
    owner = ground.owner()  # which doesn't watch, and so never reaps its child
    url = owner.url
    zombie = ground.postmaster()
    ground.kill_postmaster()
    with ground.server() as server:
        os.kill(zombie, 0)  # still there, as PostgreSQL itself would find
        assert server.url == url
        assert answers(url)
        owner.leave()
        assert answers(url)
    assert not ground.processes()


def test_a_pid_file_that_names_another_process_is_stale(ground: Ground) -> None:
    server = ground.server()
    url = server.start()
    ground.kill_postmaster()
    until(lambda: not ground.processes(), "the idle server to be gone")
    pid_file = ground.folder / "data" / "postmaster.pid"
    lines = pid_file.read_text(encoding="utf-8").split("\n")
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]), encoding="utf-8")
    assert server.start() == url
    assert answers(url)


def test_watch_brings_it_back_on_the_same_port(ground: Ground) -> None:
    server = ground.server()
    url = server.start()
    server.watch()
    server.watch()
    for _ in range(2):
        pid = ground.postmaster()
        with busy_backend(url):
            os.kill(pid, signal.SIGKILL)
            until(lambda: answers(url), "the server to be back")
        assert ground.postmaster() != pid
    assert server.url == url
    server.stop()
    assert not ground.processes()


def test_two_watchers_bring_back_one_server(ground: Ground) -> None:
    owner = ground.owner("watch")
    url = owner.url
    with ground.server() as server:
        server.watch()
        for _ in range(3):
            pid = ground.postmaster()
            ground.kill_postmaster()
            until(lambda: answers(url), "the server to be back")
            assert ground.postmaster() != pid
        owner.leave()
        assert answers(url)
    assert not ground.processes()


def test_watching_goes_on_after_a_failed_attempt(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("service.embedded.supervisor.FIRST_PAUSE", 0.05)
    server = ground.server()
    url = server.start()
    control = ground.folder / "data" / "global" / "pg_control"
    away = control.rename(control.with_name("away"))
    server.watch()
    ground.kill_postmaster()
    until(lambda: "next attempt" in caplog.text, "an attempt to fail")
    away.rename(control)
    until(lambda: answers(url), "the server to be back")
    server.stop()
    assert not ground.processes()


def test_stop_ends_a_watcher_that_is_bringing_it_back(ground: Ground) -> None:
    server = ground.server()
    server.start()
    pid = ground.postmaster()
    server.watch()
    ground.kill_postmaster()
    until(lambda: ground.postmaster() not in (0, pid), "the new postmaster")
    server.stop()
    assert not ground.processes()


def test_recovery_is_awaited(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server_module, "PROGRESS", 0.05)
    caplog.set_level("INFO", logger="service.embedded")
    server = ground.server(settings={"max_wal_size": "4GB", "checkpoint_timeout": "1h"})
    fill(server.start(), 60_000)
    ground.kill_postmaster()
    assert ask(server.start(), "SELECT count(*) FROM filled") == 60_000
    assert "waiting for the embedded server; it says" in caplog.text
    assert "redo done" in (ground.folder / "server.log").read_text(encoding="utf-8")


def test_a_starter_killed_during_recovery_leaves_a_server_to_adopt(ground: Ground) -> None:
    settings = {"max_wal_size": "4GB", "checkpoint_timeout": "1h"}
    server = ground.server(settings=settings)
    url = server.start()
    fill(url, 60_000)
    old = ground.postmaster()
    ground.kill_postmaster()
    owner = ground.owner()
    until(lambda: ground.postmaster() not in (0, old), "the new postmaster")
    owner.kill()
    starting = ground.postmaster()
    assert server.start() == url
    assert ground.postmaster() == starting
    assert ask(url, "SELECT count(*) FROM filled") == 60_000


@pytest.mark.parametrize("milestone", ["PG_VERSION", "base/1/PG_VERSION", "base/5"])
def test_an_interrupted_initdb_is_done_again(bare_ground: Ground, milestone: str) -> None:
    ground = bare_ground
    owner = ground.owner()
    until(lambda: list(ground.folder.glob(f".data-*/{milestone}")), "initdb to be half way")
    owner.kill()
    password = (ground.folder / "password").read_text(encoding="utf-8").strip()
    with ground.server() as server:
        assert password in server.url
        assert answers(server.url)
        assert not list(ground.folder.glob(".data-*"))
    assert not ground.processes()
