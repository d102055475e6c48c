"""Card numbers: the check digit of ISO/IEC 7812-1, and what it detects."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from coalition.cards import DIGITS, check_digit, is_card_number, random_number

payloads = st.integers(10**14, 10**15 - 1).map(str)
places = st.integers(0, DIGITS - 1)


@pytest.mark.parametrize(
    ("payload", "digit"),
    [
        ("7992739871", "3"),  # the standard's usual example
        ("1789372997", "4"),  # and another that goes around
        ("411111111111111", "1"),
        ("555555555555444", "4"),
        ("0", "0"),
        ("", "0"),
        ("5", "9"),
    ],
)
def test_known_check_digits(payload: str, digit: str) -> None:
    assert check_digit(payload) == digit


@given(payloads)
def test_of_ten_last_digits_one_is_right(payload: str) -> None:
    assert [is_card_number(payload + last) for last in "0123456789"].count(True) == 1
    assert is_card_number(payload + check_digit(payload))


@given(payloads, places, st.integers(1, 9))
def test_a_wrong_digit_is_detected(payload: str, place: int, change: int) -> None:
    number = payload + check_digit(payload)
    wrong = str((int(number[place]) + change) % 10)
    assert not is_card_number(number[:place] + wrong + number[place + 1 :])


@given(payloads, st.integers(0, DIGITS - 2))
def test_swapped_neighbours_are_detected_but_for_nought_and_nine(payload: str, place: int) -> None:
    number = payload + check_digit(payload)
    pair = number[place : place + 2]
    assume(pair[0] != pair[1])
    swapped = number[:place] + pair[::-1] + number[place + 2 :]
    assert is_card_number(swapped) == (pair in ("09", "90"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4111 1111 1111 1111",
        "411111111111111",
        "41111111111111111",
        "411111111111111x",
        "-411111111111111",
        "４１１１１１１１１１１１１１１１",
        "²111111111111111",
        "٤١١١١١١١١١١١١١١١",
        " 411111111111111",
    ],
)
def test_what_is_not_sixteen_plain_digits_is_no_card_number(text: str) -> None:
    assert is_card_number("4111111111111111")
    assert not is_card_number(text)


def test_random_numbers_are_valid_and_never_begin_with_nought() -> None:
    numbers = {random_number() for _ in range(5_000)}
    assert len(numbers) == 5_000
    assert all(is_card_number(number) for number in numbers)
    assert {number[0] for number in numbers} == set("123456789")
    assert {number[-1] for number in numbers} == set("0123456789")
