"""Each reason of fact to refuse a receipt, and which of two is the answer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest

from coalition.programme.assessment import CLOCK_TOLERANCE, Facts, assess
from ledger.identifiers import new_id
from partners.contracts import Contract, Terms
from partners.receipts import Flaw, Receipt
from partners.refusals import PurchaseRefusal as R
from tests.builders import receipt

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
CONTRACT = Contract(
    id=new_id(),
    partner_id=new_id(),
    valid_from=None,
    valid_to=None,
    terms=Terms(currency="USD", points_per_unit=Decimal(1)),
)
RECEIPT = receipt(card="4000001234567899", occurred_at=NOW - timedelta(hours=1))
FACTS = Facts(
    asked_at=NOW,
    credential_in_force=True,
    outlet_known=True,
    terminal_known=True,
    contract=CONTRACT,
    acceptance_days=30,
    card_valid_from=NOW - timedelta(days=500),
    card_blocked_at=None,
    member_active=True,
)

# Changes to the facts, or to the receipt, and the path of the flaw.
REASONS: dict[R, tuple[dict[str, Any], dict[str, Any], str]] = {
    R.CREDENTIAL_REVOKED: ({"credential_in_force": False}, {}, ""),
    R.OUTLET_UNKNOWN: ({"outlet_known": False}, {}, "outlet"),
    R.TERMINAL_UNKNOWN: ({"terminal_known": False}, {}, "terminal"),
    R.OCCURRED_IN_FUTURE: ({"asked_at": NOW - timedelta(days=1)}, {}, "occurredAt"),
    R.TOO_LATE: ({"acceptance_days": 0}, {}, "occurredAt"),
    R.NO_CONTRACT: ({"contract": None}, {}, "occurredAt"),
    R.CURRENCY_NOT_OF_CONTRACT: ({}, {"currency": "EUR"}, "currency"),
    R.CARD_UNKNOWN: ({"card_valid_from": None}, {}, "card"),
    R.CARD_NOT_YET_VALID: ({"card_valid_from": NOW}, {}, "card"),
    R.CARD_BLOCKED: ({"card_blocked_at": NOW - timedelta(days=1)}, {}, "card"),
    R.MEMBER_BLOCKED: ({"member_active": False}, {}, "card"),
}

IMPOSSIBLE = {
    (R.OCCURRED_IN_FUTURE, R.TOO_LATE),
    (R.NO_CONTRACT, R.CURRENCY_NOT_OF_CONTRACT),
    (R.CARD_UNKNOWN, R.CARD_NOT_YET_VALID),
}


def _assess(*reasons: R, **receipt_changes: Any) -> Contract | Flaw:
    facts: dict[str, Any] = {}
    receipt_changes = dict(receipt_changes)
    for reason in reasons:
        of_facts, of_receipt, _ = REASONS[reason]
        facts |= of_facts
        receipt_changes |= of_receipt
    changed: Receipt = replace(RECEIPT, **receipt_changes)
    return assess(changed, replace(FACTS, **facts))


def test_a_receipt_falls_under_the_contract_in_force() -> None:
    assert _assess() == CONTRACT


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_refuses_by_its_name_and_path(reason: R) -> None:
    assert _assess(reason) == Flaw(reason, REASONS[reason][2])


@pytest.mark.parametrize(
    "pair", [pair for pair in combinations(REASONS, 2) if pair not in IMPOSSIBLE]
)
def test_of_two_reasons_the_earlier_named_is_the_answer(pair: tuple[R, R]) -> None:
    assert list(R).index(pair[0]) < list(R).index(pair[1])
    for both in (pair, pair[::-1]):
        assert _assess(*both) == Flaw(pair[0], REASONS[pair[0]][2])


def test_a_till_may_be_five_minutes_ahead() -> None:
    assert timedelta(minutes=5) == CLOCK_TOLERANCE
    assert _assess(occurred_at=NOW + CLOCK_TOLERANCE) == CONTRACT
    late = NOW + CLOCK_TOLERANCE + MICROSECOND
    assert _assess(occurred_at=late) == Flaw(R.OCCURRED_IN_FUTURE, "occurredAt")


def test_a_receipt_may_be_as_old_as_the_contract_says() -> None:
    oldest = NOW - timedelta(days=30)
    assert _assess(occurred_at=oldest) == CONTRACT
    assert _assess(occurred_at=oldest - MICROSECOND) == Flaw(R.TOO_LATE, "occurredAt")


def test_without_any_contract_there_is_no_window() -> None:
    facts = replace(FACTS, contract=None, acceptance_days=None)
    ancient = replace(RECEIPT, occurred_at=NOW - timedelta(days=9_999))
    assert assess(ancient, facts) == Flaw(R.NO_CONTRACT, "occurredAt")


def test_a_card_counts_from_its_first_instant_until_its_last() -> None:
    instant = NOW - timedelta(hours=2)
    for occurred_at, valid_from, blocked_at, refusal in (
        (instant, instant, None, None),
        (instant, instant + MICROSECOND, None, R.CARD_NOT_YET_VALID),
        (instant, instant, instant + MICROSECOND, None),
        (instant, instant, instant, R.CARD_BLOCKED),
    ):
        facts = replace(FACTS, card_valid_from=valid_from, card_blocked_at=blocked_at)
        outcome = assess(replace(RECEIPT, occurred_at=occurred_at), facts)
        assert outcome == (Flaw(refusal, "card") if refusal else CONTRACT)
