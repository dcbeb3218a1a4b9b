"""What must not be in production: each finding is one sentence with the setting's name, and stops the start."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import Connection

import settings as module
from db.engine import Database
from permissions.self_check import database_findings, names, postgres_findings, role_findings, sqlite_findings
from settings import Settings
from tests.conftest import FreshDatabase
from tests.databases import Kind, Server

ROOT = Path(__file__).parent.parent.parent
GOOD: dict[str, Any] = {
    "production": True, "secret_key": "9f3c1b7a5e2d8046" * 4, "ide": False, "introspection": False, "tls": "proxy",
}  # fmt: skip


def found(**changed: Any) -> list[str]:
    settings = Settings(**{**GOOD, **changed})
    return [*settings.problems(), *names(settings)]


def test_a_careful_installation_has_no_findings() -> None:
    assert found() == []
    more = {"cors_origins": ["https://views.example"], "second_factor_roles": ["PROV", "SYS"]}
    assert found(**more, trusted_proxies=["10.0.0.0/8", "::1"]) == []


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"secret_key": None}, "FENGQIAO_SECRET_KEY"),
        ({"secret_key": "short"}, "FENGQIAO_SECRET_KEY"),
        ({"secret_key": "a" * 64}, "FENGQIAO_SECRET_KEY"),
        ({"secret_key": "change-me-change-me-change-me-12345678"}, "FENGQIAO_SECRET_KEY"),
        ({"previous_secret_keys": [GOOD["secret_key"]]}, "FENGQIAO_PREVIOUS_SECRET_KEYS"),
        ({"ide": True}, "FENGQIAO_IDE"),
        ({"introspection": True}, "FENGQIAO_INTROSPECTION"),
        ({"demo_password": "Fengqiao-1963"}, "FENGQIAO_DEMO_PASSWORD"),
        ({"tls": None}, "FENGQIAO_TLS"),
        ({"trusted_proxies": []}, "FENGQIAO_TRUSTED_PROXIES"),
        ({"trusted_proxies": ["*"]}, "FENGQIAO_TRUSTED_PROXIES"),
        ({"trusted_proxies": ["10.0.0.0/33"]}, "FENGQIAO_TRUSTED_PROXIES"),
        ({"cors_origins": ["http://views.example"]}, "FENGQIAO_CORS_ORIGINS"),
        ({"cors_origins": ["https://views.example/"]}, "FENGQIAO_CORS_ORIGINS"),
        ({"session_hours": 25}, "FENGQIAO_SESSION_HOURS"),
        ({"session_idle_minutes": 121}, "FENGQIAO_SESSION_IDLE_MINUTES"),
        ({"session_idle_minutes": 0}, "FENGQIAO_SESSION_IDLE_MINUTES"),
        ({"lock_after": 0}, "FENGQIAO_LOCK_AFTER"),
        ({"lock_after": 11}, "FENGQIAO_LOCK_AFTER"),
        ({"lock_minutes": 9}, "FENGQIAO_LOCK_MINUTES"),
        ({"audit_days": 179}, "FENGQIAO_AUDIT_DAYS"),
        ({"second_factor_roles": ["DIST", "BOSS"]}, "FENGQIAO_SECOND_FACTOR_ROLES"),
        ({"database_url": "mysql://x"}, "FENGQIAO_DATABASE_URL"),
        ({"documents": Path("/nowhere.json")}, "FENGQIAO_DOCUMENTS"),
    ],
)
def test_each_unsafe_setting_is_one_finding_that_names_it(changed: dict[str, Any], named: str) -> None:
    (sentence,) = found(**changed)
    assert named in sentence


def test_a_star_for_origins_is_named_and_all_findings_come_at_once() -> None:
    sentences = found(cors_origins=["*"], ide=True, tls=None)
    assert [sum(name in sentence for sentence in sentences) for name in ("CORS_ORIGINS", "_IDE", "_TLS")] == [2, 1, 1]


@pytest.mark.parametrize("changed", [{"audit_days": 179}, {"second_factor_roles": ["BOSS"]}, {"cors_origins": ["x"]}])
def test_what_cannot_work_is_refused_outside_production_too(changed: dict[str, Any]) -> None:
    settings = Settings(**changed)
    assert len([*settings.problems(), *names(settings)]) == 1


def test_the_defaults_of_a_first_start_are_no_findings() -> None:
    assert [*Settings().problems(), *names(Settings())] == []


def test_a_debugging_python_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")
    (sentence,) = found()
    assert "PYTHONASYNCIODEBUG" in sentence


def test_a_secret_that_others_can_read_is_a_finding_until_it_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "secret.key"
    monkeypatch.setattr(module, "SECRET_FILE", kept)
    assert Settings().problems() == []
    Settings().secrets()
    assert Settings().problems() == []
    for mode in (0o640, 0o604, 0o620, 0o644):
        kept.chmod(mode)
        assert Settings().problems() == [
            "FENGQIAO_SECRET_KEY 未设，而 var/secret.key 他人可读：请执行 chmod 600 var/secret.key"
        ]
        assert Settings(secret_key="x" * 40).problems() == []
    kept.chmod(0o600)
    assert Settings().problems() == []


# --- the database -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def opened(database_kind: Kind, migrated_database: Callable[[Kind], str]) -> Any:
    """A migrated database as a server in production opens it."""
    database = Database(Settings(**{**GOOD, "database_url": migrated_database(database_kind)}))
    yield database
    await database.stop()


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_sqlite_is_opened_durably_and_what_is_not_is_found(opened: Database) -> None:
    assert await database_findings(opened) == []

    def careless(connection: Connection) -> list[str]:
        connection.exec_driver_sql("PRAGMA synchronous=NORMAL")
        return sqlite_findings(connection)

    (sentence,) = await opened.look(careless)
    assert "synchronous" in sentence
    assert "FENGQIAO_DATABASE_URL" in sentence


async def test_no_database_yet_is_no_finding_and_none_is_made(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    database = Database(Settings(**{**GOOD, "database_url": f"sqlite+aiosqlite:///{path}"}))
    assert await database_findings(database) == []
    await database.stop()
    assert not path.exists()


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("value", "safe"), [("on", True), ("local", True), ("remote_write", True), ("remote_apply", True), ("off", False)]
)
async def test_postgres_commits_are_waited_for(value: str, safe: bool, opened: Database) -> None:
    def look(connection: Connection) -> list[str]:
        connection.exec_driver_sql(f"SET LOCAL synchronous_commit = {value}")
        return [sentence for sentence in postgres_findings(connection) if "synchronous_commit" in sentence]

    assert (await opened.look(look) == []) is safe


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
async def test_what_the_server_itself_is_set_to_is_found(opened: Database) -> None:
    # The throwaway server of the tests is careless on purpose; production would refuse it.
    shown = await opened.look(
        lambda c: {n: c.exec_driver_sql(f"SHOW {n}").scalar_one() for n in ("fsync", "full_page_writes")}
    )
    found = await database_findings(opened)
    for name, value in shown.items():
        assert any(f"的 {name} 是 off" in sentence for sentence in found) is (value == "off"), name


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
async def test_outside_production_the_database_is_not_looked_at(opened: Database) -> None:
    database = Database(Settings(database_url=opened.settings.database_url))
    assert await database_findings(database) == []
    await database.stop()


@pytest.fixture
def role(fresh_database: FreshDatabase, postgres_server: Server) -> Callable[..., list[str]]:
    """`role("BYPASSRLS", owns=True)` are the findings about a run-time role of this kind."""
    import asyncio

    url = fresh_database("postgresql")

    def look(attributes: str, owns: bool = False, inherits: bool = False) -> list[str]:
        def work(connection: Connection) -> list[str]:
            for statement in (
                "CREATE TABLE thing (id int)",
                f"CREATE ROLE fengqiao_check {attributes}",
                "GRANT USAGE, CREATE ON SCHEMA public TO fengqiao_check",
                "ALTER TABLE thing OWNER TO fengqiao_check" if owns else "SELECT 1",
                "CREATE ROLE fengqiao_owner" if inherits else "SELECT 1",
                "GRANT CREATE ON SCHEMA public TO fengqiao_owner" if inherits else "SELECT 1",
                "ALTER TABLE thing OWNER TO fengqiao_owner" if inherits else "SELECT 1",
                "GRANT fengqiao_owner TO fengqiao_check" if inherits else "SELECT 1",
                "SET LOCAL ROLE fengqiao_check",
            ):
                connection.exec_driver_sql(statement)
            return role_findings(connection)

        async def run() -> list[str]:
            database = Database(Settings(database_url=url))
            try:
                return await database.look(work)  # nothing of it is kept
            finally:
                await database.stop()

        return asyncio.run(run())

    return look


def test_a_role_that_stands_above_the_wall_is_found(role: Callable[..., list[str]]) -> None:
    assert role("") == []
    (superuser,) = role("SUPERUSER")
    (bypasses,) = role("BYPASSRLS")
    (owns,) = role("", owns=True)
    (inherits,) = role("", inherits=True)
    assert "超级用户" in superuser
    assert "BYPASSRLS" in bypasses
    assert "拥有 1 张表" in owns
    assert "拥有 1 张表" in inherits
    assert all("FENGQIAO_ROW_LEVEL_SECURITY" in each for each in (superuser, bypasses, owns, inherits))


# --- the tasks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", ["check", "serve"])
def test_in_production_both_tasks_refuse_and_say_everything(task: str, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "FENGQIAO_PRODUCTION": "true",
        "FENGQIAO_SECRET_KEY": "change-me",
        "FENGQIAO_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'x.db'}",
    }
    command = [sys.executable, str(ROOT / "run"), task]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 1
    said = ran.stdout + ran.stderr
    for name in ("FENGQIAO_SECRET_KEY", "FENGQIAO_IDE=false", "FENGQIAO_INTROSPECTION=false", "FENGQIAO_TLS=proxy"):
        assert name in said
    assert "change-me" not in said
    assert not (tmp_path / "x.db").exists()


def test_a_careful_installation_passes_the_check(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        **{f"FENGQIAO_{name.upper()}": str(value).lower() for name, value in GOOD.items()},
        "FENGQIAO_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'x.db'}",
    }
    command = [sys.executable, str(ROOT / "run"), "check"]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[-1] == "设置没有问题"
    assert GOOD["secret_key"] not in ran.stdout
