"""Nobody else on the machine reads the database, its log, the secret or what is written beside, whatever the umask."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import settings as settings_module
from db import private
from db.migrate import upgrade
from settings import Settings

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def careless() -> Iterator[None]:
    """A umask that keeps nothing from anybody."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation's folder that nobody made yet."""
    folder = tmp_path / "var"
    for module in (settings_module, private):
        monkeypatch.setattr(module, "SECRET_FILE", folder / "secret.key")
    return folder


def settings_of(var: Path) -> Settings:
    return Settings(database_url=f"sqlite+aiosqlite:///{var / 'fengqiao.db'}")


def test_what_is_made_is_made_for_the_owner_alone(var: Path) -> None:
    settings = settings_of(var)
    upgrade(settings.database_url)
    settings.secrets()
    with sqlite3.connect(var / "fengqiao.db") as opened:  # while somebody has it open, its log and index are there
        opened.execute("PRAGMA journal_mode=WAL")
        opened.execute("CREATE TABLE t (x)")
        opened.commit()
        made = {path.name: mode(path) for path in var.iterdir()}
    opened.close()
    files = ("fengqiao.db", "fengqiao.db-wal", "fengqiao.db-shm", "secret.key")
    assert (mode(var), made) == (0o700, dict.fromkeys(files, 0o600))


def test_what_others_could_read_is_mended_at_the_start(var: Path) -> None:
    """An installation of before: the folder, the database with its log, and what somebody laid beside."""
    settings = settings_of(var)
    var.mkdir(0o755)
    for name in ("fengqiao.db", "fengqiao.db-wal", "fengqiao.db-shm", "server.log"):
        (var / name).touch(0o644)
    assert private.findings(settings) == []
    assert {mode(path) for path in var.iterdir()} == {0o600}
    assert mode(var) == 0o700


def test_what_is_written_over_is_closed_as_well(var: Path) -> None:
    var.mkdir()
    file = var / "anchor.json"
    file.touch(0o644)
    private.write(file, "x")
    assert (mode(file), file.read_text()) == (0o600, "x")


def test_what_belongs_to_another_account_is_told_with_the_command(tmp_path: Path) -> None:
    """Seen by an account that may not change it; root may everything, so the process gives its rights away."""
    shared = tmp_path / "shared"
    shared.mkdir(0o755)
    (shared / "fengqiao.db").touch(0o644)
    for folder in (tmp_path, *tmp_path.parents[:3]):
        if folder.stat().st_uid == os.getuid() and folder != Path("/tmp"):
            folder.chmod(0o755)
    code = (
        "import os; from pathlib import Path; from db import private; from settings import Settings\n"
        "private.SECRET_FILE = Path('/nowhere/secret.key')\n"
        f"os.getuid() == 0 and (os.setgroups([]), os.setgid(65534), os.setuid(65534))\n"
        f"print(private.findings(Settings(database_url='sqlite+aiosqlite:///{shared}/fengqiao.db')))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    if os.getuid():  # it is its own file then: mended without a word
        assert (done.stdout.strip(), mode(shared / "fengqiao.db")) == ("[]", 0o600), done.stderr
    else:
        assert f"chmod 600 {shared}/fengqiao.db" in done.stdout, done.stderr
        assert mode(shared / "fengqiao.db") == 0o644


def test_the_password_of_the_demo_is_not_in_what_a_log_keeps(tmp_path: Path) -> None:
    """Without a terminal it is in a file of its own, named in the log; with one it is told there, once."""
    code = (
        "import settings, sys; from pathlib import Path; from importlib.machinery import SourceFileLoader\n"
        f"settings.SECRET_FILE = Path({str(tmp_path)!r}) / 'var' / 'secret.key'\n"
        f"run = SourceFileLoader('run_file', {str(ROOT / 'run')!r}).load_module()\n"
        "from resolvers.commands.demo.load import DemoResult\n"
        "print(run.told_once(DemoResult({}, ('province',), 'Secret-of-the-demo-1')))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    kept = tmp_path / "var" / "demo-password"
    assert "Secret-of-the-demo-1" not in done.stdout + done.stderr
    assert str(kept) in done.stdout, done.stderr
    assert (mode(kept), kept.read_text()) == (0o600, "Secret-of-the-demo-1\n")
