"""What members, accounts and postings of the operator's door can be: its enums, with meanings."""

from typing import TYPE_CHECKING, TypeAlias

from coalition.tables import ContactKind as StoredContactKind
from coalition.tables import MemberStatus as StoredMemberStatus
from ledger.tables import AccountKind as StoredAccountKind
from ledger.tables import Purpose as StoredPurpose
from schema.enumerations import enumeration

if TYPE_CHECKING:
    MemberStatus: TypeAlias = StoredMemberStatus
    ContactKind: TypeAlias = StoredContactKind
    AccountKind: TypeAlias = StoredAccountKind
    Purpose: TypeAlias = StoredPurpose
else:
    MemberStatus = enumeration(
        "MemberStatus",
        "Whether a member takes part.",
        {
            StoredMemberStatus.ACTIVE: "They earn points and pay with them.",
            StoredMemberStatus.BLOCKED: "Their cards are refused; what they have stays theirs.",
        },
    )
    ContactKind = enumeration(
        "ContactKind",
        "How a member is reached.",
        {
            StoredContactKind.PHONE: "By phone.",
            StoredContactKind.EMAIL: "By e-mail.",
        },
    )
    AccountKind = enumeration(
        "AccountKind",
        "Whose side of the coalition an account stands on.",
        {
            StoredAccountKind.MEMBER_AVAILABLE: "Points that a member can pay with.",
            StoredAccountKind.PARTNER_ISSUED: "Points that a partner gave.",
            StoredAccountKind.PARTNER_REDEEMED: "Points that a partner took as payment.",
            StoredAccountKind.OPERATOR_GOODWILL: "Points that the operator gave.",
        },
    )
    Purpose = enumeration(
        "Purpose",
        "Why a posting was made.",
        {
            StoredPurpose.ACCRUAL: "A member earned points on a purchase.",
            StoredPurpose.REDEMPTION: "A member paid with points.",
            StoredPurpose.GOODWILL: "The operator gave points.",
            StoredPurpose.REVERSAL: "An earlier posting was taken back.",
        },
    )
