"""The rows as they were: for each entity a shadow table, to which the door (``db.door``) moves what it changes.

A shadow has the columns of its entity and says from when until when a row stood so. What stands today is in the
entity's own table, since its ``updated_at``; so nothing is written twice, and a new row costs nothing more.

A row that was never changed stood so since it was made, as far as anybody knows; or since the day it holds from, where
the model names such a column (``Entity.known_since``). One that came with changes behind it, from before there were
shadows or from elsewhere, is first known as it came: version 0 of it lies in the shadow (``first_known``).
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable

import sqlalchemy as sa

from db.types import Day, Moment

_SUFFIX = "_history"
_OF, _KNOWN = "history_of", "known_since"
_FIRST = sa.literal_column("1", sa.Integer())
_UNKNOWN = sa.literal_column("0", sa.Integer())
"""The version of a row of whose life before it was loaded nothing is known."""


def add_history(table: sa.Table, known_since: str | None = None) -> sa.Table:
    """Give an entity's table its shadow, in the same metadata.

    Indexed for one row's life and for a scope's past, and by what rows of the table itself are found by: references
    and columns that name one row.
    """
    columns = [sa.Column(c.name, c.type, nullable=c.nullable) for c in table.c]
    shadow = sa.Table(
        table.name + _SUFFIX, table.metadata, *columns,
        sa.Column("stood_from", Moment(), nullable=False),
        sa.Column("stood_to", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", "version"),
        info={_OF: table.name, _KNOWN: known_since},
    )  # fmt: skip
    sa.Index(None, *([shadow.c.scope_path] if "scope_path" in shadow.c else []), shadow.c.stood_to)
    found_by = {tuple(index.columns.keys()) for index in table.indexes if len(index.columns) == 1}
    for (name,) in sorted(found_by - {("scope_path",)}):
        if not table.c[name].info["facts"].hidden:
            sa.Index(None, shadow.c[name])
    return shadow


def shadow_of(table: sa.Table) -> sa.Table | None:
    """The shadow of an entity's table; None for one that keeps no history."""
    return table.metadata.tables.get(table.name + _SUFFIX)


def shadowed(table: sa.Table) -> str | None:
    """The name of the table whose past this one holds; None for a table that is no shadow."""
    return table.info.get(_OF)


def past(table: sa.Table, *where: sa.ColumnElement[bool]) -> sa.Insert | None:
    """The statement that keeps rows as they stand, until ``:at``; None where the entity keeps no history.

    Rows that were made or changed at that very moment never stood so for others: of one transaction the first counts.
    """
    shadow = shadow_of(table)
    if shadow is None:
        return None
    at = sa.bindparam("at", type_=Moment())
    names = [c.name for c in table.c]
    rows = sa.select(*table.c, table.c.updated_at, at).where(*where, table.c.updated_at < at)
    return sa.insert(shadow).from_select([*names, "stood_from", "stood_to"], rows)


def first_known(table: sa.Table) -> sa.Insert | None:
    """The statement that keeps, of rows that came with changes behind them, what is known of their time until the last
    of those; None where the entity keeps no history."""
    shadow = shadow_of(table)
    if shadow is None:
        return None
    names = [c.name for c in table.c]
    row = [_UNKNOWN if c is table.c.version else c for c in table.c]
    kept = sa.exists().where(shadow.c.id == table.c.id)
    come = table.c.version > _FIRST, table.c.created_at < table.c.updated_at, ~kept
    return sa.insert(shadow).from_select(
        [*names, "stood_from", "stood_to"], sa.select(*row, table.c.created_at, table.c.updated_at).where(*come)
    )


@functools.cache
def as_of(table: sa.Table) -> Callable[[str], sa.FromClause]:
    """Makes the rows of an entity as they stood at ``:as_of``, on the day ``:as_of_day``, under an alias."""
    shadow, at, day = shadow_of(table), sa.bindparam("as_of", type_=Moment()), sa.bindparam("as_of_day", type_=Day())
    known = shadow.info[_KNOWN] if shadow is not None else None

    def begun(rows: sa.Table, since: sa.ColumnElement[dt.datetime]) -> sa.ColumnElement[bool]:
        first = rows.c[known] <= day if known else rows.c.created_at <= at
        return sa.or_(since <= at, sa.and_(rows.c.version <= _FIRST, first))

    stood = sa.select(*table.c).where(begun(table, table.c.updated_at))
    both: sa.SelectBase = stood
    if shadow is not None:
        was = sa.select(*(shadow.c[c.name] for c in table.c))
        both = sa.union_all(stood, was.where(begun(shadow, shadow.c.stood_from), shadow.c.stood_to > at))
    # At the head of the statement, where SQLite's parser has room. Each name its own: what is read in two places both
    # databases would gather whole, instead of looking up what each place needs.
    return lambda name: both.cte(name)
