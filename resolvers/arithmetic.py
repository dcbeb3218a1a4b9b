"""What the databases compute of numbers in ways of their own, made exact and the same on both."""

from __future__ import annotations

import decimal
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.sql.type_api import TypeEngine

from db.types import Number

DIGITS = 6
"""Digits of an average after the point (API 4, numbers)."""


class Middle(FunctionElement[decimal.Decimal]):
    """The two values in the middle -> the median: their mean, with a digit more than they have: exact."""

    type: TypeEngine[decimal.Decimal]
    inherit_cache = False

    def __init__(self, low: ColumnElement[Any], high: ColumnElement[Any], scale: int) -> None:
        super().__init__(low, high)
        self.type = Number(38, scale)


@compiles(Middle, "postgresql")
def _(element: Middle, compiler: Any, **kw: Any) -> str:
    low, high = (compiler.process(e, **kw) for e in element.clauses)
    return f"((({low})::numeric + {high}) * 0.5)"


@compiles(Middle, "sqlite")
def _(element: Middle, compiler: Any, **kw: Any) -> str:
    low, high = (compiler.process(e, **kw) for e in element.clauses)
    return f"(({low} + {high}) * 5)"  # whole numbers of one digit more


class Zero(FunctionElement[decimal.Decimal]):
    """The sum of nothing, with the digits of its column."""

    type: TypeEngine[decimal.Decimal]
    inherit_cache = False

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale, self.type = scale, Number(38, scale)


@compiles(Zero, "postgresql")
def _(element: Zero, _compiler: Any, **_kw: Any) -> str:
    return f"{decimal.Decimal(0).scaleb(-element.scale)}"


@compiles(Zero, "sqlite")
def _(_element: Zero, _compiler: Any, **_kw: Any) -> str:
    return "0"


class Average(FunctionElement[decimal.Decimal]):
    """Sum and number of values -> their mean to six digits, halves away from zero; null of nothing.

    In whole numbers throughout: the databases' own division loses digits, each its own.
    """

    type: TypeEngine[decimal.Decimal] = Number(38, DIGITS)
    inherit_cache = False

    def __init__(self, total: ColumnElement[Any], values: ColumnElement[Any], scale: int) -> None:
        super().__init__(total, values)
        self.scale = scale


@compiles(Average, "postgresql")
def _(element: Average, compiler: Any, **kw: Any) -> str:
    total, values = (compiler.process(e, **kw) for e in element.clauses)
    unit, values = 10**DIGITS, f"nullif({values}, 0)"
    whole = f"div(2 * abs(({total})::numeric) * {unit} + {values}, 2 * ({values})::numeric)"
    return f"(sign(({total})::numeric) * {whole} * 0.{'0' * (DIGITS - 1)}1)"


@compiles(Average, "sqlite")
def _(element: Average, compiler: Any, **kw: Any) -> str:
    total, values = (compiler.process(e, **kw) for e in element.clauses)
    # Stored as whole numbers of the column's own digits: first the whole part, then the rest; neither overflows.
    unit, values = 10 ** (DIGITS - element.scale), f"nullif({values}, 0)"
    rest = f"(2 * (abs({total}) % {values}) * {unit} + {values}) / (2 * {values})"
    return f"(CASE WHEN {total} < 0 THEN -1 ELSE 1 END * (abs({total}) / {values} * {unit} + {rest}))"
