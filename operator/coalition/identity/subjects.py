"""Who can be logged in besides a partner's system (``Caller``) and a member (``Holder``)."""

from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from coalition.members import Holder


@dataclass(frozen=True, slots=True)
class OperatorStaff:
    """An employee of the coalition's operator."""

    staff_id: UUID


@dataclass(frozen=True, slots=True)
class PartnerStaff:
    """An employee of a partner."""

    staff_id: UUID
    partner_id: UUID


Staff: TypeAlias = OperatorStaff | PartnerStaff
Subject: TypeAlias = OperatorStaff | PartnerStaff | Holder
"""Whose a session can be."""


def staff_subject(staff_id: UUID, partner_id: UUID | None) -> Staff:
    """Return an employee of the partner, or of the operator without one."""
    return OperatorStaff(staff_id) if partner_id is None else PartnerStaff(staff_id, partner_id)
