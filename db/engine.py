"""The database of a process: one way to read (a compiled statement that returns JSON text) and one to write.

Reads take the shortest way there is (``db.sqlite_reader``, ``db.postgres_reader``). Writes run a plain function over
one SQLAlchemy connection in one transaction, the same on both databases.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import math
import sqlite3
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from db import touched
from db.clock import now
from db.outages import has_room, takes_no_writes
from db.postgres_reader import PostgresReader, milliseconds
from db.reading import Reader, Snapshot, TooSlow
from db.sqlite_reader import SqliteReader, is_late
from db.walled_reader import WalledReader
from db.walls import TELL, system
from settings import Settings

__all__ = ["Database", "Snapshot", "TooSlow", "analyze"]

T = TypeVar("T")
SPARE = 2
"""Connections beside those that requests in work may hold, so that who is asking can be found out all the same."""
IDENTIFYING = 2
"""Connections for finding out who is asking, and as many for signing in: no request, whatever it asks, keeps anybody
from either, and who waits there for somebody's lock keeps nobody from being known."""
EXPORTS = 2
"""Connections of exports: apart from the others, so that no export, however long, keeps a request waiting."""
SQLITE_THREADS = 6
"""Threads of SQLite's readers: more than one viewer may keep busy (``permissions.admission``)."""
FULL_SECONDS = 10.0
"""For so long a write that found no room counts: the sealer tries again all the time while it has something to do."""
LATE = frozenset({"57014", "55P03"})
"""What PostgreSQL says of a statement that met its deadline, and of one that waited too long for a lock."""


