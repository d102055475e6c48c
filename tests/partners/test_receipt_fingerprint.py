"""A fingerprint is equal for equal content, however it was written, and for nothing else."""

from dataclasses import fields, replace
from datetime import timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.receipts import Receipt, ReceiptLine, Tender
from tests.builders import line, receipt

RECEIPT = receipt(
    card="4000001234567899",
    lines=(line(1_000, "FOOD"), line(234, None, quantity=Decimal("1.5"))),
    tenders=(Tender(kind="cash", amount=1_000), Tender(kind="card", amount=234)),
)

quantities = st.decimals(0, 10**9, places=6)

OTHER_FIELDS: dict[str, Any] = {
    "card": "4000001234567881",
    "outlet": "2",
    "terminal": "2",
    "number": "another",
    "business_date": RECEIPT.business_date - timedelta(days=1),
    "occurred_at": RECEIPT.occurred_at + timedelta(microseconds=1),
    "currency": "EUR",
    "total": 1_235,
    "lines": RECEIPT.lines[:1],
    "tenders": (),
}
OTHER_LINE: dict[str, Any] = {
    "sku": "2",
    "name": "Coffee",
    "category": "WINE",
    "quantity": Decimal("1.500001"),
    "amount": 235,
}
OTHER_TENDER: dict[str, Any] = {"kind": "points", "amount": 235}

OTHERS: dict[str, Receipt] = (
    {name: replace(RECEIPT, **{name: value}) for name, value in OTHER_FIELDS.items()}
    | {
        f"line {name}": replace(
            RECEIPT, lines=(RECEIPT.lines[0], replace(RECEIPT.lines[1], **{name: value}))
        )
        for name, value in OTHER_LINE.items()
    }
    | {
        f"tender {name}": replace(
            RECEIPT, tenders=(RECEIPT.tenders[0], replace(RECEIPT.tenders[1], **{name: value}))
        )
        for name, value in OTHER_TENDER.items()
    }
    | {
        "order of lines": replace(RECEIPT, lines=RECEIPT.lines[::-1]),
        "order of tenders": replace(RECEIPT, tenders=RECEIPT.tenders[::-1]),
        "category none": replace(
            RECEIPT, lines=(replace(RECEIPT.lines[0], category=None), RECEIPT.lines[1])
        ),
        "outlet and terminal joined": replace(RECEIPT, outlet="11", terminal=""),
        "a line and a tender swapped": replace(
            RECEIPT, tenders=(*RECEIPT.tenders, Tender(kind="x", amount=0))
        ),
    }
)


def test_every_field_is_tested() -> None:
    assert set(OTHER_FIELDS) == {field.name for field in fields(Receipt)}
    assert set(OTHER_LINE) == {field.name for field in fields(ReceiptLine)}
    assert set(OTHER_TENDER) == {field.name for field in fields(Tender)}


@pytest.mark.parametrize("changed", OTHERS)
def test_a_change_of_any_field_changes_it(changed: str) -> None:
    assert OTHERS[changed].fingerprint() != RECEIPT.fingerprint()


def test_no_two_contents_have_the_same() -> None:
    assert len({each.fingerprint() for each in [RECEIPT, *OTHERS.values()]}) == len(OTHERS) + 1


def test_it_is_a_sha256() -> None:
    assert len(RECEIPT.fingerprint()) == 32
    assert replace(RECEIPT).fingerprint() == RECEIPT.fingerprint()


@given(st.timedeltas(timedelta(hours=-23), timedelta(hours=23)))
def test_the_offset_of_an_instant_does_not_matter(offset: timedelta) -> None:
    elsewhere = RECEIPT.occurred_at.astimezone(timezone(offset))
    assert replace(RECEIPT, occurred_at=elsewhere).fingerprint() == RECEIPT.fingerprint()


def _with_quantity(quantity: Decimal) -> bytes:
    return replace(RECEIPT, lines=(line(1_234, quantity=quantity),), tenders=()).fingerprint()


@given(st.integers(0, 10**9), st.integers(0, 6), st.integers(0, 6))
def test_trailing_zeros_of_a_quantity_do_not_matter(figures: int, places: int, zeros: int) -> None:
    quantity = Decimal(figures).scaleb(-places)
    padded = quantity.quantize(Decimal(1).scaleb(-max(places, zeros)))
    assert _with_quantity(padded) == _with_quantity(quantity)
    assert _with_quantity(quantity.normalize()) == _with_quantity(quantity)


@given(quantities, quantities)
def test_quantities_are_told_apart_exactly(one: Decimal, other: Decimal) -> None:
    assert (_with_quantity(one) == _with_quantity(other)) == (one == other)


def test_a_quantity_of_minus_zero_is_zero() -> None:
    assert _with_quantity(Decimal("-0")) == _with_quantity(Decimal(0))


@pytest.mark.parametrize("amount", [10**30, -(10**30)])
def test_an_amount_beyond_any_column_has_one_too(amount: int) -> None:
    assert replace(RECEIPT, total=amount).fingerprint() != RECEIPT.fingerprint()
