"""Reads of PostgreSQL behind the second wall: each connection is told who reads before it reads (``db.walls``).

A connection stays told until somebody else's turn comes, so who asks several times in a row pays one more statement
once. What it was told last is known by heart; a reader that names nobody is told as nobody.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from db.postgres_connections import Connections
from db.postgres_reader import PostgresReader, _Snapshot
from db.walls import VIEWER


class WalledReader(PostgresReader):
    """A ``db.reading.Reader`` in nobody's name; ``behind`` gives one in somebody's."""

    def behind(self, told: str) -> PostgresReader:
        """A reader over the same connections in the name of whom `told` stands for."""
        return _Behind(self, told)

    async def read(self, sql: str, values: Sequence[Any]) -> bytes | None:
        return await self.behind("").read(sql, values)

    async def snapshot(self) -> _Snapshot:
        return await self.behind("").snapshot()

    async def rows(self, sql: str, values: Sequence[Any], batch: int) -> AsyncGenerator[list[bytes], None]:
        async with contextlib.aclosing(self.behind("").rows(sql, values, batch)) as found:
            async for texts in found:
                yield texts


class _Behind(PostgresReader):
    """A reader in somebody's name."""

    def __init__(self, whole: WalledReader, told: str) -> None:
        self._connections = _Told(whole._connections, told)

    async def start(self) -> None:
        """Nothing: the connections are another reader's, who also ends them."""

    async def stop(self) -> None:
        """As ``start``."""


class _Told(Connections):
    """Connections that know who reads, taken from and given back to those of a whole reader."""

    def __init__(self, whole: Connections, told: str) -> None:
        self._whole, self._text = whole, told
        self.give_back, self.mend = whole.give_back, whole.mend  # type: ignore[method-assign]

    async def take(self) -> Any:
        connection = await self._whole.take()
        last: list[str | None] = connection.last_told
        if last[0] != self._text:
            last[0] = None
            try:
                await connection.fetchval(f"SELECT set_config('{VIEWER}', $1, false)", self._text)
            except BaseException:
                self._whole.mend(connection)
                raise
            last[0] = self._text
        return connection
