"""Two folders bear the names of other people's modules, and must never shadow them."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.house.source import ROOT


def _python(*arguments: str) -> str:
    """Run Python at the root, as people do, without what the tests' own paths add."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    finished = subprocess.run(
        [sys.executable, *arguments],
        check=False,
        cwd=ROOT,
        env=environment | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@pytest.mark.parametrize("folder", ["operator", "alembic"])
def test_the_folder_is_no_package(folder: str) -> None:
    assert (ROOT / folder).is_dir()
    assert not (ROOT / folder / "__init__.py").exists()


def test_their_names_mean_the_standard_library_and_the_package() -> None:
    told = _python(
        "-c", "import operator, alembic; print(operator.__file__); print(alembic.__file__)"
    )
    operator, alembic = map(Path, told.split())
    assert operator.parent == Path(sysconfig.get_paths()["stdlib"])
    assert alembic.parent.parent == Path(sysconfig.get_paths()["purelib"])


def test_what_leans_on_them_starts_at_the_root() -> None:
    _python("-c", "import json, collections, functools, ledger, partners, coalition, service")
    _python("-m", "pytest", "--version")


def test_imports_go_down_the_floors_only() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    finished = subprocess.run(
        [linter, "--no-cache"], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "Imports go down the floors only KEPT" in finished.stdout


def test_every_floor_is_told_to_the_linter() -> None:
    configuration = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'layers = ["service", "schema", "coalition", "partners", "ledger"]' in configuration
    assert "ignore_imports" not in configuration
