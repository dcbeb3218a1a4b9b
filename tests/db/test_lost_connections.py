"""Connections that PostgreSQL ends: who reads gets others, who writes is told that the database was away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.engine import Database
from db.outages import is_outage
from resolvers.commands.numbers import next_number
from settings import Settings
from tests.databases import Kind

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)]
SIZE = 3
_ONES = "SELECT '1'::text FROM pg_sleep(0.05)"
_ENDED = sa.text(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name = :name"
)


@pytest.fixture
async def database(migrated_database: Callable[[Kind], str], database_kind: Kind) -> AsyncIterator[Database]:
    made = Database(Settings(database_url=migrated_database(database_kind), pool_size=SIZE))
    yield made
    await made.stop()


async def test_readers_get_over_the_loss_of_every_connection_as_often_as_it_happens(database: Database) -> None:
    """No place of the pool is lost with its connection: as many readers as before are served after each time."""
    for _ in range(SIZE + 1):
        await all_read(database)
        assert await database.look(lambda c: c.scalar(_ENDED, {"name": "fengqiao-read"})) == SIZE
    await all_read(database)


async def all_read(database: Database) -> None:
    """As many readers at once as there are places; who comes before the news of the loss meets an outage."""
    async with asyncio.timeout(30):
        while True:
            found = await asyncio.gather(*(database.read(_ONES, ()) for _ in range(SIZE)), return_exceptions=True)
            problems = [problem for problem in found if isinstance(problem, BaseException)]
            assert all(is_outage(problem) for problem in problems), problems
            if not problems:
                assert found == [b"1"] * SIZE
                return


def ended_by_itself(connection: Connection) -> None:
    connection.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))


def ended_between_prepared_statements(connection: Connection) -> None:
    next_number(connection, "one")
    ended_by_itself_quietly(connection)
    next_number(connection, "two")


def ended_by_itself_quietly(connection: Connection) -> None:
    cursor = connection.connection.cursor()
    with pytest.raises(Exception, match=r"terminat|clos"):
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


@pytest.mark.parametrize("write", [ended_by_itself, ended_between_prepared_statements])
async def test_a_write_whose_connection_is_lost_meets_an_outage_and_the_next_one_does_not(
    database: Database, write: Callable[[Connection], None]
) -> None:
    """Nothing of it is kept, and nothing of ours is said to be at fault."""
    with pytest.raises(sa.exc.DBAPIError) as raised:
        await database.write(write)
    assert is_outage(raised.value)
    assert await database.write(lambda c: next_number(c, "one")) == 1


async def test_a_mistake_of_ours_is_no_outage(database: Database) -> None:
    """A statement that the database refuses says nothing of the database."""
    with pytest.raises(sa.exc.DBAPIError) as raised:
        await database.write(lambda c: c.execute(sa.text("SELECT nothing FROM nowhere")))
    assert not is_outage(raised.value)
