"""Loading the journey through the use case that a till's purchase takes. Killed, it goes on.

Every receipt has a key of its own, so a receipt can't be loaded twice; those whose keys are
stored already are passed over without asking again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from time import monotonic

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from sqlalchemy import select

from coalition.recording import Failed, PurchaseRequest, Recorded, record_purchases
from partners.receipts import Receipt, ReceiptLine
from partners.tables import idempotency
from service.database.transactions import Database
from service.journey.founding import CURRENCY, TERMINAL, Founded
from service.journey.source import JourneyReceipt

BATCH = 500
IN_FLIGHT = 2

Batch = list[PurchaseRequest]


class LoadFailedError(Exception):
    """A receipt met an error of ours; what was loaded stands, and loading again goes on."""


@dataclass(slots=True)
class Progress:
    """How far this run is: receipts passed over as loaded before, recorded and refused."""

    known: int = 0
    recorded: int = 0
    refused: int = 0
    started: float = field(default_factory=monotonic)

    @property
    def done(self) -> int:
        """Receipts dealt with so far."""
        return self.known + self.recorded + self.refused

    @property
    def seconds(self) -> float:
        """Seconds since the loading began."""
        return monotonic() - self.started


async def load_receipts(
    database: Database, founded: Founded, tell: Callable[[Progress], None]
) -> Progress:
    """Record every receipt of the journey that isn't yet; ``tell`` hears after each batch.

    Raises LoadFailedError when a receipt meets an error of ours.
    """
    progress = Progress()
    known = await _known_keys(database, founded)
    send, receive = anyio.create_memory_object_stream[Batch](max_buffer_size=1)
    try:
        async with anyio.create_task_group() as tasks:
            for _ in range(IN_FLIGHT):
                tasks.start_soon(_record, database, receive.clone(), progress, tell)
            receive.close()
            tasks.start_soon(_read, founded, known, send, progress)
    except BaseExceptionGroup as group:
        raise _first(group) from None
    return progress


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first error of a group: one is enough to stop, and to be told."""
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


async def _known_keys(database: Database, founded: Founded) -> set[str]:
    async with database.audit() as connection:
        rows = await connection.stream_scalars(
            select(idempotency.c.key)
            .where(
                idempotency.c.partner_id.in_(
                    [caller.partner_id for caller in founded.callers.values()]
                )
            )
            .execution_options(yield_per=10_000)
        )
        return {key async for key in rows}


async def _read(
    founded: Founded,
    known: set[str],
    send: MemoryObjectSendStream[Batch],
    progress: Progress,
) -> None:
    requests = _requests(founded, known, progress)
    async with send:
        while batch := await anyio.to_thread.run_sync(_next_batch, requests):
            await send.send(batch)


def _next_batch(requests: Iterator[PurchaseRequest]) -> Batch:
    return list(islice(requests, BATCH))


def _requests(founded: Founded, known: set[str], progress: Progress) -> Iterator[PurchaseRequest]:
    for told in founded.journey.receipts():
        key = f"journey/{told.partner}/{told.number}"
        if key in known:
            progress.known += 1
        else:
            yield PurchaseRequest(founded.callers[told.partner], key, _receipt(told, founded))


def _receipt(told: JourneyReceipt, founded: Founded) -> Receipt:
    return Receipt(
        card=founded.cards[told.household],
        outlet=told.outlet,
        terminal=TERMINAL,
        number=told.number,
        business_date=told.occurred_at.date(),
        occurred_at=told.occurred_at,
        currency=CURRENCY,
        total=sum(line.amount for line in told.lines),
        lines=tuple(
            [
                ReceiptLine(
                    sku=line.sku,
                    name=line.name,
                    category=line.category,
                    quantity=line.quantity,
                    amount=line.amount,
                )
                for line in told.lines
            ]
        ),
    )


async def _record(
    database: Database,
    receive: MemoryObjectReceiveStream[Batch],
    progress: Progress,
    tell: Callable[[Progress], None],
) -> None:
    async with receive:
        async for batch in receive:
            for outcome in await record_purchases(database.desk, batch):
                if isinstance(outcome, Failed):
                    raise LoadFailedError(f"a receipt failed: incident {outcome.incident}")
                if isinstance(outcome, Recorded):
                    progress.recorded += 1
                else:
                    progress.refused += 1
            tell(progress)
