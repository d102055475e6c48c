"""The ledger's tests run on the embedded server and on Debian's older one."""

import pytest


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "server" in metafunc.fixturenames:
        metafunc.parametrize("server", ["embedded", "debian"], indirect=True)
