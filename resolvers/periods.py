"""Periods that clients write (``db.periods``), and their order in SQL."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.sql.type_api import TypeEngine

from db import periods
from db.entity_info import Field
from resolvers.faults import bad_input


def days_of(period: str) -> tuple[dt.date, dt.date]:
    """The first day of a period and the day after its last. Raises BAD_INPUT for what is no period."""
    try:
        return periods.days_of(period)
    except ValueError:
        raise bad_input(
            f"“{period[:40]}”不是期间；可写 2026、2026H1、2026Q2、2026-05、2026-05A、2026-W21 或 2026-05-03。",
            f"{period[:40]!r} is no period; write 2026, 2026H1, 2026Q2, 2026-05, 2026-05A, 2026-W21 or 2026-05-03.",
        ) from None


RANKED = frozenset({"gt", "gte", "lt", "lte", "between"})
"""Operators that compare a column of periods by its rank."""


class Rank(FunctionElement[str]):
    """The place of a period among all: by its first day, of those with one first day the shortest first.

    A text, of the days of its two ends: it sorts, compares and stands in a cursor as any text does.
    """

    type: TypeEngine[str] = sa.Text()
    inherit_cache = False


@compiles(Rank, "postgresql")
def _(element: Rank, compiler: Any, **kw: Any) -> str:
    ends = (f"to_char({compiler.process(e, **kw)}, 'YYYY-MM-DD')" for e in element.clauses)
    return f'({" || ".join(ends)}) COLLATE "C"'


@compiles(Rank, "sqlite")
def _(element: Rank, compiler: Any, **kw: Any) -> str:
    return f"({' || '.join(compiler.process(e, **kw) for e in element.clauses)})"


def start_of(field: Field, table: FromClause) -> ColumnElement[Any]:
    """The first day of a column's period."""
    return table.c[f"{field.column}_start"]


def end_of(field: Field, table: FromClause) -> ColumnElement[Any]:
    """The last day of a column's period."""
    return table.c[f"{field.column}_end"]


def rank(field: Field, table: FromClause) -> ColumnElement[str]:
    """The rank of a column's period."""
    return Rank(start_of(field, table), end_of(field, table))


def rank_of(period: Any) -> str:
    """The rank of a period that a client wrote. Raises BAD_INPUT for what is no period."""
    first, after = days_of(str(period).upper())
    return f"{first}{after - dt.timedelta(days=1)}"


def normal(period: Any) -> str:
    """A period as it is stored. Raises BAD_INPUT for what is no period."""
    written = str(period).upper()
    days_of(written)
    return written
