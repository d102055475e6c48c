"""Whether a purchase is accepted, given what the coalition knows. Pure: no database, no clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from partners.contracts import Contract
from partners.receipts import Flaw, Receipt
from partners.refusals import PurchaseRefusal

CLOCK_TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the coalition knows about a receipt, as of its ``occurred_at``.

    ``acceptance_days`` is of the contract in force then, or else of the latest one.
    """

    asked_at: datetime
    credential_in_force: bool
    outlet_known: bool
    terminal_known: bool
    contract: Contract | None
    acceptance_days: int | None
    card_valid_from: datetime | None
    card_blocked_at: datetime | None
    member_active: bool


def assess(receipt: Receipt, facts: Facts) -> Contract | Flaw:
    """Return the contract that the receipt falls under, or the first reason to refuse it."""
    if not facts.credential_in_force:
        return Flaw(PurchaseRefusal.CREDENTIAL_REVOKED, "")
    if not facts.outlet_known:
        return Flaw(PurchaseRefusal.OUTLET_UNKNOWN, "outlet")
    if not facts.terminal_known:
        return Flaw(PurchaseRefusal.TERMINAL_UNKNOWN, "terminal")
    if receipt.occurred_at > facts.asked_at + CLOCK_TOLERANCE:
        return Flaw(PurchaseRefusal.OCCURRED_IN_FUTURE, "occurredAt")
    if facts.acceptance_days is not None:
        oldest = facts.asked_at - timedelta(days=facts.acceptance_days)
        if receipt.occurred_at < oldest:
            return Flaw(PurchaseRefusal.TOO_LATE, "occurredAt")
    if facts.contract is None:
        return Flaw(PurchaseRefusal.NO_CONTRACT, "occurredAt")
    if receipt.currency != facts.contract.terms.currency:
        return Flaw(PurchaseRefusal.CURRENCY_NOT_OF_CONTRACT, "currency")
    return _assess_card(receipt, facts) or facts.contract


def _assess_card(receipt: Receipt, facts: Facts) -> Flaw | None:
    if facts.card_valid_from is None:
        return Flaw(PurchaseRefusal.CARD_UNKNOWN, "card")
    if receipt.occurred_at < facts.card_valid_from:
        return Flaw(PurchaseRefusal.CARD_NOT_YET_VALID, "card")
    if facts.card_blocked_at is not None and receipt.occurred_at >= facts.card_blocked_at:
        return Flaw(PurchaseRefusal.CARD_BLOCKED, "card")
    if not facts.member_active:
        return Flaw(PurchaseRefusal.MEMBER_BLOCKED, "card")
    return None
