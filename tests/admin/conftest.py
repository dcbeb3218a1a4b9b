"""The demo on both databases, and people who are signed in to the server over it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import cache

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect
from starlette.testclient import TestClient

from app import create_app
from db.engine import Database
from db.registry import registry
from resolvers.commands.demo import seed_demo
from settings import Settings, get_settings
from tests.admin.person import PASSWORD, Person
from tests.canaries import MARK
from tests.conftest import FreshDatabase
from tests.databases import Kind

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
