"""make bench NAME=api: what recording costs a request, and what HTTP costs recording.

A server process serves the partner's door; this process sends prepared requests over keep-alive
connections. Two servers take turns: the real one, and one whose posting desk answers at once, so
that both do the same HTTP, token, parsing, validation and answer.
"""

import asyncio
import multiprocessing
import random
import socket
import statistics
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from time import perf_counter
from typing import Any

import anyio
import orjson
import uvicorn
from sqlalchemy import URL
from strawberry.extensions import validation_cache

from bench.database import KEYS, fresh_database
from bench.ledger import Members, Shops, found, receipt
from bench.report import Measurement, conclude
from coalition.desk import PostingDesk
from coalition.recording import Outcome, PurchaseRequest, Recorded, record_purchases
from ledger.identifiers import new_id
from schema.execution import CACHED_DOCUMENTS
from service.app import create_app
from service.database.transactions import Database
from service.memory import settle
from service.settings import Settings
from service.tokens import AccessTokens

CONNECTIONS = 32
SECONDS = 4.0
TURNS = 6
MANY = 500
MANY_CALLS = 16

RECORD = """
  mutation Record($input: RecordPurchaseInput!) {
    recordPurchase(input: $input) { points replayed errors { code message path } }
  }
"""
RECORD_MANY = """
  mutation RecordMany($input: RecordPurchasesInput!) {
    recordPurchases(input: $input) {
      outcomes { points replayed errors { code message path } }
      errors { code message path }
    }
  }
"""


class IdleDesk(PostingDesk):
    """A desk that records nothing and says that it has."""

    async def record(self, requests: Sequence[PurchaseRequest]) -> Sequence[Outcome]:
        """Answer at once."""
        now = datetime.now(UTC)
        return [Recorded(new_id(), 50, now, replayed=False) for _ in requests]


def serve(location: URL, listening: socket.socket, asked: Connection, idle: bool) -> None:
    """Serve the doors in a process of its own; tell its CPU seconds and cache hits when asked."""
    database = Database(location, KEYS)
    desk = IdleDesk(database.desk) if idle else None
    app = create_app(database, Settings(), KEYS, desk=desk)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))

    def answer() -> None:
        while asked.recv() == "usage":
            known = validation_cache._get_validate_cache(CACHED_DOCUMENTS).cache_info()
            asked.send((time.process_time(), known.hits, known.misses))
        server.should_exit = True

    threading.Thread(target=answer, daemon=True).start()
    settle()  # as `coalition serve` does
    server.run(sockets=[listening])


@dataclass(frozen=True)
class Usage:
    """What a server process has used since it began."""

    cpu_seconds: float
    cache_hits: int
    cache_misses: int


@dataclass(frozen=True)
class Served:
    """A server process: where it listens, and a way to ask it."""

    port: int
    asking: Connection

    def usage(self) -> Usage:
        """Ask what it has used."""
        self.asking.send("usage")
        return Usage(*self.asking.recv())


@contextmanager
def served(location: URL, *, idle: bool) -> Iterator[Served]:
    """Run a server process on a free port of this machine."""
    asking, asked = multiprocessing.Pipe()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        process: BaseProcess = multiprocessing.get_context("fork").Process(
            target=serve, args=(location, listening, asked, idle)
        )
        process.start()
        yield Served(listening.getsockname()[1], asking)
    asking.send("stop")
    process.join()


@dataclass(frozen=True)
class Till:
    """A keep-alive connection of a shop's till."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, request: bytes) -> bytes:
        """Send a whole request; return the body of its response."""
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        return await self.reader.readexactly(length)


@asynccontextmanager
async def till(server: Served) -> AsyncIterator[Till]:
    """Open a connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=2**24)
    try:
        yield Till(reader, writer)
    finally:
        writer.close()


