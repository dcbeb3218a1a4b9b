"""The town of the command tests, fresh for each test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from db.engine import Database
from settings import Settings
from tests.conftest import FreshDatabase
from tests.databases import Kind, owner_of
from tests.resolvers.demo import Demo, seed
from tests.resolvers.town import Town, build


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A module may name its kinds of database: ``KINDS = WITH_WALL``."""
    kinds = getattr(metafunc.module, "KINDS", None)
    if kinds and "database_kind" in metafunc.fixturenames:
        metafunc.definition.add_marker(pytest.mark.parametrize("database_kind", kinds, indirect=True))


@pytest.fixture(scope="session")
def built_town(migrated_database: Callable[[Kind], str], database_kind: Kind) -> tuple[str, dict[str, str]]:
    """A database with the town, and the keys of its rows; only ever copied."""
    url = migrated_database(database_kind)

    async def run() -> dict[str, str]:
        database = Database(Settings(database_url=owner_of(url)))
        try:
            return await database.write(build)
        finally:
            await database.stop()

    return url, asyncio.run(run())


@pytest.fixture
async def town(
    built_town: tuple[str, dict[str, str]], database_kind: Kind, fresh_database: FreshDatabase
) -> AsyncIterator[Town]:
    """The town in a database of its own, with commands over it."""
    url, keys = built_town
    copy = fresh_database(database_kind, template=url)
    database = Database(Settings(database_url=copy, row_level_security=database_kind == "walled"))
    yield Town(database, dict(keys))
    await database.stop()


@pytest.fixture(scope="session")
def demo_template(migrated_database: Callable[[Kind], str], database_kind: Kind) -> str:
    """A database with the demo; only ever copied."""
    url = migrated_database(database_kind)
    asyncio.run(seed(owner_of(url)))
    return url


@pytest.fixture
async def jiangsu_demo(demo_template: str, database_kind: Kind, fresh_database: FreshDatabase) -> AsyncIterator[Demo]:
    """The demo in a database of its own."""
    copy = fresh_database(database_kind, template=demo_template)
    database = Database(Settings(database_url=copy, row_level_security=database_kind == "walled"))
    yield Demo(database)
    await database.stop()
