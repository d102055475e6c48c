"""Several processes on one folder: one server, from the first to the last of them."""

import subprocess
import sys

from tests.embedded.ground import Ground, ask

CYCLES = """
import sys
from pathlib import Path
import psycopg
from service.embedded import EmbeddedPostgres

for number in range(int(sys.argv[2])):
    with EmbeddedPostgres(Path(sys.argv[1])) as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("INSERT INTO visits DEFAULT VALUES")
"""

FORKS = """
import os, sys
from pathlib import Path
from service.embedded import EmbeddedPostgres

with EmbeddedPostgres(Path(sys.argv[1])) as server:
    child = os.fork()
    if child == 0:
        server.stop()
        os._exit(0)
    os.waitpid(child, 0)
    with EmbeddedPostgres(Path(sys.argv[1])) as second:
        assert second.url == server.url
    os.kill(int((Path(sys.argv[1]) / "data/postmaster.pid").read_text().split()[0]), 0)
"""


def test_the_last_one_out_stops_the_server(ground: Ground) -> None:
    owner = ground.owner()
    url = owner.url
    pid = ground.postmaster()
    with ground.server() as server, ground.server() as second:
        assert server.url == second.url == url
        owner.leave()
        assert ask(url, "SELECT 1") == 1
        second.stop()
        assert ask(url, "SELECT 1") == 1
        assert ground.postmaster() == pid
    assert not ground.processes()


def test_a_killed_user_does_not_count(ground: Ground) -> None:
    with ground.server() as server:
        owner = ground.owner()
        assert owner.url == server.url
        owner.kill()
    assert not ground.processes()


def test_four_first_starts_at_once_make_one_server(bare_ground: Ground) -> None:
    ground = bare_ground
    owners = [ground.owner() for _ in range(4)]
    urls = {owner.url for owner in owners}
    assert len(urls) == 1
    url = urls.pop()
    pid = ground.postmaster()
    for owner in owners:
        assert ask(url, "SELECT 1") == 1
        assert ground.postmaster() == pid
        owner.leave()
    assert not ground.processes()


def test_starts_that_race_stops_always_find_a_server(ground: Ground) -> None:
    with ground.server() as server:
        ask(server.url, "CREATE TABLE visits (id bigint GENERATED ALWAYS AS IDENTITY)")
    cycles = 6
    racers = [
        subprocess.Popen([sys.executable, "-c", CYCLES, str(ground.folder), str(cycles)])
        for _ in range(3)
    ]
    assert [racer.wait() for racer in racers] == [0, 0, 0]
    assert not ground.processes()
    with ground.server() as server:
        assert ask(server.url, "SELECT count(*) FROM visits") == 3 * cycles


def test_a_forked_child_does_not_stop_the_server_of_its_parent(ground: Ground) -> None:
    subprocess.run([sys.executable, "-c", FORKS, str(ground.folder)], check=True)
    assert not ground.processes()
