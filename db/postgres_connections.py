"""Connections to PostgreSQL that stay with who reads: taken and given back without a task, a proxy or a time-out.

asyncpg's own pool opens them and repairs what was broken off. Going through it for each statement costs more CPU than
the statement: 35 against 11 microseconds where nothing but ``select $1`` is asked.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any

import asyncpg


class _Connection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that remembers what it was told last, of who reads (``db.walled_reader``)."""

    __slots__ = ("last_told",)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.last_told: list[str | None] = [None]


class Connections:
    """At most `size` connections; the one used last is taken first, who waits is served in turn."""

    def __init__(self, dsn: str, size: int, settings: Mapping[str, str]) -> None:
        self._dsn, self._size, self._settings = dsn, size, dict(settings)
        self._pool: Any = None
        self._idle: list[Any] = []
        self._held = 0
        """Connections that are idle here, taken, or on their way to either."""
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._repairs: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Connect once, so that a wrong address is told at the start."""
        self._pool = await asyncpg.create_pool(
            self._dsn, min_size=1, max_size=self._size, init=_prepare, reset=_mend, server_settings=self._settings,
            statement_cache_size=512, connection_class=_Connection,
        )  # fmt: skip

    async def close(self) -> None:
        """Wait for those that are taken, and close all."""
        while self._repairs:
            await asyncio.wait(self._repairs)
        while self._idle:
            await self._pool.release(self._idle.pop())
        await self._pool.close()

    async def take(self) -> Any:
        """A connection, to be given back or mended."""
        while self._idle:
            connection = self._idle.pop()
            if not _is_lost(connection):
                return connection
            self._held -= 1
            await self._pool.release(connection)
        if self._held < self._size:
            return await self._another()
        place: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            return await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.exception() is None:
                self.give_back(place.result())
            raise

    def give_back(self, connection: Any) -> None:
        """A connection on which nothing is under way."""
        if self._pool.is_closing() or _is_lost(connection):
            return self.mend(connection)
        for place in self._calling():
            place.set_result(connection)
            return
        self._idle.append(connection)

    def mend(self, connection: Any) -> None:
        """A connection on which something was broken off: asyncpg waits for the end of that, or closes it."""
        task = asyncio.ensure_future(self._mended(connection))
        self._repairs.add(task)
        task.add_done_callback(self._repairs.discard)

    async def _mended(self, connection: Any) -> None:
        try:
            await self._pool.release(connection)
        finally:
            self._held -= 1
            await self._fill()

    async def _fill(self) -> None:
        """A place became free: who waits for a connection gets a new one."""
        for place in self._calling():
            try:
                connection = await self._another()
            except Exception as problem:
                if not place.done():
                    place.set_exception(problem)
                continue
            if place.done():
                self.give_back(connection)
            else:
                place.set_result(connection)
            return

    async def _another(self) -> Any:
        self._held += 1
        try:
            return await self._pool.acquire()
        except BaseException:
            self._held -= 1
            raise

    def _calling(self) -> Any:
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                yield place


def _is_lost(connection: Any) -> bool:
    """Whether the server ended it while nobody looked: asyncpg may have taken it back for that already."""
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:
        return True


async def _mend(connection: Any) -> None:
    """What a connection needs that was broken off. Reads leave no other state: a whole reset would be a round trip."""
    if connection.is_in_transaction():
        await connection.execute("ROLLBACK")


async def _prepare(connection: Any) -> None:
    """What ``text`` holds is handed on as the bytes it came in. Values that are sent are of other types mostly."""
    await connection.set_type_codec(
        "text", schema="pg_catalog", encoder=str.encode, decoder=lambda data: data, format="binary"
    )
