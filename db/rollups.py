"""Numbers kept ready for groups: what is stored of a rollup (``Entity.rollups``), and how rows become its cells.

A rollup is a table of **summands**. A cell is one value of every key; its numbers are the sums over all rows that
carry it, so writers only ever append (``db.rollup_triggers``), in their own transaction and without waiting for one
another, and a job puts the summands of a cell together (``db.rollup_upkeep``). Readers add up what is there: at every
moment, before and after the job, that is exactly what the rows say.

A region stands in a cell by its **representative**: the highest region at or above it that is a district or lower;
one above the districts by itself. Nothing that asks at the level of districts or above can tell the two apart: the
same regions at or above a district hold both, so both lie in the same ranges, and both have the same province, city
and district. Which region represents another never changes, as the tree does not (DESIGN 5).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, case, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.sql.type_api import TypeEngine

from db.facts import Entity, Parts, Rollup
from db.types import Day, Key, Number, Text

_ZERO: ColumnElement[int] = sa.literal_column("0", sa.Integer())
_ONE: ColumnElement[int] = sa.literal_column("1", sa.Integer())


@dataclass(frozen=True)
class Stored:
    """A rollup and its tables: `source` holds the rows, `table` the summands of their cells."""

    facts: Rollup
    source: sa.Table
    table: sa.Table

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that make a cell, named as in the source; the day is the first of its month."""
        regions = (f"{name}_id" for name in self.facts.regions)
        return ("scope_path", self.facts.day, *regions, *self.facts.dimensions)

    @property
    def numbers(self) -> tuple[str, ...]:
        """The columns that are added up: ``n`` the rows, and of each sum the total and the number of its values."""
        return ("n", *(f"{name}_{part}" for name in self.facts.sums for part in ("sum", "values")))

    @property
    def columns(self) -> tuple[str, ...]:
        """What a summand consists of; ``cell`` is the keys as one text, ``fresh`` what no job has put together."""
        return ("cell", *self.keys, *self.numbers, "fresh")

    @property
    def read(self) -> tuple[str, ...]:
        """The columns of the source that decide where and how much a row counts."""
        return tuple(dict.fromkeys((*self.keys, *self.facts.sums, "deleted_at")))


_stored: dict[sa.Table, tuple[Stored, ...]] = {}


def add_rollups(table: sa.Table, entity: Entity | Parts) -> None:
    """Make the tables of an entity's rollups."""
    _stored[table] = tuple(Stored(facts, table, _table(table, facts)) for facts in entity.rollups)


def rollups_of(table: sa.Table) -> tuple[Stored, ...]:
    """The rollups of an entity, by its table."""
    return _stored.get(table, ())


def stored_rollups(metadata: sa.MetaData) -> list[Stored]:
    """The rollups of all entities."""
    return [stored for table in metadata.tables.values() for stored in rollups_of(table)]


def _table(source: sa.Table, facts: Rollup) -> sa.Table:
    name = f"{source.name}_rollup_{facts.name}"
    columns: list[sa.Column[Any]] = [
        sa.Column("cell", Text(300), nullable=False),
        sa.Column("scope_path", Text(80), nullable=False),
        sa.Column(facts.day, Day()),
        *(sa.Column(f"{region}_id", Key()) for region in facts.regions),
        *(sa.Column(key, source.c[key].type) for key in facts.dimensions if key in source.c),
        sa.Column("n", sa.Integer(), nullable=False),
    ]
    for key in facts.sums:
        if key in source.c:
            columns.append(sa.Column(f"{key}_sum", _total(source.c[key].type), nullable=False))
            columns.append(sa.Column(f"{key}_values", sa.Integer(), nullable=False))
    only: dict[str, Any] = {f"{dialect}_where": sa.text("fresh") for dialect in ("sqlite", "postgresql")}
    return sa.Table(
        name, source.metadata, *columns, sa.Column("fresh", sa.Boolean(), nullable=False),
        sa.Index(f"ix_{name}_scope", "scope_path"),
        sa.Index(f"ix_{name}_cell", "cell"),
        sa.Index(f"ix_{name}_fresh", "cell", **only),
    )  # fmt: skip


