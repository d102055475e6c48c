"""A card scanned at a till: whom to greet, what they can spend, which customer of the partner's.

It tells a partner what it may know of a member, within limits by day (docs/permitted-disclosures).
A look-up is written down and counted in the transaction that answers it.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text

from coalition.cards import is_card_number
from coalition.recording import Caller, Desk
from ledger.identifiers import new_id
from ledger.refusals import Refusal
from partners.receipts import LONGEST_CODE, printable
from partners.refusals import PurchaseRefusal

MOST_OF_A_CARD = 30
"""Look-ups of one card of the partner's own customer, in a day."""
MOST_STRANGERS_OF_A_TILL = 300
"""Look-ups at one till of cards that are no own customer's, or nobody's, in a day."""


class CardLookupRefusal(Refusal):
    """Why nothing was told of a card, beside what a purchase would be refused for."""

    LOOKUPS_EXHAUSTED = (
        "LOOKUPS_EXHAUSTED",
        "Looked up too often today: this customer's card, or at this till cards of who isn't your"
        " customer. Record the purchase without looking; ask again after the programme's midnight.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A card's number as a till read it, and the codes of the outlet and of the till."""

    number: str
    outlet: str
    terminal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardHolder:
    """What the partner may know: a name only by consent, points, its own id of its customer."""

    greeting: str | None
    balance: int
    customer_id: UUID | None


@dataclass(frozen=True, slots=True)
class NotTold:
    """Why nothing was told; ``path`` is the input that it is about, if any."""

    refusal: Refusal
    path: str


_LOOK_UP = text("""
    select refusal, greeting, balance, known_as
    from coalition.look_up_card(
      cast(:credential as uuid), cast(:outlet as text), cast(:terminal as text),
      cast(:number as text), cast(:lookup_id as uuid), cast(:day as date),
      cast(:most_of_a_card as int), cast(:most_strangers as int)
    )
""")

_REFUSALS: dict[str, NotTold] = {
    each.refusal.value: each
    for each in (
        NotTold(PurchaseRefusal.CREDENTIAL_REVOKED, ""),
        NotTold(PurchaseRefusal.OUTLET_UNKNOWN, "outlet"),
        NotTold(PurchaseRefusal.TERMINAL_UNKNOWN, "terminal"),
        NotTold(CardLookupRefusal.LOOKUPS_EXHAUSTED, "number"),
        NotTold(PurchaseRefusal.CARD_UNKNOWN, "number"),
        NotTold(PurchaseRefusal.CARD_NOT_YET_VALID, "number"),
        NotTold(PurchaseRefusal.CARD_BLOCKED, "number"),
        NotTold(PurchaseRefusal.MEMBER_BLOCKED, "number"),
    )
}


def find_form_flaw(scan: Scan) -> NotTold | None:
    """Return what is wrong with a scan's form; such a card is not looked for."""
    if not is_card_number(scan.number):
        return NotTold(PurchaseRefusal.CARD_NUMBER_INVALID, "number")
    if not printable(scan.outlet, LONGEST_CODE):
        return NotTold(PurchaseRefusal.TEXT_INVALID, "outlet")
    if not printable(scan.terminal, LONGEST_CODE):
        return NotTold(PurchaseRefusal.TEXT_INVALID, "terminal")
    return None


async def look_up_card(
    desk: Desk, caller: Caller, scan: Scan, *, day: date
) -> CardHolder | NotTold:
    """Tell a till of a card's holder; ``day`` is today in the programme's time zone.

    What is told, and that there is no such card or none in force, counts and is written down.
    """
    flaw = find_form_flaw(scan)
    if flaw is not None:
        return flaw
    async with desk() as connection:
        found = await connection.execute(
            _LOOK_UP,
            {
                "credential": caller.credential_id,
                "outlet": scan.outlet,
                "terminal": scan.terminal,
                "number": scan.number,
                "lookup_id": new_id(),
                "day": day,
                "most_of_a_card": MOST_OF_A_CARD,
                "most_strangers": MOST_STRANGERS_OF_A_TILL,
            },
        )
        row = found.one()
    if row.refusal is not None:
        return _REFUSALS[row.refusal]
    return CardHolder(greeting=row.greeting, balance=row.balance, customer_id=row.known_as)
