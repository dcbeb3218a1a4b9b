"""Many rows of one table at once, in the connection's transaction: by COPY, or by one prepared INSERT on SQLite."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.util import await_only

from db import types

BATCH = 20_000
Convert = Callable[[Any], Any]


def insert_rows(
    connection: Connection, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[Any]],
    written: Callable[[int], None] = lambda count: None,
) -> int:  # fmt: skip
    """Insert `rows`, tuples in the order of `columns`; how many they were. `written` hears of each batch.

    Columns left out are NULL: defaults of the models are not applied. What is searched of the rows is entered in the
    index of the search. Must run inside ``Database.write``.
    """
    from db.search import put  # here, because it loads the index by this function

    converters = [_converter(table.c[name].type, connection.dialect) for name in columns]
    writer = _insert if connection.dialect.name == "sqlite" else _copy
    write = writer(connection, table, columns)
    source, total = iter(rows), 0
    while batch := list(islice(source, BATCH)):
        write([_converted(row, converters) for row in batch])
        put(connection, table, (dict(zip(columns, row, strict=True)) for row in batch))
        total += len(batch)
        written(len(batch))
    return total


def _insert(connection: Connection, table: sa.Table, columns: Sequence[str]) -> Callable[[list[Any]], None]:
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"
    return lambda batch: _done(connection.exec_driver_sql(statement, batch))


def _copy(connection: Connection, table: sa.Table, columns: Sequence[str]) -> Callable[[list[Any]], None]:
    # The driver opens its transaction at the first statement; COPY goes round SQLAlchemy and would not.
    walled = connection.execute(_WALLED, {"name": table.name}).scalar()
    driver: Any = connection.connection.driver_connection
    if not walled:
        return lambda batch: _done(
            await_only(driver.copy_records_to_table(table.name, records=batch, columns=list(columns)))
        )
    # COPY is refused where the database asks who acts (``db.walls``): over a table beside it, which is nobody's.
    beside, names = f"loaded_{table.name}", ", ".join(columns)
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS pg_temp.{beside}")
    connection.exec_driver_sql(f"CREATE TEMP TABLE {beside} ON COMMIT DROP AS SELECT {names} FROM {table.name} LIMIT 0")

    def write(batch: list[Any]) -> None:
        await_only(driver.copy_records_to_table(beside, records=batch, columns=list(columns)))
        connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {beside}")
        connection.exec_driver_sql(f"TRUNCATE {beside}")

    return write


_WALLED = sa.text("SELECT relrowsecurity FROM pg_class WHERE oid = CAST(:name AS regclass)")


def _done(_answer: Any) -> None:
    return None


def _converted(row: Sequence[Any], converters: Sequence[Convert | None]) -> tuple[Any, ...]:
    return tuple(
        value if value is None or convert is None else convert(value)
        for value, convert in zip(row, converters, strict=True)
    )


def _converter(kind: sa.types.TypeEngine[Any], dialect: Dialect) -> Convert | None:
    """What turns a value into the driver's form; None where it is that already."""
    if isinstance(kind, types.Day):
        return dt.date.isoformat if dialect.name == "sqlite" else None
    if isinstance(kind, types.Moment | types.Number | types.Json):
        return lambda value: kind.process_bind_param(value, dialect)
    return None
