"""The year as receipts of eleven partners: one receipt per basket and partner, in order of time."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from service.journey.clock import ZONE, Months, spans
from service.journey.files import open_files
from service.journey.partners import FUEL, FUEL_CATEGORY, PARTNERS, partner_case

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

UNCLASSIFIED: Final = "UNCLASSIFIED"
"""The category of a product about which the file says nothing."""

_PARTNER_OF: Final = (
    f"CREATE TEMP MACRO partner_of(department, product_category, product_type) AS {partner_case()}"
)

# Every product sold, described or not.
_PRODUCT: Final = """
CREATE TEMP TABLE product AS
SELECT
  product_id,
  partner_of(department, product_category, product_type) AS partner,
  coalesce(product_type, product_category, 'Product ' || product_id) AS name,
  partner = $fuel AS metered,
  CASE WHEN metered THEN $fuel_category ELSE coalesce(product_category, department, $unknown)
  END AS category
FROM (SELECT DISTINCT product_id FROM transactions)
LEFT JOIN products USING (product_id)
"""

_SPAN: Final = "CREATE TEMP TABLE span (start TIMESTAMP, stop TIMESTAMP, moved INTERVAL)"

# Amounts are whole cents that a double misses by less than a billionth of a cent, so rounding only
# undoes the double; 20 lines hold such dust instead of zero. Gasoline counts thousandths of a
# gallon, or one prepaid sale.
_LINE: Final = """
CREATE TEMP VIEW line AS
SELECT
  epoch(transaction_timestamp + moved)::BIGINT AS seconds,
  basket_id,
  partner,
  household_id,
  store_id,
  product_id,
  CASE WHEN metered AND quantity > 1 THEN quantity ELSE quantity * 1000 END AS milli,
  round(sales_value * 100)::BIGINT AS cents
FROM transactions
JOIN span ON start <= transaction_timestamp AND transaction_timestamp < stop
JOIN product USING (product_id)
"""

# The columns of `line` that are the same on all lines of a receipt.
_HEAD: Final = itemgetter(0, 1, 2, 3, 4)

_IN_ORDER: Final = "FROM line ORDER BY seconds, basket_id, partner, product_id"

_HOUSEHOLDS: Final = "SELECT DISTINCT household_id FROM line ORDER BY household_id"

_OUTLETS: Final = "SELECT DISTINCT partner, store_id FROM line ORDER BY partner, store_id"

_COUNTS: Final = """
WITH receipt AS (
  SELECT partner, any_value(store_id) AS store_id, count(*) AS lines, sum(cents) AS cents
  FROM line
  GROUP BY partner, basket_id
)
SELECT
  partner,
  sum(lines),
  count(*),
  count(*) FILTER (cents = 0),
  count(DISTINCT store_id),
  sum(cents)
