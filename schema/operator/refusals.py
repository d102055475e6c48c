"""What the operator's door refuses."""

from typing import TYPE_CHECKING, TypeAlias

import strawberry

from coalition.members import EnrolmentRefusal
from coalition.programme.settings import ProgrammeRefusal
from ledger.refusals import PostingRefusal
from ledger.refusals import Refusal as Code
from schema.enumerations import enumeration
from schema.refusals import RefusalFields

CODES: tuple[Code, ...] = (
    *ProgrammeRefusal,
    *EnrolmentRefusal,
    PostingRefusal.AS_OF_NOT_SETTLED,
)
"""Every code that the door answers with."""

if TYPE_CHECKING:
    RefusalCode: TypeAlias = Code
else:
    RefusalCode = enumeration(
        "RefusalCode",
        "Every way to be refused at this door.",
        {code: code.meaning for code in CODES},
    )


@strawberry.type(description="Why something was refused. It is an answer, not a failure.")
class Refusal(RefusalFields):
    """A refusal at the operator's door."""

    code: RefusalCode = strawberry.field(description="The reason, for a program.")


def refusal(code: Code, *path: str) -> Refusal:
    """Return a refusal with its code's meaning."""
    return Refusal(code=code, message=code.meaning, path=list(path))