def _total(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """What holds the sum of a column: one row's is small, a province's is not."""
    return Number(38, kind.scale) if isinstance(kind, Number) else sa.BigInteger()


# --- rows -> summands ------------------------------------------------------------------------------------------------


def signed(stored: Stored, rows: FromClause, sign: int) -> sa.Select[Any]:
    """The living ones of `rows`, which have the columns a rollup reads, to be counted once more (1) or less (-1)."""
    columns = [rows.c[name] for name in stored.read if name != "deleted_at"]
    counted = sa.literal_column(str(sign), sa.Integer()).label("sign")
    return select(*columns, counted).select_from(rows).where(rows.c.deleted_at.is_(None))


def summands(stored: Stored, rows: FromClause) -> sa.Select[Any]:
    """What rows, signed, add to their cells: one row for each cell that changes, in the order of `stored.columns`."""
    facts, region = stored.facts, stored.source.metadata.tables["region"]
    owner, own = region.alias("owner"), region.alias("own")
    # A path that is no living region's stands for itself; so does the place of a region that is deleted.
    joined = rows.outerjoin(owner, sa.and_(owner.c.path == rows.c.scope_path, owner.c.deleted_at.is_(None)))
    joined = joined.outerjoin(own, own.c.id == _representative(owner))
    keys: list[ColumnElement[Any]] = [
        func.coalesce(own.c.path, rows.c.scope_path, type_=Text()).label("scope_path"),
        MonthStart(rows.c[facts.day]).label(facts.day),
    ]
    for name in facts.regions:
        place = region.alias(name)
        joined = joined.outerjoin(place, place.c.id == rows.c[f"{name}_id"])
        keys.append(_representative(place).label(f"{name}_id"))
    keys += [rows.c[name] for name in facts.dimensions]
    values = [rows.c[name] for name in facts.sums]
    placed = select(*keys, *values, rows.c.sign).select_from(joined).subquery("placed")
    held = [placed.c[name] for name in stored.keys]
    totals = [func.sum(placed.c.sign)]
    for name in facts.sums:
        value = placed.c[name]
        totals.append(func.sum(func.coalesce(value * placed.c.sign, _ZERO)))
        totals.append(func.sum(case((value.is_(None), _ZERO), else_=placed.c.sign)))
    numbers = [total.label(name) for name, total in zip(stored.numbers, totals, strict=True)]
    return (
        select(_cell(held).label("cell"), *held, *numbers, sa.true().label("fresh"))
        .select_from(placed)
        .group_by(*held)
        .having(sa.or_(*(total != _ZERO for total in totals)))
    )


def _representative(region: FromClause) -> ColumnElement[Any]:
    """The id of a region's representative, null where there is no region."""
    c = region.c
    # Where the tree skips the districts, the lowest region at or above one is the city (``db.levels``).
    return sa.type_coerce(
        case(
            (c.deleted_at.is_not(None), c.id),
            (c.district_id != c.city_id, c.district_id),
            (c.street_id != c.district_id, c.street_id),
            else_=c.id,
        ),
        Key(),
    )


def _cell(keys: Sequence[ColumnElement[Any]]) -> ColumnElement[str]:
    """The keys as one text: equal where all of them are, nulls included. No key of enums and regions holds a bar."""
    bar: ColumnElement[str] = sa.literal_column("'|'", Text())
    empty: ColumnElement[str] = sa.literal_column("''", Text())
    parts = [Plain(key) if isinstance(key.type, Day) else sa.cast(key, sa.Text()) for key in keys]
    text: ColumnElement[str] = func.coalesce(parts[0], empty, type_=Text())
    for part in parts[1:]:
        text = text.concat(bar).concat(func.coalesce(part, empty, type_=Text()))
    return text


class MonthStart(FunctionElement[dt.date]):
    """A day -> the first of its month."""

    type: TypeEngine[dt.date] = Day()
    inherit_cache = False


@compiles(MonthStart, "postgresql")
def _(element: MonthStart, compiler: Any, **kw: Any) -> str:
    return f"date_trunc('month', {compiler.process(element.clauses, **kw)}::timestamp)::date"


@compiles(MonthStart, "sqlite")
def _(element: MonthStart, compiler: Any, **kw: Any) -> str:
    return f"(substr({compiler.process(element.clauses, **kw)}, 1, 7) || '-01')"


class Plain(FunctionElement[str]):
    """A day as text, whatever style the session prints dates in."""

    type: TypeEngine[str] = Text()
    inherit_cache = False


@compiles(Plain, "postgresql")
def _(element: Plain, compiler: Any, **kw: Any) -> str:
    return f"to_char({compiler.process(element.clauses, **kw)}, 'YYYY-MM-DD')"


@compiles(Plain, "sqlite")
def _(element: Plain, compiler: Any, **kw: Any) -> str:
    return str(compiler.process(element.clauses, **kw))
