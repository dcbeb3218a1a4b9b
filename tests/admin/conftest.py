"""The demo on both databases, and people who are signed in to the server over it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, expect, sync_playwright
from starlette.testclient import TestClient

from app import create_app
from db.engine import Database
from db.registry import registry
from resolvers.commands.demo import seed_demo
from settings import ROOT, Settings, get_settings
from tests.admin.person import PASSWORD, Person
from tests.canaries import MARK
from tests.conftest import FreshDatabase
from tests.databases import Kind, free_port

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run", "--lang=zh-CN",
]  # fmt: skip
expect.set_options(timeout=30_000)  # what is expected comes; how soon depends on what else the machine does


@pytest.fixture(scope="session")
def demo_template(migrated_database: Callable[[Kind], str]) -> Callable[[Kind], str]:
    """`demo_template(kind)` is a database with the demo, made once a kind; whoever writes works on a copy."""

    @cache
    def template(kind: Kind) -> str:
        url = migrated_database(kind)

        async def seed() -> None:
            database = Database(Settings(database_url=url))
            try:
                await seed_demo(database, password=PASSWORD)
                await database.write(mark)
            finally:
                await database.stop()

        asyncio.run(seed())
        return url

    return template


def mark(connection: sa.Connection) -> None:
    """What cases tell gives itself away wherever it does not belong (``tests.canaries``)."""
    table = registry()["MediationCase"].table
    told = ("summary", "place_text", "applicant_demand", "outcome_note")
    connection.execute(sa.update(table).values({name: table.c[name] + MARK for name in told}))


@pytest.fixture(scope="module")
def demo_url(demo_template: Callable[[Kind], str], database_kind: Kind, fresh_database: FreshDatabase) -> str:
    """A copy of the demo for the tests of one file."""
    return fresh_database(database_kind, template=demo_template(database_kind))


@pytest.fixture(scope="module")
def server(demo_url: str) -> Iterator[TestClient]:
    """The whole application over the demo."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FENGQIAO_DATABASE_URL", demo_url)
        get_settings.cache_clear()
        with TestClient(create_app()) as client:
            yield client
    get_settings.cache_clear()


@pytest.fixture(scope="module")
def people(server: TestClient) -> Callable[[str], Person]:
    """`people("office")` is signed in, each login once a file."""

    @cache
    def person(login: str) -> Person:
        return Person.signed_in(server, login)

    return person


@pytest.fixture(scope="module")
def address(demo_url: str) -> Iterator[str]:
    """A server of its own process over the demo."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "app:create_app", "--factory", f"--port={port}", "--log-level=warning"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "FENGQIAO_DATABASE_URL": demo_url})
    try:
        until = time.monotonic() + 120  # as long as a busy machine takes
        while not _answers(f"http://127.0.0.1:{port}/healthz"):
            assert process.poll() is None, "the server did not start"
            assert time.monotonic() < until, "the server does not answer"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url).status_code == 200
    except httpx2.TransportError:
        return False


@pytest.fixture
def browser(chromium: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()
