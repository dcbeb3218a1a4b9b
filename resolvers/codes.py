"""Enumerations as groups: codes rolled up to their statistical column, and the elements of lists of codes.

A rolled-up code is a number in SQL, the place of its column among those of the enumeration, so that groups stand in the
order of the enumeration on both databases; it is printed as the column's name.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, case, select

from db.entity_info import Field
from db.kinds import ENUM
from resolvers.fragments import Position, literal

STAT = "STAT"
"""The one roll-up there is: ``Code.stat``."""


def rolls_up(field: Field) -> bool:
    """Whether the codes of a column have statistical columns."""
    return field.kind == ENUM and field.facts.members is not None and bool(field.facts.members.rollup())


def columns_of(field: Field) -> dict[str, list[str]]:
    """The statistical columns of a column's codes -> the codes."""
    return field.facts.members.rollup() if field.facts.members is not None else {}


def column_number(field: Field, value: ColumnElement[str]) -> ColumnElement[int]:
    """A code -> the number of its statistical column; null where it has none."""
    whens = [
        (value.in_([literal(name) for name in names]), sa.literal_column(str(i), sa.Integer()))
        for i, names in enumerate(columns_of(field).values())
    ]
    return sa.type_coerce(case(*whens), sa.Integer())


def column_name(field: Field, number: ColumnElement[int]) -> ColumnElement[str]:
    """The number of a statistical column -> its name."""
    whens = [(number == sa.literal_column(str(i)), literal(stat)) for i, stat in enumerate(columns_of(field))]
    return sa.type_coerce(case(*whens), sa.Text())


def elements(field: Field, name: Callable[[], str]) -> FromClause:
    """The members of an enumeration as rows: ``e`` the name, ``q`` as it stands in a stored list."""
    assert field.facts.members is not None
    rows = [select(literal(n).label("e"), literal(f'"{n}"').label("q")) for n in field.facts.members.__members__]
    return sa.union_all(*rows).subquery(name())


def holds(value: ColumnElement[str], members: FromClause) -> ColumnElement[bool]:
    """Whether a stored list holds a member."""
    return Position(sa.type_coerce(value, sa.Text()), members.c.q) > sa.literal_column("0", sa.Integer())
