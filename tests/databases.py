"""Scratch databases for tests: SQLite files, and PostgreSQL in a server that is ours to use.

The server is the one that FENGQIAO_TEST_POSTGRES_URL names, else a throwaway cluster made from the installed binaries;
never one that merely happens to run here.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import asyncpg
from sqlalchemy import URL, make_url

from db.engine import Database
from db.walls import put_up
from permissions.walls import statements
from settings import Settings

Kind = Literal["sqlite", "postgresql", "walled"]
KINDS: tuple[Kind, ...] = ("sqlite", "postgresql")
WITH_WALL: tuple[Kind, ...] = get_args(Kind)
"""Also PostgreSQL with row-level security: `pytest.mark.parametrize("database_kind", WITH_WALL, indirect=True)`."""
OWNER, RUNTIME = "fengqiao_test_owner", "fengqiao_test_runtime"
"""Who owns the tables of a walled database, and who serves it; neither is a superuser."""

# What this process really used; conftest.py prints it as the last lines of a run.
used: set[str] = set()


@dataclass
class Server:
    """A PostgreSQL server in which scratch databases may be created and dropped."""

    url: URL
    version: str = ""
    databases: list[str] = field(default_factory=list)
    password: str = ""

    def create_walled(self, template: str | None = None) -> str:
        """As ``create``, of a database of OWNER; the URL is RUNTIME's."""
        if not self.password:
            # Processes that share the server share the roles: whoever comes first makes them.
            self.password = hashlib.sha256(f"walled {self.url.password}".encode()).hexdigest()
            for role in (OWNER, RUNTIME):
                with contextlib.suppress(asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
                    self.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{self.password}'")
        url = make_url(self.create(template))
        self.execute(f'ALTER DATABASE "{url.database}" OWNER TO {OWNER}')
        return url.set(username=RUNTIME, password=self.password).render_as_string(hide_password=False)

    def create(self, template: str | None = None) -> str:
        """The URL of a new database: empty, or a copy of the one whose URL is `template`."""
        name = f"fengqiao_test_{secrets.token_hex(6)}"
        source = make_url(template).database if template else "template0"
        if template:
            self.disconnect(source)  # PostgreSQL refuses to copy a database that somebody is connected to
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
        self.databases.append(name)
        used.add(f"PostgreSQL {self.version}")
        return self.url.set(drivername="postgresql+asyncpg", database=name).render_as_string(hide_password=False)

    def drop_all(self) -> None:
        for name in self.databases:
            self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        for role in (OWNER, RUNTIME) if self.password else ():
            with contextlib.suppress(asyncpg.DependentObjectsStillExistError):  # another process is at work
                self.execute(f"DROP ROLE IF EXISTS {role}")

    def disconnect(self, database: str | None) -> None:
        self.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", database)

    def execute(self, statement: str, *parameters: Any) -> None:
        async def run() -> None:
            connection = await asyncpg.connect(self.url.render_as_string(hide_password=False))
            try:
                version = connection.get_server_version()
                self.version = f"{version.major}.{version.micro}"
                await connection.fetch(statement, *parameters)
            finally:
                await connection.close()

        # In a thread of its own, because a test that asks for a database may itself run in an event loop.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, run()).result()


def owner_of(url: str) -> str:
    """The URL of a walled database as its owner uses it; of others, itself."""
    parsed = make_url(url)
    parsed = parsed.set(username=OWNER) if parsed.username == RUNTIME else parsed
    return parsed.render_as_string(hide_password=False)


def put_up_wall(url: str) -> None:
    """The wall in a migrated database, put up by its owner for RUNTIME."""

    async def run() -> None:
        database = Database(Settings(database_url=owner_of(url)))
        try:
            await database.write(lambda connection: put_up(connection, RUNTIME, statements(RUNTIME)))
        finally:
            await database.stop()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, run()).result()


@contextmanager
def postgres() -> Iterator[Server]:
    """The server named by the environment, else a throwaway cluster; nothing of ours stays behind in either."""
    if given := os.environ.get("FENGQIAO_TEST_POSTGRES_URL"):
        server = Server(make_url(given).set(drivername="postgresql"))
        try:
            yield server
        finally:
            server.drop_all()
    else:
        with throwaway_cluster() as url:
            yield Server(url)


def postgres_binaries() -> Path | None:
    """The folder of the newest installed PostgreSQL server, if there is one."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = debian[-1] if debian else shutil.which("initdb")
    return Path(found).resolve().parent if found else None


@contextmanager
def throwaway_cluster() -> Iterator[URL]:
    """A PostgreSQL server on a free port of 127.0.0.1, gone afterwards with all its files, a little later."""
    binaries = postgres_binaries()
    if binaries is None:
        raise RuntimeError("no PostgreSQL binaries here; install them or set FENGQIAO_TEST_POSTGRES_URL")
    # PostgreSQL refuses to run as root.
    account: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="fengqiao-pg-"))
    try:
        if account:
            shutil.chown(folder, "postgres", "postgres")
        url = URL.create("postgresql", "fengqiao", secrets.token_hex(16), "127.0.0.1", free_port(), "postgres")
        make_cluster(binaries, folder, url, account)
        with running(binaries, folder, url, account):
            yield url
    finally:
        # Hundreds of databases are a great many files: nobody waits for them to go.
        os.posix_spawnp("rm", ["rm", "-rf", str(folder)], os.environ)


def make_cluster(binaries: Path, folder: Path, url: URL, account: dict[str, Any]) -> None:
    (folder / "password").write_text(str(url.password))
    # A linguistic collation, as a province's server may well have: whatever needs the order of bytes has to say so.
    order = ["--locale=C", "--locale-provider=icu", "--icu-locale=zh"]
    access = [f"--username={url.username}", f"--pwfile={folder / 'password'}", "--auth=scram-sha-256"]
    command: list[str | Path] = [binaries / "initdb", "--no-sync", "--encoding=UTF8", *order, *access, folder / "data"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, **account)
    if done.returncode:
        raise RuntimeError(f"initdb failed: {done.stderr}")


@contextmanager
def running(binaries: Path, folder: Path, url: URL, account: dict[str, Any]) -> Iterator[None]:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": url.port,
        "unix_socket_directories": folder,
        "max_connections": 200,
        # Nothing here has to survive a power cut.
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
    }
    options = [f"--{name}={value}" for name, value in settings.items()]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [binaries / "postgres", "-D", folder / "data", *options], cwd=folder, stderr=log, **account
        )
    try:
        deadline = time.monotonic() + 30
        ready: list[str | Path] = [binaries / "pg_isready", "--quiet", "--host=127.0.0.1", f"--port={url.port}"]
        while subprocess.run(ready).returncode:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text()}")
            time.sleep(0.02)
        yield
    finally:
        process.send_signal(signal.SIGQUIT)  # at once: the files are deleted next
        process.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def sqlite_database(folder: Path, template: str | None = None) -> str:
    """The URL of a new SQLite file in `folder`: empty, or a copy of the one whose URL is `template`."""
    path = folder / f"{secrets.token_hex(6)}.sqlite3"
    if template:
        original = str(make_url(template).database)
        # SQLite's own backup, not a copy of the file: what is still in the write-ahead log belongs to it.
        with closing(sqlite3.connect(original)) as source, closing(sqlite3.connect(path)) as copy:
            source.backup(copy)
    used.add(f"SQLite {sqlite3.sqlite_version}")
    return f"sqlite+aiosqlite:///{path}"


def chromium() -> Path | None:
    """The system's Chromium, if there is one; no test tool downloads a browser of its own."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((Path(found) for name in names if (found := shutil.which(name))), None)
