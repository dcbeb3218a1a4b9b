"""What a transaction has done to rows of entities and not yet put on record: the door notes it, the record takes it.

A touch lives with its connection: a savepoint that is taken back takes back what was noted in it, and a transaction
that begins finds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

Row = Mapping[str, Any]
MOST = 500
"""Rows that one write of a set tells one by one; of a larger set it tells how many they were."""
_HERE = "touched"


@dataclass(frozen=True)
class Touch:
    """A row as it was (None: it is new) and as it is now."""

    table: sa.Table
    before: Row | None
    after: Row


@dataclass(frozen=True)
class Many:
    """So many rows of a table that they are told as a number: made, or changed."""

    table: sa.Table
    made: bool
    count: int


class _Noted:
    """What one connection has noted, and what it had noted when each open savepoint began."""

    def __init__(self) -> None:
        self.touches: list[Touch | Many] = []
        self.marks: list[list[Touch | Many]] = []


def begin(connection: Connection) -> None:
    """A transaction begins: what an earlier one left is none of its."""
    connection.info.pop(_HERE, None)


def note(connection: Connection, *touches: Touch | Many) -> None:
    """Remember what was done to rows."""
    _noted(connection).touches.extend(touches)


def take(connection: Connection) -> list[Touch | Many]:
    """What was done since the last record, for the record that is written now."""
    noted = _noted(connection)
    taken, noted.touches = noted.touches, []
    return taken


def must_be_told(connection: Connection) -> None:
    """An act ends: raises RuntimeError where it changed rows after its record was written, or without one."""
    if touches := _noted(connection).touches:
        names = ", ".join(sorted({touch.table.name for touch in touches}))
        raise RuntimeError(f"rows were written and no record tells of them: {names}")


class Passing:
    """New rows on their way into a table, given as tuples; ``note`` them when all have passed."""

    def __init__(
        self, connection: Connection, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> None:
        self._connection, self._table, self._columns, self._rows = connection, table, columns, rows
        self._first: list[Sequence[Any]] = []
        self._count = 0

    def __iter__(self) -> Iterator[Sequence[Any]]:
        for row in self._rows:
            self._count += 1
            if self._count <= MOST:
                self._first.append(row)
            yield row

    @property
    def keys(self) -> list[str]:
        """The keys of those that are remembered each."""
        place = list(self._columns).index("id")
        return [row[place] for row in self._first] if self._count <= MOST else []

    def note(self, own: Mapping[str, Row]) -> None:
        """Remember them, each or how many; `own` are values by their keys that were filled on the way."""
        if self._count > MOST:
            return note(self._connection, Many(self._table, True, self._count))
        rows = (dict(zip(self._columns, row, strict=True)) for row in self._first)
        made = ({"version": 1, **row, **own.get(row["id"], {})} for row in rows)
        note(self._connection, *(Touch(self._table, None, row) for row in made))
        return None


def listen(engine: Engine) -> None:
    """Follow the savepoints of an engine's connections."""

    def on(event: str, do: Callable[[_Noted], None]) -> None:
        sa.event.listen(engine, event, lambda connection, *_: do(_noted(connection)))

    def taken_back(noted: _Noted) -> None:
        noted.touches = noted.marks.pop()

    def kept(noted: _Noted) -> None:
        noted.marks.pop()

    on("savepoint", lambda noted: noted.marks.append(list(noted.touches)))
    on("rollback_savepoint", taken_back)
    on("release_savepoint", kept)


def _noted(connection: Connection) -> _Noted:
    found = connection.info.get(_HERE)
    if found is None:
        found = connection.info[_HERE] = _Noted()
    return found
