"""Where the server, the command line and processes really break, they tell a reference, a kind and a place, and nothing
of what ``tests.canaries`` looks for: over both databases, on every surface.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, make_url
from starlette.testclient import TestClient

from app import create_app
from db.registry import registry
from permissions.tokens import create_token
from settings import get_settings
from tests.canaries import MARK, ROOT, SECRET, watch
from tests.conftest import FreshDatabase
from tests.databases import Kind
from tests.permissions.world import PASSWORD, World, in_database, settle

SQL = "SELECT name FROM mediator WHERE id = $1"


# --- a server that breaks ---------------------------------------------------------------------------------------------

TABLE = "/admin/api/tables/人民调解委员会/"
CREATE = """mutation ($i: MediationCommitteeInput!) {
  createMediationCommittee(input: $i) { mediationCommittee { id } errors { path code message } } }"""
COMMITTEE = {
    "name": f"枫桥{MARK}人民调解委员会", "type": "VILLAGE", "region": {"code": "320102002001"},
    "address": f"一号{MARK}", "establishedOn": "2025-01-01", "phone": "025-7654321",
}  # fmt: skip
REVEAL = (
    'mutation ($id: ID!) { reveal(type: "Mediator", id: $id, field: "idNumber", reason: "核对任职材料") { value } }'
)
EXPORT = {"Accept": "application/x-ndjson"}


class Server:
    """A server over the country whose rows are marked, and every way to ask it, each as a signed-in person would."""

    def __init__(self, client: TestClient, token: str, mediator: str) -> None:
        self.client, self.headers = client, {"Authorization": f"Bearer {token}"}
        self.mediator = f"md_{mediator}"

    def graphql(self, query: str, variables: Any = None, **headers: str) -> httpx2.Response:
        asked = {"query": query, "variables": variables}
        return self.client.post("/graphql", json=asked, headers={**self.headers, **headers})

    def admin(self, path: str = "", **params: str) -> httpx2.Response:
        return self.client.get(TABLE + path, params=params, headers=self.headers)

    def all_doors(self) -> Iterator[tuple[str, httpx2.Response]]:
        """Name and answer of each."""
        yield "list", self.graphql("{mediators {nodes {id name idNumber}}}")
        yield "again, as a known document", self.graphql("{mediators {nodes {id name idNumber}}}")
        yield "two", self.graphql("{a: mediators {totalCount} b: mediationCommittees {nodes {name}}}")
        yield "row", self.graphql("query ($i: ID!) {node(id: $i) {id}}", {"i": self.mediator})
        yield "search", self.graphql('{mediationCommittees(search: "枫桥") {nodes {name}}}')
        yield "groups", self.graphql("{mediators {groupBy(by: [{sex: true}]) {nodes {key {sex} count}}}}")
        yield "write", self.graphql(CREATE, {"i": COMMITTEE})
        yield "reveal", self.graphql(REVEAL, {"id": self.mediator})
        yield "export", self.graphql("{mediationCases {nodes {title}}}", **EXPORT)
        yield "admin's list", self.admin()
        yield "admin's export", self.admin(__export="true")
        yield "admin's form", self.admin("mc_01856aa0-c800-7fff-8fff-ffffffffffff/")
        yield "admin's new row", self.client.post(TABLE, json={"name": COMMITTEE["name"]}, headers=self.headers)
        yield "sign-in", self.client.post("/session", json={"login": "district", "password": PASSWORD})
        self.client.cookies.clear()
        yield "session", self.client.get("/session", headers=self.headers)
        yield "health", self.client.get("/readyz")


@pytest.fixture(scope="module")
def marked(migrated_database: Callable[[Kind], str], database_kind: Kind) -> tuple[str, World, str]:
    """A database whose rows give themselves away, and a token of who reads and writes in it."""
    url = migrated_database(database_kind)

    def fill(connection: Connection) -> tuple[World, str]:
        world = settle(connection)
        mediator = registry()["Mediator"].table
        connection.execute(sa.update(mediator).values(id_number_cipher=f"2.{SECRET}{MARK}"))
        return world, create_token(connection, world.keys["@district"], "t")

    return url, *in_database(url, fill)


@pytest.fixture
def url(marked: tuple[str, World, str], database_kind: Kind, fresh_database: FreshDatabase) -> str:
    """A copy of it."""
    return fresh_database(database_kind, template=marked[0])


@pytest.fixture
def server(
    url: str, marked: tuple[str, World, str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Server]:
    """A server over the copy, of little patience; `capfd` hears its log."""
    monkeypatch.setenv("FENGQIAO_DATABASE_URL", url)
    monkeypatch.setenv("FENGQIAO_LOCK_SECONDS", "0.2")
    monkeypatch.setenv("FENGQIAO_STATEMENT_SECONDS", "0.5")
    monkeypatch.setenv("FENGQIAO_WAIT_SECONDS", "0.5")
    get_settings.cache_clear()
    with TestClient(create_app()) as client:
        yield Server(client, marked[2], marked[1].keys["mediator"])
    get_settings.cache_clear()


def alter(*statements: str) -> Callable[[Connection], None]:
    """What breaks a database behind the server's back."""

    def change(connection: Connection) -> None:
        for statement in statements:
            connection.exec_driver_sql(statement)

    return change


