"""Each flaw of a receipt's form with its path, and which of two is the answer."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest

from ledger.currencies import MINOR_DIGITS
from partners.receipts import Flaw, Receipt, Tender, find_flaw, printable
from partners.refusals import PurchaseRefusal as R
from tests.builders import line, receipt

CARD = "4000001234567899"
SOUND = receipt(
    card=CARD,
    lines=(line(1_000, "FOOD"), line(234)),
    tenders=(Tender(kind="cash", amount=1_000), Tender(kind="card", amount=234)),
)

Change = Callable[[Receipt], Receipt]


def of_receipt(**fields: Any) -> Change:
    return lambda whole: replace(whole, **fields)


def of_line(**fields: Any) -> Change:
    return lambda whole: replace(
        whole, lines=(whole.lines[0], replace(whole.lines[1], **fields), *whole.lines[2:])
    )


def of_tender(**fields: Any) -> Change:
    return lambda whole: replace(
        whole, tenders=(whole.tenders[0], replace(whole.tenders[1], **fields), *whole.tenders[2:])
    )


def zero(whole: Receipt) -> Receipt:
    nothing = tuple(replace(each, amount=0) for each in whole.lines)
    return replace(whole, total=0, lines=nothing, tenders=())


LONG = {"outlet": 64, "terminal": 64, "number": 64, "sku": 64, "name": 200, "category": 200}

TEXTS = [
    *[(of_receipt(outlet=bad), "outlet") for bad in ("", "a\tb", "x" * 65, "\u200b", "\ud800")],
    *[(of_receipt(terminal=bad), "terminal") for bad in ("", "1\n", "x" * 65)],
    *[(of_receipt(number=bad), "receiptNumber") for bad in ("", "\x00", "x" * 65)],
    *[(of_line(sku=bad), "lines.1.sku") for bad in ("", "\x1b", "x" * 65)],
    *[(of_line(name=bad), "lines.1.name") for bad in ("", "\x7f", "x" * 201)],
    *[(of_line(category=bad), "lines.1.category") for bad in ("", "\r", "x" * 201)],
    *[(of_tender(kind=bad), "tenders.1.kind") for bad in ("", "\u2028", "x" * 65)],
]

FLAWS: list[tuple[R, Change, str]] = [
    *[(R.TEXT_INVALID, change, path) for change, path in TEXTS],
    *[
        (
            R.BUSINESS_DATE_INVALID,
            of_receipt(business_date=SOUND.occurred_at.date() + timedelta(days=days)),
            "businessDate",
        )
        for days in (-400, -2, 2, 400)
    ],
    *[(R.CURRENCY_UNKNOWN, of_receipt(currency=bad), "currency") for bad in ("", "usd", "XXX")],
    (R.LINES_MISSING, of_receipt(lines=()), "lines"),
    (R.TOO_MANY_LINES, of_receipt(lines=(line(1),) * 1_001), "lines"),
    (R.TOO_MANY_TENDERS, of_receipt(tenders=(Tender(kind="cash", amount=1),) * 21), "tenders"),
    (R.AMOUNT_NEGATIVE, of_receipt(total=-1), "total"),
    (R.AMOUNT_NEGATIVE, of_line(amount=-1), "lines.1.amount"),
    (R.AMOUNT_NEGATIVE, of_tender(amount=-1), "tenders.1.amount"),
    (R.AMOUNT_TOO_LARGE, of_receipt(total=10**12 + 1), "total"),
    (R.AMOUNT_TOO_LARGE, of_line(amount=10**12 + 1), "lines.1.amount"),
    (R.AMOUNT_TOO_LARGE, of_tender(amount=10**30), "tenders.1.amount"),
    *[
        (R.QUANTITY_INVALID, of_line(quantity=Decimal(bad)), "lines.1.quantity")
        for bad in ("-1", "-0.000001", "1000000000.000001", "1E+10", "0.0000001", "NaN", "sNaN",
                    "Infinity", "-Infinity", "1E+1000000", "1E-1000000")
    ],
    (R.TOTAL_ZERO, zero, "total"),
    (R.LINES_DO_NOT_SUM, of_line(amount=233), "total"),
    (R.LINES_DO_NOT_SUM, of_receipt(total=1_235, tenders=()), "total"),
    (R.TENDERS_DO_NOT_SUM, of_tender(amount=233), "tenders"),
]  # fmt: skip

ELSEWHERE = {R.KEY_INVALID, R.CARD_NUMBER_INVALID, R.AMOUNT_NOT_OF_CURRENCY} | {
    refusal for refusal in R if list(R).index(refusal) >= list(R).index(R.CREDENTIAL_REVOKED)
}
"""What is not of a receipt's form: of its key, its card, its numbers' text, and of facts."""

FIRST_OF_EACH = {
    refusal: next(change for each, change, _ in FLAWS if each is refusal)
    for refusal in R
    if refusal not in ELSEWHERE
}


def test_a_sound_receipt_has_no_flaw() -> None:
    assert find_flaw(SOUND) is None


def test_every_flaw_of_form_is_tested() -> None:
    assert {refusal for refusal, _, _ in FLAWS} | ELSEWHERE == set(R)


@pytest.mark.parametrize(("refusal", "change", "path"), FLAWS)
def test_a_flaw_is_named_with_its_path(refusal: R, change: Change, path: str) -> None:
    assert find_flaw(change(SOUND)) == Flaw(refusal, path)


def test_a_flawed_receipt_has_a_fingerprint_too() -> None:
    for _, change, _ in FLAWS:
        assert len(change(SOUND).fingerprint()) == 32


@pytest.mark.parametrize(
    "change",
    [
        *[of_receipt(**{name: "x" * LONG[name]}) for name in ("outlet", "terminal", "number")],
        *[of_line(**{name: "я" * LONG[name]}) for name in ("sku", "name", "category")],
        of_tender(kind="x" * 64),
        of_line(category=None),
        of_receipt(tenders=()),
        of_receipt(tenders=(Tender(kind="cash", amount=1_234), *[Tender(kind="x", amount=0)] * 19)),
        of_receipt(total=1_000, lines=(line(1),) * 1_000, tenders=()),
        of_receipt(total=10**12, lines=(line(10**12), line(0)), tenders=()),
        *[
            of_line(quantity=Decimal(good))
            for good in ("0", "0.000001", "1E+9", "999999999.999999", "1.50")
        ],
        *[of_receipt(currency=currency) for currency in MINOR_DIGITS],
        *[
            of_receipt(business_date=SOUND.occurred_at.date() + timedelta(days=days))
            for days in (-1, 0, 1)
        ],
    ],
)
def test_what_is_just_within_a_limit_is_sound(change: Change) -> None:
    assert find_flaw(change(SOUND)) is None


TOGETHER = [
    pair
    for pair in combinations(FIRST_OF_EACH, 2)
    if pair
    not in {
        # The second can't be when the first is, or hides it.
        (R.LINES_MISSING, R.TOO_MANY_LINES),
        (R.AMOUNT_NEGATIVE, R.AMOUNT_TOO_LARGE),
        (R.LINES_MISSING, R.QUANTITY_INVALID),
        (R.AMOUNT_NEGATIVE, R.TOTAL_ZERO),
        (R.AMOUNT_TOO_LARGE, R.TOTAL_ZERO),
        (R.TOTAL_ZERO, R.LINES_DO_NOT_SUM),
        (R.TOTAL_ZERO, R.TENDERS_DO_NOT_SUM),
    }
]


@pytest.mark.parametrize(("first", "second"), TOGETHER)
def test_of_two_flaws_the_earlier_named_is_the_answer(first: R, second: R) -> None:
    # In the order in which the one doesn't undo the other.
    order = (first, second)
    if first is R.LINES_MISSING or second is R.TOTAL_ZERO:
        order = (second, first)
    flawed = SOUND
    for refusal in order:
        flawed = FIRST_OF_EACH[refusal](flawed)
    found = find_flaw(flawed)
    assert found is not None
    assert found.refusal is first


def test_of_one_flaw_the_first_line_is_named() -> None:
    bad = replace(SOUND.lines[1], amount=-1, quantity=Decimal(-1))
    assert find_flaw(replace(SOUND, lines=(SOUND.lines[0], bad, bad))) == Flaw(
        R.AMOUNT_NEGATIVE, "lines.1.amount"
    )


def test_an_earlier_refusal_on_a_later_line_is_the_answer() -> None:
    bad, nameless = replace(SOUND.lines[1], amount=-1), replace(SOUND.lines[1], sku="")
    assert find_flaw(replace(SOUND, lines=(bad, nameless))) == Flaw(R.TEXT_INVALID, "lines.1.sku")


def test_printable_is_one_to_so_many_printable_characters() -> None:
    assert printable("x", 1)
    assert printable("чай 🍵", 5)
    assert not printable("", 1)
    assert not printable("xx", 1)
    assert not printable("\u202e", 5)
