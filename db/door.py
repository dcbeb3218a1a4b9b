"""The one door: every write to an entity's table goes through here (a test parses the source and forbids any other).

It keeps the row as it was (``db.history``), counts the version, stamps who and when, brings the search along, and notes
each row for the record of the act (``db.touched``). What a write must be allowed and judged by is said above, in
``resolvers.commands``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db import bulk, kept, search, touched
from db.clock import now
from db.history import past
from db.kinds.beside import completed, completed_rows
from db.prepared import prepared
from db.touched import MOST, Many, Passing, Touch

Row = Mapping[str, Any]
_MANY = 500
"""Rows whose past is kept in one statement."""


def insert(connection: Connection, table: sa.Table, row: Row) -> None:
    """Write a new row, given with all its columns."""
    row = completed(table, row)
    made = prepared(connection, ("insert", table.name, *row), lambda: sa.insert(table), list(row))
    made.run(connection, row)
    kept.complete(connection, table, [row["id"]])
    search.put(connection, table, [row])
    touched.note(connection, Touch(table, None, {**row, **kept.own(connection, table, [row["id"]]).get(row["id"], {})}))
    of = {k: {row[k.far]} - {None} for k in kept.above(table)}
    _follow(connection, table, of, at=row.get("updated_at") or now(), by=row.get("updated_by_id"))


def load(
    connection: Connection, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[Any]],
    written: Callable[[int], None] = lambda count: None,
) -> int:  # fmt: skip
    """Write many new rows at once, tuples in the order of `columns`; how many. Columns left out are NULL."""
    if (
        "version" not in table.c
    ):  # a technical table that is loaded beside them: it has no past, and no lines tell of it
        return bulk.insert_rows(connection, table, columns, rows, written)
    columns, rows = completed_rows(table, columns, rows)
    passing = Passing(connection, table, columns, rows)
    total = bulk.insert_rows(connection, table, columns, passing, written)
    kept.complete(connection, table)
    passing.note(kept.own(connection, table, passing.keys))
    _follow(connection, table, kept.parents(connection, table), at=now(), by=None)
    return total


def change(
    connection: Connection, table: sa.Table, key: str, values: Row, *, at: dt.datetime, by: str | None,
    version: int | None = None, before: Row | None = None,
) -> int:  # fmt: skip
    """Change columns of one row, of this `version` if one is named; how many rows it was: 1, or 0 for none.

    `before` is the row as it is stored, where the caller holds it; else it is looked up, and held.
    """
    values = completed(table, values)
    if before is None:
        before = _held_one(connection, table, key)
    mine = [table.c.id == sa.bindparam("key")]
    if version is not None:
        mine.append(table.c.version == sa.bindparam("seen"))
    binds = {"key": key, "seen": version, "at": at}
    shape = (table.name, version is None)
    of = kept.parents(connection, table, [key])
    keep = past(table, *mine)
    if keep is not None:
        prepared(connection, ("past", *shape), lambda: keep).run(connection, binds)
    done = prepared(connection, ("change", *shape, *values), lambda: _changed(table, mine, values), ()).run(
        connection, {**binds, "by": by, **{f"new_{name}": value for name, value in values.items()}}
    )
    if done:
        kept.complete(connection, table, [key])
        search.renew(connection, table, [(key, values)])
        if before is not None:
            touched.note(connection, Touch(table, before, _after(before, values, kept.own(connection, table, [key]))))
        _follow(connection, table, _both(of, kept.parents(connection, table, [key])), at=at, by=by)
    return done


def _held_one(connection: Connection, table: sa.Table, key: str) -> Row | None:
    def held() -> sa.Select[Any]:
        return sa.select(table).where(table.c.id == sa.bindparam("key")).with_for_update(key_share=True)

    found = prepared(connection, ("held", table.name), held).rows(connection, {"key": key})
    return found[0] if found else None


def _held(connection: Connection, table: sa.Table, *where: sa.ColumnElement[bool]) -> dict[str, Row]:
    """The rows that meet the conditions, by their keys, while they are few; nobody else changes them."""
    found = sa.select(table).where(*where).order_by(table.c.id).limit(MOST + 1).with_for_update(key_share=True)
    return {row["id"]: dict(row) for row in connection.execute(found).mappings()}


def _after(before: Row, values: Row, own: Mapping[str, Row]) -> Row:
    return {**before, **values, **own.get(before["id"], {}), "version": before["version"] + 1}


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
    rows = [(key, completed(table, values)) for key, values in rows]
    names, binds = list(rows[0][1]), {"at": at, "by": by}
    keys = [key for key, _ in rows]
    few = len(rows) <= MOST
    before = _held(connection, table, table.c.id.in_(keys)) if few else {}
    of = kept.parents(connection, table, keys)
    keep = past(table, table.c.id.in_(sa.bindparam("keys", expanding=True)))
    for start in range(0, len(rows), _MANY):
        if keep is not None:
            connection.execute(keep, {"at": at, "keys": keys[start : start + _MANY]})
    given = [{**binds, "key": key, **{f"new_{name}": values[name] for name in names}} for key, values in rows]
    connection.execute(_changed(table, [table.c.id == sa.bindparam("key")], names), given)
    kept.complete(connection, table, keys)
    search.renew(connection, table, rows)
    if few:
        known = ((before[key], values) for key, values in rows if key in before)
        own = kept.own(connection, table, keys)
        touched.note(connection, *(Touch(table, row, _after(row, values, own)) for row, values in known))
    else:
        touched.note(connection, Many(table, False, len(rows)))
    _follow(connection, table, _both(of, kept.parents(connection, table, keys)), at=at, by=by)


def change_all(
    connection: Connection, table: sa.Table, where: Sequence[sa.ColumnElement[bool]], values: Mapping[str, Any], *,
    at: dt.datetime, by: str | None,
) -> int:  # fmt: skip
    """Change columns of every row that meets the conditions; how many. Not for columns that the search looks through:
    their entries are made row by row."""
    refused = sorted(set(search.searched(table)) & set(values))
    if refused:
        raise ValueError(f"{table.name}: {', '.join(refused)} are searched; change the rows one by one")
    values = completed(table, values)
    before = _held(connection, table, *where)
    if not before:
        return 0
    keys = list(before)
    sets: list[Sequence[sa.ColumnElement[bool]]] = [where]
    if len(before) <= MOST:
        sets = [[table.c.id.in_(keys)]]
    elif kept.above(table) or kept.of_the_row(table):
        # What is changed may be found by what is changed: the rows are named before.
        keys = list(connection.execute(sa.select(table.c.id).where(*where)).scalars())
        sets = [[table.c.id.in_(some)] for some in kept.chunks(keys)]
    of = kept.parents(connection, table, keys)
    done = sum(_change_set(connection, table, mine, values, at=at, by=by) for mine in sets)
    kept.complete(connection, table, keys)
    if done > MOST:
        touched.note(connection, Many(table, False, done))
    elif done:
        after = _held(connection, table, table.c.id.in_(keys))
        touched.note(connection, *(Touch(table, row, after[key]) for key, row in before.items()))
    _follow(connection, table, _both(of, kept.parents(connection, table, keys)), at=at, by=by)
    return done


def _change_set(
    connection: Connection, table: sa.Table, where: Sequence[sa.ColumnElement[bool]], values: Row, *,
    at: dt.datetime, by: str | None,
) -> int:  # fmt: skip
    keep = past(table, *where)
    if keep is not None:
        connection.execute(keep, {"at": at})
    made = sa.update(table).where(*where).values(**values, **_stamp(table))
    return int(connection.execute(made, {"at": at, "by": by}).rowcount)


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
            # Held first: who waited here for another's child row must see it when the sum is made.
            held = sa.select(above.c.id).where(above.c.id.in_(some)).order_by(above.c.id)
            connection.execute(held.with_for_update(key_share=True)).all()
            change_all(connection, above, [above.c.id.in_(some), stale], values, at=at, by=by)


def note(connection: Connection, table: sa.Table, key: str, **values: Any) -> None:
    """Set columns that are no part of what a row says and leave no past (of an account: the hash of its password, how
    often a sign-in failed): hidden and ``volatile`` ones. Raises ValueError for any other."""
    facts = {name: table.c[name].info["facts"] for name in values}
    told = sorted(name for name, said in facts.items() if not (said.hidden or said.volatile))
    if told:
        raise ValueError(f"{table.name}: {', '.join(told)} belong to what a row says; use change")
    connection.execute(sa.update(table).where(table.c.id == key).values(**values))


def derive(
    connection: Connection, table: sa.Table, where: Sequence[sa.ColumnElement[bool]], values: Mapping[str, Any]
) -> None:
    """Fill hidden columns that follow from the rest of the row and never change: no version, no past, no line."""
    told = sorted(name for name in values if not table.c[name].info["facts"].hidden)
    if told:
        raise ValueError(f"{table.name}: {', '.join(told)} belong to what a row says; use change")
    connection.execute(sa.update(table).where(*where).values(values))


def reseal(connection: Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Store fresh ciphertexts and digests of what rows say already, each row under ``key_…`` of its primary key: it
    says what it said, so neither version nor past nor record tells of it (``db.rotation``)."""
    mine = (column == sa.bindparam(f"key_{column.name}") for column in table.primary_key)
    values: dict[str, Any] = {name: sa.bindparam(name) for name in rows[0] if name in table.c}
    told = sorted(name for name in values if not name.endswith(("_cipher", "_digest")))
    if told:
        raise ValueError(f"{table.name}: {', '.join(told)} are neither ciphertexts nor digests")
    connection.execute(sa.update(table).where(*mine).values(values), list(rows))
