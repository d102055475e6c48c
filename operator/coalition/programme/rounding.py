"""Exact rounding and spreading of whole units. Integers and fractions only, never a float."""

from collections.abc import Sequence

from partners.tables import Rounding


def divide(numerator: int, denominator: int, mode: Rounding) -> int:
    """Return ``numerator / denominator`` as a whole number, for numerator >= 0, denominator > 0."""
    quotient, remainder = divmod(numerator, denominator)
    match mode:
        case Rounding.DOWN:
            up = False
        case Rounding.UP:
            up = remainder > 0
        case Rounding.HALF_UP:
            up = 2 * remainder >= denominator
        case Rounding.HALF_EVEN:
            up = 2 * remainder > denominator or (2 * remainder == denominator and quotient % 2 == 1)
    return quotient + 1 if up else quotient


def spread(total: int, weights: Sequence[int]) -> list[int]:
    """Split ``total`` in proportion to ``weights``, to the unit, by largest remainder.

    Ties go to the earlier place (Hamilton's method of apportionment). All are >= 0, and the
    shares sum to ``total``. A total of zero needs no weights; any other needs a positive one.
    """
    whole = sum(weights)
    if total == 0:
        return [0] * len(weights)
    if whole == 0:
        raise ValueError("nothing to spread over")
    shares = [total * weight // whole for weight in weights]
    left = total - sum(shares)
    if left:
        by_remainder = sorted(
            range(len(weights)), key=lambda place: (-(total * weights[place] % whole), place)
        )
        for place in by_remainder[:left]:
            shares[place] += 1
    return shares
