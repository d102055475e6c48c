"""The posting desk: what many callers record at the same moment shares transactions.

A transaction costs as much for one purchase as for dozens, so callers who come while others are
served wait a moment and are then served together (group commit). Each gets outcomes of its own,
equal to those of recording alone: ``record_purchases`` sees to that.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from time import monotonic

from sqlalchemy.exc import SQLAlchemyError

from coalition.recording import MOST_ITEMS, Desk, Outcome, PurchaseRequest, record_purchases

LANES = 1
"""Groups under way at once. Measured: a second lane makes both groups small, and costs more in
the process than it saves in waiting for the database."""
PATIENCE = 8
"""Turns of the event loop that a request takes from its socket to the desk, at most, about."""
MOST_WAITING = 10_000
"""Purchases: who comes when so many wait is sent away, so that the memory has a bound."""
LONGEST_LINGER = 0.05
"""Seconds that those who are on their way in are waited for, at most."""


@dataclass(frozen=True, slots=True)
class Busy:
    """Too much waits already. Nothing was written: retry with the key in a moment."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What one caller wants recorded, and where its outcomes are awaited."""

    requests: Sequence[PurchaseRequest]
    outcomes: "asyncio.Future[list[Outcome]]"


class PostingDesk:
    """Records for all callers of one process and event loop."""

    def __init__(self, opening: Desk, *, lanes: int = LANES) -> None:
        """Take what opens a transaction of the desk's role."""
        self._opening = opening
        self._lanes = lanes
        self._waiting: deque[Waiting] = deque()
        self._purchases = 0
        self._under_way = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def record(self, requests: Sequence[PurchaseRequest]) -> Sequence[Outcome | Busy]:
        """Record up to ``MOST_ITEMS`` purchases; an outcome for each, in order.

        Raises what the database raises when it is away. A caller who gives up waiting changes
        nothing: what was handed in is recorded.
        """
        if not requests:
            return []
        assert len(requests) <= MOST_ITEMS, "a door refuses more"
        if self._purchases + len(requests) > MOST_WAITING:
            return [Busy()] * len(requests)
        mine = Waiting(requests, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        self._purchases += len(requests)
        if self._under_way < self._lanes:
            self._under_way += 1
            lane = asyncio.create_task(self._serve())
            self._tasks.add(lane)  # the loop itself keeps no hold of its tasks
            lane.add_done_callback(self._tasks.discard)
        return await mine.outcomes

    async def drain(self) -> None:
        """Wait until all that was handed in is recorded or has failed."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _serve(self) -> None:
        """Serve groups until nobody waits."""
        try:
            while self._waiting:
                await self._linger()
                if group := self._next_group():
                    await self._record_together(group)
        finally:
            self._under_way -= 1  # at once: who comes next must see that a lane is free

    async def _linger(self) -> None:
        """Let those join who are on their way in: until for a few turns of the loop none came."""
        patience = PATIENCE
        until = monotonic() + LONGEST_LINGER
        while patience and len(self._waiting) < MOST_ITEMS and monotonic() < until:
            waiting = len(self._waiting)
            await asyncio.sleep(0)
            patience = PATIENCE if len(self._waiting) > waiting else patience - 1

    async def _record_together(self, group: Sequence[Waiting]) -> None:
        together = [request for waiting in group for request in waiting.requests]
        try:
            outcomes = iter(await record_purchases(self._opening, together))
        except Exception as error:  # noqa: BLE001 each caller raises it for itself
            if len(group) > 1 and not isinstance(error, SQLAlchemyError | OSError):
                # No trouble with the database, which all would share: an item is at fault, and
                # who came with others must not pay for it. What was recorded is found by its key.
                for waiting in group:
                    await self._record_together([waiting])
                return
            for waiting in group:
                if not waiting.outcomes.done():  # else its caller gave up
                    waiting.outcomes.set_exception(error)
            return
        for waiting in group:
            mine = list(islice(outcomes, len(waiting.requests)))
            if not waiting.outcomes.done():
                waiting.outcomes.set_result(mine)

    def _next_group(self) -> list[Waiting]:
        """Return who is served together next: first come, as many as a group may have."""
        group: list[Waiting] = []
        size = 0
        while self._waiting and size + len(self._waiting[0].requests) <= MOST_ITEMS:
            size += len(self._waiting[0].requests)
            group.append(self._waiting.popleft())
        self._purchases -= size
        return group
