"""The rows as they were: for each entity a shadow table, to which the door (``db.door``) moves what it changes.

A shadow has the columns of its entity and says from when until when a row stood so. What stands today is in the
entity's own table, since its ``updated_at``; so nothing is written twice, and a new row costs nothing more.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import sqlalchemy as sa

from db.types import Moment

_SUFFIX = "_history"
_OF = "history_of"


def add_history(table: sa.Table) -> sa.Table:
    """Give an entity's table its shadow, in the same metadata. Indexed for one row's life and for a scope's past."""
    columns = [sa.Column(c.name, c.type, nullable=c.nullable) for c in table.c]
    shadow = sa.Table(
        table.name + _SUFFIX, table.metadata, *columns,
        sa.Column("stood_from", Moment(), nullable=False),
        sa.Column("stood_to", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", "version"),
        info={_OF: table.name},
    )  # fmt: skip
    sa.Index(None, *([shadow.c.scope_path] if "scope_path" in shadow.c else []), shadow.c.stood_to)
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


@functools.cache
def as_of(table: sa.Table) -> Callable[[str], sa.Subquery]:
    """Makes the rows of an entity as they stood at ``:as_of``, under an alias."""
    shadow, at = shadow_of(table), sa.bindparam("as_of", type_=Moment())

    def rows(name: str) -> sa.Subquery:
        stood = sa.select(*table.c).where(table.c.updated_at <= at)
        if shadow is None:
            return stood.subquery(name)
        was = sa.select(*(shadow.c[c.name] for c in table.c)).where(shadow.c.stood_from <= at, shadow.c.stood_to > at)
        return sa.union_all(stood, was).subquery(name)

    return rows
