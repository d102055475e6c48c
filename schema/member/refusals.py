"""What the member's door refuses."""

from typing import TYPE_CHECKING, TypeAlias

import strawberry

from coalition.consents import ConsentRefusal
from ledger.refusals import Refusal as Code
from schema.enumerations import enumeration
from schema.refusals import RefusalFields

if TYPE_CHECKING:
    RefusalCode: TypeAlias = Code
else:
    RefusalCode = enumeration(
        "RefusalCode",
        "Every way to be refused at this door.",
        {code: code.meaning for code in ConsentRefusal},
    )


@strawberry.type(description="Why something was refused. It is an answer, not a failure.")
class Refusal(RefusalFields):
    """A refusal at the member's door."""

    code: RefusalCode = strawberry.field(description="The reason, for a program.")


def refusal(code: Code, *path: str) -> Refusal:
    """Return a refusal with its code's meaning."""
    return Refusal(code=code, message=code.meaning, path=list(path))
