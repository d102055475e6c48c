"""The quarter through the command: killed at every side, it ends equal to the raw files."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import psycopg
import pytest

from service.embedded import EmbeddedPostgres
from service.journey.files import data_folder
from service.journey.partners import PARTNERS

LOAD = ("load", "complete-journey", "--original-dates", "--json")

# The mapping of docs/complete-journey.md, written again: not the loader's.
PARTNER = """
case
  when department = 'FUEL' or product_type like 'GASOLINE%' then 'fuel'
  when department = 'SPIRITS' or product_category in
    ('BEERS/ALES', 'DOMESTIC WINE', 'IMPORTED WINE', 'MISC WINE', 'LIQUOR') then 'wine'
  when department in ('PRODUCE', 'FLORAL', 'GARDEN CENTER') then 'greengrocer'
  when department in ('MEAT', 'MEAT-PCKGD') then 'butcher'
  when department in ('SEAFOOD', 'SEAFOOD-PCKGD') then 'fishmonger'
  when department in ('DELI', 'SALAD BAR', 'CHEF SHOPPE', 'RESTAURANT') then 'deli'
  when department = 'PASTRY' then 'bakery'
  when department = 'NUTRITION' then 'health-food'
  when department = 'COSMETICS' or (department = 'DRUG GM' and regexp_matches(product_category,
    'HAIR|ORAL HYG|SOAP|COLD AND FLU|FEMININE|DEODOR|ANALGES|SHAVING|HAND/BODY|FIRST AID|VITAMIN'
    '|DIETARY|ANTACID|SINUS|LAXATIVE|EYE AND EAR|ADULT INC|FAMILY PLAN|FOOT CARE|PHARMACY|MAKEUP'
    '|FRAGR|BABY|INFANT|DIAPER|ETHNIC PERS|SUNTAN|HOME HEALTH|HBC')) then 'pharmacy'
  when department in ('DRUG GM', 'PHOTO & VIDEO', 'AUTOMOTIVE', 'TOYS', 'ELECT &PLUMBING',
    'GM MERCH EXP', 'TRAVEL & LEISURE', 'POSTAL CENTER') then 'household'
  else 'supermarket'
end
"""


def independent_totals(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Receipts, cents and points per partner, from the raw files and the contracts' rates.

    By integers, in 10^-5 points: a rate has at most one decimal place and a multiplier two.
    """
    connection = duckdb.connect()
    connection.execute("create table rate (partner text, tenths bigint)")
    connection.execute("create table factor (partner text, category text, hundredths bigint)")
    for partner in PARTNERS:
        tenths = partner.terms.points_per_unit * 10
        assert tenths == int(tenths)
        connection.execute("insert into rate values (?, ?)", [partner.key, int(tenths)])
        factors = dict(partner.terms.category_multipliers)
        factors |= dict.fromkeys(partner.terms.excluded_categories, Decimal(0))
        for category, factor in factors.items():
            assert factor * 100 == int(factor * 100)
            connection.execute(
                "insert into factor values (?, ?, ?)", [partner.key, category, int(factor * 100)]
            )
    rows = connection.execute(
        f"""
        with line as (
          select basket_id, {PARTNER} as partner, round(sales_value * 100)::bigint as cents,
            coalesce(product_category, department, 'UNCLASSIFIED') as category
          from read_parquet(?) left join read_parquet(?) using (product_id)
          where transaction_timestamp < timestamp '2017-04-01 04:00:00'
        ), receipt as (
          select line.partner, basket_id, sum(cents) as cents,
            sum(cents * tenths * coalesce(hundredths, 100)) as exact
          from line join rate using (partner)
          left join factor on factor.partner = line.partner and factor.category = line.category
          group by line.partner, basket_id
        )
        select partner, count(*), sum(cents), sum((exact + 50000) // 100000)
        from receipt where cents > 0 group by partner
        """,
        [str(folder / "transactions.parquet"), str(folder / "products.parquet")],
    ).fetchall()
    return {
        partner: (receipts, int(cents), int(points)) for partner, receipts, cents, points in rows
    }


class Coalition:
    """The command as a user runs it, in a folder of its own; the server stays up in between."""

    def __init__(self, folder: Path, server: EmbeddedPostgres) -> None:
        self.folder = folder
        self.server = server
        self.environment = os.environ | {"COALITION_STATE_FOLDER": str(folder)}

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [Path(sys.executable).with_name("coalition"), *arguments],
            env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, *arguments: str) -> str:
        process = self.start(*arguments)
        out, err = process.communicate()
        assert process.returncode == 0, err
        return out

    def query(self, statement: str) -> list[tuple[object, ...]]:
        address = self.server.url.rpartition("/")[0] + "/coalition"
        with psycopg.connect(address) as connection:
            return connection.execute(statement).fetchall()

    def postmaster(self) -> int:
        [(folder,)] = self.query("show data_directory")
        return int((Path(str(folder)) / "postmaster.pid").read_text().split()[0])

    def wait_for_receipts(self, count: int, process: "subprocess.Popen[str]") -> None:
        while self.query("select count(*) from partners.purchase") < [(count,)]:
            assert process.poll() is None, process.communicate()


@pytest.fixture(scope="module")
def coalition(run_folder: Path) -> Iterator[Coalition]:
    folder = run_folder / "journey"
    with EmbeddedPostgres(folder / "postgres") as server:
        yield Coalition(folder, server)


@pytest.fixture(scope="module")
def loaded(coalition: Coalition) -> Coalition:
    """Load the quarter, killing the loader and then the database on the way."""
    coalition.run("migrate", "--json")
    first = coalition.start(*LOAD)
    coalition.wait_for_receipts(10_000, first)
    first.kill()
    first.communicate()

    second = coalition.start(*LOAD)
    coalition.wait_for_receipts(30_000, second)
    os.kill(coalition.postmaster(), signal.SIGKILL)
    _, complaint = second.communicate()
    assert second.returncode == 1
    assert "Traceback" not in complaint
    coalition.server.start()  # as the next command would: it finds the server dead

    summary = json.loads(coalition.run(*LOAD))
    assert summary["known"] >= 30_000
    return coalition


def test_the_loaded_quarter_equals_the_raw_files(loaded: Coalition) -> None:
    rows = loaded.query(
        "select partner.code, count(*), sum(amount)::bigint, sum(points)::bigint"
        " from partners.purchase join partners.partner on partner.id = partner_id group by 1"
    )
    assert {code: tuple(totals) for code, *totals in rows} == independent_totals(data_folder())


def test_verify_passes_after_the_kills(loaded: Coalition) -> None:
    audit = json.loads(loaded.run("verify", "--json"))
    assert audit["sound"] is True
    assert all(row["wrong"] == 0 for row in audit["invariants"])


def test_loading_again_loads_nothing_twice(loaded: Coalition) -> None:
    before = loaded.query("select count(*), sum(points) from partners.purchase")
    summary = json.loads(loaded.run(*LOAD))
    assert summary["loaded"] == 0
    assert summary["refused"] == {"TOTAL_ZERO": 308}
    assert loaded.query("select count(*), sum(points) from partners.purchase") == before


def test_another_period_is_refused_clearly(loaded: Coalition) -> None:
    process = loaded.start("load", "complete-journey", "--json")
    out, err = process.communicate()
    assert (process.returncode, out) == (1, "")
    assert "other dates" in err
