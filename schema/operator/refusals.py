"""What the operator's door refuses."""

from typing import TYPE_CHECKING, TypeAlias

import strawberry

from coalition.identity.staff import StaffRefusal
from coalition.members import EnrolmentRefusal
from coalition.programme.settings import ProgrammeRefusal
from coalition.refusals import CardRefusal, MemberRefusal
from ledger.refusals import PostingRefusal
from ledger.refusals import Refusal as Code
from partners.refusals import ContractRefusal, RegistrationRefusal
from partners.totals import TotalsRefusal
from schema.enumerations import enumeration
from schema.refusals import RefusalFields


class DoorRefusal(Code):
    """What only this door refuses."""

    STAFF_IS_YOURSELF = (
        "STAFF_IS_YOURSELF",
        "Nobody disables their own entry. Ask another of the operator's staff.",
    )
    ACCOUNT_UNKNOWN = (
        "ACCOUNT_UNKNOWN",
        "The ledger has no account with this id. Take one from a member, posting or statement.",
    )


CODES: tuple[Code, ...] = (
    *RegistrationRefusal,
    *ContractRefusal,
    *(code for code in StaffRefusal if code is not StaffRefusal.PASSWORD_INVALID),
    *DoorRefusal,
    *ProgrammeRefusal,
    *EnrolmentRefusal,
    *MemberRefusal,
    *CardRefusal,
    *TotalsRefusal,
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
