"""Stored computed columns, kept by the door: recomputed when the row, or a row of the list they are of, is written.

The registry notes beside each table what follows from its rows (``note``); a column over child rows counts all that are
not deleted, whoever may see them. A row whose value changes is changed like by anybody: its version counts, its past is
kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.computed import Children, Term, of_children, of_row

_OWN, _ABOVE = "kept_of_the_row", "kept_above"


@dataclass(frozen=True)
class Kept:
    """A stored column of `table` that follows from child rows: those whose column `far` names its row."""

    table: sa.Table
    column: str
    far: str
    formula: Children


def note(table: sa.Table, column: str, formula: Term | Children, children: sa.Table | None, far: str = "") -> None:
    """Note what follows from the rows of a table: of the row itself, or of its `children`."""
    if isinstance(formula, Children):
        assert children is not None
        noted = children.info.setdefault(_ABOVE, {})
        noted[table.name, column] = Kept(table, column, far, formula)
    else:
        table.info.setdefault(_OWN, {})[column] = formula


def above(table: sa.Table) -> list[Kept]:
    """The columns of other tables that follow from the rows of this one."""
    return list(table.info.get(_ABOVE, {}).values())


def parents(connection: Connection, table: sa.Table, keys: Collection[str] | None = None) -> dict[Kept, set[str]]:
    """For each column that follows from rows of a table, whose it is; read before and after they are changed. The rows
    are those of the keys, or all."""
    found: dict[Kept, set[str]] = {}
    for kept in above(table):
        found[kept] = set()
        for where in _sets(table, keys):
            rows = connection.execute(sa.select(table.c[kept.far]).where(*where).distinct())
            found[kept] |= {key for (key,) in rows if key is not None}
    return found


def of_the_row(table: sa.Table) -> dict[str, Term]:
    """The stored columns of a table that follow from other columns of the row."""
    found: dict[str, Term] = table.info.get(_OWN, {})
    return found


def complete(connection: Connection, table: sa.Table, keys: Collection[str] | None = None) -> None:
    """Set the columns of rows that follow from their other columns: a part of the write that has just been done."""
    own = of_the_row(table)
    if own:
        values = {column: of_row(formula, lambda name: table.c[name]) for column, formula in own.items()}
        for where in _sets(table, keys):
            connection.execute(sa.update(table).where(*where).values(values))


def own(connection: Connection, table: sa.Table, keys: Collection[str]) -> dict[str, Mapping[str, Any]]:
    """Those columns as they are stored now, by the keys of the rows; nothing for a table that has none."""
    columns = [table.c[name] for name in of_the_row(table)]
    if not columns:
        return {}
    found: dict[str, Mapping[str, Any]] = {}
    for where in _sets(table, keys):
        for key, *values in connection.execute(sa.select(table.c.id, *columns).where(*where)):
            found[key] = {column.name: value for column, value in zip(columns, values, strict=True)}
    return found


def _sets(table: sa.Table, keys: Collection[str] | None) -> list[list[sa.ColumnElement[bool]]]:
    return [[]] if keys is None else [[table.c.id.in_(some)] for some in chunks(keys)]


def stale(kept: Kept, children: sa.Table) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[object]]:
    """Which rows hold another value than their child rows say, and the value they should hold."""
    far = children.alias("children")
    living = [far.c.deleted_at.is_(None)] if "deleted_at" in far.c else []
    value = of_children(kept.formula, far, lambda name: far.c[name], [far.c[kept.far] == kept.table.c.id, *living])
    return kept.table.c[kept.column].is_distinct_from(value), value


def chunks(keys: Collection[str], size: int = 500) -> Iterator[list[str]]:
    """Keys in the order of their text, some at a time."""
    ordered = sorted(keys)
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]
