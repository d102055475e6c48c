"""The programme's settings at the operator's door: versions, by whom, and a race that one wins."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schema import context
from schema.opaque import STAFF
from service.database.transactions import Database
from tests.builders import restore_programme
from tests.door.operator.offices import Office, warm
from tests.door.tills import Till, rows_of, sale

pytestmark = pytest.mark.anyio

PROGRAMME = "{ programme { version name timeZone currency } }"
CHANGED = "programme { version name timeZone currency }"
HISTORY = """
  query History($first: PageSize, $after: Cursor) {
    programmeHistory(first: $first, after: $after) {
      edges { node { version name timeZone currency setAt setBy { id name } } }
      pageInfo { hasNextPage endCursor }
    }
  }
"""


@pytest.fixture(autouse=True)
async def _restored(database: Database, office: Office) -> AsyncIterator[None]:
    """Leave the settings as other tests know them."""
    yield
    await restore_programme(database, set_by=office.staff.id)


async def current(office: Office) -> dict[str, Any]:
    """The settings as they are."""
    programme: dict[str, Any] = (await office.data(PROGRAMME))["programme"]
    return programme


async def test_a_change_is_a_new_version_and_the_history_stays(office: Office) -> None:
    before = await current(office)
    history = (await office.data(HISTORY, first=100))["programmeHistory"]["edges"]
    given = {"version": before["version"], "name": "Club", "timeZone": "Asia/Tbilisi"}
    changed = (await office.done("changeProgramme", CHANGED, **given))["programme"]
    assert changed == {
        "version": before["version"] + 1,
        "name": "Club",
        "timeZone": "Asia/Tbilisi",
        "currency": before["currency"],
    }
    assert await current(office) == changed
    after = (await office.data(HISTORY, first=100))["programmeHistory"]["edges"]
    assert after[1:] == history
    newest = after[0]["node"]
    assert {field: newest[field] for field in changed} == changed
    assert newest["setBy"] == {"id": STAFF.seal(office.staff.id), "name": office.staff.name}
    assert after[-1]["node"]["setBy"] is None


async def test_a_receipt_is_recorded_once_whatever_the_time_zone_becomes(
    office: Office, till: Till, card: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context, "KEPT_SECONDS", -1.0)  # go by a change at once
    # Yesterday evening in UTC is that day in New York, and the next one in Tokyo.
    yesterday = datetime.now(UTC) - timedelta(days=1)
    occurred_at = yesterday.replace(hour=20, minute=0).isoformat()
    sold = sale(card, occurredAt=occurred_at)
    first = await till.record(sold, key="first")
    before = await current(office)
    given = {"version": before["version"], "name": "Club", "timeZone": "Asia/Tokyo"}
    await office.done("changeProgramme", CHANGED, **given)
    for key in ("first", "second"):
        again = await till.record(sold, key=key)
        assert again == first | {"replayed": True}
    assert (await rows_of(database, till.shop))["purchase"] == 1


async def test_of_raced_changes_one_wins(office: Office) -> None:
    before = await current(office)
    await warm(office)
    payloads = await asyncio.gather(
        *(
            office.do(
                "changeProgramme",
                CHANGED,
                version=before["version"],
                name=f"Club {n}",
                timeZone="Europe/Moscow",
            )
            for n in range(6)
        )
    )
    [won] = [payload["programme"] for payload in payloads if payload["programme"]]
    lost = [(e["code"], e["path"]) for payload in payloads for e in payload["errors"]]
    assert lost == [("PROGRAMME_CHANGED_MEANWHILE", ["version"])] * 5
    assert await current(office) == won


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"name": ""}, ("PROGRAMME_NAME_INVALID", "name")),
        ({"name": "\x00"}, ("PROGRAMME_NAME_INVALID", "name")),
        ({"timeZone": "Mars/Olympus"}, ("TIME_ZONE_UNKNOWN", "timeZone")),
        ({"timeZone": ""}, ("TIME_ZONE_UNKNOWN", "timeZone")),
        ({"timeZone": "\x00"}, ("TIME_ZONE_UNKNOWN", "timeZone")),
        ({"timeZone": "../../etc/passwd"}, ("TIME_ZONE_UNKNOWN", "timeZone")),
        ({"timeZone": "Europe"}, ("TIME_ZONE_UNKNOWN", "timeZone")),
        ({"timeZone": "x" * 100_000}, ("TIME_ZONE_UNKNOWN", "timeZone")),
        ({"version": 0}, ("PROGRAMME_CHANGED_MEANWHILE", "version")),
        ({"version": 2**31 - 1}, ("PROGRAMME_CHANGED_MEANWHILE", "version")),
        ({"version": -(2**31)}, ("PROGRAMME_CHANGED_MEANWHILE", "version")),
    ],
)
async def test_settings_that_no_one_can_mean_are_refused(
    office: Office, changes: dict[str, Any], refused: tuple[str, str]
) -> None:
    before = await current(office)
    given = {"version": before["version"], "name": "Club", "timeZone": "Europe/Moscow"} | changes
    assert await office.refusal("changeProgramme", **given) == refused
    assert await current(office) == before


async def test_the_history_is_paged(office: Office) -> None:
    for _ in range(2):
        version = (await current(office))["version"]
        given = {"version": version, "name": "Club", "timeZone": "Europe/Moscow"}
        await office.done("changeProgramme", CHANGED, **given)
    first = (await office.data(HISTORY, first=2))["programmeHistory"]
    assert first["pageInfo"]["hasNextPage"]
    rest = await office.data(HISTORY, first=100, after=first["pageInfo"]["endCursor"])
    versions = [
        edge["node"]["version"] for edge in first["edges"] + rest["programmeHistory"]["edges"]
    ]
    assert versions == list(range(version + 1, 0, -1))
