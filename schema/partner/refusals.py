"""What the partner's door refuses."""

from typing import TYPE_CHECKING, TypeAlias

import strawberry

from coalition.card_lookup import CardLookupRefusal
from ledger.refusals import Refusal as Code
from partners.receipts import Flaw
from partners.refusals import PurchaseRefusal
from schema.enumerations import enumeration
from schema.refusals import RefusalFields


class DoorRefusal(Code):
    """What only a door refuses, or fails at."""

    TOO_MANY_PURCHASES = (
        "TOO_MANY_PURCHASES",
        "More than 500 purchases in one request; none was recorded. Send them in parts.",
    )
    PROGRAMME_NOT_SET_UP = (
        "PROGRAMME_NOT_SET_UP",
        "The programme has no time zone yet to tell the business day by. Send businessDate.",
    )
    CREDENTIAL_NEEDED = (
        "CREDENTIAL_NEEDED",
        "Only a till's or system's credential may do this; a person who is logged in may not.",
    )
    BUSY = (
        "BUSY",
        "Too many purchases wait at this moment. Nothing was written: send it again with the same"
        " key in a few seconds.",
    )
    INTERNAL = (
        "INTERNAL",
        "An error of ours, logged. Nothing was written: send it again with the same key.",
    )


if TYPE_CHECKING:
    RefusalCode: TypeAlias = Code
else:
    RefusalCode = enumeration(
        "RefusalCode",
        "Every way to be refused. Purchases are checked in the order of these codes.",
        {code: code.meaning for code in (*PurchaseRefusal, *CardLookupRefusal, *DoorRefusal)},
    )


@strawberry.type(description="Why something was refused. It is an answer, not a failure.")
class Refusal(RefusalFields):
    """A refusal at the partner's door."""

    code: RefusalCode = strawberry.field(description="The reason, for a program.")


def refusal(code: Code, *path: str, message: str | None = None) -> Refusal:
    """Return a refusal with its code's meaning, unless another ``message`` is given."""
    return Refusal(code=code, message=message or code.meaning, path=list(path))


def receipt_refusal(flaw: Flaw, *above: str) -> Refusal:
    """Return a flaw of a purchase as a refusal; ``above`` is the path to the receipt's parent."""
    match flaw.path:
        case "":
            path: list[str] = []
        case "idempotencyKey":
            path = [flaw.path]
        case _:
            path = ["receipt", *flaw.path.split(".")]
    return refusal(flaw.refusal, *above, *path)
