"""The operator's door sums what the coalition sold by partner and month."""

from datetime import datetime
from typing import Any

import pytest

from ledger.identifiers import new_id
from schema.opaque import PARTNER
from service.database.transactions import Database
from tests.builders import ZONE, enrol_members
from tests.door.conftest import OpenTill
from tests.door.operator.offices import Office, partner_id
from tests.door.tills import sale

pytestmark = pytest.mark.anyio

TOTALS = """
  query Totals($from: Date!, $to: Date!, $partnerId: ID) {
    monthlyTotals(from: $from, to: $to, partnerId: $partnerId) {
      totals { month purchases buyers points turnover { amount currency } partner { id } }
      errors { code message path }
    }
  }
"""


async def totals(office: Office, first: str, last: str, **given: str) -> dict[str, Any]:
    """Ask for totals; return the payload."""
    variables = {"from": first, "to": last, **given}
    payload: dict[str, Any] = (await office.data(TOTALS, **variables))["monthlyTotals"]
    return payload


async def test_a_month_is_summed_by_partner(
    office: Office, database: Database, open_till: OpenTill
) -> None:
    tills = [await open_till(), await open_till()]
    ann, bob = [each.card.number for each in await enrol_members(database, 2)]
    for till, cards in zip(tills, ([ann, ann, bob], [bob]), strict=True):
        for card in cards:
            assert (await till.record(sale(card)))["errors"] == []
    today = datetime.now(ZONE).date()
    month = today.replace(day=1).isoformat()
    found = await totals(office, today.isoformat(), today.isoformat())
    assert found["errors"] == []
    for till, purchases, buyers, amount in zip(
        tills, (3, 1), (2, 1), ("37.02", "12.34"), strict=True
    ):
        only = partner_id(till.shop.partner.id)
        wanted = {
            "month": month,
            "purchases": purchases,
            "buyers": buyers,
            "points": 12 * purchases,
            "turnover": [{"amount": amount, "currency": "USD"}],
            "partner": {"id": only},
        }
        assert [each for each in found["totals"] if each["partner"]["id"] == only] == [wanted]
        told = await totals(office, today.isoformat(), today.isoformat(), partnerId=only)
        assert told == {"totals": [wanted], "errors": []}


@pytest.mark.parametrize(
    ("first", "last"),
    [("0001-01-01", "0001-01-01"), ("9999-12-31", "9999-12-31"), ("2026-02-01", "2026-01-01")],
)
async def test_absurd_months_are_refused_by_name(office: Office, first: str, last: str) -> None:
    payload = await totals(office, first, last)
    [refused] = payload["errors"]
    assert payload["totals"] == []
    assert (refused["code"], refused["path"]) == ("MONTHS_INVALID", ["from"])


async def test_an_odd_partner_is_refused_by_name(office: Office) -> None:
    for odd in ("", "\x00", "x" * 60_000, PARTNER.seal(new_id())):
        [refused] = (await totals(office, "2026-01-01", "2026-01-01", partnerId=odd))["errors"]
        assert (refused["code"], refused["path"]) == ("PARTNER_UNKNOWN", ["partnerId"])


async def test_what_is_within_totals_counts_as_often_as_there_may_be_totals(office: Office) -> None:
    months = '(from: "2026-01-01", to: "2026-12-01")'
    outlets = "partner { outlets(first: 100) { edges { node { code } } } }"
    cards = "purchases(first: 100) { edges { node { member { cards { member { cards {"
    for large in (
        f"{{ monthlyTotals{months} {{ totals {{ {outlets} }} }} }}",
        f"{{ trialBalance {{ rows {{ {outlets} }} }} }}",
        f"{{ {cards} member {{ cards {{ member {{ name }} }} }} }} }} }} }} }} }} }} }}",
    ):
        [error] = (await office.ask(large))["errors"]
        assert error["extensions"]["code"] == "QUERY_TOO_LARGE", large
    plain = "month points turnover { amount currency } partner { code name contract { id } }"
    await office.data(f"{{ monthlyTotals{months} {{ totals {{ {plain} }} }} }}")
