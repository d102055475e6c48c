"""A card scanned at a till, as the partner's door answers it: before the receipt, whose it is."""

from datetime import UTC, datetime
from uuid import UUID

import strawberry

from coalition import card_lookup
from coalition.card_lookup import NotTold, Scan
from coalition.programme.settings import ProgrammeMissingError
from partners.refusals import PurchaseRefusal
from schema.fields import resolved
from schema.partner.context import Info
from schema.partner.history import Customer, customer
from schema.partner.refusals import DoorRefusal, Refusal, refusal
from schema.scalars import Points

_MESSAGES: dict[str, str] = {
    PurchaseRefusal.CARD_NOT_YET_VALID: "The card is not valid yet.",
    PurchaseRefusal.CARD_BLOCKED: "The card is blocked. Ask for the card that replaced it.",
    DoorRefusal.PROGRAMME_NOT_SET_UP: "The programme has no time zone yet to tell the day by.",
}
"""What a scan's refusals say where a purchase's speak of the purchase."""


@strawberry.type(description="What your till may know of a card's holder, or why it isn't told.")
class CardLookupPayload:
    """The holder of a scanned card."""

    greeting: str | None = strawberry.field(
        description="The name to greet them by; null unless they allowed you to."
    )
    balance: Points | None = strawberry.field(
        description="Points that they can spend, one total of the whole coalition; null when"
        " refused."
    )
    errors: list[Refusal] = strawberry.field(description="Why you aren't told; else empty.")
    customer_id: strawberry.Private[UUID | None]

    @resolved("The customer as you know them; null when they never bought from you, or refused.")
    async def customer(self, info: Info) -> Customer | None:
        """Load the customer."""
        if self.customer_id is None:
            return None
        found = await info.context.loaders.customers.load(self.customer_id)
        assert found is not None
        return customer(found)


async def look_up_card(info: Info, scan: Scan) -> CardLookupPayload:
    """Tell the till of a card's holder."""
    context = info.context
    caller = context.system
    if caller is None:
        return _refused(refusal(DoorRefusal.CREDENTIAL_NEEDED))
    flaw = card_lookup.find_form_flaw(scan)
    if flaw is not None:  # before the programme is read: it takes no database to tell
        return _not_told(flaw)
    try:
        programme = await context.programme()
    except ProgrammeMissingError:
        return _not_told(NotTold(DoorRefusal.PROGRAMME_NOT_SET_UP, ""))
    today = programme.day_of(datetime.now(UTC))
    found = await card_lookup.look_up_card(context.desk, caller, scan, day=today)
    if isinstance(found, NotTold):
        return _not_told(found)
    return CardLookupPayload(
        greeting=found.greeting,
        balance=Points(found.balance),
        errors=[],
        customer_id=found.customer_id,
    )


def _not_told(why: NotTold) -> CardLookupPayload:
    path = [why.path] if why.path else []
    return _refused(refusal(why.refusal, *path, message=_MESSAGES.get(why.refusal)))


def _refused(refused: Refusal) -> CardLookupPayload:
    return CardLookupPayload(greeting=None, balance=None, errors=[refused], customer_id=None)
