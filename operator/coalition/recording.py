"""Recording purchases: the one way in, for a till's single purchase and a loader's thousand.

A batch is one transaction: claim keys and receipts, learn the facts, price (pure), record,
remember the refusals. Outcomes equal recording one by one in order of arrival: items that share
a key or a receipt with an earlier one go in a later transaction, and see its outcome.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import structlog
from psycopg import errors
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from coalition import posting_desk
from coalition.cards import is_card_number
from coalition.posting_desk import Claimed, Item, Priced
from coalition.programme.assessment import assess
from coalition.programme.earning import Step, compile_rates, earn, explain
from ledger.identifiers import new_id
from ledger.posting import LARGEST_AMOUNT
from partners.receipts import Flaw, Receipt, find_flaw, printable
from partners.refusals import PurchaseRefusal

LONGEST_KEY = 200
MOST_ITEMS = 500
ATTEMPTS = 6

_TOO_MANY = Flaw(PurchaseRefusal.POINTS_TOO_MANY, "total")

Desk = Callable[[], AbstractAsyncContextManager[AsyncConnection]]
"""Opens a transaction of the posting desk; leaving it commits."""

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """The credential that a till's request came with, and the partner that it is of."""

    credential_id: UUID
    partner_id: UUID


@dataclass(frozen=True, slots=True)
class PurchaseRequest:
    """A receipt to record once under an idempotency key of the caller's partner."""

    caller: Caller
    key: str
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Recorded:
    """The purchase stands. ``replayed``: it was recorded before, under this key or receipt."""

    purchase_id: UUID
    points: int
    recorded_at: datetime
    replayed: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """An error of ours, logged under ``incident``. Nothing was written: retry with the key."""

    incident: UUID


@dataclass(frozen=True, slots=True)
class Quote:
    """What a receipt would earn now, and how; nothing was written."""

    points: int
    line_points: tuple[int, ...]
    steps: tuple[Step, ...]


Outcome = Recorded | Flaw | Failed


async def record_purchase(desk: Desk, request: PurchaseRequest) -> Outcome:
    """Record one purchase."""
    return (await record_purchases(desk, [request]))[0]


async def record_purchases(desk: Desk, requests: Sequence[PurchaseRequest]) -> list[Outcome]:
    """Record purchases, an outcome for each in order; equal to recording them one by one."""
    outcomes: dict[int, Outcome] = {}
    for places in _rounds(requests):
        batch = [requests[place] for place in places]
        outcomes.update(zip(places, await _record_batch(desk, batch), strict=True))
    return [outcomes[place] for place in range(len(requests))]


async def quote_purchase(desk: Desk, caller: Caller, receipt: Receipt) -> Quote | Flaw:
    """Tell what a receipt would earn if it were recorded now. Reads no key, writes nothing."""
    flaw = _form_flaw(receipt)
    if flaw is not None:
        return flaw
    async with desk() as connection:
        [facts] = await posting_desk.facts(connection, [(caller.credential_id, receipt)])
    contract = assess(receipt, facts)
    if isinstance(contract, Flaw):
        return contract
    earning = earn(receipt.lines, compile_rates(contract.terms))
    if earning.points > LARGEST_AMOUNT:
        return _TOO_MANY
    return Quote(
        points=earning.points,
        line_points=earning.line_points,
        steps=explain(receipt.lines, contract.terms),
    )


def _form_flaw(receipt: Receipt) -> Flaw | None:
    if not is_card_number(receipt.card):
        return Flaw(PurchaseRefusal.CARD_NUMBER_INVALID, "card")
    return find_flaw(receipt)


def _rounds(requests: Sequence[PurchaseRequest]) -> list[list[int]]:
    """Return places in rounds, in which no two share a key or a receipt of a partner."""
    rounds: list[list[int]] = []
    next_round: dict[object, int] = {}
    for place, request in enumerate(requests):
        partner_id = request.caller.partner_id
        names = ((partner_id, request.key), (partner_id, request.receipt.identity()))
        mine = max(next_round.get(name, 0) for name in names)
        next_round.update(dict.fromkeys(names, mine + 1))
        if mine == len(rounds):
            rounds.append([])
        rounds[mine].append(place)
    return rounds


