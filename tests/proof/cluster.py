"""A PostgreSQL server that keeps what it acknowledges, and may be torn down: a backend killed, or all of it stopped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import URL

from db.engine import Database
from settings import Settings
from tests.databases import free_port, make_cluster, postgres_binaries

SETTINGS = {"listen_addresses": "127.0.0.1", "max_connections": "100", "fsync": "on", "synchronous_commit": "on"}
"""As an installation has it: other scratch servers here are quicker and forget."""


@dataclass
class Cluster:
    """A server of our own over `folder`."""

    binaries: Path
    folder: Path
    url: URL
    account: dict[str, Any]
    process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Returns when it takes connections, after whatever it had to recover. Raises RuntimeError."""
        given = {**SETTINGS, "port": str(self.url.port), "unix_socket_directories": str(self.folder)}
        options = [f"--{name}={value}" for name, value in given.items()]
        command: list[str | Path] = [self.binaries / "postgres", "-D", self.folder / "data", *options]
        with (self.folder / "log").open("a") as log:
            process = self.process = subprocess.Popen(command, cwd=self.folder, stderr=log, **self.account)
        deadline = time.monotonic() + 60
        ready: list[str | Path] = [
            self.binaries / "pg_isready", "--quiet", "--host=127.0.0.1", f"--port={self.url.port}",
        ]  # fmt: skip
        while subprocess.run(ready).returncode:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.02)

    def stop_at_once(self) -> None:
        """Stop without writing anything out (``pg_ctl stop -m immediate``)."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(60)
            self.process = None

    def create(self) -> str:
        """The URL of a new, empty database."""
        name = "proof"
        subprocess.run(
            [self.binaries / "createdb", "--template=template0", name], check=True, env={**os.environ, **self._access()}
        )
        return self.url.set(drivername="postgresql+asyncpg", database=name).render_as_string(hide_password=False)

    def _access(self) -> dict[str, str]:
        known = {"PGHOST": "127.0.0.1", "PGPORT": self.url.port, "PGUSER": self.url.username}
        return {name: str(value) for name, value in {**known, "PGPASSWORD": self.url.password}.items()}


async def kill_a_backend(url: str) -> bool:
    """Kill the process of one of the application's connections, one that writes where there is one; whether it did."""
    busy = sa.text(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'fengqiao'"
        " AND pid <> pg_backend_pid() ORDER BY backend_xid IS NULL, state = 'idle' LIMIT 1"
    )
    database = Database(Settings(database_url=url))
    try:
        pid = await database.look(lambda connection: connection.scalar(busy))
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        return pid is not None
    finally:
        await database.stop()


@contextmanager
def durable_cluster() -> Iterator[Cluster]:
    """A server on a free port of 127.0.0.1, gone afterwards with all its files. RuntimeError without binaries."""
    binaries = postgres_binaries()
    if binaries is None:
        raise RuntimeError("no PostgreSQL binaries here")
    account: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="fengqiao-crash-"))
    try:
        if account:
            shutil.chown(folder, "postgres", "postgres")
        url = URL.create("postgresql", "fengqiao", os.urandom(16).hex(), "127.0.0.1", free_port(), "postgres")
        cluster = Cluster(binaries, folder, url, account)
        make_cluster(binaries, folder, url, account)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop_at_once()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
