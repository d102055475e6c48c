"""Points, money, rates and days as a reader of each language writes them."""

from zoneinfo import ZoneInfo

import pytest

from service.site.explaining import told
from service.site.languages import languages
from service.site.wording import MINUS, Wording, grouped

MOSCOW = ZoneInfo("Europe/Moscow")
SPACE = "\N{NO-BREAK SPACE}"
NARROW = "\N{NARROW NO-BREAK SPACE}"


def words(code: str) -> Wording:
    return Wording(languages()[code], MOSCOW)


@pytest.mark.parametrize(
    ("points", "russian"),
    [
        (0, "0 баллов"),
        (1, "1 балл"),
        (2, "2 балла"),
        (4, "4 балла"),
        (5, "5 баллов"),
        (11, "11 баллов"),
        (12, "12 баллов"),
        (21, "21 балл"),
        (22, "22 балла"),
        (25, "25 баллов"),
        (101, "101 балл"),
        (111, "111 баллов"),
        (112, "112 баллов"),
        (1002, f"1{SPACE}002 балла"),
        (-1, f"{MINUS}1 балл"),
        (-3, f"{MINUS}3 балла"),
        ("1.5", "1,5 балла"),
        ("5.25", "5,25 балла"),
        ("5.00", "5 баллов"),
    ],
)
def test_points_take_the_right_form_in_russian(points: int | str, russian: str) -> None:
    assert words("ru").points(points) == russian


@pytest.mark.parametrize(
    ("points", "english"),
    [
        (0, "0 points"),
        (1, "1 point"),
        (2, "2 points"),
        (21, "21 points"),
        (1234, "1,234 points"),
        ("1.5", "1.5 points"),
    ],
)
def test_points_take_the_right_form_in_english(points: int | str, english: str) -> None:
    assert words("en").points(points) == english


def test_a_number_keeps_all_its_digits() -> None:
    assert words("en").number("0.000000000001") == "0.000000000001"
    assert words("ru").number("0.125") == "0,125"


def test_a_sign_is_shown() -> None:
    assert [words("en").signed(each) for each in (5, 0, -5)] == ["+5", "0", f"{MINUS}5"]


def test_money_has_the_digits_of_its_minor_unit() -> None:
    assert words("en").money({"amount": "12.30", "currency": "USD"}) == "$12.30"
    assert words("ru").money({"amount": "1234.50", "currency": "RUB"}) == f"1{SPACE}234,50{SPACE}₽"
    assert words("en").money({"amount": "12.30", "currency": "RUB"}) == f"RUB{SPACE}12.30"
    assert words("en").money({"amount": "1200", "currency": "JPY"}) == "¥1,200"


@pytest.mark.parametrize(
    ("rate", "english", "russian"),
    [
        ("1", "1 point for each $1", f"1 балл за каждый 1{SPACE}$"),
        ("1.5", "1.5 points for each $1", f"1,5 балла за каждый 1{SPACE}$"),
        ("10", "10 points for each $1", f"10 баллов за каждый 1{SPACE}$"),
        ("0.1", "1 point for each $10", f"1 балл за каждые 10{SPACE}$"),
        ("0.05", "1 point for each $20", f"1 балл за каждые 20{SPACE}$"),
        ("0.03", "0.03 points for each $1", f"0,03 балла за каждый 1{SPACE}$"),
        ("0", "0 points for each $1", f"0 баллов за каждый 1{SPACE}$"),
    ],
)
def test_a_rate_is_told_in_whole_points_where_it_can_be(
    rate: str, english: str, russian: str
) -> None:
    assert words("en").rate(rate, "USD") == english
    assert words("ru").rate(rate, "USD") == russian


def test_what_points_are_worth_is_exact() -> None:
    assert words("en").worth("1", "USD") == "$1"
    assert words("en").worth("0.5", "USD") == "$0.50"
    assert words("ru").worth("100", "RUB") == f"100{SPACE}₽"
    assert words("en").worth("1", "JPY") == "¥100"


def test_days_are_cut_in_the_programmes_zone() -> None:
    late = "2026-11-22T22:30:00Z"
    assert words("ru").day(late) == f"23 ноября 2026{NARROW}г."
    assert words("en").day(late) == "November 23, 2026"
    assert words("en").day("2026-11-22") == "November 22, 2026"
    assert words("ru").time(late) == "01:30"
    assert words("ru").month(late) == f"Ноябрь 2026{NARROW}г."
    assert words("en").stamp(late) == "2026-11-23T01:30:00+03:00"


def test_a_card_number_is_read_in_groups_of_four() -> None:
    assert grouped("4539148803436467") == ["4539", "1488", "0343", "6467"]


def test_an_explanation_sums_up_to_what_is_rounded() -> None:
    def dollars(amount: str) -> dict[str, str]:
        return {"amount": amount, "currency": "USD"}

    steps = [
        {"kind": "CATEGORY_EXCLUDED", "category": "WINE", "amount": dollars("5.00"), "points": "0"},
        {"kind": "BASE_RATE", "amount": dollars("8.25"), "rate": "1", "points": "8.25"},
        {
            "kind": "CATEGORY_MULTIPLIER",
            "category": "TEA",
            "amount": dollars("2.00"),
            "rate": "0.5",
            "points": "-1",
        },
        {"kind": "ROUNDING", "amount": dollars("8.25"), "points": "7", "rounding": "DOWN"},
    ]
    empty = {"category": None, "rate": None, "rounding": None}
    lines = list(told([empty | step for step in steps], "USD", words("en")))
    assert [(line.sentence, line.figure) for line in lines] == [
        ("WINE earns no points here: $5.00 left out.", "0"),
        ("$8.25 at the base rate: 1 point for each $1.", "+8.25"),
        ("TEA counts ×0.5: less for $2.00.", f"{MINUS}1"),
        ("7.25 points all together, rounded down to whole points.", "7"),
    ]


def test_an_explanation_says_so_when_nothing_was_rounded() -> None:
    whole = {"kind": "ROUNDING", "amount": {}, "points": "0", "rounding": "DOWN"}
    [line] = told([whole], "USD", words("en"))
    assert line.sentence == "All together; nothing was left to round."
