"""Points, money, rates and days as a reader of each language writes them."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from service.site.explaining import told, why_none
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
        ("1", "1 point for each $1", f"1 балл за 1{SPACE}$"),
        ("1.5", "1.5 points for each $1", f"1,5 балла за 1{SPACE}$"),
        ("10", "10 points for each $1", f"10 баллов за 1{SPACE}$"),
        ("0.1", "1 point for each $10", f"1 балл за 10{SPACE}$"),
        ("0.05", "1 point for each $20", f"1 балл за 20{SPACE}$"),
        ("0.03", "0.03 points for each $1", f"0,03 балла за 1{SPACE}$"),
        ("0", "0 points for each $1", f"0 баллов за 1{SPACE}$"),
    ],
)
def test_a_rate_is_told_in_whole_points_where_it_can_be(
    rate: str, english: str, russian: str
) -> None:
    assert words("en").rate(rate, "USD") == english
    assert words("ru").rate(rate, "USD") == russian


def test_a_rate_suits_a_currency_of_any_gender() -> None:
    assert [words("ru").rate("3", each) for each in ("RUB", "UAH", "TRY")] == [
        f"3 балла за 1{SPACE}{sign}" for sign in ("₽", "₴", "TRY")
    ]


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
    assert words("ru").month(late) == "Ноябрь 2026"
    assert words("en").stamp(late) == "2026-11-23T01:30:00+03:00"


def test_a_day_is_told_beside_another_where_it_differs() -> None:
    midnight = "2026-01-01T21:30:00Z"  # the second in Moscow
    assert words("en").day_beside("2026-01-01T20:30:00Z", midnight) == f"Jan{SPACE}1"
    assert (
        words("ru").day_beside("2025-12-31T20:30:00Z", midnight)
        == f"31{SPACE}дек.{SPACE}2025{NARROW}г."
    )
    assert words("en").day_beside("2026-01-02T20:30:00Z", midnight) is None


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
    assert [(line.sentence.striptags(), line.figure) for line in lines] == [
        ("WINE earns no points here: $5.00 left out.", "0"),
        ("$8.25 at the base rate: 1 point for each $1.", "+8.25"),
        ("TEA counts ×0.5: $2.00 earned fewer points.", f"{MINUS}1"),
        ("7.25 points all together, rounded down to whole points.", "7"),
    ]


def test_an_explanation_says_so_when_nothing_was_rounded() -> None:
    whole = {"kind": "ROUNDING", "amount": {}, "points": "0", "rounding": "DOWN"}
    [line] = told([whole], "USD", words("en"))
    assert line.sentence == "All together; nothing was left to round."


def step(kind: str, points: str, **facts: Any) -> dict[str, Any]:
    amount = {"amount": facts.pop("amount", "5.00"), "currency": "USD"}
    return {"kind": kind, "points": points, "category": None, "amount": amount} | facts


@pytest.mark.parametrize(
    ("steps", "english", "russian"),
    [
        (
            [step("BASE_RATE", "0.4", rate="0.08")],
            "All together it came to 0.4 points, which is 0 when rounded.",
            "Всего получилось 0,4 балла, после округления — 0.",
        ),
        (
            [step("BASE_RATE", "0", rate="0.0000")],
            "The partner's base rate was 0 when you bought this.",
            "Во время этой покупки основная ставка партнёра была 0.",
        ),
        (
            [
                step("CATEGORY_EXCLUDED", "0", category="<WINE>"),
                step("CATEGORY_EXCLUDED", "0", category="TOYS"),
                step("BASE_RATE", "0", rate="1", amount="0.00"),
            ],
            "The receipt has only what earns no points here:"
            " <bdi>&lt;WINE&gt;</bdi>, <bdi>TOYS</bdi>.",
            "В чеке только то, за что здесь не начисляют баллы:"
            " <bdi>&lt;WINE&gt;</bdi>, <bdi>TOYS</bdi>.",
        ),
        (
            [
                step("BASE_RATE", "5", rate="1"),
                step("CATEGORY_MULTIPLIER", "-5", category="TEA", rate="0"),
            ],
            "By the partner's terms nothing on this receipt earns points.",
            "По условиям партнёра за этот чек баллы не начисляются.",
        ),
        (
            [step("BASE_RATE", "0", rate="1", amount="0.00")],
            "The receipt comes to 0, so there is nothing to earn points on.",
            "Сумма чека — 0, поэтому начислять баллы не за что.",
        ),
    ],
)
def test_why_a_purchase_earned_nothing_is_one_sentence(
    steps: list[dict[str, Any]], english: str, russian: str
) -> None:
    steps = [*steps, step("ROUNDING", "0", rounding="DOWN")]
    assert why_none(steps, words("en")) == english
    assert why_none(steps, words("ru")) == russian


def test_a_multiplier_that_changes_nothing_is_told_so() -> None:
    steps = [step("CATEGORY_MULTIPLIER", "0", category="TEA", rate="3")]
    [line] = told(steps, "USD", words("en"))
    assert line.sentence == "<bdi>TEA</bdi> counts ×3: nothing changes for $5.00."
