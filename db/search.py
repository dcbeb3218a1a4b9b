"""The index of the search: an entry for each searchable column of each living row, kept by whoever writes the row.

Both databases look up the same grams, each in the inverted index it brings along: PostgreSQL in a GIN index over
``search_entry.grams``, SQLite in the full-text table ``search_gram`` (a table of grams in B-trees took four times as
long to fill and six to nine times the room). What they find, the reader compares with the entry's cells.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db import bulk
from db.base import Base
from db.engine import Database
from db.grams import cells, grams, text_of
from db.prepared import prepared
from db.sounds import VERSION, fold
from db.technical import NumberSeries, SearchEntry
from db.types import gram_word

Values = Mapping[str, Any]
Progress = Callable[[int, int, str], None]
Entry = tuple[str, str, str, list[int]]
"""Row, field, cells and grams."""
ENTRIES: sa.Table = SearchEntry.__table__  # type: ignore[assignment]
GRAMS = "search_gram"
_MARK = "search"
"""The series whose last number is the version that the index was made by."""
_FEW = 50
_NAMES = ("row_id", "field", "cells", "grams")
_CREATE = f"CREATE VIRTUAL TABLE {GRAMS} USING fts5(grams, content='', detail='none', columnsize=0, tokenize='ascii')"


@functools.cache
def searched(table: sa.Table) -> tuple[str, ...]:
    """The columns of an entity's table that the search looks through."""
    return tuple(c.name for c in table.c if "facts" in c.info and c.info["facts"].search)


def field_of(table: sa.Table, column: str) -> str:
    """How entries call a column."""
    return f"{table.name}.{column}"


def put(connection: Connection, table: sa.Table, rows: Iterable[Values]) -> None:
    """Enter new rows of a table, given by column."""
    columns = searched(table)
    if columns:
        _insert(connection, [entry for row in rows for entry in _entries(table, row, columns)])


def renew(connection: Connection, table: sa.Table, changed: Iterable[tuple[str, Values]]) -> None:
    """Bring the entries of rows up to date after a change: keys with the columns that have other values now."""
    for key, values in changed:
        gone = values.get("deleted_at") is not None
        columns = searched(table) if gone else tuple(c for c in searched(table) if c in values)
        if columns:
            _forget(connection, key, [field_of(table, column) for column in columns])
            if not gone:
                _insert(connection, list(_entries(table, {**values, "id": key}, columns)))


def _entries(table: sa.Table, row: Values, columns: Sequence[str]) -> Iterator[Entry]:
    if row.get("deleted_at") is not None:
        return
    for column in columns:
        text = fold(row.get(column) or "")
        if text:
            found = cells(text)
            yield row["id"], field_of(table, column), found, grams(table.name, text_of(found))


# --- the two databases ------------------------------------------------------------------------------------------------


def _insert(connection: Connection, found: list[Entry]) -> None:
    if not found:
        return
    if connection.dialect.name == "sqlite":
        last = connection.execute(sa.select(sa.func.max(ENTRIES.c.id))).scalar_one() or 0
        rows = [(number, *entry[:3]) for number, entry in enumerate(found, last + 1)]
        words = [(number, _words(entry[3])) for number, entry in enumerate(found, last + 1)]
        bulk.insert_rows(connection, ENTRIES, ("id", "row_id", "field", "cells"), rows)
        connection.exec_driver_sql(f"INSERT INTO {GRAMS} (rowid, grams) VALUES (?, ?)", words)
    elif len(found) < _FEW:
        values = {
            f"{name}{i}": value for i, entry in enumerate(found) for name, value in zip(_NAMES, entry, strict=True)
        }
        prepared(connection, ("search", len(found)), lambda: _insertion(len(found))).run(connection, values)
    else:
        bulk.insert_rows(connection, ENTRIES, _NAMES, found)


def _insertion(count: int) -> sa.Insert:
    rows = [{name: sa.bindparam(f"{name}{i}", type_=ENTRIES.c[name].type) for name in _NAMES} for i in range(count)]
    return sa.insert(ENTRIES).values(rows)


