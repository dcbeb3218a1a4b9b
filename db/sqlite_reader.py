"""Reads of SQLite: a few threads, connections that only read, one hop a statement.

sqlite3 lets go of the interpreter lock while it steps, so the threads really work side by side.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

from db.reading import TooSlow
from db.veil import add_function

T = TypeVar("T")
_STEPS = 100_000
"""Steps of SQLite's machine between two looks at the clock: a millisecond or two."""


class _Job:
    """One piece of work in a thread; it ends early when it is late or when nobody waits for it any more."""

    def __init__(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        self.abandoned = False
        self.future: Future[Any] | None = None

    def over(self) -> bool:
        """Asked by SQLite from time to time: true ends the statement."""
        return self.abandoned or time.monotonic() > self._deadline


class SqliteReader:
    """A ``db.reading.Reader`` over the file at `path`; `seconds` is the deadline of a statement."""

    def __init__(self, path: str, seconds: float, threads: int) -> None:
        self.path, self.seconds = path, seconds
        self._idle: list[sqlite3.Connection] = []
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="sqlite-read")

    async def start(self) -> None:
        """Nothing: connections are opened by the statements that need one."""

    async def stop(self) -> None:
        self._threads.shutdown(wait=True)
        while self._idle:
            self._idle.pop().close()

    async def read(self, sql: str, values: Sequence[Any]) -> bytes | None:
        return await self.run(_Job(self.seconds), self._read, sql, values)

    async def snapshot(self) -> _Snapshot:
        return _Snapshot(self)

    async def rows(self, sql: str, values: Sequence[Any], batch: int) -> AsyncGenerator[list[bytes], None]:
        stream = _Snapshot(self)
        try:
            cursor = await stream.run(lambda connection: connection.execute(sql, tuple(values)))
            while found := await stream.run(lambda _connection: cursor.fetchmany(batch)):
                yield [row[0] for row in found]
        finally:
            await stream.close()

    async def run(self, job: _Job, work: Callable[..., T], *arguments: Any) -> T:
        """`work(job, *arguments)` in a thread; abandoned with the task that waits for it."""
        job.future = self._threads.submit(work, job, *arguments)
        try:
            return await asyncio.wrap_future(job.future)
        except asyncio.CancelledError:
            job.abandoned = True
            raise

    def take(self) -> sqlite3.Connection:
        """A connection; the one used last comes first, since it knows the statements of late. Runs in a thread."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._open()

    def give_back(self, connection: sqlite3.Connection) -> None:
        """The connection may be taken again. Runs in a thread."""
        self._idle.append(connection)

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None, cached_statements=512)
        connection.text_factory = bytes
        add_function(connection)
        connection.executescript("PRAGMA busy_timeout=15000; PRAGMA query_only=ON; PRAGMA cache_size=-32000;")
        return connection

    def _read(self, job: _Job, sql: str, values: Sequence[Any]) -> bytes | None:
        connection = self.take()
        try:
            return watched(connection, job, lambda: _text(connection, sql, values))
        finally:
            self.give_back(connection)


class _Snapshot:
    """A connection in a transaction of its own, from the first statement to ``close``."""

    def __init__(self, reader: SqliteReader) -> None:
        self._reader = reader
        self._connection: sqlite3.Connection | None = None
        self._last: Future[Any] | None = None

    async def read(self, sql: str, values: Sequence[Any]) -> bytes | None:
        return await self.run(lambda connection: _text(connection, sql, values))

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """`work` over the connection, in a thread."""
        job = _Job(self._reader.seconds)
        try:
            return await self._reader.run(job, self._run, work)
        finally:
            self._last = job.future

    def _run(self, job: _Job, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._connection is None:
            self._connection = self._reader.take()
            self._connection.execute("BEGIN")
        connection = self._connection
        return watched(connection, job, lambda: work(connection))

    async def close(self) -> None:
        if self._last is not None:
            # Sent at once, so that a task that is cancelled a second time has given it back all the same.
            await self._reader.run(_Job(self._reader.seconds), self._close, self._last)

    def _close(self, _job: _Job, last: Future[Any]) -> None:
        wait([last])
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.set_progress_handler(None, 0)
            connection.execute("ROLLBACK")
            self._reader.give_back(connection)


def watched(connection: sqlite3.Connection, job: _Job, work: Callable[[], T]) -> T:
    """`work`, ended when the job is over. Raises TooSlow."""
    connection.set_progress_handler(job.over, _STEPS)
    try:
        return work()
    except sqlite3.OperationalError as problem:
        if is_late(problem):
            raise TooSlow from None
        raise


def is_late(problem: BaseException | None) -> bool:
    """Whether SQLite gave up because of a deadline: the statement's or that of waiting for the write lock."""
    return isinstance(problem, sqlite3.OperationalError) and ("interrupted" in str(problem) or "locked" in str(problem))


def _text(connection: sqlite3.Connection, sql: str, values: Sequence[Any]) -> bytes | None:
    row = connection.execute(sql, tuple(values)).fetchone()
    return None if row is None else row[0]
