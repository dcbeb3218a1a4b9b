"""The one door: every write to an entity's table goes through here (a test parses the source and forbids any other).

It keeps the row as it was (``db.history``), counts the version, stamps who and when, and brings the search along.
What a write must be allowed, judged and recorded by is said above, in ``resolvers.commands``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db import bulk, kept, search
from db.clock import now
from db.history import past
from db.prepared import prepared

Row = Mapping[str, Any]
_MANY = 500
"""Rows whose past is kept in one statement."""


def insert(connection: Connection, table: sa.Table, row: Row) -> None:
    """Write a new row, given with all its columns."""
    made = prepared(connection, ("insert", table.name), lambda: sa.insert(table), list(row))
    made.run(connection, row)
    kept.complete(connection, table, table.c.id == row["id"])
    search.put(connection, table, [row])
    of = {k: {row[k.far]} - {None} for k in kept.above(table)}
    _follow(connection, table, of, at=row.get("updated_at") or now(), by=row.get("updated_by_id"))


def load(
    connection: Connection, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[Any]],
    written: Callable[[int], None] = lambda count: None,
) -> int:  # fmt: skip
    """Write many new rows at once, tuples in the order of `columns`; how many. Columns left out are NULL."""
    count = bulk.insert_rows(connection, table, columns, rows, written)
    kept.complete(connection, table)
    _follow(connection, table, kept.parents(connection, table), at=now(), by=None)
    return count


def change(
    connection: Connection, table: sa.Table, key: str, values: Row, *, at: dt.datetime, by: str | None,
    version: int | None = None,
) -> int:  # fmt: skip
    """Change columns of one row, of this `version` if one is named; how many rows it was: 1, or 0 for none."""
    mine = [table.c.id == sa.bindparam("key")]
    if version is not None:
        mine.append(table.c.version == sa.bindparam("seen"))
    binds = {"key": key, "seen": version, "at": at}
    shape = (table.name, version is None)
    before = kept.parents(connection, table, table.c.id == key)
    keep = past(table, *mine)
    if keep is not None:
        prepared(connection, ("past", *shape), lambda: keep).run(connection, binds)
    done = prepared(connection, ("change", *shape, *values), lambda: _changed(table, mine, values), ()).run(
        connection, {**binds, "by": by, **{f"new_{name}": value for name, value in values.items()}}
    )
    if done:
        kept.complete(connection, table, table.c.id == key)
        search.renew(connection, table, [(key, values)])
        _follow(connection, table, _both(before, kept.parents(connection, table, table.c.id == key)), at=at, by=by)
    return done


def _changed(table: sa.Table, where: Sequence[sa.ColumnElement[bool]], values: Iterable[str]) -> sa.Update:
    given = {name: sa.bindparam(f"new_{name}", type_=table.c[name].type) for name in values}
    return sa.update(table).where(*where).values(**given, **_stamp(table))


def _stamp(table: sa.Table) -> dict[str, Any]:
    # A transaction that waited for another may have begun before it: a row's moments go forward all the same.
    given = sa.bindparam("at", type_=table.c.updated_at.type)
    at = sa.case((table.c.updated_at > given, table.c.updated_at), else_=given)
    by = sa.bindparam("by", type_=table.c.updated_by_id.type)
    return {"updated_at": at, "updated_by_id": by, "version": table.c.version + 1}


def change_rows(
    connection: Connection, table: sa.Table, rows: Sequence[tuple[str, Row]], *, at: dt.datetime, by: str | None
) -> None:
    """Change many rows, each by its key and with values of its own, all of the same columns."""
    if not rows:
        return
    names, binds = list(rows[0][1]), {"at": at, "by": by}
    written = table.c.id.in_([key for key, _ in rows])
    before = kept.parents(connection, table, written)
    keep = past(table, table.c.id.in_(sa.bindparam("keys", expanding=True)))
    for start in range(0, len(rows), _MANY):
        if keep is not None:
            connection.execute(keep, {"at": at, "keys": [key for key, _ in rows[start : start + _MANY]]})
    given = [{**binds, "key": key, **{f"new_{name}": values[name] for name in names}} for key, values in rows]
    connection.execute(_changed(table, [table.c.id == sa.bindparam("key")], names), given)
    if before or kept.of_the_row(table):
        kept.complete(connection, table, written)
        _follow(connection, table, _both(before, kept.parents(connection, table, written)), at=at, by=by)
    search.renew(connection, table, rows)


def change_all(
    connection: Connection, table: sa.Table, where: Sequence[sa.ColumnElement[bool]], values: Mapping[str, Any], *,
    at: dt.datetime, by: str | None,
) -> int:  # fmt: skip
    """Change columns of every row that meets the conditions; how many. Not for columns that the search looks through:
    their entries are made row by row."""
    refused = sorted(set(search.searched(table)) & set(values))
    if refused:
        raise ValueError(f"{table.name}: {', '.join(refused)} are searched; change the rows one by one")
    keep = past(table, *where)
    if keep is not None:
        connection.execute(keep, {"at": at})
    made = sa.update(table).where(*where).values(**values, **_stamp(table))
    if not (kept.above(table) or kept.of_the_row(table)):
        return int(connection.execute(made, {"at": at, "by": by}).rowcount)
    # What is changed may be found by what is changed: the rows are named before.
    keys = list(connection.execute(sa.select(table.c.id).where(*where)).scalars())
    written = table.c.id.in_(keys)
    before = kept.parents(connection, table, written)
    made = sa.update(table).where(written).values(**values, **_stamp(table))
    count = int(connection.execute(made, {"at": at, "by": by}).rowcount)
    kept.complete(connection, table, written)
    _follow(connection, table, _both(before, kept.parents(connection, table, written)), at=at, by=by)
    return count


def _both(before: Mapping[kept.Kept, set[str]], after: Mapping[kept.Kept, set[str]]) -> dict[kept.Kept, set[str]]:
    return {of: keys | after.get(of, set()) for of, keys in before.items()}


def _follow(
    connection: Connection, table: sa.Table, of: Mapping[kept.Kept, set[str]], *, at: dt.datetime, by: str | None
) -> None:
    """Bring along the stored columns that follow from written rows: of the rows `of` which they are."""
    for above, far in dict.fromkeys((what.table, what.far) for what in of):
        mine = [what for what in of if (what.table, what.far) == (above, far)]  # one change of a row for all of them
        found = {what.column: kept.stale(what, table) for what in mine}
        stale, values = sa.or_(*(s for s, _ in found.values())), {name: value for name, (_, value) in found.items()}
        for some in kept.chunks(of[mine[0]]):
            change_all(connection, above, [above.c.id.in_(some), stale], values, at=at, by=by)


def note(connection: Connection, table: sa.Table, key: str, **values: Any) -> None:
    """Set columns that are no part of what a row says and leave no past (of an account: the hash of its password, how
    often a sign-in failed): hidden and ``volatile`` ones. Raises ValueError for any other."""
    facts = {name: table.c[name].info["facts"] for name in values}
    told = sorted(name for name, said in facts.items() if not (said.hidden or said.volatile))
    if told:
        raise ValueError(f"{table.name}: {', '.join(told)} belong to what a row says; use change")
    connection.execute(sa.update(table).where(table.c.id == key).values(**values))
