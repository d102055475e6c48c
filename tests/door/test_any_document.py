"""Any document that the schema allows gets a sound answer: schemathesis, its default checks.

It finds answers that break the schema, and errors of ours. It can't find wrong values.
"""

import socket
import threading
import time
from collections.abc import Iterator
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
from service.app import create_app
from service.database.transactions import Database
from service.keys import Keys
from service.settings import Settings
from tests.builders import enrol_members, ensure_programme, open_shop
from tests.door.tills import token_of

decimals = st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-10, max_value=10)
schemathesis.graphql.scalar("Decimal", decimals.map(lambda each: nodes.String(f"{each:f}")))
schemathesis.graphql.scalar("PageSize", st.integers(1, 100).map(nodes.Int))

door = schemathesis.graphql.from_path(Path(schema.export.__file__).parent / "partner.graphql")


@pytest.fixture(scope="module")
def door_url(location: URL, keys: Keys) -> Iterator[tuple[str, str]]:
    """The door of a running server, and a token for a till at it."""

    async def prepare() -> str:
        database = Database(location, keys)
        try:
            await ensure_programme(database)
            await enrol_members(database)
            return token_of(await open_shop(database), keys)
        finally:
            await database.close()

    token = anyio.run(prepare)
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
        yield f"http://127.0.0.1:{port}/graphql/partner", token
        server.should_exit = True
        thread.join()


@door.parametrize()
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_any_document(case: schemathesis.Case, door_url: tuple[str, str]) -> None:
    url, token = door_url
    response = case.call(base_url=url, headers={"Authorization": f"Bearer {token}"})
    if "QUERY_TOO_LARGE" in response.text:
        return  # the one limit that a sound document may meet
    case.validate_response(response)
