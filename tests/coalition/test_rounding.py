"""Dividing in four modes and spreading by largest remainder, exactly."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from coalition.programme.rounding import divide, spread
from partners.tables import Rounding

weights = st.lists(st.integers(0, 10**15) | st.integers(0, 5), min_size=1, max_size=30)
totals = st.integers(0, 10**12) | st.integers(0, 20)


@given(totals, weights)
def test_shares_sum_to_the_total(total: int, weights: list[int]) -> None:
    assume(any(weights))
    shares = spread(total, weights)
    assert sum(shares) == total
    assert len(shares) == len(weights)


@given(totals, weights)
def test_a_share_is_its_quota_or_one_more(total: int, weights: list[int]) -> None:
    assume(any(weights))
    for share, weight in zip(spread(total, weights), weights, strict=True):
        quota = Fraction(total * weight, sum(weights))
        assert share >= 0
        assert quota - 1 < share < quota + 1
        assert weight or not share


@given(totals, weights)
def test_the_largest_remainders_come_first_and_of_equal_ones_the_earlier_line(
    total: int, weights: list[int]
) -> None:
    assume(any(weights))
    quotas = [Fraction(total * weight, sum(weights)) for weight in weights]
    raised = {
        place: share > quotas[place] // 1 for place, share in enumerate(spread(total, weights))
    }
    ranks = sorted(raised, key=lambda place: (-(quotas[place] % 1), place))
    assert [raised[place] for place in ranks] == sorted(
        (raised[place] for place in ranks), reverse=True
    )


@pytest.mark.parametrize(
    ("total", "weights", "shares"),
    [
        (1, [1, 1, 1], [1, 0, 0]),
        (2, [1, 1, 1], [1, 1, 0]),
        (1, [1, 2, 1], [0, 1, 0]),
        (10, [1, 1, 1], [4, 3, 3]),
        (5, [0, 1, 0], [0, 5, 0]),
        (0, [0, 0], [0, 0]),
        (0, [], []),
        (100, [41, 32, 27], [41, 32, 27]),
    ],
)
def test_examples(total: int, weights: list[int], shares: list[int]) -> None:
    assert spread(total, weights) == shares


@pytest.mark.parametrize("weights", [[], [0], [0, 0]])
def test_something_is_not_spread_over_nothing(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="nothing to spread over"):
        spread(1, weights)


@pytest.mark.parametrize(
    ("numerator", "denominator", "results"),
    [
        #        half up, half even, down, up
        (0, 7, (0, 0, 0, 0)),
        (7, 7, (1, 1, 1, 1)),
        (1, 2, (1, 0, 0, 1)),
        (3, 2, (2, 2, 1, 2)),
        (5, 2, (3, 2, 2, 3)),
        (1, 3, (0, 0, 0, 1)),
        (2, 3, (1, 1, 0, 1)),
        (10**30 + 1, 2, (5 * 10**29 + 1, 5 * 10**29, 5 * 10**29, 5 * 10**29 + 1)),
    ],
)
def test_modes(numerator: int, denominator: int, results: tuple[int, ...]) -> None:
    assert tuple(divide(numerator, denominator, mode) for mode in Rounding) == results
