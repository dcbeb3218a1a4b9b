"""Measures of a set of rows: count, countDistinct, sum, avg, min and max, exact on both databases.

A set is measured in parts (rows, sum and number of values, smallest, largest) which can be put together again: the
parts of districts make those of their city. What clients see is made of the parts last.
"""

from __future__ import annotations

import decimal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, and_, case, func, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.sql.type_api import TypeEngine

from db.facts import Facts, Kind
from db.kinds import BOOL, DECIMAL, INT
from db.registry import EntityInfo, Field, Relation
from db.types import Number
from permissions.columns import conditionable
from permissions.scopes import aggregates_only
from resolvers.faults import bad_input
from resolvers.fragments import Member, braced, literal, printed
from resolvers.joins import link
from resolvers.requests import Measured

if TYPE_CHECKING:
    from resolvers.compiler import Compiler

Function = Literal["sum", "avg", "min", "max", "countDistinct"]
FUNCTIONS: tuple[Function, ...] = ("countDistinct", "sum", "avg", "min", "max")
DIGITS = 6
"""Digits of an average after the point (API 4, numbers)."""
_PARTS: dict[Function, tuple[str, ...]] = {
    "sum": ("sum",), "avg": ("sum", "values"), "min": ("min",), "max": ("max",), "countDistinct": ("distinct",),
}  # fmt: skip


def countable(field: Field) -> bool:
    """Whether the distinct values of a column can be counted, and rows grouped by it."""
    return field.kind.groupable


class Columns(Protocol):
    """Columns by label: of a set in a FROM, or aggregates that are not in one."""

    def __getitem__(self, label: str, /) -> Any: ...


@dataclass(frozen=True)
class Measure:
    """One measure: its value, how it is printed, and the field that conditions over it go by."""

    value: ColumnElement[Any]
    kind: Kind
    field: Field


class Measures:
    """The measures that one set of rows is asked for, and the columns its parts stand in."""

    def __init__(self, c: Compiler, info: EntityInfo) -> None:
        self.c, self.info = c, info
        self.counting = aggregates_only(info, c.viewer)
        """Whether the viewer may only count: then each sum comes with the number of its values, which may be few."""
        self._columns: dict[tuple[str, str], str] = {}

    def need(self, function: str, name: str, at: str) -> None:
        """Note that a measure of a column is asked for. Raises BAD_INPUT where the viewer may not read the column."""
        field = self.info.public_fields[name]
        if self.counting and function != "sum":
            raise bad_input(
                f"{at}.{name}：只看汇总的角色只有数目和合计，没有可能是一条记录的值。",
                f"{at}.{name}: roles that see aggregates only get counts and sums, no value that could be one row's.",
                about=self.info.name,
            )
        if not conditionable(self.info, field, self.c.viewer):
            raise bad_input(
                f"{at}.{name}：您看不到“{field.facts.zh}”的全部内容，不能汇总。",
                f"{at}.{name}: you may not read this column, so it is not aggregated.",
                about=self.info.name,
            )
        for part in (*_PARTS[function], *(("values",) if self.counting else ())):  # type: ignore[index]
            self._columns.setdefault((part, name), f"m{len(self._columns)}")

    def need_all(self, measured: Measured, at: str) -> None:
        """Note every measure that a selection prints."""
        for key, function, what in measured:
            if function in FUNCTIONS:
                for _, field in what:
                    if isinstance(field, Field):
                        self.need(function, field.public, f"{at}.{key}")

    @property
    def parts(self) -> Mapping[tuple[str, str], str]:
        """(part, column's public name) -> the label it stands under; the number of rows is always ``n``."""
        return self._columns

    def of_rows(self, values: Mapping[str, ColumnElement[Any]]) -> list[sa.Label[Any]]:
        """The parts of a group of rows, from the values of its columns by public name."""
        return [
            func.count().label("n"),
            *(_of_rows(part, values[name]).label(label) for (part, name), label in self._columns.items()),
        ]

    def of_parts(self, source: FromClause) -> list[ColumnElement[Any]]:
        """The parts of sets put together, from those of each."""
        return [
            func.coalesce(func.sum(source.c.n), sa.literal_column("0"), type_=sa.Integer()).label("n"),
            *(_of_parts(part, source.c[label]).label(label) for (part, _), label in self._columns.items()),
        ]

    def columns(self, source: FromClause) -> list[ColumnElement[Any]]:
        """The parts as they stand in a set."""
        return [source.c.n, *(source.c[label] for label in self._columns.values())]

    def value(self, parts: Columns, function: str, name: str) -> Measure:
        """A measure of a column, made of its parts by their labels."""
        if function == "count":
            return Measure(parts["n"], INT, counted(self.info))
        field = self.info.public_fields[name]
        own = [parts[self._columns[part, name]] for part in _PARTS[function]]  # type: ignore[index]
        match function:
            case "countDistinct":
                return Measure(own[0], INT, counted(self.info))
            case "sum":
                total = func.coalesce(own[0], Zero(field.facts.scale), type_=own[0].type)
                return Measure(total, field.kind, _decimal(field, field.facts.scale))
            case "avg":
                return Measure(Average(own[0], own[1], field.facts.scale), DECIMAL, _decimal(field, DIGITS))
        return Measure(own[0], field.kind, field)

    def printed(self, source: FromClause, measured: Measured) -> list[Member]:
        """The members of a selection of measures, from the parts in `source`; null where the number is withheld."""
        members: list[Member] = []
        for key, function, what in measured:
            if function == "typename":
                members.append((key, f'"{what}"'))
            elif function == "suppressed":
                members.append((key, self._suppressed(source)))
            elif function == "count":
                members.append((key, self._shown(source, "count", "")))
            elif function in FUNCTIONS:
                inner: list[Member] = [
                    (k, f'"{field}"' if isinstance(field, str) else self._shown(source, function, field.public))
                    for k, field in what
                ]
                members.append((key, braced(inner)))
        return members

    def _suppressed(self, source: FromClause) -> ColumnElement[Any] | str:
        """Whether a key or the number of rows is withheld; a sum that is withheld alone is null, as no other sum is."""
        if "hidden" not in source.c:
            return "false"
        return printed(or_(source.c.hidden, source.c.rest) if "rest" in source.c else source.c.hidden, BOOL)

    def _withheld(self, source: FromClause, name: str) -> ColumnElement[bool]:
        """Whether a number is withheld of a viewer who may only count: of all columns, or of one of them."""
        return or_(source.c.hidden, source.c[f"few_{self._columns['values', name]}"]) if name else source.c.hidden

    def few(self, source: FromClause, below: ColumnElement[int]) -> list[sa.Label[bool]]:
        """Of each sum whether so few values are in it that they could be read from it, by its own label."""
        labels = [label for (part, _), label in self._columns.items() if part == "values" and self.counting]
        values = [source.c[label] for label in labels]
        return [and_(v > 0, v < below).label(f"few_{label}") for v, label in zip(values, labels, strict=True)]

    def _shown(self, source: FromClause, function: str, name: str) -> ColumnElement[Any]:
        measure = self.value(source.c, function, name)
        text = func.coalesce(printed(measure.value, measure.kind), literal("null"), type_=sa.Text())
        return case((self._withheld(source, name), literal("null")), else_=text) if "hidden" in source.c else text

    def seen(self, source: FromClause, function: str, name: str) -> Measure:
        """A measure as conditions and orderings see it: null where it is withheld."""
        measure = self.value(source.c, function, name)
        if "hidden" not in source.c:
            return measure
        withheld = self._withheld(source, name)
        shown = sa.type_coerce(case((withheld, sa.null()), else_=measure.value), measure.value.type)
        return Measure(shown, measure.kind, measure.field)


