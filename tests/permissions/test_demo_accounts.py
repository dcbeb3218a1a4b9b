"""Production does not start while anybody could sign in with what the demo's first start showed on a screen."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import make_url
from sqlalchemy.engine import Connection

from db.clock import now
from db.engine import Database
from db.migrate import downgrade, upgrade
from db.models.system.user_account import UserAccount
from db.technical import ApiToken, DemoAccount
from permissions.accounts import load_viewer
from permissions.demo_accounts import retire, usable
from permissions.self_check import database_findings
from permissions.tokens import create_token
from settings import Settings
from tests.databases import Kind
from tests.permissions.test_self_check import GOOD
from tests.permissions.world import World, in_database
from tests.permissions.world import settle as settle_country

ROOT = Path(__file__).parent.parent.parent
LOGINS = ["district", "office"]
TABLE = UserAccount.__table__
pytestmark = pytest.mark.anyio


@pytest.fixture
def url(migrated_database: Callable[[Kind], str], database_kind: Kind) -> str:
    return migrated_database(database_kind)


@pytest.fixture
def world(url: str) -> World:
    """A register in which two accounts came with a demo, both at one moment, and one with the same login as the
    demo's was opened by somebody."""

    def fill(connection: Connection) -> World:
        world = settle_country(connection)
        world.account("office")
        world.account("city")
        came = TABLE.c.login_name.in_(LOGINS)
        connection.execute(sa.update(TABLE).values(created_by_id=world.keys["@district"]))  # type: ignore[arg-type]
        connection.execute(sa.update(TABLE).where(came).values(created_by_id=None, created_at=now()))  # type: ignore[arg-type]
        for login in LOGINS:
            connection.execute(sa.insert(DemoAccount), [{"account_id": world.keys[f"@{login}"]}])
        return world

    return in_database(url, fill)


@pytest.fixture
async def database(url: str, world: World) -> AsyncIterator[Database]:
    database = Database(Settings(**{**GOOD, "database_url": url}))
    yield database
    await database.stop()


async def of_the_demo(database: Database) -> list[str]:
    """What is found of the demo; a throwaway PostgreSQL has faults of its own."""
    return [sentence for sentence in await database_findings(database) if "演示" in sentence]


async def test_production_over_the_demos_accounts_is_refused_until_they_are_retired(
    database: Database, world: World
) -> None:
    (sentence,) = await of_the_demo(database)
    assert "district、office" in sentence
    assert "./run demo retire" in sentence
    key = world.keys["@district"]
    await database.write(lambda c: create_token(c, key, "t"))
    assert await database.write(retire) == LOGINS
    assert await of_the_demo(database) == []
    assert await database.look(lambda c: load_viewer(c, key)) is None
    assert await database.look(lambda c: c.scalar(sa.select(sa.func.count()).where(ApiToken.revoked_at.is_(None)))) == 0
    assert await database.write(retire) == []


async def test_another_name_hides_no_account_and_one_that_is_opened_again_is_found(
    database: Database, world: World
) -> None:
    await database.write(retire)

    def open_again(connection: Connection) -> None:
        mine = TABLE.c.id == world.keys["@office"]
        connection.execute(sa.update(TABLE).where(mine).values(login_name="somebody", is_active=True))  # type: ignore[arg-type]

    await database.write(open_again)
    assert await database.look(usable) == ["somebody"]


async def test_databases_of_before_know_which_accounts_came_with_the_demo(url: str, database: Database) -> None:
    """By their logins, opened by nobody, at one moment: not those that people opened under such a login."""
    await database.stop()
    downgrade(url, "0004")
    upgrade(url)
    assert await database.look(usable) == LOGINS


def test_serve_and_check_refuse_and_the_command_mends_it(url: str, world: World, database_kind: Kind) -> None:
    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "FENGQIAO_DATABASE_URL": url, **more}
        command = [sys.executable, str(ROOT / "run"), *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)

    production = {
        "FENGQIAO_PRODUCTION": "true", "FENGQIAO_IDE": "false", "FENGQIAO_INTROSPECTION": "false",
        "FENGQIAO_TLS": "proxy", "FENGQIAO_SECRET_KEY": GOOD["secret_key"],
    }  # fmt: skip
    assert make_url(url).get_backend_name() == database_kind
    for words in (["serve"], ["check"]):
        done = run(*words, **production)
        assert done.returncode == 1
        assert "./run demo retire" in done.stdout + done.stderr
    done = run("demo", "retire", **production)
    assert (done.returncode, "已停用 2 个演示账号: district、office" in done.stdout) == (0, True), done.stderr
    assert "./run demo retire" not in run("check", **production).stdout