def refuse_rows(connection: Connection) -> None:
    """A rule of somebody else's in the database, whose words quote the row."""
    if connection.dialect.name == "sqlite":
        for table in ("mediation_committee", "audit_log", "login_session"):
            connection.exec_driver_sql(
                f"CREATE TRIGGER odd_{table} BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'refused: {SQL}'); END"
            )
    else:
        for table in ("mediation_committee", "audit_log", "login_session"):
            connection.exec_driver_sql(f"ALTER TABLE {table} ADD CONSTRAINT odd CHECK (false) NOT VALID")


BREAKS: dict[str, Callable[[Connection], None]] = {
    "columns gone": alter(
        *(f"ALTER TABLE {t} RENAME COLUMN name TO gone" for t in ("mediator", "mediation_committee"))
    ),
    "accounts gone": alter("ALTER TABLE user_account RENAME TO gone"),
    "records gone": alter("ALTER TABLE audit_log RENAME TO gone"),
    "rows refused": refuse_rows,
}


def told(answer: httpx2.Response) -> str:
    """The code of the first error of an answer; an empty text where it has none."""
    if answer.headers.get("content-type", "").startswith("application/json"):
        errors = answer.json().get("errors") if isinstance(answer.json(), dict) else None
        return errors[0]["extensions"]["code"] if errors else ""
    return ""