FROM receipt
GROUP BY partner
"""

_CHUNK: Final = 10_000


@dataclass(frozen=True, slots=True)
class JourneyLine:
    """One line of a receipt.

    `sku`, `name` and `category` are the grocer's, in its spelling. `quantity` is in pieces, for
    gasoline in gallons with three decimals, or 1 where it was prepaid; on 8,869 lines it is 0, and
    29 of these have an amount. `amount` is what the shop took, in cents of USD, zero or more: its
    own discounts are off, a manufacturer's coupon isn't.
    """

    sku: str
    name: str
    category: str
    quantity: Decimal
    amount: int


@dataclass(frozen=True, slots=True)
class JourneyReceipt:
    """What one household bought of one partner in one basket.

    `partner` is a partner's key, `outlet` a store's id, `number` the basket's id: several partners
    may have a receipt of the same outlet and number. `occurred_at` is in America/New_York. `lines`
    holds at least one line, ascending by product id; a product occurs once.
    """

    partner: str
    household: int
    outlet: str
    number: str
    occurred_at: datetime
    lines: tuple[JourneyLine, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """How much one partner has: `empty` receipts total zero, `amount` is in cents of USD."""

    lines: int
    receipts: int
    empty: int
    outlets: int
    amount: int


@dataclass(frozen=True, slots=True)
class Journey:
    """The part of the year to tell, moved by `shift`, which is whole weeks (see `spans`).

    Every method reads the files anew and may raise DistributionMissingError.
    Raises ValueError when `shift` isn't whole weeks.
    """

    months: Months = Months.ALL
    shift: timedelta = timedelta()

    def __post_init__(self) -> None:
        spans(self.months, self.shift)

    def receipts(self) -> Generator[JourneyReceipt, None, None]:
        """Yield every receipt, ascending by (instant, basket id, partner's key).

        The order and the contents are the same each time, so a loader that stopped may skip as
        many receipts as it had taken. Memory stays bounded; close the iterator to stop early.
        """
        with self._open() as connection:
            products = _products(connection)
            for head, rows in groupby(_rows(connection), key=_HEAD):
                seconds, basket, partner, household, store = head
                yield JourneyReceipt(
                    partner=partner,
                    household=household,
                    outlet=str(store),
                    number=str(basket),
                    occurred_at=datetime.fromtimestamp(seconds, ZONE),
                    lines=tuple(
                        [
                            JourneyLine(*products[product], _quantity(milli), cents)
                            for _, _, _, _, _, product, milli, cents in rows
                        ]
                    ),
                )

    def households(self) -> tuple[int, ...]:
        """Return the ids of the households that buy anything, ascending."""
        with self._open() as connection:
            rows = connection.execute(_HOUSEHOLDS).fetchall()
        return tuple(household for (household,) in rows)

    def outlets(self) -> Mapping[str, tuple[str, ...]]:
        """Return each partner's outlets with a sale: partner's key to store ids, ascending."""
        with self._open() as connection:
            rows = connection.execute(_OUTLETS).fetchall()
        stores: dict[str, list[str]] = {partner.key: [] for partner in PARTNERS}
        for partner, store in rows:
            stores[partner].append(str(store))
        return {partner: tuple(ids) for partner, ids in stores.items()}

    def counts(self) -> Mapping[str, Counts]:
        """Return how much each partner has, by partner's key in the order of `PARTNERS`."""
        with self._open() as connection:
            rows = connection.execute(_COUNTS).fetchall()
        counted = {partner: Counts(*numbers) for partner, *numbers in rows}
        return {partner.key: counted[partner.key] for partner in PARTNERS}

    @contextmanager
    def _open(self) -> Iterator["DuckDBPyConnection"]:
        """Open the files with a view `line`: the lines told, each with its partner and instant."""
        with open_files() as connection:
            connection.execute(_PARTNER_OF)
            connection.execute(
                _PRODUCT,
                {"fuel": FUEL.key, "fuel_category": FUEL_CATEGORY, "unknown": UNCLASSIFIED},
            )
            connection.execute(_SPAN)
            connection.executemany(
                "INSERT INTO span VALUES (?, ?, ?)",
                [(span.start, span.end, span.moved) for span in spans(self.months, self.shift)],
            )
            connection.execute(_LINE)
            yield connection


def _rows(connection: "DuckDBPyConnection") -> Iterator[tuple[Any, ...]]:
    """Yield the columns of `line` in order of receipts, as tuples."""
    cursor = connection.execute(_IN_ORDER)
    while rows := cursor.fetchmany(_CHUNK):
        yield from rows


def _products(connection: "DuckDBPyConnection") -> dict[int, tuple[str, str, str]]:
    """Return (sku, name, category) by product id: each text is kept once, not once a line."""
    rows = connection.execute("SELECT product_id, name, category FROM product").fetchall()
    return {product: (str(product), name, category) for product, name, category in rows}


@cache
def _quantity(milli: int) -> Decimal:
    """Return thousandths as a number; few quantities recur on most lines."""
    return Decimal(milli) / 1000