def _forget(connection: Connection, key: str, fields: Sequence[str]) -> None:
    mine = (ENTRIES.c.row_id == key, ENTRIES.c.field.in_(fields))
    if connection.dialect.name == "sqlite":
        # The full-text index keeps no copy of what it holds: what is taken out has to be said.
        gone = connection.execute(sa.select(ENTRIES.c.id, ENTRIES.c.field, ENTRIES.c.cells).where(*mine)).all()
        words = [(number, _words(grams(field.partition(".")[0], text_of(held)))) for number, field, held in gone]
        if words:
            connection.exec_driver_sql(f"INSERT INTO {GRAMS} ({GRAMS}, rowid, grams) VALUES ('delete', ?, ?)", words)
    connection.execute(sa.delete(ENTRIES).where(*mine))


def _words(numbers: list[int]) -> str:
    return " ".join(map(gram_word, numbers))


def follow_structure(connection: Connection) -> None:
    """Make SQLite's full-text table where there are entries and drop it where there are none any more; a migration
    runs on both databases and cannot say it."""
    if connection.dialect.name != "sqlite":
        return
    tables = sa.inspect(connection).get_table_names()
    if ENTRIES.name in tables and GRAMS not in tables:
        connection.exec_driver_sql(_CREATE)
    elif ENTRIES.name not in tables and GRAMS in tables:
        connection.exec_driver_sql(f"DROP TABLE {GRAMS}")


# --- the whole --------------------------------------------------------------------------------------------------------


def is_current(connection: Connection) -> bool:
    """Whether the index was made by this program: an older database has none, an older program folded otherwise."""
    made = sa.select(NumberSeries.last).where(NumberSeries.name == _MARK)
    return connection.execute(made).scalar_one_or_none() == VERSION


async def fill(database: Database, progress: Progress) -> int | None:
    """Make the index where it is not of this program, as after an upgrade; how many entries, None where it is."""
    if await database.look(is_current):
        return None
    return await database.write(lambda connection: rebuild(connection, progress), bulk=True)


def rebuild(connection: Connection, progress: Progress = lambda _done, _total, _stage: None) -> int:
    """Make the index anew from all rows; how many entries it has. For a transaction of its own: it takes all of it."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"INSERT INTO {GRAMS} ({GRAMS}) VALUES ('delete-all')")
    else:  # writers wait, else one of them could enter a row twice
        connection.execute(sa.text(f"LOCK TABLE {ENTRIES.name} IN SHARE ROW EXCLUSIVE MODE"))
    connection.execute(sa.delete(ENTRIES))
    tables = [table for table in Base.metadata.sorted_tables if searched(table)]
    total, done = sum(_count(connection, table, _living(table)) for table in tables), 0
    for table in tables:
        for rows in _batches(connection, table):
            put(connection, table, rows)
            done += len(rows)
            progress(done, total, "建立检索索引")
    connection.execute(sa.delete(NumberSeries).where(NumberSeries.name == _MARK))
    connection.execute(sa.insert(NumberSeries).values(name=_MARK, last=VERSION))
    return _count(connection, ENTRIES)


def _batches(connection: Connection, table: sa.Table) -> Iterator[list[Values]]:
    """The living rows of a table with what is searched of them, some thousands at a time."""
    columns = [table.c.id, *(table.c[name] for name in searched(table))]
    some = sa.select(*columns).where(_living(table)).order_by(table.c.id).limit(bulk.BATCH)
    rows: list[Values] = [dict(row) for row in connection.execute(some).mappings()]
    while rows:
        yield rows
        more = some.where(table.c.id > rows[-1]["id"])
        rows = [dict(row) for row in connection.execute(more).mappings()]


def _living(table: sa.Table) -> sa.ColumnElement[bool]:
    return table.c.deleted_at.is_(None)


def _count(connection: Connection, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one())
