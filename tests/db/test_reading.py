"""Reads of both databases: one moment for several statements, deadlines, and what a cancelled read leaves behind."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from db.engine import EXPORTS, Database, TooSlow
from db.technical import NumberSeries
from settings import Settings
from tests.databases import Kind

TABLE: sa.Table = NumberSeries.__table__  # type: ignore[assignment]
COUNT = "SELECT CAST(count(*) AS TEXT) FROM number_series"
NEVER_ENDS = {
    "sqlite": "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT CAST(count(*) AS TEXT) FROM c",
    "postgresql": "SELECT pg_sleep(3600)::text",
}
NAMES = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {}) SELECT CAST(n AS TEXT) FROM c"
MANY = 20


@pytest.fixture
def url(migrated_database: Callable[[Kind], str], database_kind: Kind) -> str:
    return migrated_database(database_kind)


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = Database(Settings(database_url=url, pool_size=3, statement_seconds=60))
    yield opened
    await opened.stop()


def endless(database: Database) -> str:
    return NEVER_ENDS["sqlite" if database.is_sqlite else "postgresql"]


def add(name: str) -> Callable[[Connection], None]:
    """A write of one row."""

    def write(connection: Connection) -> None:
        connection.execute(sa.insert(TABLE).values(name=name, last=1))

    return write


async def count(database: Database) -> int:
    async with asyncio.timeout(30):  # the tests' own patience: what hangs fails
        return int(await database.read(COUNT, ()) or -1)


async def test_a_snapshot_sees_one_moment_while_others_write(database: Database) -> None:
    """What is written between two statements of a snapshot is in neither; a read by itself sees it."""
    before = await count(database)
    snapshot = await database.snapshot()
    try:
        assert await snapshot.read(COUNT, ()) == b"%d" % before
        await database.write(add("meanwhile"))
        assert await snapshot.read(COUNT, ()) == b"%d" % before
        assert await count(database) == before + 1
    finally:
        await snapshot.close()
    assert await count(database) == before + 1


async def test_reads_that_are_cancelled_give_their_connections_back(database: Database) -> None:
    """Every connection is held by a statement that never ends; when their tasks are cancelled all are free again."""
    reads = [asyncio.create_task(database.read(endless(database), ())) for _ in range(MANY)]
    await asyncio.sleep(0.3)
    for read in reads:
        read.cancel()
    ends = await asyncio.gather(*reads, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ends)
    assert await asyncio.gather(*(count(database) for _ in range(MANY))) == [await count(database)] * MANY


async def test_a_cancelled_snapshot_gives_its_connection_back(database: Database) -> None:
    """A request that leaves in the midst of its snapshot closes it, and the connection stands in no transaction."""

    async def work() -> None:
        snapshot = await database.snapshot()
        try:
            await snapshot.read(COUNT, ())
            await snapshot.read(endless(database), ())
        finally:
            await snapshot.close()

    tasks = [asyncio.create_task(work()) for _ in range(3)]
    await asyncio.sleep(0.3)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    before = await count(database)
    await database.write(add("later"))
    assert await asyncio.gather(*(count(database) for _ in range(MANY))) == [before + 1] * MANY


async def test_a_statement_has_a_deadline_and_the_next_one_does_not_suffer(url: str) -> None:
    """Reads, looks and writes alike end with TooSlow; nothing of the write is kept, and the connections work on."""
    database = Database(Settings(database_url=url, pool_size=1, statement_seconds=0.3))

    def write(connection: Connection) -> None:
        add("lost")(connection)
        connection.exec_driver_sql(endless(database))

    before = await count(database)
    attempts: list[Awaitable[Any]] = [
        database.read(endless(database), ()),
        database.look(lambda connection: connection.exec_driver_sql(endless(database)).all()),
        database.write(write),
    ]
    for attempt in attempts:
        with pytest.raises(TooSlow):
            await attempt
        assert await count(database) == before
    await database.write(add("kept"), bulk=True)
    assert await count(database) == before + 1
    await database.stop()


async def test_a_failed_snapshot_says_late_for_the_rest_of_it(url: str) -> None:
    """After one statement met its deadline the snapshot can still be closed, and what follows is late or right."""
    database = Database(Settings(database_url=url, pool_size=1, statement_seconds=0.3))
    snapshot = await database.snapshot()
    with pytest.raises(TooSlow):
        await snapshot.read(endless(database), ())
    with contextlib.suppress(TooSlow):
        assert await snapshot.read(COUNT, ()) is not None
    await snapshot.close()
    assert await count(database) >= 0
    await database.stop()


async def test_who_waits_too_long_for_a_lock_hears_too_slow(url: str) -> None:
    """Somebody holds what a write needs for longer than ``lock_seconds``."""
    holder = Database(Settings(database_url=url))
    waiter = Database(Settings(database_url=url, lock_seconds=0.3))
    await holder.write(add("held"))
    held, done = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def change(connection: Connection) -> None:
        connection.execute(sa.update(TABLE).where(TABLE.c.name == "held").values(last=TABLE.c.last + 1))

    def hold(connection: Connection) -> None:
        change(connection)
        loop.call_soon_threadsafe(held.set)
        sa.util.await_only(done.wait())

    holding = asyncio.create_task(holder.write(hold))
    await held.wait()
    with pytest.raises(TooSlow):
        await waiter.write(change)
    done.set()
    await holding
    await waiter.write(change)
    for database in (holder, waiter):
        await database.stop()


async def test_an_export_comes_in_batches_over_connections_of_its_own(database: Database) -> None:
    """Two exports that nobody reads on from take no connection of other reads, and end when they are closed."""
    sql = NAMES.format(10_000)
    async with contextlib.AsyncExitStack() as stack:
        exports = [contextlib.aclosing(database.rows(sql, (), 100)) for _ in range(EXPORTS)]
        streams = [await stack.enter_async_context(export) for export in exports]
        assert [len(await anext(stream)) for stream in streams] == [100] * EXPORTS
        assert len(await asyncio.gather(*(count(database) for _ in range(MANY)))) == MANY
    async with contextlib.aclosing(database.rows(sql, (), 3_000)) as stream:
        sizes = [len(batch) async for batch in stream]
    assert sizes == [3_000, 3_000, 3_000, 1_000]


async def test_many_first_reads_at_once_open_one_pool(url: str) -> None:
    """Reads that come before the pool is there wait for one and the same."""
    database = Database(Settings(database_url=url, pool_size=2))
    await asyncio.gather(*(count(database) for _ in range(MANY)))
    if not database.is_sqlite:
        mine = "SELECT count(*)::text FROM pg_stat_activity WHERE application_name = 'fengqiao-read'"
        found = await database.read(f"{mine} AND datname = current_database()", ())
        assert int(found or 0) <= 2
    await database.stop()


async def test_the_probe_answers_while_every_connection_is_busy(url: str) -> None:
    """Readiness writes over a connection of its own; on SQLite the writer is busy, and that it says."""
    database = Database(Settings(database_url=url, pool_size=1))
    done = asyncio.Event()
    busy = [asyncio.create_task(database.look(lambda _c: sa.util.await_only(done.wait()))) for _ in range(10)]
    await asyncio.sleep(0.1)
    async with asyncio.timeout(10):
        await database.probe(add("probed"), 5)
    done.set()
    await asyncio.gather(*busy, return_exceptions=True)
    await database.stop()