class Requests:
    """Prepares requests of random tills and members, each with a fresh key and receipt."""

    def __init__(self, shops: Shops, members: Members) -> None:
        """Take who buys where; tokens outlive the measurement."""
        self._members = members
        tokens = AccessTokens(KEYS, 3_600)
        self._tokens = [tokens.issue(caller) for caller, _ in shops]
        self._number = 0

    def one(self) -> bytes:
        """Return a request with one purchase of five lines."""
        return self._http(RECORD, self._item())

    def many(self) -> bytes:
        """Return a request with 500 purchases."""
        return self._http(RECORD_MANY, {"purchases": [self._item() for _ in range(MANY)]})

    def _item(self) -> dict[str, Any]:
        self._number += 1
        drawn = receipt(random.choice(self._members), self._number)
        return {
            "idempotencyKey": str(new_id()),
            "receipt": {
                "card": drawn.card,
                "outlet": drawn.outlet,
                "terminal": drawn.terminal,
                "receiptNumber": f"h{self._number}",
                "occurredAt": drawn.occurred_at.isoformat(),
                "businessDate": drawn.business_date.isoformat(),
                "currency": drawn.currency,
                "total": f"{drawn.total // 100}.{drawn.total % 100:02}",
                "lines": [
                    {
                        "sku": line.sku,
                        "name": line.name,
                        "category": line.category,
                        "quantity": str(line.quantity),
                        "amount": f"{line.amount // 100}.{line.amount % 100:02}",
                    }
                    for line in drawn.lines
                ],
            },
        }

    def _http(self, document: str, given: object) -> bytes:
        body = orjson.dumps({"query": document, "variables": {"input": given}})
        head = (
            "POST /graphql/partner HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {random.choice(self._tokens)}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


async def requests_a_second(server: Served, requests: Requests) -> float:
    """Return how many single purchases 32 connections get recorded in a second."""
    prepared = [[requests.one() for _ in range(400)] for _ in range(CONNECTIONS)]
    answered = 0
    until = perf_counter() + SECONDS

    async def buy(mine: list[bytes]) -> None:
        nonlocal answered
        async with till(server) as connection:
            for request in mine:
                if perf_counter() > until:
                    return
                body = await connection.send(request)
                assert b'"errors":[]' in body, body
                answered += 1
            raise AssertionError("prepare more requests")

    started = perf_counter()
    async with anyio.create_task_group() as group:
        for mine in prepared:
            group.start_soon(buy, mine)
    return answered / (perf_counter() - started)


async def record_vs_noop(
    real: Served, idle: Served, requests: Requests
) -> tuple[Measurement, Measurement]:
    """Alternate the two servers; also tell how often validation was spared."""
    await requests_a_second(real, requests)
    await requests_a_second(idle, requests)
    before = {server: server.usage() for server in (real, idle)}
    rates: dict[Served, list[float]] = {real: [], idle: []}
    for _ in range(TURNS):
        for server, measured in rates.items():
            measured.append(await requests_a_second(server, requests))
    after = {server: server.usage() for server in (real, idle)}

    def cpu_ms(server: Served) -> float:
        spent = after[server].cpu_seconds - before[server].cpu_seconds
        return round(1_000 * spent / (sum(rates[server]) * SECONDS), 3)

    hits = after[real].cache_hits - before[real].cache_hits
    misses = after[real].cache_misses - before[real].cache_misses
    recording, noop = statistics.median(rates[real]), statistics.median(rates[idle])
    ratio = Measurement(
        "record_purchase_vs_noop",
        recording / noop,
        "ratio of medians",
        {
            "connections": CONNECTIONS,
            "turns_a_side": TURNS,
            "seconds_a_turn": SECONDS,
            "record_requests_a_second": round(recording),
            "noop_requests_a_second": round(noop),
            "record_cpu_ms_a_request": cpu_ms(real),
            "noop_cpu_ms_a_request": cpu_ms(idle),
        },
    )
    share = Measurement(
        "validation_cache_hit_share",
        hits / (hits + misses),
        "share",
        {"requests": hits + misses, "cpu_ms_a_request": cpu_ms(real)},
    )
    return ratio, share


async def many_vs_function(
    real: Served, requests: Requests, database: Database, shops: Shops, members: Members
) -> Measurement:
    """Alternate requests of 500 purchases with bare calls of the use case with 500."""
    through_http, called = [], []
    number = 10_000_000
    cpu_before = cpu_after = 0.0
    async with till(real) as connection:
        for call in range(-2, MANY_CALLS):
            request = requests.many()
            started = perf_counter()
            body = await connection.send(request)
            http_seconds = perf_counter() - started
            assert body.count(b'"points":50') == MANY, body[:2_000]
            batch = []
            for _ in range(MANY):
                number += 1
                batch.append(
                    PurchaseRequest(
                        random.choice(shops)[0],
                        str(new_id()),
                        receipt(random.choice(members), number),
                    )
                )
            started = perf_counter()
            outcomes = await record_purchases(database.desk, batch)
            call_seconds = perf_counter() - started
            assert all(isinstance(outcome, Recorded) for outcome in outcomes)
            if call == -1:
                cpu_before = real.usage().cpu_seconds
            if call >= 0:
                through_http.append(http_seconds)
                called.append(call_seconds)
        cpu_after = real.usage().cpu_seconds
    http, function = statistics.median(through_http), statistics.median(called)
    return Measurement(
        "record_purchases_500_vs_post",
        function / http,
        "ratio of medians",
        {
            "purchases_a_call": MANY,
            "calls_a_side": MANY_CALLS,
            "http_ms": round(1_000 * http, 1),
            "function_ms": round(1_000 * function, 1),
            "cpu_ms_a_request": round(1_000 * (cpu_after - cpu_before) / MANY_CALLS, 1),
        },
    )


async def _found(location: URL) -> tuple[list[Any], Members]:
    database = Database(location, KEYS)
    try:
        return await found(database)
    finally:
        await database.close()


async def measure(
    location: URL, real: Served, idle: Served, shops: Shops, members: Members
) -> list[Measurement]:
    """Take every measurement of this bench."""
    requests = Requests(shops, members)
    database = Database(location, KEYS)
    try:
        ratio, share = await record_vs_noop(real, idle, requests)
        many = await many_vs_function(real, requests, database, shops, members)
        return [ratio, many, share]
    finally:
        await database.close()


if __name__ == "__main__":
    settle()  # the bare function's side, too
    with fresh_database() as location:
        shops, members = anyio.run(_found, location)
        with served(location, idle=False) as real, served(location, idle=True) as idle:
            measured = anyio.run(measure, location, real, idle, shops, members)
        sys.exit(conclude("api", measured, awaited=set()))
