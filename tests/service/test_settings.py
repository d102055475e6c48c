"""Settings and keys: one secret, made once for the embedded server and demanded for a real one."""

import multiprocessing
import stat
from pathlib import Path

import pytest
from pydantic import ValidationError

from service.keys import Keys
from service.settings import SecretMissingError, Settings

REAL = "postgresql://admin@127.0.0.1/coalition"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DATABASE_URL", "SECRET", "SECRET_FILE"):
        monkeypatch.delenv(f"COALITION_{name}", raising=False)
    monkeypatch.setenv("COALITION_STATE_FOLDER", str(tmp_path / "state"))


def test_a_real_database_demands_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COALITION_DATABASE_URL", REAL)
    with pytest.raises(SecretMissingError, match="COALITION_SECRET"):
        Settings().keys()


def test_a_short_secret_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COALITION_SECRET", "short")
    with pytest.raises(ValidationError, match="32 characters"):
        Settings()
    monkeypatch.delenv("COALITION_SECRET")
    (tmp_path / "secret").write_text("short")
    monkeypatch.setenv("COALITION_SECRET_FILE", str(tmp_path / "secret"))
    with pytest.raises(SecretMissingError, match="32 bytes"):
        Settings().keys()


def test_two_secrets_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COALITION_SECRET", "s" * 32)
    monkeypatch.setenv("COALITION_SECRET_FILE", "/run/secrets/coalition")
    with pytest.raises(ValidationError, match="not both"):
        Settings()


def test_no_secret_is_shown_by_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COALITION_SECRET", "very-secret" * 4)
    assert "very-secret" not in repr(Settings())


def embedded_password(_: int) -> str:
    return Settings().keys().role_password("coalition_desk")


def test_processes_that_start_at_once_agree_on_the_embedded_secret(tmp_path: Path) -> None:
    with multiprocessing.get_context("forkserver").Pool(4) as pool:
        passwords = set(pool.map(embedded_password, range(16)))
    assert len(passwords) == 1
    file = tmp_path / "state" / "secret"
    assert stat.S_IMODE(file.stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR
    assert list(file.parent.iterdir()) == [file]


def test_what_is_derived_differs_by_label_and_by_secret() -> None:
    keys, others = Keys(b"a" * 32), Keys(b"b" * 32)
    derived = [
        *(keys.role_password(role) for role in ("coalition_desk", "coalition_partner")),
        others.role_password("coalition_desk"),
        keys.demo_secret("fuel"),
        keys.signing_key_id(),
        others.signing_key_id(),
    ]
    assert len(set(derived)) == len(derived)
    assert keys.role_password("coalition_desk") == Keys(b"a" * 32).role_password("coalition_desk")
