"""A wall that does not stand, or not as the matrix says, is found before the server starts (docs/wall.md)."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

import permissions.self_check
from db.engine import Database
from db.walls import SCHEMA, put_up, take_down
from permissions.self_check import database_findings, wall_findings
from permissions.walls import statements
from settings import Settings
from tests.conftest import FreshDatabase
from tests.databases import RUNTIME, Kind, free_port, owner_of
from tests.permissions.test_self_check import GOOD

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parent.parent.parent
NOT_THERE, NO_FORCE, OTHER = "却没有行级安全", "没有 FORCE ROW LEVEL SECURITY", "与权限矩阵不符，或被人改动"
_ALL = "LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT 'system' $$"


@pytest.fixture
def url(postgres_server: object, migrated_database: Callable[[Kind], str]) -> str:
    """A walled database of its own, as the server uses it."""
    return migrated_database("walled")


@pytest.fixture
async def running(url: str) -> AsyncIterator[Database]:
    """The database of a server with the wall on."""
    database = Database(Settings(**{**GOOD, "database_url": url, "row_level_security": True}))
    yield database
    await database.stop()


@pytest.fixture
async def owner(url: str) -> AsyncIterator[Database]:
    """The same, as who owns the tables."""
    database = Database(Settings(database_url=owner_of(url)))
    yield database
    await database.stop()


def put(connection: Connection) -> bool:
    return put_up(connection, RUNTIME, statements(RUNTIME))


async def test_a_wall_as_the_matrix_says_is_no_finding_and_is_not_built_again(
    running: Database, owner: Database
) -> None:
    assert await wall_findings(running) == []
    assert not await owner.write(put)


@pytest.mark.parametrize(
    ("done", "said"),
    [
        ("ALTER TABLE mediator NO FORCE ROW LEVEL SECURITY", f"mediator {NO_FORCE}"),
        ("ALTER TABLE mediator DISABLE ROW LEVEL SECURITY", f"mediator {NO_FORCE}"),
        ("DROP POLICY wall_insert ON mediator", OTHER),
        ("ALTER POLICY wall_read ON mediator USING (true)", OTHER),
        ("CREATE POLICY more ON mediator USING (true)", OTHER),
        (f"GRANT DELETE ON mediator TO {RUNTIME}", OTHER),
        (f"GRANT UPDATE (scope_path) ON mediation_case TO {RUNTIME}", OTHER),
        ("GRANT UPDATE ON audit_log TO PUBLIC", OTHER),
        (f"ALTER POLICY wall_update ON mediator TO {RUNTIME}, PUBLIC", OTHER),
        (f"REVOKE SELECT ON mediator FROM {RUNTIME}", OTHER),
        (f"GRANT SELECT ON {SCHEMA}.secret TO PUBLIC", OTHER),
        (f"CREATE OR REPLACE FUNCTION {SCHEMA}.mode() RETURNS text {_ALL}", OTHER),
    ],
)
async def test_whatever_is_taken_out_by_hand_is_found_and_put_back(
    running: Database, owner: Database, done: str, said: str
) -> None:
    await owner.write(lambda connection: connection.exec_driver_sql(done))
    [sentence] = await wall_findings(running)
    assert said in sentence
    assert "./run wall up" in sentence
    assert await owner.write(put)
    assert await wall_findings(running) == []
    assert await running.look(lambda c: c.exec_driver_sql("SELECT count(*) FROM mediator").scalar_one()) == 0


async def test_a_wall_that_is_down_is_found(running: Database, owner: Database) -> None:
    await owner.write(take_down)
    [sentence] = await wall_findings(running)
    assert NOT_THERE in sentence


async def test_a_wall_of_another_matrix_is_found(running: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permissions.self_check, "statements", lambda role: [*statements(role), "SELECT 1"])
    [sentence] = await wall_findings(running)
    assert OTHER in sentence


async def test_where_it_is_off_or_there_is_no_table_yet_nothing_is_said(
    url: str, fresh_database: FreshDatabase
) -> None:
    for settings in (Settings(database_url=owner_of(url)), Settings(database_url=fresh_database("walled"))):
        database = Database(settings.model_copy(update={"row_level_security": settings.database_url != owner_of(url)}))
        assert await wall_findings(database) == []
        await database.stop()


async def test_a_server_that_runs_as_the_owner_of_the_tables_is_found(url: str, running: Database) -> None:
    settings = running.settings.model_copy(update={"database_url": owner_of(url)})
    owning = Database(settings)
    try:
        assert any("拥有" in sentence and "张表" in sentence for sentence in await database_findings(owning))
        assert not any("运行账号" in sentence for sentence in await database_findings(running))
    finally:
        await owning.stop()


@pytest.mark.parametrize("task", ["check", "serve"])
async def test_the_tasks_refuse_where_the_server_would_not_be_behind_the_wall(
    task: str, url: str, owner: Database, fresh_database: FreshDatabase
) -> None:
    """The owner's address is that of another database: what the tasks mend there does not help the server."""
    elsewhere = owner_of(fresh_database("walled", template=url))
    await owner.write(take_down)
    environment = {
        **os.environ, "FENGQIAO_DATABASE_URL": url, "FENGQIAO_OWNER_DATABASE_URL": elsewhere,
        "FENGQIAO_ROW_LEVEL_SECURITY": "true", "FENGQIAO_SECRET_KEY": GOOD["secret_key"],
    }  # fmt: skip
    command = [sys.executable, str(ROOT / "run"), task]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 1
    assert NOT_THERE in ran.stdout + ran.stderr


def test_the_wall_may_be_the_first_thing_ever_built_and_the_first_start_still_loads_the_demo(
    postgres_server: object, fresh_database: FreshDatabase
) -> None:
    url = fresh_database("walled")
    environment = {
        **os.environ, "FENGQIAO_DATABASE_URL": url, "FENGQIAO_OWNER_DATABASE_URL": owner_of(url),
        "FENGQIAO_ROW_LEVEL_SECURITY": "true", "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    command: dict[str, Any] = {"cwd": ROOT, "env": environment, "text": True, "stdout": subprocess.PIPE}
    task = [sys.executable, str(ROOT / "run")]
    first = [subprocess.run([*task, "wall", "up"], timeout=60, **command).stdout.strip() for _ in range(2)]
    assert first == ["已建好行级安全", "行级安全与声明相符, 无须改动"]
    server = subprocess.Popen([*task, "serve", "--port", str(free_port())], **command)
    said, deadline = "", threading.Timer(120, server.kill)
    deadline.start()
    try:
        assert server.stdout is not None
        for line in server.stdout:
            said += line
            if line.startswith("管理后台"):
                break
    finally:
        server.terminate()
        server.communicate()
        deadline.cancel()
    assert "已载入演示数据：90 个调委会" in said


def test_whoever_asks_first_gets_a_wall_around_every_table() -> None:
    """In a process that has done nothing else the statements name all tables, those that are no entity's included."""
    asked = "from permissions.walls import statements; print('\\n'.join(statements('somebody')))"
    told = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    ).stdout
    import db.technical  # noqa: F401
    from db.base import Base
    from db.registry import registry

    registry()
    missing = [name for name in Base.metadata.tables if f' ON {name} TO "somebody"' not in told]
    assert not missing