async def _record_batch(desk: Desk, batch: Sequence[PurchaseRequest]) -> list[Outcome]:
    """Record a batch in one transaction; on an error of ours, again by halves."""
    try:
        return await _record_whole(desk, batch)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise  # the database is away: what was not acknowledged is retried with its key
        if len(batch) == 1:
            incident = uuid4()
            logger.exception("purchase failed", incident=str(incident), key=batch[0].key)
            return [Failed(incident)]
    middle = len(batch) // 2
    return [
        *await _record_batch(desk, batch[:middle]),
        *await _record_batch(desk, batch[middle:]),
    ]


async def _record_whole(desk: Desk, batch: Sequence[PurchaseRequest]) -> list[Outcome]:
    """Retry whole, within bounds, what the database asks to retry."""
    for _ in range(ATTEMPTS - 1):
        try:
            async with desk() as connection:
                return await _record(connection, batch)
        except DBAPIError as error:
            if not isinstance(error.orig, errors.DeadlockDetected | errors.SerializationFailure):
                raise
    async with desk() as connection:
        return await _record(connection, batch)


async def _record(connection: AsyncConnection, batch: Sequence[PurchaseRequest]) -> list[Outcome]:
    outcomes: dict[int, Outcome] = {}
    items: dict[int, Item] = {}
    for place, request in enumerate(batch):
        if printable(request.key, LONGEST_KEY):
            items[place] = Item(
                purchase_id=new_id(),
                credential_id=request.caller.credential_id,
                key=request.key,
                receipt=request.receipt,
                flaw=_form_flaw(request.receipt),
            )
        else:  # no key to remember the refusal under
            outcomes[place] = Flaw(PurchaseRefusal.KEY_INVALID, "idempotencyKey")

    claimed: dict[int, Item] = {}
    claims = await posting_desk.claim(connection, list(items.values()))
    for (place, item), claim in zip(items.items(), claims, strict=True):
        match claim:
            case Claimed():
                claimed[place] = item
            case Flaw():
                outcomes[place] = claim
            case _:
                outcomes[place] = Recorded(
                    claim.purchase_id, claim.points, claim.recorded_at, replayed=True
                )

    priced, refused = await _price(connection, claimed)
    recorded_at = await posting_desk.record(connection, list(priced.values()))
    for place, purchase in priced.items():
        outcomes[place] = Recorded(
            purchase.item.purchase_id, purchase.earning.points, recorded_at, replayed=False
        )
    await posting_desk.refuse(
        connection, [(claimed[place], flaw) for place, flaw in refused.items()]
    )
    outcomes.update(refused)
    return [outcomes[place] for place in range(len(batch))]


async def _price(
    connection: AsyncConnection, claimed: dict[int, Item]
) -> tuple[dict[int, Priced], dict[int, Flaw]]:
    refused = {place: item.flaw for place, item in claimed.items() if item.flaw is not None}
    sound = {place: item for place, item in claimed.items() if item.flaw is None}
    facts = await posting_desk.facts(
        connection, [(item.credential_id, item.receipt) for item in sound.values()]
    )
    priced: dict[int, Priced] = {}
    rates = {}
    for (place, item), known in zip(sound.items(), facts, strict=True):
        contract = assess(item.receipt, known)
        if isinstance(contract, Flaw):
            refused[place] = contract
            continue
        if contract.id not in rates:
            rates[contract.id] = compile_rates(contract.terms)
        earning = earn(item.receipt.lines, rates[contract.id])
        if earning.points > LARGEST_AMOUNT:
            refused[place] = _TOO_MANY
        else:
            priced[place] = Priced(item, contract, earning)
    return priced, refused