def asked_of(tree: Mapping[str, Any], at: str) -> list[tuple[str, str, Mapping[str, Any], str]]:
    """(function, column, operators, path) of everything a ``having`` asks. Raises BAD_INPUT for nulls."""
    found: list[tuple[str, str, Mapping[str, Any], str]] = []
    for function, inner in tree.items():
        here = f"{at}.{function}"
        for name, operators in ({"": inner} if function == "count" or inner is None else inner).items():
            place = f"{here}.{name}" if name else here
            if operators is None:
                raise bad_input(f"{place} 不能为 null。", f"{place} must not be null.")
            found.append((function, name, operators, place))
    return found


def measure_of(c: Compiler, relation: Relation, near: FromClause, function: str, name: str, at: str) -> Measure:
    """A measure of the visible rows that a relation leads to from a row of `near`."""
    info = c.entities[relation.target]
    far = c.alias(info)
    measures = Measures(c, info)
    if function != "count":
        measures.need(function, name, at.removesuffix(f".{name}"))
    values = {name: c.column(info, info.public_fields[name], far)} if name else {}
    parts = {part.name: part.element for part in measures.of_rows(values)}
    measure = measures.value(parts, function, name)
    rows = select(measure.value).select_from(far).where(*link(c, relation, near, far, each_once=True))
    one = rows.where(c.scope(info, far)).correlate_except(far).scalar_subquery()
    return Measure(sa.type_coerce(one, measure.value.type), measure.kind, measure.field)


def counted(info: EntityInfo) -> Field:
    """A number of rows, as conditions take it."""
    return Field("count", "n", info.fields["version"].facts, False, sa.Integer())


def _decimal(field: Field, scale: int) -> Field:
    """A sum or an average, as conditions take it; a sum of whole numbers is a decimal without digits."""
    return Field(field.name, field.column, Facts(DECIMAL, field.facts.zh, field.facts.en, scale=scale), True,
                 Number(38, scale))  # fmt: skip


def _of_rows(part: str, value: ColumnElement[Any]) -> ColumnElement[Any]:
    match part:
        case "sum":
            # Whole numbers add up to more than their type holds.
            scale = value.type.scale if isinstance(value.type, Number) else 0
            return sa.type_coerce(func.sum(value), Number(38, scale or 0))
        case "values":
            return func.count(value)
        case "distinct":
            return func.count(value.distinct())
    return sa.type_coerce(func.min(value) if part == "min" else func.max(value), value.type)


def _of_parts(part: str, value: ColumnElement[Any]) -> ColumnElement[Any]:
    whole = func.min(value) if part == "min" else func.max(value) if part == "max" else func.sum(value)
    return sa.type_coerce(whole, value.type)


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