class Database:
    """SQLite or PostgreSQL by the settings' URL. Call ``stop`` at the end; it starts by itself."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.url: URL = make_url(settings.database_url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine: AsyncEngine = _engine(self.url, settings, settings.pool_size + SPARE, settings.statement_seconds)
        self._doors: tuple[AsyncEngine, ...] = tuple(
            _engine(self.url, settings, IDENTIFYING, settings.statement_seconds) for _ in ("look", "write")
        )
        self.dialect = self.engine.dialect
        self.walled = settings.row_level_security and not self.is_sqlite
        """Whether the database itself asks who acts (``acting``)."""
        self._told = ""
        self.clock: Callable[[], dt.datetime] = now
        """What tells when a read was made."""
        self._reader: Reader | None = None
        self._exporter: Reader | None = None
        self._prober: AsyncEngine | None = None
        self._starting = asyncio.Lock()
        self._full = _Full()

    async def start(self) -> None:
        """Open the read pool, if nobody has done so."""
        await self._reading()

    async def stop(self) -> None:
        """Close every connection."""
        for reader in (self._reader, self._exporter):
            if reader is not None:
                await reader.stop()
        self._reader = self._exporter = None
        for engine in (self.engine, *self._doors, self._prober):
            if engine is not None:
                await engine.dispose()

    def acting(self, told: str) -> Database:
        """This database as the viewer sees it whom `told` stands for (``db.walls``); behind no wall it is itself."""
        return _Acting(self, told) if self.walled else self

    def as_system(self) -> Database:
        """This database with every row: for the server's own work, never for what a client asked."""
        return self.acting(system()) if self.walled else self

    def identifying(self) -> Database:
        """This database for who finds out who people are: the same, over connections that are kept for that."""
        return _Identifying(self, self._told)

    # --- reads -----------------------------------------------------------------------------------------------------

    async def read(self, sql: str, values: Sequence[Any]) -> bytes | None:
        """The one text a compiled statement returns, in UTF-8; None where it returns null or no row. Raises TooSlow."""
        return await (self._reader or await self._reading()).read(sql, values)

    async def snapshot(self) -> Snapshot:
        """A moment that several statements see alike; close it."""
        return await (self._reader or await self._reading()).snapshot()

    async def rows(self, sql: str, values: Sequence[Any], batch: int = 500) -> AsyncGenerator[list[bytes], None]:
        """The rows of an export, `batch` at a time, over connections of their own. Close the iterator. Raises TooSlow.

        Who cannot have one of these connections at once waits: count exports before (``resolvers.streams``).
        """
        async with contextlib.aclosing((await self._exporting()).rows(sql, values, batch)) as found:
            async for texts in found:
                yield texts

    async def _exporting(self) -> Reader:
        async with self._starting:
            if self._exporter is None:
                self._exporter = await self._opened(EXPORTS, self.settings.export_seconds)
            return self._exporter

    async def _reading(self) -> Reader:
        # Two first reads at once must not open two pools: one of them would never be closed.
        async with self._starting:
            if self._reader is None:
                self._reader = await self._opened(self.settings.pool_size, self.settings.statement_seconds)
            return self._reader

    async def _opened(self, size: int, seconds: float) -> Reader:
        if self.is_sqlite:
            return SqliteReader(str(self.url.database), seconds, min(size, SQLITE_THREADS))
        reader = (WalledReader if self.walled else PostgresReader)(self.url, seconds, size)
        await reader.start()
        return reader

    # --- writes ----------------------------------------------------------------------------------------------------

    async def look(self, function: Callable[[Connection], T], *, bulk: bool = False) -> T:
        """`function` over a connection, without a lock; nothing it writes is kept. For accounts and checks.

        With `bulk` a statement may take as long as it does. Raises TooSlow.
        """
        seconds = math.inf if bulk else self.settings.statement_seconds
        async with self.engine.connect() as connection:
            with _in_time(connection.sync_connection, seconds):
                await self._give_time(connection, seconds)
                await self._tell(connection)
                return await connection.run_sync(function)

    async def write(self, function: Callable[[Connection], T], *, bulk: bool = False) -> T:
        """`function` in one transaction: kept whole, or not at all when it raises.

        A statement has ``statement_seconds``; with `bulk` it may take as long as it does: for loads and rebuilds that
        no request waits for. Raises TooSlow.
        """
        try:
            result = await self._write(self.engine, function, math.inf if bulk else self.settings.statement_seconds)
        except DBAPIError as problem:
            if takes_no_writes(problem):
                self._full.since = time.monotonic()
            raise
        self._full.since = -math.inf
        return result

    def takes_writes(self) -> bool:
        """Whether there is room, and the last write did not just fail for want of it."""
        if self.is_sqlite and not has_room(Path(str(self.url.database)).absolute()):
            return False
        return time.monotonic() - self._full.since > FULL_SECONDS

    async def probe(self, function: Callable[[Connection], T], seconds: float) -> T:
        """As ``write``, over a connection that is kept for this: it answers while all others are busy."""
        return await self._write(self._probing(seconds), function, seconds)

    def _probing(self, seconds: float) -> AsyncEngine:
        if self._prober is None:
            self._prober = _engine(self.url, self.settings, 1, seconds)
        return self._prober

    async def _write(self, engine: AsyncEngine, function: Callable[[Connection], T], seconds: float) -> T:
        async with engine.connect() as connection:
            with _in_time(connection.sync_connection, seconds):
                if self.is_sqlite:
                    # Take the write lock at once: a read that later wants to write would fail instead of waiting.
                    await connection.exec_driver_sql("BEGIN IMMEDIATE")
                await self._give_time(connection, seconds)
                await self._tell(connection)
                await connection.run_sync(touched.begin)
                try:
                    result = await connection.run_sync(function)
                except BaseException:
                    await connection.rollback()
                    raise
                await connection.commit()
                return result

    async def _give_time(self, connection: AsyncConnection, seconds: float) -> None:
        """PostgreSQL keeps deadlines by itself: take them from a transaction that has none, and let it plan anew."""
        if seconds == math.inf and not self.is_sqlite:
            for setting in ("statement_timeout", "idle_in_transaction_session_timeout"):
                await connection.exec_driver_sql(f"SET LOCAL {setting} = 0")
            await connection.run_sync(plan_anew)

    async def _tell(self, connection: AsyncConnection) -> None:
        """Say who acts, for this transaction."""
        if self.walled:
            await connection.execute(TELL, {"told": self._told})


@dataclass
class _Full:
    """When a write last failed for want of room, with none that went well since; shared by all who act."""

    since: float = -math.inf


class _Acting(Database):
    """A database in somebody's name: the same connections, each told whose turn it is."""

    def __init__(self, whole: Database, told: str) -> None:
        self.__dict__.update(whole.__dict__)
        # Pools are opened and closed in one place, also where somebody in a name acts in another's.
        self._whole: Database = whole._whole if isinstance(whole, _Acting) else whole
        self._told = told

    async def start(self) -> None:
        await self._whole.start()

    async def stop(self) -> None:
        await self._whole.stop()

    async def read(self, sql: str, values: Sequence[Any]) -> bytes | None:
        return await self._behind(await self._whole._reading()).read(sql, values)

    async def snapshot(self) -> Snapshot:
        return await self._behind(await self._whole._reading()).snapshot()

    async def rows(self, sql: str, values: Sequence[Any], batch: int = 500) -> AsyncGenerator[list[bytes], None]:
        async with contextlib.aclosing(self._behind(await self._whole._exporting()).rows(sql, values, batch)) as found:
            async for texts in found:
                yield texts

    async def probe(self, function: Callable[[Connection], T], seconds: float) -> T:
        return await self._write(self._whole._probing(seconds), function, seconds)

    def _behind(self, reader: Reader) -> Reader:
        assert isinstance(reader, WalledReader)
        return reader.behind(self._told)


