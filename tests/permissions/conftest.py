"""The small country in a database of each kind, for every file that signs somebody in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from db.engine import Database
from settings import Settings
from tests.conftest import FreshDatabase
from tests.databases import Kind, owner_of
from tests.permissions.world import World, in_database, settle


@pytest.fixture(scope="module")
def country(migrated_database: Callable[[Kind], str], database_kind: Kind) -> tuple[str, World]:
    """The URL of the country, and the keys of what stands in it; whoever writes works on a copy."""
    url = migrated_database(database_kind)
    return url, in_database(owner_of(url), settle)


@pytest.fixture
def url(country: tuple[str, World], database_kind: Kind, fresh_database: FreshDatabase) -> str:
    """A copy of the country for one test."""
    return fresh_database(database_kind, template=country[0])


@pytest.fixture
async def database(url: str, database_kind: Kind) -> AsyncIterator[Database]:
    """The same, open, as the server itself sees it when somebody signs in."""
    database = Database(Settings(database_url=url, row_level_security=database_kind == "walled"))
    yield database.as_system()
    await database.stop()


@pytest.fixture
def world(country: tuple[str, World]) -> World:
    """The keys of the country; rows are added through `people`."""
    return country[1]