def heard(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The lines of the log, each of which is JSON and holds nothing of ours."""
    lines = capfd.readouterr().err.splitlines()
    with watch.expecting() as found:
        for line in lines:
            watch.printed("the log", line)
    assert found == []
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("case", BREAKS)
def test_a_server_whose_database_was_changed_tells_a_reference_and_nothing_else(
    case: str, server: Server, url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """On every surface: a statement that fails, a constraint underneath; answers and log agree by the reference."""
    in_database(url, BREAKS[case])
    with watch.expecting() as found:
        answers = dict(server.all_doors())
    assert found == []
    lines = heard(capfd)
    failed = [name for name, answer in answers.items() if told(answer) == "INTERNAL"]
    assert failed, {name: (answer.status_code, answer.text[:200]) for name, answer in answers.items()}
    references = {line["reference"].upper() for line in lines if line["event"] == "internal_error"}
    for name in failed:
        message = answers[name].json()["errors"][0]["message"]
        assert any(reference in message.upper() for reference in references), (name, message)
    assert all(line["at"].partition(":")[0].endswith(".py") for line in lines if line["event"] == "internal_error")


def test_a_crash_over_real_data_tells_a_reference_and_nothing_else(
    server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    """A ciphertext that is none, looked at by who may."""
    with watch.expecting() as found:
        answer = server.graphql(REVEAL, {"id": server.mediator})
    assert (found, told(answer)) == ([], "INTERNAL")
    assert [line["event"] for line in heard(capfd)] == ["internal_error"]


def test_a_database_that_is_gone_is_told_without_its_address(
    server: Server, url: str, database_kind: Kind, fresh_database: FreshDatabase, capfd: pytest.CaptureFixture[str]
) -> None:
    """The file overwritten, the database dropped under open connections."""
    break_off(url, database_kind)
    with watch.expecting() as found:
        answers = dict(server.all_doors())
    assert found == []
    heard(capfd)
    codes = {told(answer) for answer in answers.values()}
    assert codes & {"UNAVAILABLE", "INTERNAL"}, codes
    assert answers["health"].status_code == 503


def break_off(url: str, kind: Kind) -> None:
    """The database is there no more."""
    if kind == "sqlite":
        path = Path(str(make_url(url).database))
        path.with_name(path.name + "-wal").write_bytes(b"")
        path.write_bytes(f"{SECRET}{MARK}".encode() * 4096)
        return
    parsed = make_url(url)
    administration = parsed.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)

    async def drop() -> None:
        import asyncpg

        connection = await asyncpg.connect(administration)
        await connection.execute(f'DROP DATABASE "{parsed.database}" WITH (FORCE)')
        await connection.close()

    asyncio.run(drop())


def test_a_locked_database_is_told_without_its_statements(
    server: Server, url: str, database_kind: Kind, capfd: pytest.CaptureFixture[str]
) -> None:
    """Somebody holds every table: who waits past the deadline of a lock or a statement is told so."""
    engine = sa.create_engine(make_url(url).set(drivername="sqlite")) if database_kind == "sqlite" else None
    with watch.expecting() as found:
        if engine is not None:
            with engine.connect() as holder:
                holder.exec_driver_sql("BEGIN IMMEDIATE")
                answers = dict(server.all_doors())
                holder.rollback()
            engine.dispose()
        else:
            answers = asyncio.run(while_held(url, server))
    assert found == []
    heard(capfd)
    assert {told(answer) for answer in answers.values()} & {"TIMEOUT", "UNAVAILABLE"}


async def while_held(url: str, server: Server) -> dict[str, httpx2.Response]:
    """The answers of every door while a connection of PostgreSQL holds the tables."""
    import asyncpg

    connection = await asyncpg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
    try:
        await connection.execute("BEGIN; LOCK TABLE mediation_committee, mediator, audit_log IN ACCESS EXCLUSIVE MODE")
        return await asyncio.to_thread(lambda: dict(server.all_doors()))
    finally:
        await connection.close()


LONG = MARK * 60_000


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("query ($v: String) {mediators(where: {name: {eq: $v}}) {totalCount}}", {"v": LONG}),
        ("query ($v: String) {mediators(search: $v) {totalCount}}", {"v": LONG}),
        ("query ($v: [String!]) {mediators(where: {name: {in: $v}}) {totalCount}}", {"v": [MARK] * 40_000}),
        ("query ($v: String) {mediators(where: {name: {contains: $v}}) {totalCount}}", {"v": f"\0{MARK}"}),
        ("query ($v: ID!) {node(id: $v) {id}}", {"v": LONG}),
        ("query ($v: Int) {mediators(first: $v) {totalCount}}", {"v": MARK}),
        ("query ($v: Int) {mediators(offset: $v) {totalCount}}", {"v": 2**63}),
        ("query ($v: String) {mediators(after: $v) {totalCount}}", {"v": LONG}),
        (CREATE, {"i": {**COMMITTEE, "name": LONG}}),
        (CREATE, {"i": {**COMMITTEE, "region": {"code": MARK}}}),
        (CREATE, {"i": {**COMMITTEE, "establishedOn": MARK}}),
        (CREATE, {"i": {**COMMITTEE, "phone": f"\0{MARK}"}}),
        (f"query {{mediators(where: {{name: {{eq: 1}}}}) {{{MARK}}}}}", None),
    ],
)  # fmt: skip
def test_what_is_too_long_or_wrong_does_not_come_back(query: str, variables: Any, server: Server) -> None:
    """A question of any size and shape: the answer names its place, never its value."""
    with watch.expecting() as found:
        answer = server.graphql(query, variables)
    assert found == []
    assert answer.status_code in (200, 400, 413)
    assert "errors" in answer.json() or answer.json()["data"], answer.text[:300]


# --- processes --------------------------------------------------------------------------------------------------------


def run(url: str, *words: str) -> subprocess.CompletedProcess[str]:
    """``./run`` over a database."""
    environment = {**os.environ, "FENGQIAO_DATABASE_URL": url, "FENGQIAO_SECRET_KEY": SECRET * 6}
    command = [sys.executable, str(ROOT / "run"), *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


def test_the_command_line_over_a_broken_database_says_so_in_a_sentence(url: str, database_kind: Kind) -> None:
    """No statement, no stack, nothing of a row: a table is missing, and then the database is."""
    in_database(url, alter("ALTER TABLE user_account RENAME TO gone"))
    with watch.expecting() as found:
        done = [run(url, "user", "create", "--login", "somebody", "--role", "SYS")]
        done += [run(url, "token", "create", "--login", "district")]
        break_off(url, database_kind)
        done += [run(url, "migrate"), run(url, "serve")]
    assert found == []
    assert [each.returncode for each in done] == [1] * 4, [each.stdout for each in done]
    for each in done:
        assert each.stderr.startswith("拒绝执行: 数据库无法访问, 或者设置有误 ("), each.stderr
        assert each.stderr.count("\n") == 1


def program(code: str, **environment: str) -> str:
    """What a process that runs the code says on standard error."""
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}"]
    values = {**os.environ, "FENGQIAO_SECRET_KEY": SECRET * 6, **environment}
    return subprocess.run(command, cwd=ROOT, env=values, capture_output=True, text=True, timeout=120).stderr


def test_a_command_that_crashes_tells_its_kind_and_place() -> None:
    """A mistake of the program's own, below the real dispatch of ``./run``."""
    said = program(
        "from importlib.machinery import SourceFileLoader\n"
        "from importlib.util import module_from_spec, spec_from_loader\n"
        f"loader = SourceFileLoader('run', {str(ROOT / 'run')!r})\n"
        "module = module_from_spec(spec_from_loader('run', loader)); sys.modules['run'] = module\n"
        "loader.exec_module(module)\n"
        "from db.crypto import decrypt\n"
        f"module.TASKS['boom'] = lambda: decrypt('2.{SECRET}', {SQL!r})\n"
        "module.set_up = lambda lock: None\n"
        "sys.argv = ['run', 'boom']\n"
        "module.main()\n"
    )
    with watch.expecting() as found:
        watch.printed("./run", said)
    assert found == []
    assert said.startswith("拒绝执行: 程序出错 (UnknownSecret, run:"), said
    assert " > db/crypto.py:" in said


def test_a_server_that_cannot_start_or_crashes_beside_its_requests_says_kinds_and_places() -> None:
    """What uvicorn, asyncio and Python print by themselves, in lines of JSON."""
    said = program(
        "import asyncio, gc, threading, uvicorn\n"
        "from app import create_server\n"
        "create_server()\n"
        f"def crash(): raise ValueError({SQL!r})\n"
        "thread = threading.Thread(target=crash); thread.start(); thread.join()\n"
        "async def forgotten():\n"
        "    asyncio.ensure_future(asyncio.to_thread(crash)); await asyncio.sleep(0.2); gc.collect()\n"
        "asyncio.run(forgotten())\n"
        "uvicorn.run('app:create_server', factory=True, port=0, log_config=None, log_level='warning')\n",
        FENGQIAO_DATABASE_URL="postgresql+asyncpg://somebody:secret@127.0.0.1:1/nothing",
    )
    lines = [json.loads(line) for line in said.splitlines()]
    with watch.expecting() as found:
        watch.printed("the server", said)
    assert found == []
    events = [line["event"] for line in lines]
    assert {"crashed", "not_started", "Task exception was never retrieved"} <= set(events), said
    assert "secret" not in said
