"""A database that cannot be written is told as one that is away, at every door: UNAVAILABLE, 503, Retry-After."""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, make_url

from db.outages import has_room
from permissions.tokens import create_token
from tests.conftest import FreshDatabase
from tests.databases import Kind, free_port
from tests.permissions.world import PASSWORD, in_database, settle

ROOT = Path(__file__).parent.parent
CREATE = """mutation ($i: HostUnitInput!) {
  createHostUnit(input: $i) { hostUnit { id } errors { path code message } } }"""
UNIT = {
    "name": "清溪服装厂", "kind": "ENTERPRISE", "region": {"connect": {"code": "320102002001"}}, "industry": "C",
    "employeeCount": 20, "employeeCountOn": "2025-01-01", "unionExists": False,
}  # fmt: skip
COMMITTEES = "/admin/api/tables/人民调解委员会/"
TABLE = "/admin/api/tables/设立单位/"
EACH = "FOR EACH ROW EXECUTE FUNCTION disk_full()"
BARE = "{mediationCommittees {nodes {id}}}"


@pytest.fixture(scope="module")
def register(migrated_database: Callable[[Kind], str], database_kind: Kind) -> tuple[str, str, str]:
    """A database, the token of who may write in it, and the village where."""
    url = migrated_database(database_kind)

    def fill(connection: Connection) -> tuple[str, str]:
        world = settle(connection)
        village = connection.scalar(sa.text("SELECT id FROM region WHERE code LIKE '320102002001%'"))
        return create_token(connection, world.keys["@district"], "t"), f"rg_{village}"

    return url, *in_database(url, fill)


@pytest.fixture
def server(
    register: tuple[str, str, str], database_kind: Kind, fresh_database: FreshDatabase
) -> Iterator[tuple[str, str, int]]:
    """Address, database and process of a server whose writes went well so far."""
    url, port = fresh_database(database_kind, template=register[0]), free_port()
    command = [sys.executable, "-m", "uvicorn", "app:create_app", "--factory", f"--port={port}", "--log-level=warning"]
    environment = {**os.environ, "FENGQIAO_DATABASE_URL": url}
    # What the process prints goes into a pipe: a limit on files does not touch it.
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    address, until = f"http://127.0.0.1:{port}", time.monotonic() + 60
    try:
        while not ready(address):
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        yield address, url, process.pid
    finally:
        process.terminate()
        process.wait(30)


def ready(address: str) -> bool:
    try:
        return httpx2.get(f"{address}/readyz").status_code == 200
    except httpx2.TransportError:
        return False


def fill_up(url: str, pid: int) -> Callable[[], None]:
    """From here on nothing more can be written; what is returned makes room again.

    SQLite's process may make no file longer than a page. PostgreSQL answers as with a full disk.
    """
    if make_url(url).get_backend_name() == "sqlite":
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1024, before[1]))
        return lambda: (resource.prlimit(pid, resource.RLIMIT_FSIZE, before), None)[1]
    tables = ("mediation_committee", "audit_log", "login_session", "number_series", "audit_seal", "user_account")
    execute(
        url,
        "CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$",
        *(f"CREATE TRIGGER a_full BEFORE INSERT OR UPDATE ON {table} {EACH}" for table in tables),
    )
    return lambda: execute(url, *(f"DROP TRIGGER a_full ON {table}" for table in tables))


def execute(url: str, *statements: str) -> None:
    async def run() -> None:
        import asyncpg

        connection = await asyncpg.connect(
            make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        )
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    asyncio.run(run())


def doors(client: httpx2.Client, village: str) -> Iterator[tuple[str, httpx2.Response]]:
    """Everything that writes."""
    asked = {"query": CREATE, "variables": {"i": UNIT}}
    yield "GraphQL", client.post("/graphql", json=asked)
    row = {"名称": UNIT["name"], "类别": "ENTERPRISE", "所在区划": village, "行业门类": "C", "职工人数": 20}
    yield "admin", client.post(TABLE, json={**row, "人数统计日期": "2025-01-01", "已建工会": False})
    yield "a refusal, which has to be on record", client.get(COMMITTEES, params={"__page_size": "1000"})
    bare = {"login": "district", "password": PASSWORD}
    yield "sign-in", client.post("/session", json=bare, headers={"Authorization": ""})


def test_a_full_disk_is_an_outage_at_every_door_and_over_when_there_is_room(
    server: tuple[str, str, int], register: tuple[str, str, str]
) -> None:
    """Also of readiness, at once and every time, while reads go on; afterwards everything is as before."""
    address, url, pid = server
    with httpx2.Client(base_url=address, headers={"Authorization": f"Bearer {register[1]}"}, timeout=30) as client:
        make_room = fill_up(url, pid)
        assert [client.get("/readyz").status_code for _ in range(5)] == [503] * 5
        answers = dict(doors(client, register[2]))
        told = {name: (a.status_code, code(a), "retry-after" in a.headers) for name, a in answers.items()}
        assert told == dict.fromkeys(told, (503, "UNAVAILABLE", True))
        assert client.get("/readyz").status_code == 503
        assert client.post("/graphql", json={"query": BARE}).json()["data"]["mediationCommittees"]["nodes"]
        make_room()
        until = time.monotonic() + 60
        while client.get("/readyz").status_code != 200:
            assert time.monotonic() < until
            time.sleep(0.2)
        made = client.post("/graphql", json={"query": CREATE, "variables": {"i": UNIT}})
        assert made.json()["data"]["createHostUnit"]["errors"] == []


def code(answer: httpx2.Response) -> str:
    """The code of the first error of an answer; an empty text where it has none."""
    body: Any = answer.json() if "json" in answer.headers.get("content-type", "") else None
    errors = body.get("errors") if isinstance(body, dict) else None
    return errors[0]["extensions"]["code"] if errors else ""


def test_a_disk_with_little_room_counts_as_full(tmp_path: Path) -> None:
    """SQLite writes over old parts of its log for a while, so that small writes tell nothing."""
    disk = os.statvfs(tmp_path)
    free = disk.f_bavail * disk.f_frsize
    assert has_room(tmp_path / "x.db", 0)
    assert not has_room(tmp_path / "x.db", 2 * free + 1)
