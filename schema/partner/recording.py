"""Recording purchases and quoting receipts: the mutations of the door, and one query."""

from collections.abc import Sequence
from typing import Annotated

import strawberry

from coalition import recording
from coalition.desk import Busy
from coalition.programme.settings import Programme, ProgrammeMissingError
from coalition.recording import Failed, PurchaseRequest, Recorded
from partners.purchases import Place
from partners.receipts import Flaw, Receipt
from schema.explanation import ExplanationStep, explanation
from schema.fields import resolved
from schema.inputs import prompt
from schema.partner.context import Info, PartnerContext
from schema.partner.history import Purchase, purchase
from schema.partner.receipts import ReceiptInput, read_receipt
from schema.partner.refusals import DoorRefusal, Refusal, receipt_refusal, refusal
from schema.scalars import Points


@prompt
@strawberry.input(description="A purchase to record once.")
class RecordPurchaseInput:
    """A receipt under an idempotency key."""

    idempotency_key: str = strawberry.field(
        description="Fresh and random for each purchase, 1 to 200 characters; the same again in"
        " every retry, which then records nothing and answers as the first time."
    )
    receipt: ReceiptInput = strawberry.field(description="The sale.")


@prompt
@strawberry.input(description="Purchases to record.")
class RecordPurchasesInput:
    """Up to 500 purchases."""

    purchases: list[RecordPurchaseInput] = strawberry.field(
        description="Up to 500. Each is recorded, replayed or refused for itself, in this order."
    )


@strawberry.type(description="What became of a purchase: it stands, or `errors` tell why not.")
class RecordPurchasePayload:
    """The outcome of one purchase."""

    points: Points | None = strawberry.field(
        description="Points earned on it; null when it was refused."
    )
    replayed: bool = strawberry.field(
        description="Whether it was recorded before, under this key or as this receipt."
    )
    errors: list[Refusal] = strawberry.field(description="Why it was refused; else empty.")
    place: strawberry.Private[Place | None]

    @resolved("The purchase as it stands; null when it was refused.")
    async def purchase(self, info: Info) -> Purchase | None:
        """Load the purchase."""
        if self.place is None:
            return None
        stored = await info.context.loaders.purchases.load(self.place)
        assert stored is not None
        return purchase(stored)


@strawberry.type(description="What became of each purchase.")
class RecordPurchasesPayload:
    """The outcomes of many purchases."""

    outcomes: list[RecordPurchasePayload] = strawberry.field(
        description="One for each purchase, in the order in which they were sent."
    )
    errors: list[Refusal] = strawberry.field(
        description="Why the whole was refused; then there are no outcomes."
    )


@strawberry.type(description="Points of a line.")
class QuotedLine:
    """A line's share."""

    number: int = strawberry.field(description="Its place on the receipt, from 1.")
    points: Points = strawberry.field(description="Its share of the points.")


@strawberry.type(description="What a receipt would earn now. Nothing is written.")
class QuotePurchasePayload:
    """A quote, or why there is none."""

    points: Points | None = strawberry.field(
        description="Points that it would earn; null when it would be refused."
    )
    lines: list[QuotedLine] = strawberry.field(description="Each line's points, in order.")
    steps: list[ExplanationStep] = strawberry.field(description="How the points come about.")
    errors: list[Refusal] = strawberry.field(description="Why it would be refused; else empty.")


@strawberry.type(description="What a till does.")
class Mutation:
    """The door's mutations."""

    @resolved(
        "Record a purchase and give its points. Under a key that was used before,"
        " or for a receipt that is recorded, it answers with what stands."
    )
    async def record_purchase(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 as every mutation's argument is called
            RecordPurchaseInput, strawberry.argument(description="The purchase.")
        ],
    ) -> RecordPurchasePayload:
        """Record one purchase."""
        [payload] = await _record(info.context, [input], [()])
        return payload

    @resolved(
        "Record up to 500 purchases; each has an outcome of its own, as if they were"
        " recorded one by one in this order."
    )
    async def record_purchases(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            RecordPurchasesInput, strawberry.argument(description="The purchases.")
        ],
    ) -> RecordPurchasesPayload:
        """Record many purchases."""
        count = len(input.purchases)
        if count > recording.MOST_ITEMS:
            refused = refusal(DoorRefusal.TOO_MANY_PURCHASES, "purchases")
            return RecordPurchasesPayload(outcomes=[], errors=[refused])
        above = [("purchases", str(place)) for place in range(count)]
        outcomes = await _record(info.context, input.purchases, above)
        return RecordPurchasesPayload(outcomes=outcomes, errors=[])


