"""The commands of the audit log and of the secrets, as an administrator runs them."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from db.crypto import forget_secrets
from settings import get_settings
from tests.databases import Kind
from tests.permissions.world import begin_tally, in_database, settle

ROOT = Path(__file__).parent.parent.parent
OLD, NEW = "secret-old-" * 4, "secret-new-" * 4
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def url(migrated_database: Callable[[Kind], str]) -> str:
    """A small register on SQLite, whose file can be tampered with from outside."""
    return migrated_database("sqlite")


@pytest.fixture
def run(url: str) -> Run:
    """``run("audit", "verify")``: the exit code and what was printed."""

    @contextlib.contextmanager
    def old() -> Iterator[None]:
        """This process knows the same secret."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("FENGQIAO_SECRET_KEY", OLD)
            get_settings.cache_clear()
            forget_secrets()
            yield
        get_settings.cache_clear()
        forget_secrets()

    def call(*words: str, secret: str = OLD, previous: str = "[]") -> tuple[int, str]:
        known = {"FENGQIAO_SECRET_KEY": secret, "FENGQIAO_PREVIOUS_SECRET_KEYS": previous}
        environment = {**os.environ, "FENGQIAO_DATABASE_URL": url, **known}
        command = [sys.executable, str(ROOT / "run"), *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    with old():
        in_database(url, settle)
        in_database(url, begin_tally)
    return call


def test_tampering_and_cutting_off_end_a_verification_with_code_one(run: Run, url: str, tmp_path: Path) -> None:
    anchor = tmp_path / "anchor.json"
    for _ in range(2):
        assert run("token", "create", "--login", "district")[0] == 0
    assert run("audit", "anchor", str(anchor))[0] == 0
    code, said = run("audit", "verify", "--anchor", str(anchor))
    assert (code, said.strip()) == (0, "审计记录完好: 第 1 至 2 号, 共 2 条, 与锚点相符")
    with sqlite3.connect(str(make_url(url).database)) as file:
        file.execute("DELETE FROM audit_log WHERE id = (SELECT record_id FROM audit_seal WHERE seq = 2)")
        file.execute("DELETE FROM audit_seal WHERE seq = 2")
    for words in (["audit", "verify"], ["audit", "verify", "--anchor", str(anchor)]):
        code, said = run(*words)
        assert code == 1
        assert "末尾的记录被截去" in said
    assert run("audit", "verify", "--anchor", str(tmp_path))[0] == 2


def test_a_new_secret_is_put_to_use_and_the_log_stays_whole(run: Run) -> None:
    assert run("token", "create", "--login", "district")[0] == 0
    assert run("audit", "verify")[0] == 0
    code, said = run("keys", "rotate", secret=NEW, previous=f'["{OLD}"]')
    # The people of this register are made up of an "x" that no secret ever encrypted.
    assert code == 1
    assert "已知的密钥都解不开" in said
    # What is left needs the old secret, so nothing runs without it; unless it is lost, and somebody says so.
    assert run("audit", "verify", secret=NEW, previous=f'["{OLD}"]')[0] == 0
    code, said = run("audit", "verify", secret=NEW)
    assert code == 1
    assert "./run keys adopt" in said
    assert run("keys", "adopt", secret=NEW)[0] == 1
    assert run("audit", "verify", secret=NEW)[0] == 1
    assert run("keys", "adopt", "--lost", secret=NEW)[0] == 0
    assert run("audit", "verify", secret=NEW)[0] == 0
    assert run("keys", "new")[0] == 1
