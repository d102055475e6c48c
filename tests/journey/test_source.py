"""The receipts tie to the files to the last cent, and come out the same every time."""

import hashlib
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from service.journey.clock import ZONE, Months, shift_to
from service.journey.files import open_files
from service.journey.households import person
from service.journey.partners import PARTNERS, partner_case
from service.journey.source import UNCLASSIFIED, Counts, Journey, JourneyLine, JourneyReceipt

# partner: lines, receipts, receipts of the first quarter, outlets
TABLE = {
    "fuel": (14_697, 14_691, 3_284, 133),
    "wine": (16_666, 12_660, 2_833, 193),
    "greengrocer": (150_725, 52_200, 12_675, 302),
    "butcher": (112_863, 48_412, 11_687, 262),
    "fishmonger": (8_767, 6_612, 1_862, 148),
    "deli": (41_953, 24_449, 5_758, 225),
    "bakery": (21_719, 17_107, 4_103, 208),
    "health-food": (18_595, 9_849, 2_553, 185),
    "pharmacy": (67_421, 30_366, 7_641, 258),
    "household": (93_795, 50_511, 12_316, 295),
    "supermarket": (922_106, 120_550, 29_255, 406),
}

DIGEST = """
import hashlib
from service.journey.clock import Months
from service.journey.source import Journey
digest = hashlib.sha256()
for receipt in Journey(Months.FIRST_QUARTER).receipts():
    digest.update(repr(receipt).encode())
print(digest.hexdigest())
"""

