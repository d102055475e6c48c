"""``coalition schema``: what it writes, and what it tells of an earlier schema."""

import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from schema.export import schemas
from service.command.schema import command


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository whose schemas were exported and committed twice, the second as they are."""
    for folder in ("schema", "docs"):
        (tmp_path / folder).mkdir()
    git(tmp_path, "init", "--quiet")
    for door, sdl in schemas().items():
        # As if Query had once had another field, which clients may ask for.
        older = re.sub(r"(\ntype Query \{\n)", r"\1  old: Int\n", sdl)
        (tmp_path / "schema" / f"{door}.graphql").write_text(older)
    commit(tmp_path)
    result = CliRunner().invoke(command, ["export", str(tmp_path)])
    assert result.exit_code == 0, result.output
    commit(tmp_path)
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(
        folder, "-c", "user.name=Kim", "-c", "user.email=kim@example.test",
        "commit", "--quiet", "--message", "Change the schemas",
    )  # fmt: skip


def changes(folder: Path, *options: str) -> str:
    result = CliRunner().invoke(command, ["changes", str(folder), *options])
    assert result.exit_code == 0, result.output
    return result.output


def test_what_is_exported_is_the_schemas(checkout: Path) -> None:
    for door, sdl in schemas().items():
        assert (checkout / "schema" / f"{door}.graphql").read_text() == sdl
    assert "LOG_IN_FAILED" in (checkout / "docs" / "refusals.md").read_text()


def test_a_field_that_is_gone_breaks_clients(checkout: Path) -> None:
    told = changes(checkout)
    assert told.count("BREAKING: Field Query.old was removed.") == 3
    assert re.search(r"partner: 1 breaking, 0 dangerous since \w+\^", told)


def test_since_a_release_or_a_commit_that_one_names(checkout: Path) -> None:
    git(checkout, "tag", "v1.0")
    assert "partner: 0 breaking, 0 dangerous since v1.0" in changes(checkout)
    assert "operator: 1 breaking" in changes(checkout, "--since", "HEAD^")


def test_without_an_earlier_schema_there_is_nothing_to_tell(tmp_path: Path) -> None:
    assert changes(tmp_path).count("there is no earlier schema") == 3