class _Identifying(_Acting):
    """A database over the connections of sign-in (``Database.identifying``)."""

    def __init__(self, whole: Database, told: str) -> None:
        super().__init__(whole, told)
        self.engine, self._writing = self._doors

    async def write(self, function: Callable[[Connection], T], *, bulk: bool = False) -> T:
        return await self._write(self._writing, function, self.settings.statement_seconds)

    def acting(self, told: str) -> Database:
        return _Identifying(self, told) if self.walled else self

    def _behind(self, reader: Reader) -> Reader:
        return super()._behind(reader) if self.walled else reader


def plan_anew(connection: Connection) -> None:
    """For this transaction PostgreSQL looks at the values before it plans: what touches many rows depends on them."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL plan_cache_mode = force_custom_plan")


def analyze(connection: Connection) -> None:
    """Count what the tables hold, so that plans fit it; the last thing a bulk load does in its transaction."""
    connection.exec_driver_sql("ANALYZE")


# --- deadlines of writes --------------------------------------------------------------------------------------------


class _Clock:
    """The deadline of the statement that runs on one connection of SQLite."""

    seconds = until = math.inf

    def start(self) -> None:
        """A statement begins."""
        self.until = time.monotonic() + self.seconds

    def over(self) -> bool:
        """Asked by SQLite from time to time: true ends the statement."""
        return time.monotonic() > self.until


@contextlib.contextmanager
def _in_time(connection: Connection | None, seconds: float) -> Iterator[None]:
    """Work over a connection whose statements have a deadline; PostgreSQL keeps it by itself. Raises TooSlow."""
    assert connection is not None
    clock = connection.info.get("clock")
    if clock is not None:
        clock.seconds = seconds
    try:
        yield
    except DBAPIError as problem:
        if _is_late(problem):
            raise TooSlow from None
        raise


def _is_late(problem: DBAPIError) -> bool:
    if isinstance(problem.orig, sqlite3.Error):
        return is_late(problem.orig)
    return getattr(problem.orig, "sqlstate", None) in LATE


def _engine(url: URL, settings: Settings, size: int, seconds: float) -> AsyncEngine:
    """An engine of `size` connections whose statements have `seconds`."""
    pool: dict[str, Any] = {"pool_size": size, "max_overflow": 0, "pool_timeout": settings.wait_seconds}
    if url.get_backend_name() != "sqlite":
        told = {
            "timezone": "UTC",
            "jit": "off",
            # A write looks up and checks single rows by key, in the same few statements: to plan each of them, and
            # each check of a reference, anew is half of its work. What touches many rows says ``plan_anew``.
            "plan_cache_mode": "force_generic_plan",
            "application_name": "fengqiao",
            "statement_timeout": milliseconds(seconds),
            "lock_timeout": milliseconds(min(seconds, settings.lock_seconds)),
            # A process that hangs between two statements must not keep what it locked.
            "idle_in_transaction_session_timeout": milliseconds(60),
        }
        engine = create_async_engine(url, hide_parameters=True, connect_args={"server_settings": told}, **pool)
        touched.listen(engine.sync_engine)
        return engine
    engine = create_async_engine(url, hide_parameters=True, poolclass=AsyncAdaptedQueuePool, **pool)

    def prepare(connection: Any, record: Any) -> None:
        # Without this the driver begins transactions by itself, and too late to wait for the lock.
        connection.isolation_level = None
        clock = record.info["clock"] = _Clock()
        connection.run_async(lambda driver: driver.set_progress_handler(clock.over, 100_000))
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={milliseconds(min(seconds, settings.lock_seconds))}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-32000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def begin(connection: Connection, *_: Any) -> None:
        connection.info["clock"].start()

    sa.event.listen(engine.sync_engine, "connect", prepare)
    sa.event.listen(engine.sync_engine, "before_cursor_execute", begin)
    touched.listen(engine.sync_engine)
    return engine
