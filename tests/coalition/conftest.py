"""A shop and a member for tests of recording, which run on both servers."""

import pytest

from coalition.members import Enrolled
from service.database.transactions import Database
from tests.builders import Shop, enrol_members, open_shop


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "server" in metafunc.fixturenames and "recording" in metafunc.module.__name__:
        metafunc.parametrize("server", ["embedded", "debian"], indirect=True)


@pytest.fixture
async def shop(database: Database) -> Shop:
    return await open_shop(database)


@pytest.fixture
async def member(database: Database) -> Enrolled:
    [enrolled] = await enrol_members(database)
    return enrolled
