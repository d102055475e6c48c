"""Earning against an independent model in fractions; explanations that add up to it."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coalition.programme.earning import Earning, StepKind, compile_rates, earn, explain
from ledger.currencies import MINOR_DIGITS
from partners.contracts import Terms
from partners.receipts import ReceiptLine
from partners.tables import Rounding
from tests.builders import line

CATEGORIES = ["FOOD", "WINE", "TOBACCO", "TEA"]
MODES = {
    Rounding.HALF_UP: ROUND_HALF_UP,
    Rounding.HALF_EVEN: ROUND_HALF_EVEN,
    Rounding.DOWN: ROUND_DOWN,
    Rounding.UP: ROUND_UP,
}

# Up to 12 places in all, to which an explanation is exact.
rates = st.decimals(0, 1_000, places=5) | st.sampled_from(
    [Decimal(text) for text in ("0", "1", "0.5", "0.01", "0.05", "10", "1E+2", "0.3333")]
)
multipliers = st.decimals(0, 20, places=4) | st.sampled_from([Decimal(2), Decimal("1.5")])
lines = st.lists(
    st.builds(
        line,
        st.integers(0, 10**12) | st.integers(0, 1_000) | st.sampled_from([0, 1, 50, 100]),
        st.sampled_from([*CATEGORIES, "OTHER", None]),
    ),
    min_size=1,
    max_size=12,
)
terms = st.builds(
    Terms,
    currency=st.sampled_from(["USD", "RUB", "JPY", "KWD"]),
    points_per_unit=rates,
    rounding=st.sampled_from(Rounding),
    excluded_categories=st.frozensets(st.sampled_from(CATEGORIES), max_size=2),
    category_multipliers=st.dictionaries(st.sampled_from(CATEGORIES), multipliers, max_size=3),
)


def _exact(each: ReceiptLine, under: Terms) -> Fraction:
    """The model: what a line earns, by the rule of the contract."""
    if each.category in under.excluded_categories:
        return Fraction(0)
    units = Fraction(each.amount, 10 ** MINOR_DIGITS[under.currency])
    multiplier = under.category_multipliers.get(each.category or "", Decimal(1))
    return units * Fraction(under.points_per_unit) * Fraction(multiplier)


def _rounded(exact: Fraction, mode: Rounding) -> int:
    """The model: rounding as the standard library's decimals do it."""
    with localcontext(prec=200):
        assert 10**100 % exact.denominator == 0
        return int(
            (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(
                Decimal(1), rounding=MODES[mode]
            )
        )


def _spread(points: int, weights: list[Fraction]) -> list[int]:
    """The model: largest remainder, ties to the earlier line."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    quotas = [points * weight / whole for weight in weights]
    shares = [quota.numerator // quota.denominator for quota in quotas]
    places = sorted(range(len(weights)), key=lambda place: (shares[place] - quotas[place], place))
    for place in places[: points - sum(shares)]:
        shares[place] += 1
    return shares


@given(lines, terms)
def test_a_receipt_earns_as_the_model_does(receipt: list[ReceiptLine], under: Terms) -> None:
    weights = [_exact(each, under) for each in receipt]
    points = _rounded(sum(weights, Fraction(0)), under.rounding)
    earning = earn(receipt, compile_rates(under))
    assert earning == Earning(points, tuple(_spread(points, weights)))
    assert sum(earning.line_points) == earning.points


@given(lines, terms)
def test_an_explanation_adds_up_to_the_points(receipt: list[ReceiptLine], under: Terms) -> None:
    *steps, rounding = explain(receipt, under)
    exact = sum((_exact(each, under) for each in receipt), Fraction(0))
    assert sum((Fraction(step.points) for step in steps), Fraction(0)) == exact
    assert rounding.kind is StepKind.ROUNDING
    assert rounding.rounding is under.rounding
    assert rounding.points == earn(receipt, compile_rates(under)).points
    assert all(step.rounding is None for step in steps)


@given(lines, terms)
def test_an_explanation_names_each_category_with_an_effect(
    receipt: list[ReceiptLine], under: Terms
) -> None:
    spent: dict[str | None, int] = {}
    for each in receipt:
        spent[each.category] = spent.get(each.category, 0) + each.amount
    eligible = sum(
        amount for category, amount in spent.items() if category not in under.excluded_categories
    )
    steps = explain(receipt, under)
    told = [(step.kind, step.category, step.amount, step.rate) for step in steps]
    multiplied = {
        category: multiplier
        for category, multiplier in under.category_multipliers.items()
        if category in spent and category not in under.excluded_categories
    }
    assert told == [
        *(
            (StepKind.CATEGORY_EXCLUDED, category, spent[category], None)
            for category in sorted(under.excluded_categories & spent.keys())
        ),
        (StepKind.BASE_RATE, None, eligible, under.points_per_unit),
        *(
            (StepKind.CATEGORY_MULTIPLIER, category, spent[category], multiplied[category])
            for category in sorted(multiplied)
        ),
        (StepKind.ROUNDING, None, eligible, None),
    ]


@pytest.mark.parametrize(
    ("rounding", "points"),
    [(Rounding.HALF_UP, 3), (Rounding.HALF_EVEN, 2), (Rounding.DOWN, 2), (Rounding.UP, 3)],
)
def test_half_a_point_goes_by_the_contracts_mode(rounding: Rounding, points: int) -> None:
    under = Terms(currency="USD", points_per_unit=Decimal("0.1"), rounding=rounding)
    earning = earn([line(1_250), line(1_250)], compile_rates(under))
    assert earning.points == points
    assert earning.line_points == ((points + 1) // 2, points // 2)


def test_the_receipt_is_rounded_once_not_its_lines() -> None:
    under = Terms(currency="USD", points_per_unit=Decimal("0.01"))
    earning = earn([line(40) for _ in range(250)], compile_rates(under))
    assert earning.points == 1
    assert earning.line_points == (1, *[0] * 249)


def test_a_multiplier_may_be_less_than_one_and_zero() -> None:
    under = Terms(
        currency="USD",
        points_per_unit=Decimal(1),
        category_multipliers={"WINE": Decimal("0.5"), "TEA": Decimal(0)},
    )
    receipt = [line(1_000, "WINE"), line(1_000, "TEA"), line(1_000)]
    assert earn(receipt, compile_rates(under)) == Earning(15, (5, 0, 10))
    assert [step.points for step in explain(receipt, under)] == [30, -10, -5, 15]


def test_a_currency_without_minor_units_earns_by_whole_units() -> None:
    under = Terms(currency="JPY", points_per_unit=Decimal("0.01"))
    assert earn([line(1_000)], compile_rates(under)).points == 10
