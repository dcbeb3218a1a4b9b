"""Computed columns: what follows from other columns, from child rows or from the clock, as data.

``Col("filed_on") <= Col("due_on")``, ``Col("due_on") < Today()``, ``Col("ended_on") - Col("began_on")`` in days, and
over the rows of a list ``Count("mediation_sessions")``, ``Exists``, ``Sum``, ``First``, ``Last``. Given to ``computed``
the value is computed where it is read; given as ``formula=`` to a column it is stored, kept by the door (``db.kept``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.sql.type_api import TypeEngine

from db.columns import Facts, When
from db.kinds import BOOL, INT, Kind
from db.types import Number

Operator = Literal["<=", "<", ">=", ">"]
Function = Literal["count", "exists", "sum", "first", "last"]


class Term:
    """A part of a formula over the columns of a row; terms are compared, and days taken from each other."""

    def __le__(self, other: Term | int) -> Compare:
        return Compare("<=", self, _term(other))

    def __lt__(self, other: Term | int) -> Compare:
        return Compare("<", self, _term(other))

    def __ge__(self, other: Term | int) -> Compare:
        return Compare(">=", self, _term(other))

    def __gt__(self, other: Term | int) -> Compare:
        return Compare(">", self, _term(other))

    def __sub__(self, other: Term) -> Days:
        return Days(self, other)


@dataclass(frozen=True)
class Col(Term):
    """The value of a column of the row."""

    name: str


@dataclass(frozen=True)
class Today(Term):
    """Today's date in China: only of what is computed where it is read."""


@dataclass(frozen=True)
class Whole(Term):
    """A whole number."""

    value: int


@dataclass(frozen=True)
class Compare(Term):
    """Whether two terms stand so; null where one of them is."""

    operator: Operator
    left: Term
    right: Term


@dataclass(frozen=True)
class Days(Term):
    """The days from one date to another; null where one of them is."""

    left: Term
    right: Term


@dataclass(frozen=True)
class Children:
    """What a list of the row says, of the rows that meet every condition of `where`; made by ``Count`` and its like."""

    function: Function
    relation: str
    column: str | None = None
    by: str | None = None
    where: tuple[When, ...] = ()


Formula = Term | Children


def Count(relation: str, *where: When) -> Children:
    """How many rows a list has."""
    return Children("count", relation, where=where)


def Exists(relation: str, *where: When) -> Children:
    """Whether a list has a row."""
    return Children("exists", relation, where=where)


def Sum(relation: str, column: str, *where: When) -> Children:
    """The sum of a column of a list's rows; of nothing 0."""
    return Children("sum", relation, column, where=where)


def First(relation: str, column: str, by: str, *where: When) -> Children:
    """A column of the row of a list that is first by another column; null of nothing."""
    return Children("first", relation, column, by, where)


def Last(relation: str, column: str, by: str, *where: When) -> Children:
    """The same of the last row."""
    return Children("last", relation, column, by, where)


@dataclass(frozen=True)
class Computed:
    """A column that is computed where it is read: its names and its formula."""

    zh: str
    en: str
    formula: Formula

    def facts(self, of: Facts | None) -> Facts:
        """What it says about itself; `of` are those of the column that a sum, first or last is taken of."""
        kind = kind_of(self.formula)
        if kind is None:
            assert of is not None
            return Facts(of.kind, self.zh, self.en, members=of.members, scale=of.scale, computed=True)
        return Facts(kind, self.zh, self.en, computed=True)


def computed(zh: str, en: str, formula: Formula) -> Any:
    """A column that is computed where it is read."""
    return Computed(zh, en, formula)


def kind_of(formula: Formula) -> Kind | None:
    """The kind of a formula's value; None where it is that of the column it is taken of."""
    if isinstance(formula, Children):
        return {"count": INT, "exists": BOOL}.get(formula.function)
    return BOOL if isinstance(formula, Compare) else INT


def columns_of(formula: Formula) -> tuple[str, ...]:
    """The columns of the row itself that a formula names."""
    if isinstance(formula, Col):
        return (formula.name,)
    parts = (formula.left, formula.right) if isinstance(formula, Compare | Days) else ()
    return tuple(dict.fromkeys(name for part in parts for name in columns_of(part)))


def by_the_clock(formula: Formula) -> bool:
    """Whether the value changes with the day."""
    return isinstance(formula, Today) or (
        isinstance(formula, Compare | Days) and (by_the_clock(formula.left) or by_the_clock(formula.right))
    )


def _term(value: Term | int) -> Term:
    return Whole(value) if isinstance(value, int) else value


# --- SQL -------------------------------------------------------------------------------------------------------------


def of_row(
    formula: Term, value: Callable[[str], ColumnElement[Any]], today: ColumnElement[Any] | None = None
) -> ColumnElement[Any]:
    """A formula over the columns of a row, from their values by name."""
    match formula:
        case Col(name):
            return value(name)
        case Whole(number):
            return sa.literal_column(str(number), sa.Integer())
        case Days(left, right):
            return DaysBetween(of_row(left, value, today), of_row(right, value, today))
        case Compare(operator, left, right):
            compared = of_row(left, value, today).op(operator, is_comparison=True)(of_row(right, value, today))
            return sa.type_coerce(compared, sa.Boolean())
    assert today is not None
    return today


def of_children(
    formula: Children, far: FromClause, value: Callable[[str], ColumnElement[Any]],
    conditions: Sequence[ColumnElement[bool]],
) -> ColumnElement[Any]:  # fmt: skip
    """A formula over the rows of `far` that meet the conditions, from the values of their columns by name."""
    which = [*conditions, *(_meets(when, value(when.column)) for when in formula.where)]

    def one(what: ColumnElement[Any]) -> sa.Select[Any]:
        return select(what).select_from(far).where(*which).correlate_except(far)

    match formula.function:
        case "exists":
            return sa.exists(one(sa.literal_column("1", sa.Integer())))
        case "count":
            return sa.type_coerce(one(func.count()).scalar_subquery(), sa.Integer())
    column = value(formula.column or "")
    if formula.function == "sum":
        kind = Number(38, (column.type.scale or 0) if isinstance(column.type, Number) else 0)
        return sa.type_coerce(one(func.coalesce(func.sum(column), sa.cast(0, kind))).scalar_subquery(), kind)
    by = value(formula.by or "")
    order = by.asc() if formula.function == "first" else by.desc()
    found = one(column).order_by(order.nulls_last(), far.c.id).limit(sa.literal_column("1"))
    return sa.type_coerce(found.scalar_subquery(), column.type)


def _meets(when: When, column: ColumnElement[Any]) -> ColumnElement[bool]:
    if not when.values:
        return column.is_not(None)
    return column.in_([sa.literal_column(f"'{code.name}'", column.type) for code in when.values])


class DaysBetween(FunctionElement[int]):
    """The days from the second date to the first."""

    type: TypeEngine[int] = sa.Integer()
    inherit_cache = True


@compiles(DaysBetween, "postgresql")
def _(element: DaysBetween, compiler: Any, **kw: Any) -> str:
    first, second = (compiler.process(e, **kw) for e in element.clauses)
    return f"({first} - {second})"


@compiles(DaysBetween, "sqlite")
def _(element: DaysBetween, compiler: Any, **kw: Any) -> str:
    first, second = (compiler.process(e, **kw) for e in element.clauses)
    return f"CAST(julianday({first}) - julianday({second}) AS INTEGER)"
