"""What both kinds of database offer to reads: one statement, several in one snapshot, and rows as they come."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Protocol


class TooSlow(Exception):
    """A statement met its deadline, or waited too long for somebody else's lock."""


class Snapshot(Protocol):
    """One moment of the database: every statement sees the rows as the first one found them. One at a time."""

    async def read(self, sql: str, values: Sequence[Any]) -> bytes | None:
        """As ``Reader.read``."""

    async def close(self) -> None:
        """Give the connection back. Must be called, also after a failure."""


class Reader(Protocol):
    """A pool of connections that only read. Who is cancelled while waiting for an answer ends the statement too."""

    async def start(self) -> None:
        """Open the pool."""

    async def stop(self) -> None:
        """Close every connection."""

    async def read(self, sql: str, values: Sequence[Any]) -> bytes | None:
        """The one text of a statement, in UTF-8; None where it returns null or no row. Raises TooSlow.

        Clients get these bytes: to make a ``str`` of them and bytes again costs more than all else on the way.
        """

    async def snapshot(self) -> Snapshot:
        """A connection that stands at one moment until it is closed."""

    def rows(self, sql: str, values: Sequence[Any], batch: int) -> AsyncGenerator[list[bytes], None]:
        """The first column of a statement, `batch` rows at a time, never more of them in memory. Raises TooSlow.

        Close the iterator (``contextlib.aclosing``): it holds a connection.
        """
