"""Measures of a set of rows: count, countDistinct, sum, avg, median, min and max, exact on both databases.

A set is measured in parts (rows, sum and number of values, smallest, largest) which can be put together again: the
parts of districts make those of their city. What clients see is made of the parts last. A median has no such parts:
it is read from the rows of each set anew (``adds_up``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, and_, case, func, or_, select

from db.entity_info import EntityInfo, Field, Relation
from db.facts import Facts, Kind
from db.kinds import BOOL, DECIMAL, INT
from db.measures import Measure as Named
from db.types import Number
from permissions.columns import conditionable
from permissions.scopes import aggregates_only
from resolvers.arithmetic import DIGITS, Average, Middle, Zero
from resolvers.faults import bad_input
from resolvers.fragments import Member, braced, literal, printed
from resolvers.joins import link
from resolvers.requests import Measured

if TYPE_CHECKING:
    from resolvers.compiler import Compiler

Function = Literal["sum", "avg", "median", "min", "max", "countDistinct"]
FUNCTIONS: tuple[Function, ...] = ("countDistinct", "sum", "avg", "median", "min", "max")
_PARTS: dict[Function, tuple[str, ...]] = {
    "sum": ("sum",), "avg": ("sum", "values"), "min": ("min",), "max": ("max",), "countDistinct": ("distinct",),
    "median": ("low", "high"),
}  # fmt: skip


def countable(field: Field) -> bool:
    """Whether the distinct values of a column can be counted, and rows grouped by it."""
    return field.kind.groupable


def groupable(field: Field) -> bool:
    """Whether rows can be grouped by a column: of a list of codes, by its elements."""
    return countable(field) or field.kind.listing


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
        self._conditions: dict[str, Mapping[str, Any]] = {}
        """What rows must meet to be counted in a part of a ratio, by the name that it has beside the columns."""

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
            if function == "ratio":
                self._need_ratio(what[0], f"{at}.{key}")
            elif function in FUNCTIONS:
                for _, field in what:
                    if isinstance(field, Field):
                        self.need(function, field.public, f"{at}.{key}")

    def _need_ratio(self, of: Any, at: str) -> None:
        """Note that a named ratio is asked for. Raises BAD_INPUT for what is none of this entity's.

        Of who may only count also those of the denominator that are not in the numerator are counted: few of them
        would tell as much as few in it. Two ratios could be taken from each other.
        """
        code = self.c.fix(of)
        parts = ratio_of(self.info, code)
        if parts is None:
            raise bad_input(
                f"{at}：“{self.info.facts.zh}”没有比率“{str(code)[:60]}”。",
                f"{at}: {self.info.name} has no ratio {str(code)[:60]!r} of numbers of its rows.",
            )
        numerator, denominator = (dict(part.where) for part in parts)
        found = {f"?{parts[0].code}": numerator, f"?{parts[1].code}": denominator}
        if self.counting:
            rest = {"and": [part for part in (denominator, {"not": numerator} if numerator else {}) if part]}
            found[f"?{code}"] = rest
            if self._conditions and self._conditions.keys() != found.keys():
                raise bad_input(
                    f"{at}：只看汇总的角色一次只能查一种比率。",
                    f"{at}: roles that see aggregates only get one ratio at a time.",
                )
        self._conditions |= found
        for name in found:
            self._columns.setdefault(("values", name), f"m{len(self._columns)}")

    def of_table(self, table: FromClause) -> dict[str, ColumnElement[Any]]:
        """What is measured of the rows of a table, by name: columns, and 1 where a row meets a condition."""
        from resolvers.conditions import where  # conditions are over measures, too

        found: dict[str, ColumnElement[Any]] = {}
        for name in dict.fromkeys(name for _, name in self._columns):
            if (tree := self._conditions.get(name)) is not None:
                met = where(self.c, self.info, table, tree, "where")
                found[name] = case((met, sa.literal_column("1", sa.Integer())))
            else:
                found[name] = self.c.column(self.info, self.info.public_fields[name], table)
        return found

    @property
    def parts(self) -> Mapping[tuple[str, str], str]:
        """(part, column's public name) -> the label it stands under; the number of rows is always ``n``."""
        return self._columns

    @property
    def adds_up(self) -> bool:
        """Whether the parts of sets make those of the sets together; otherwise each set is read from its rows."""
        return not any(part in ("low", "high") for part, _ in self._columns)

    def ranked(self, rows: FromClause, keys: Sequence[str], values: Mapping[str, str]) -> FromClause:
        """The rows with the place of each value among those of its group, where a median is asked for: `values` are
        their columns by public name. Nulls have no place: they come after all others."""
        if self.adds_up:
            return rows
        group = [rows.c[key] for key in keys] or None
        places: list[ColumnElement[Any]] = []
        for name in dict.fromkeys(name for part, name in self._columns if part == "low"):
            column = rows.c[values[name]]
            place = func.row_number().over(partition_by=group, order_by=column.asc().nulls_last())
            places.append(place.label(f"place_{values[name]}"))
            places.append(func.count(column).over(partition_by=group).label(f"of_{values[name]}"))
        return select(*rows.c, *places).select_from(rows).correlate_except(rows).subquery(self.c.name())

    def of_rows(
        self, values: Mapping[str, ColumnElement[Any]], ranked: FromClause | None = None
    ) -> list[sa.Label[Any]]:
        """The parts of a group of rows, from the values of its columns by public name; those of medians from the rows
        that ``ranked`` made."""
        found: list[sa.Label[Any]] = [func.count().label("n")]
        for (part, name), label in self._columns.items():
            value = values[name]
            if part in ("low", "high"):
                assert ranked is not None
                value = _in_the_middle(part, value, ranked)
                part = "max"  # of one value
            found.append(_of_rows(part, value).label(label))
        return found

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
            case "median":
                scale = field.facts.scale + 1
                return Measure(Middle(own[0], own[1], scale), DECIMAL, _decimal(field, scale))
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
            elif function == "ratio":
                code = self.c.fix(what[0])
                members.append((key, braced([(k, self._ratio(source, code, name)) for k, name in what[1]])))
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

    def _ratio(self, source: FromClause, code: str, name: str) -> ColumnElement[Any] | str:
        """A member of a ratio; where one of its parts is few, what would tell it is null."""
        parts = ratio_of(self.info, code)
        if parts is None or name not in ("value", "numerator", "denominator"):
            return f'"{name}"'
        names = [f"?{part.code}" for part in parts]
        n, d = (source.c[self._columns["values", part]] for part in names)
        whole = {"numerator": n, "denominator": d}.get(name)
        text = printed(Average(n, d, 0), DECIMAL) if whole is None else printed(whole, INT)
        text = func.coalesce(text, literal("null"), type_=sa.Text())
        if "hidden" not in source.c:
            return text
        telling = [names[1]] if name == "denominator" else [*names, f"?{code}"]
        return case((or_(*(self._withheld(source, part) for part in telling)), literal("null")), else_=text)

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


def ratio_of(info: EntityInfo, code: Any) -> tuple[Named, Named] | None:
    """Numerator and denominator of a named ratio of numbers of an entity's own rows; None for any other code."""
    known = {measure.code: measure for measure in info.facts.measures}
    measure = known.get(code)
    parts = [known.get(part) for part in measure.ratio or ()] if measure else []
    pair = [part for part in parts if part is not None and part.counting == "count" and part.ratio is None]
    return (pair[0], pair[1]) if len(pair) == 2 else None


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
    # Sets that do not add up are never put together: there is one.
    largest = part in ("max", "low", "high")
    whole = func.min(value) if part == "min" else func.max(value) if largest else func.sum(value)
    return sa.type_coerce(whole, value.type)


def _in_the_middle(part: str, value: ColumnElement[Any], ranked: FromClause) -> ColumnElement[Any]:
    """The value where it is the lower or the upper of those in the middle, of an odd number both; null elsewhere."""
    label = value.key
    place, of = ranked.c[f"place_{label}"], ranked.c[f"of_{label}"]
    two, one = sa.literal_column("2", sa.Integer()), sa.literal_column("1", sa.Integer())
    middle = (of + one) // two if part == "low" else of // two + one
    return sa.type_coerce(case((place == middle, value)), value.type)