async def _record(
    context: PartnerContext,
    items: Sequence[RecordPurchaseInput],
    above: Sequence[tuple[str, ...]],
) -> list[RecordPurchasePayload]:
    """Record what can be read, and return an outcome for each; ``above`` are their paths."""
    caller = context.system
    if caller is None:
        return [_refused(refusal(DoorRefusal.CREDENTIAL_NEEDED, *path)) for path in above]
    payloads: dict[int, RecordPurchasePayload] = {}
    requests: dict[int, PurchaseRequest] = {}
    for place, item in enumerate(items):
        read = await _read(context, item.receipt, *above[place])
        if isinstance(read, Refusal):
            payloads[place] = _refused(read)
        else:
            requests[place] = PurchaseRequest(caller, item.idempotency_key, read)
    outcomes = await context.posting_desk.record(list(requests.values()))
    context.forget()
    for (place, request), outcome in zip(requests.items(), outcomes, strict=True):
        payloads[place] = _payload(request, outcome, above[place])
    return [payloads[place] for place in range(len(items))]


async def _read(context: PartnerContext, sent: ReceiptInput, *above: str) -> Receipt | Refusal:
    programme: Programme | None = None
    if sent.business_date is None:
        try:
            programme = await context.programme()
        except ProgrammeMissingError:
            return refusal(DoorRefusal.PROGRAMME_NOT_SET_UP, *above, "receipt", "businessDate")
    read = read_receipt(sent, programme)
    return receipt_refusal(read, *above) if isinstance(read, Flaw) else read


def _payload(
    request: PurchaseRequest, outcome: recording.Outcome | Busy, above: tuple[str, ...]
) -> RecordPurchasePayload:
    match outcome:
        case Recorded():
            return RecordPurchasePayload(
                points=Points(outcome.points),
                replayed=outcome.replayed,
                errors=[],
                # A replayed purchase has the content of this request, so its instant too.
                place=Place(request.receipt.occurred_at, outcome.purchase_id),
            )
        case Flaw():
            return _refused(receipt_refusal(outcome, *above))
        case Busy():
            return _refused(refusal(DoorRefusal.BUSY, *above))
        case Failed():
            message = f"{DoorRefusal.INTERNAL.meaning} Incident {outcome.incident}."
            return _refused(refusal(DoorRefusal.INTERNAL, *above, message=message))


def _refused(refused: Refusal) -> RecordPurchasePayload:
    return RecordPurchasePayload(points=None, replayed=False, errors=[refused], place=None)


async def quote_purchase(info: Info, receipt: ReceiptInput) -> QuotePurchasePayload:
    """Tell what a receipt would earn if it were recorded now."""
    context = info.context
    caller = context.system
    if caller is None:
        return _no_quote(refusal(DoorRefusal.CREDENTIAL_NEEDED))
    read = await _read(context, receipt)
    if isinstance(read, Refusal):
        return _no_quote(read)
    quote = await recording.quote_purchase(context.desk, caller, read)
    if isinstance(quote, Flaw):
        return _no_quote(receipt_refusal(quote))
    return QuotePurchasePayload(
        points=Points(quote.points),
        lines=[
            QuotedLine(number=number, points=Points(points))
            for number, points in enumerate(quote.line_points, start=1)
        ],
        steps=explanation(quote.steps, read.currency),
        errors=[],
    )


def _no_quote(refused: Refusal) -> QuotePurchasePayload:
    return QuotePurchasePayload(points=None, lines=[], steps=[], errors=[refused])
