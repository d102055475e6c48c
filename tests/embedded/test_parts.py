"""What needs no server: the text of settings, ports, the pid file, the log."""

import socket
from pathlib import Path

from service.embedded import serverlog
from service.embedded.configuration import EPHEMERAL_RANGE, free_port, is_free, render
from service.embedded.server import PidFile
from service.embedded.serverlog import ServerLog

WHOLE = "71\n/data\n1763788800\n24091\n\n127.0.0.1\n  8234  12\nready   \n"


def test_the_pid_file_is_read_at_every_stage_of_its_life() -> None:
    assert PidFile.parse(WHOLE) == PidFile(71, 24091, "ready")
    assert PidFile.parse(WHOLE.replace("ready   ", "stopping")) == PidFile(71, 24091, "stopping")
    assert PidFile.parse("71\n/data\n1763788800\n24091\n") == PidFile(71, 24091, "")
    assert PidFile.parse("71\n/da") == PidFile(71, None, "")
    assert PidFile.parse("") is None
    assert PidFile.parse("-71\n/data\n") is None  # a single-user backend


def test_values_are_quoted_and_the_last_line_counts() -> None:
    lines = render({"work_mem": r"a'b\c"}, port=15999, title="x").splitlines()
    assert lines[-1] == r"work_mem = 'a''b\\c'"
    assert "port = '15999'" in lines
    assert "fsync = 'on'" in lines


def test_ports_are_free_and_not_of_outgoing_connections() -> None:
    lowest_outgoing = int(EPHEMERAL_RANGE.read_text(encoding="ascii").split()[0])
    port = free_port()
    assert port < lowest_outgoing
    assert is_free(port)
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free(port)


def test_the_log_is_cut_under_its_writer(tmp_path: Path) -> None:
    log = ServerLog(tmp_path / "server.log")
    assert log.said_since(0) == []
    log.cut()
    with open(log.open(), "wb", buffering=0) as writer:
        writer.write(b"first\n")
        before = log.size()
        log.cut()
        assert log.size() == before
        writer.write(b"x" * serverlog.LIMIT + b"\nlast\n")
        assert log.said_since(before)[-1] == "last"
        log.cut()
        assert log.size() == 0
        older = tmp_path / "server.log.1"
        assert older.stat().st_size == serverlog.KEPT
        assert older.read_bytes().endswith(b"\nlast\n")
        writer.write(b"anew\n")
        assert log.said_since(before) == ["anew"]
        assert log.size() == 5
