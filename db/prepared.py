"""Statements compiled once: what a write runs every time goes past SQLAlchemy's compiler, with the same conversions.

Building and compiling a statement over a wide table costs a multiple of running it; the text and what becomes of its
values depend on nothing that changes from one run to the next.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect, Engine

KEPT = 512
_Process = Callable[[Any], Any] | None


class Prepared:
    """One statement for one dialect; `columns` names the columns an INSERT fills."""

    def __init__(self, statement: Any, dialect: Dialect, columns: Sequence[str] | None = None) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        self._sql, self._dialect = str(compiled), dialect
        self._binds: list[tuple[str, Any, bool, _Process]] = []
        defaults = _defaults(statement)
        for name in compiled.positiontup or ():
            bind = compiled.binds[name]
            process = bind.type.dialect_impl(dialect).bind_processor(dialect)
            self._binds.append((bind.key, defaults.get(bind.key, bind.value), bind.required, process))
        found = statement.exported_columns if statement.is_select or statement.is_dml else ()
        self._names = [str(column.key) for column in found]
        self._types = [column.type.dialect_impl(dialect) for column in found]
        self._results: list[_Process] | None = None

    @property
    def text(self) -> str:
        """The SQL as the driver gets it."""
        return self._sql

    def run(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """Execute it with values by the names of its parameters; how many rows it touched."""
        cursor = self._execute(connection, values)
        try:
            return int(cursor.rowcount)
        finally:
            cursor.close()

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The rows of a SELECT or RETURNING, as Python values by column."""
        cursor = self._execute(connection, values)
        try:
            if self._results is None:
                pairs = zip(self._types, cursor.description, strict=True)
                self._results = [each.result_processor(self._dialect, told[1]) for each, told in pairs]
            return [
                {
                    name: value if process is None else process(value)
                    for name, process, value in zip(self._names, self._results, row, strict=True)
                }
                for row in cursor.fetchall()
            ]
        finally:
            cursor.close()

    def value(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        """The first value of the first row, as the driver returns it."""
        cursor = self._execute(connection, values)
        try:
            return cursor.fetchone()[0]
        finally:
            cursor.close()

    def _execute(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        """The driver's cursor after the statement, in the transaction of `connection`; its errors as SQLAlchemy's."""
        given = []
        for name, usual, required, process in self._binds:
            value = values[name] if required or name in values else usual
            given.append(value if process is None else process(value))
        if not connection.in_transaction():
            connection.begin()
        if clock := connection.info.get("clock"):  # of SQLite's deadline (``db.engine``)
            clock.start()
        cursor = connection.connection.cursor()
        known = connection.dialect.loaded_dbapi.Error
        try:
            cursor.execute(self._sql, tuple(given))
        except known as problem:
            lost = self._dialect.is_disconnect(problem, connection.connection.dbapi_connection, cursor)
            cursor.close()
            if lost:  # who comes next gets another one
                connection.invalidate(problem)
            raise sa.exc.DBAPIError.instance(
                self._sql,
                None,
                problem,
                known,
                hide_parameters=True,
                connection_invalidated=lost,
                dialect=self._dialect,
            ) from problem
        return cursor


def _defaults(statement: Any) -> dict[str, Any]:
    """What an INSERT puts where it is given nothing."""
    if not isinstance(statement, sa.Insert):
        return {}
    columns = [column for column in statement.table.columns if isinstance(column.default, sa.ColumnDefault)]
    return {column.key: column.default.arg for column in columns if column.default.is_scalar}  # type: ignore[union-attr]


# Of each database its own: what a statement looks for follows from the rights that are declared where it is run.
_kept: WeakKeyDictionary[Engine, OrderedDict[tuple[Hashable, ...], Prepared]] = WeakKeyDictionary()


def prepared(
    connection: Connection, key: tuple[Hashable, ...], make: Callable[[], Any], columns: Sequence[str] | None = None
) -> Prepared:
    """The statement that `make` builds, compiled once for each `key` and database."""
    known = _kept.get(connection.engine)
    if known is None:
        known = _kept[connection.engine] = OrderedDict()
    kept = known.get(key)
    if kept is None:
        kept = known[key] = Prepared(make(), connection.dialect, columns)
        if len(known) > KEPT:
            known.popitem(last=False)
    else:
        known.move_to_end(key)
    return kept


def texts(engine: Engine) -> list[str]:
    """The SQL of every statement that is kept for a database."""
    return [kept.text for kept in _kept.get(engine, {}).values()]