PEAK = """
from service.journey.source import Journey
for receipt in Journey().receipts():
    pass
with open("/proc/self/status") as status:
    print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


@dataclass
class Told:
    """What one pass over a stream of receipts has seen."""

    lines: Counter[str] = field(default_factory=Counter)
    receipts: Counter[str] = field(default_factory=Counter)
    empty: Counter[str] = field(default_factory=Counter)
    amount: Counter[str] = field(default_factory=Counter)
    outlets: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    categories: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    households: set[int] = field(default_factory=set)
    fuel: list[JourneyLine] = field(default_factory=list)
    undescribed: int = 0
    no_quantity: int = 0
    out_of_order: int = 0
    local: dict[tuple[str, str], datetime] = field(default_factory=dict)  # by number and partner


def told(receipts: Iterable[JourneyReceipt]) -> Told:
    seen = Told()
    before = (0.0, 0, "")
    for receipt in receipts:
        partner = receipt.partner
        categories = seen.categories[partner]
        total = 0
        for line in receipt.lines:
            total += line.amount
            categories.add(line.category)
            seen.undescribed += line.category == UNCLASSIFIED
            seen.no_quantity += not line.quantity
        if partner == "fuel":
            seen.fuel.extend(receipt.lines)
        seen.lines[partner] += len(receipt.lines)
        seen.receipts[partner] += 1
        seen.empty[partner] += not total
        seen.amount[partner] += total
        seen.outlets[partner].add(receipt.outlet)
        seen.households.add(receipt.household)
        seen.local[receipt.number, partner] = receipt.occurred_at.replace(tzinfo=None)
        place = (receipt.occurred_at.timestamp(), int(receipt.number), partner)
        seen.out_of_order += place <= before
        before = place
    return seen


@pytest.fixture(scope="session")
def year() -> Told:
    return told(Journey().receipts())


@pytest.fixture(scope="session")
def quarter() -> Told:
    return told(Journey(Months.FIRST_QUARTER).receipts())


def test_each_partner_ties_to_the_table(year: Told, quarter: Told) -> None:
    assert year.lines.keys() == TABLE.keys()
    for partner, expected in TABLE.items():
        assert expected == (
            year.lines[partner],
            year.receipts[partner],
            quarter.receipts[partner],
            len(year.outlets[partner]),
        )


def test_the_whole_ties_to_the_table(year: Told, quarter: Told) -> None:
    assert year.receipts.total() == len(year.local) == 387_407
    assert quarter.receipts.total() == len(quarter.local) == 93_967
    assert year.lines.total() == 1_469_307
    assert year.empty.total() == 1_305
    assert year.undescribed == 4_836
    assert year.no_quantity == 8_869
    assert len(year.households) == 2_469


def test_three_receipts_miss_zero_only_by_the_dust_of_doubles(year: Told) -> None:
    with open_files() as connection:
        connection.execute(
            f"CREATE MACRO mapped(department, product_category, product_type) AS {partner_case()}"
        )
        dollars = connection.execute("""
            SELECT sum(sales_value)
            FROM transactions LEFT JOIN products USING (product_id)
            GROUP BY basket_id, mapped(department, product_category, product_type)
        """).fetchall()
    assert sum(value == 0 for (value,) in dollars) == 1_302
    assert sum(0 < value < 1e-9 for (value,) in dollars) == 3
    assert year.empty.total() == 1_302 + 3


def test_every_cent_of_the_file_is_told(year: Told) -> None:
    with open_files() as connection:
        found = connection.execute("SELECT sum(sales_value::DECIMAL(9, 2)) FROM transactions")
        assert found.fetchall() == [(Decimal(year.amount.total()) / 100,)]


def test_receipts_come_in_order(year: Told, quarter: Told) -> None:
    assert year.out_of_order == 0
    assert quarter.out_of_order == 0


def test_the_months_hold_what_their_days_say(year: Told, quarter: Told) -> None:
    for months, seen in ((Months.ALL, year), (Months.FIRST_QUARTER, quarter)):
        assert min(seen.local.values()).date() == months.first_day
        assert max(seen.local.values()).date() == months.last_day


def test_the_same_stream_comes_again_in_another_process() -> None:
    digest = hashlib.sha256()
    for receipt in Journey(Months.FIRST_QUARTER).receipts():
        digest.update(repr(receipt).encode())
    assert run(DIGEST) == digest.hexdigest()


def test_the_year_is_streamed_within_500_megabytes() -> None:
    assert int(run(PEAK)) < 500 * 1024


def test_counts_equal_what_is_streamed(year: Told) -> None:
    assert Journey().counts() == {
        partner.key: Counts(
            lines=year.lines[partner.key],
            receipts=year.receipts[partner.key],
            empty=year.empty[partner.key],
            outlets=len(year.outlets[partner.key]),
            amount=year.amount[partner.key],
        )
        for partner in PARTNERS
    }


def test_outlets_and_households_equal_what_is_streamed(year: Told, quarter: Told) -> None:
    for months, seen in ((Months.ALL, year), (Months.FIRST_QUARTER, quarter)):
        journey = Journey(months)
        assert journey.households() == tuple(sorted(seen.households))
        assert journey.outlets() == {
            partner.key: tuple(sorted(seen.outlets[partner.key], key=int)) for partner in PARTNERS
        }


def test_every_household_has_a_person(year: Told) -> None:
    assert len({person(household).phone for household in year.households}) == 2_469


def test_terms_name_only_categories_that_the_partner_sells(year: Told) -> None:
    for partner in PARTNERS:
        named = {*partner.terms.excluded_categories, *partner.terms.category_multipliers}
        assert named <= year.categories[partner.key], partner.key


def test_a_shift_keeps_weekday_and_time_and_loses_nothing(quarter: Told) -> None:
    # Of a quarter that ends in April, spring leaves an hour out.
    today = date(2027, 4, 20)
    shift = shift_to(today, Months.FIRST_QUARTER)
    moved = told(Journey(Months.FIRST_QUARTER, shift).receipts())
    assert moved.out_of_order == 0
    assert (moved.amount, moved.receipts) == (quarter.amount, quarter.receipts)
    assert moved.local.keys() == quarter.local.keys()
    late = 0
    for receipt, reached in moved.local.items():
        wanted = quarter.local[receipt] + shift
        if reached != wanted:
            assert wanted.date() == date(2027, 3, 14)
            assert wanted.hour == 2
            assert reached == wanted + timedelta(hours=1)
            late += 1
    assert 0 < late < 10
    assert 7 <= (today - max(moved.local.values()).date()).days <= 13


def test_a_shift_of_parts_of_a_week_is_refused() -> None:
    with pytest.raises(ValueError, match="whole weeks"):
        Journey(shift=timedelta(days=3))


def test_a_receipt_in_full() -> None:
    receipts = Journey().receipts()
    first = next(receipts)
    receipts.close()
    assert first == JourneyReceipt(
        partner="bakery",
        household=900,
        outlet="330",
        number="31198570044",
        occurred_at=datetime(2017, 1, 1, 6, 53, 26, tzinfo=ZONE),
        lines=(JourneyLine("1095275", "ROLLS: BAGELS", "ROLLS", Decimal(1), 50),),
    )


def test_gasoline_is_in_gallons_unless_prepaid(quarter: Told) -> None:
    metered = [line for line in quarter.fuel if line.quantity != 1]
    assert (len(metered), len(quarter.fuel) - len(metered)) == (3_079, 206)
    assert all(line.name.startswith("GASOLINE") for line in quarter.fuel)
    assert all(line.category == "FUEL" for line in quarter.fuel)
    assert all(100 < line.amount / line.quantity < 400 for line in metered)


def run(code: str) -> str:
    """Run Python code in a process of its own and return what it prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()
