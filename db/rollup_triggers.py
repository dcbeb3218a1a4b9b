"""Triggers that append to a rollup what every change of its rows adds, in the transaction of the change.

In the database, because rows are written from many places (commands, bulk loads, a hand at the console) and none of
them may forget. PostgreSQL runs them once a statement over all rows it changed, SQLite once a row; both run the same
SELECT. They are derived from the declaration, so no migration file holds them: ``db.migrate`` takes them away before
it changes tables (SQLite would refuse, or lose them) and puts them back, with the cells made anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import FromClause, select
from sqlalchemy.engine import Connection, Dialect

from db.rollups import Stored, signed, summands

_EVENTS = ("insert", "update", "delete")


@dataclass(frozen=True)
class Trigger:
    """One trigger by name, and the statements that make it."""

    name: str
    statements: tuple[str, ...]


def triggers(stored: Stored, dialect: Dialect) -> Iterator[Trigger]:
    """The triggers of a rollup."""
    make = _on_sqlite if dialect.name == "sqlite" else _on_postgres
    for event in _EVENTS:
        name = f"{stored.table.name}_{event}"
        yield Trigger(name, make(stored, event, name, dialect))


def install(connection: Connection, stored: Stored) -> None:
    """Make a rollup's triggers, those of before taken away."""
    remove(connection, stored)
    for trigger in triggers(stored, connection.dialect):
        for statement in trigger.statements:
            connection.exec_driver_sql(statement)


def remove(connection: Connection, stored: Stored) -> None:
    """Take away a rollup's triggers, where there are any."""
    for event in _EVENTS:
        name = f"{stored.table.name}_{event}"
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
        else:
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name} ON {stored.source.name}")
            connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {name}()")


def missing(connection: Connection, stored: Stored) -> list[str]:
    """The triggers of a rollup that the database lacks, has switched off or has in other words."""
    found = {str(name): str(words) for name, words in connection.execute(_FOUND[connection.dialect.name])}
    return [
        trigger.name for trigger in triggers(stored, connection.dialect)
        if found.get(trigger.name, "missing") not in trigger.statements[0]
    ]  # fmt: skip


_FOUND = {
    "sqlite": sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"),
    "postgresql": sa.text(
        "SELECT t.tgname::text, p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
        " WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND p.proname = t.tgname"
    ),
}


def _insert(stored: Stored, rows: sa.Select[tuple[object, ...]], dialect: Dialect) -> str:
    chosen = summands(stored, rows.subquery("changes"))
    statement = sa.insert(stored.table).from_select(list(stored.columns), chosen)
    return str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _changed(stored: Stored, event: str, old: FromClause, new: FromClause) -> sa.Select[tuple[object, ...]]:
    """The rows that an event takes away and brings, signed."""
    gone, come = signed(stored, old, -1), signed(stored, new, 1)
    if event == "insert":
        return come
    if event == "delete":
        return gone
    either = sa.union_all(gone, come).subquery("either")
    return select(*either.c)


def _on_sqlite(stored: Stored, event: str, name: str, dialect: Dialect) -> tuple[str, ...]:
    def row(of: str) -> FromClause:
        columns = (sa.literal_column(f"{of}.{key}", stored.source.c[key].type).label(key) for key in stored.read)
        return select(*columns).subquery(f"{of}_row")

    body = _insert(stored, _changed(stored, event, row("old"), row("new")), dialect)
    when = f"UPDATE OF {', '.join(stored.read)}" if event == "update" else event.upper()
    return (f"CREATE TRIGGER {name} AFTER {when} ON {stored.source.name} FOR EACH ROW BEGIN {body}; END",)


def _on_postgres(stored: Stored, event: str, name: str, dialect: Dialect) -> tuple[str, ...]:
    def rows(named: str) -> FromClause:
        return sa.table(named, *(sa.column(key, stored.source.c[key].type) for key in stored.read))

    body = _insert(stored, _changed(stored, event, rows("old_rows"), rows("new_rows")), dialect)
    seen = {"insert": "NEW TABLE AS new_rows", "delete": "OLD TABLE AS old_rows"}.get(
        event, "OLD TABLE AS old_rows NEW TABLE AS new_rows"
    )
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; RETURN NULL; END $$",
        f"CREATE TRIGGER {name} AFTER {event.upper()} ON {stored.source.name} REFERENCING {seen}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
    )
