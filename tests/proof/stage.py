"""A town that people work in, behind a real server: a process of its own, which may be killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import make_url
from sqlalchemy.engine import Connection

from bench.servers import uvicorn
from db.crypto import current_secret, secrets
from db.engine import Database
from db.registry import registry
from permissions.tokens import create_token
from settings import ROOT, Settings
from tests.canaries import MARK
from tests.databases import RUNTIME, free_port, owner_of
from tests.permissions.world import PASSWORD, password_hash
from tests.resolvers.test_cases import case
from tests.resolvers.town import Town, build, code_of, host, mediator

CLERKS = ("district", "district2", "office", "officer2")
"""Accounts that may change the same rows."""
__all__ = ["CLERKS", "PASSWORD", "Process", "Stage", "opened", "server", "settle"]


@dataclass(frozen=True)
class Stage:
    """A filled database, and what its clients have to know."""

    url: str
    tokens: dict[str, str]
    """Bearer tokens by login: every account, each of another role or place."""
    ids: dict[str, str]
    """Global ids of some rows by name."""


def opened(url: str) -> Database:
    """The database as the server opens it."""
    return Database(Settings(database_url=url, row_level_security=is_walled(url)))


def is_walled(url: str) -> bool:
    """Whether rows are guarded by the database, too."""
    return make_url(url).username == RUNTIME


def settle(url: str) -> Stage:
    """Fill the empty migrated database at `url`: four committees with their people, cases, filings and host units."""

    async def run() -> Stage:
        database = opened(url)
        try:
            return await _filled(database, url)
        finally:
            await database.stop()

    return asyncio.run(run())


async def _filled(database: Database, url: str) -> Stage:
    town = Town(database, await database.as_system().write(build))
    committees = [await town.found(), await town.found("office", "village2")]
    for key in committees:
        await town.term(key)
        await town.staff(key)
    outside = (("office3", "office3", "village3"), ("office4", "office4", "village4"))
    for login, unit, _ in outside:
        await town.account(login, "OFFC", org_unit_id=town.keys[unit])
    committees += [await town.found(login, village) for login, _, village in outside]
    people = [await town.create("other", "Mediator", mediator(90 + i, "village4")) for i in range(2)]
    offices = ("office", "office", "office3", "office4")
    for number, (committee, login) in enumerate(zip(committees, offices, strict=True)):
        await town.clerk(committee, f"clerk{number}")
        for _ in range(number + 2):
            place = {"region": {"code": code_of(f"village{number + 1}")}, "placeText": f"三号楼{MARK}"}
            await town.create(login, "MediationCase", case(committee, **place))
    await town.account("mediator", "MEDR", mediator_id=people[0])
    await town.account("partner", "PART", org_unit_id=town.keys["health"])
    await town.account("auditor4", "AUDT", region_id=town.keys["district4"])
    hosts = [await town.create("district", "HostUnit", host(name=f"第{i}机械厂", employeeCount=10)) for i in range(4)]
    filings = [await town.filing(committees[i], f"clerk{i}") for i in range(2)]
    return Stage(url, await town.database.write(lambda c: _signed_in(c, town)), {
        **{f"committee{i}": f"mc_{key}" for i, key in enumerate(committees)},
        **{f"host{i}": f"hu_{key}" for i, key in enumerate(hosts)},
        **{f"filing{i}": f"cf_{key}" for i, key in enumerate(filings)},
        "mediator": f"md_{people[0]}",
    })  # fmt: skip


def _signed_in(connection: Connection, town: Town) -> dict[str, str]:
    accounts = registry()["UserAccount"].table
    connection.execute(sa.update(accounts).values(password_hash=password_hash()))
    logins = {name[1:]: key for name, key in town.keys.items() if name.startswith("@")}
    return {login: create_token(connection, key, "proof") for login, key in logins.items()}


# --- the server -------------------------------------------------------------------------------------------------------


class Process:
    """A server in a process group of its own: it, and its workers where there are several."""

    def __init__(self, url: str, workers: int = 1) -> None:
        self.port, self._workers = free_port(), workers
        told = {
            **{name: value for name, value in os.environ.items() if not name.startswith("FENGQIAO_")},
            "FENGQIAO_DATABASE_URL": url,
            # Who fills the database and who serves it have the same secret: it is in what is encrypted, and in seals.
            "FENGQIAO_SECRET_KEY": secrets()[current_secret()].decode(),
            "FENGQIAO_ROW_LEVEL_SECURITY": str(is_walled(url)), "FENGQIAO_OWNER_DATABASE_URL": owner_of(url),
            # A busy machine must not make refusals of what is only slow, nor many refusals the end of all writing.
            "FENGQIAO_WAIT_SECONDS": "60", "FENGQIAO_REFUSED_WRITES_PER_HOUR": "100000",
            "FENGQIAO_STATEMENT_SECONDS": "60", "FENGQIAO_LOCK_SECONDS": "60",
        }  # fmt: skip
        options = ["--http", "permissions.wire:Protocol", "--workers", str(workers)]
        command = uvicorn("app:create_server", self.port, *options)
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=told, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )

    def wait(self, seconds: float = 120) -> None:
        """Returns when it answers. Raises RuntimeError when it ends, or after so long."""
        deadline = time.monotonic() + seconds
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the server did not start: {self._process.returncode}")
            time.sleep(0.03)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=10) as answer:
                return bool(answer.status == 200)
        except OSError:  # urllib's refusals are such
            return False

    def workers(self) -> list[int]:
        """The processes that answer requests, where there are several."""
        if self._workers == 1:
            return []
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]

    def kill(self) -> None:
        """End all of it at once, whatever it is doing."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end, and wait for it."""
        self._end(signal.SIGTERM)

    def _end(self, sign: signal.Signals) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, sign)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


@contextmanager
def server(url: str, workers: int) -> Iterator[Process]:
    """A server over the database, for the length of the block."""
    process = Process(url, workers)
    try:
        process.wait()
        yield process
    finally:
        process.stop()
