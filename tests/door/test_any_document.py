"""Any document that the schema allows gets a sound answer: schemathesis, its default checks.

It finds answers that break the schema, and errors of ours. It can't find wrong values.
"""

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.graphql import nodes
from sqlalchemy import URL

import schema.export
from coalition.members import Holder
from coalition.recording import record_purchase
from service.app import create_app
from service.database.transactions import Database
from service.keys import Keys
from service.settings import Settings
from service.tokens import AccessTokens
from tests.builders import enrol_members, ensure_programme, hire, open_shop

decimals = st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-10, max_value=10)
schemathesis.graphql.scalar("Decimal", decimals.map(lambda each: nodes.String(f"{each:f}")))
schemathesis.graphql.scalar("PageSize", st.integers(1, 100).map(nodes.Int))

FOLDER = Path(schema.export.__file__).parent
partners_door = schemathesis.graphql.from_path(FOLDER / "partner.graphql")
operators_door = schemathesis.graphql.from_path(FOLDER / "operator.graphql")
members_door = schemathesis.graphql.from_path(FOLDER / "member.graphql")

sparingly = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True)
class Doors:
    """Where a running server is, and a token for each of its doors."""

    base: str
    tokens: dict[str, str]

    def judge(self, door: str, case: schemathesis.Case) -> None:
        """Send a document and check the answer."""
        response = case.call(
            base_url=f"{self.base}/graphql/{door}",
            headers={"Authorization": f"Bearer {self.tokens[door]}"},
        )
        if "QUERY_TOO_LARGE" in response.text:
            return  # limits that a sound document may meet: of its tokens, of its answer's objects
        case.validate_response(response)


@pytest.fixture(scope="module")
def doors(location: URL, keys: Keys) -> Iterator[Doors]:
    """The doors of a running server, with something behind them."""
    tokens = AccessTokens(keys, 3_600)

    async def prepare() -> dict[str, str]:
        database = Database(location, keys)
        try:
            await ensure_programme(database)
            [member] = await enrol_members(database)
            shop = await open_shop(database)
            await record_purchase(database.desk, shop.request(card=member.card.number))
            staff = await hire(database)
        finally:
            await database.close()
        holder = Holder(member.bucket, member.member_id)
        return {
            "partner": tokens.issue(shop.caller),
            "operator": tokens.issue(staff),
            "member": tokens.issue(holder),
        }

    issued = anyio.run(prepare)
    app = create_app(Database(location, keys), Settings(), keys)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield Doors(f"http://127.0.0.1:{port}", issued)
        server.should_exit = True
        thread.join()


@partners_door.parametrize()
@sparingly
def test_any_document_of_a_partner(case: schemathesis.Case, doors: Doors) -> None:
    doors.judge("partner", case)


@operators_door.parametrize()
@sparingly
def test_any_document_of_the_operator(case: schemathesis.Case, doors: Doors) -> None:
    doors.judge("operator", case)


@members_door.parametrize()
@sparingly
def test_any_document_of_a_member(case: schemathesis.Case, doors: Doors) -> None:
    doors.judge("member", case)
