"""The plainest answer to aggregates and groups: loops and dicts over the rows that the reference found.

Regions roll up by walking parents, periods are told day by day, averages are fractions. Like the rest of the
reference it shares no code with what it judges.
"""

from __future__ import annotations

import datetime as dt
import decimal
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from db.clock import SHANGHAI
from db.entity_info import EntityInfo, Field
from permissions.viewer import Viewer
from tests.asks import Ask, Groups, Key, Measures
from tests.reference_values import average, compares, days_in, median, period, printed, statistical
from tests.world import LEVELS, Row

if TYPE_CHECKING:
    from tests.reference import Reference

T = TypeVar("T")
SUPPRESSED_BELOW = 5
MOST_GROUPS = 10_000
Values = tuple[Any, ...]
"""What the keys of one group hold: a stored value, the text of a period, the row of a region's id, or None."""


class TooManyGroups(Exception):
    """Filling would make more groups than an answer may have."""


# --- numbers -------------------------------------------------------------------------------------------------------


def measured(reference: Reference, entity: str, rows: Sequence[Row], function: str, name: str = "") -> Any:
    """One number of a set of rows, before it is printed; nulls count in none but `count`."""
    if function == "count":
        return len(rows)
    column = reference.entities[entity].public_fields[name]
    values = [value for row in rows if (value := reference.value(entity, column, row)) is not None]
    if function == "countDistinct":
        return len(set(values))
    if function == "sum":
        return sum(values, decimal.Decimal(0)) if column.kind == "decimal" else sum(values)
    if not values:
        return None
    if function in ("avg", "median"):
        return average(values) if function == "avg" else median(values)
    return min(values) if function == "min" else max(values)


def numbers(reference: Reference, entity: str, cell: Cell, asked: Measures) -> dict[str, Any]:
    """The numbers of a set of rows as they print; null where they are withheld."""
    info = reference.entities[entity]
    found: dict[str, Any] = {"suppressed": cell.rest or cell.hidden}
    if asked.count:
        found["count"] = cell.number(reference, entity, "count")
    for function, names in asked.by_function().items():
        values = {name: cell.number(reference, entity, function, name) for name in names}
        found[function] = {n: _number(v, function, info.public_fields[n]) for n, v in values.items()}
    return found


def _number(value: Any, function: str, column: Field) -> Any:
    if value is None or function == "countDistinct":
        return value
    return f"{value:f}" if function in ("avg", "median") else printed(value, column, "")


def holds(reference: Reference, entity: str, cell: Cell, having: Mapping[str, Any]) -> bool:
    """Whether the numbers of a set of rows meet a condition over numbers; those withheld are null."""

    def number(function: str, name: str = "") -> Any:
        return cell.number(reference, entity, function, name)

    return all(
        compares(number("count"), operator, wanted, None, "") for operator, wanted in having.get("count", {}).items()
    ) and all(
        compares(number(function, name), operator, wanted, None, "")
        for function in ("sum", "avg", "min", "max")
        for name, operators in having.get(function, {}).items()
        for operator, wanted in operators.items()
    )


def aggregate(
    reference: Reference, entity: str, rows: Sequence[Row], asked: Measures, viewer: Viewer
) -> dict[str, Any]:
    """What `aggregate` of a list prints."""
    counting = reference.counts_only(entity, viewer)
    return numbers(reference, entity, whole(reference, entity, rows) if counting else Cell((), rows), asked)


@dataclass(eq=False)
class Cell:
    """Rows that stand together in an answer: the values of the keys so far, of which the first `told` are told."""

    values: Values
    rows: Sequence[Row]
    told: int = -1
    hidden: bool = False
    few: frozenset[str] = frozenset()
    """The columns of which no sum is told."""

    @property
    def rest(self) -> bool:
        """Whether it is what is left below a total."""
        return 0 <= self.told < len(self.values)

    def withholds(self, name: str = "") -> bool:
        """Whether a number of a column, or the number of rows, is not told."""
        return self.hidden or name in self.few

    def number(self, reference: Reference, entity: str, function: str, name: str = "") -> Any:
        """One of its numbers, null where that is withheld."""
        return None if self.withholds(name) else measured(reference, entity, self.rows, function, name)


def few_values(reference: Reference, entity: str, rows: Sequence[Row]) -> frozenset[str]:
    """The columns with 1 to k - 1 values in some rows: a sum of them is nearly a value."""
    fields = [f for f in reference.entities[entity].fields.values() if f.kind in ("int", "decimal")]
    held = {f.public: sum(reference.value(entity, f, row) is not None for row in rows) for f in fields}
    return frozenset(name for name, n in held.items() if 1 <= n < SUPPRESSED_BELOW)


def whole(reference: Reference, entity: str, rows: Sequence[Row]) -> Cell:
    """All rows together, as told to who may only count."""
    hidden = 1 <= len(rows) < SUPPRESSED_BELOW
    return Cell((), rows, 0, hidden, few_values(reference, entity, rows))


def arranged(items: Iterable[T], keys: Callable[[T], Any], direction: str) -> list[T]:
    """The items by one key; equal ones stay as they were, nulls stand last going up and first going down."""
    items = list(items)
    nulls = [item for item in items if keys(item) is None]
    others = sorted((i for i in items if keys(i) is not None), key=keys, reverse=direction.startswith("DESC"))
    first = direction.endswith("NULLS_FIRST") or direction == "DESC"
    return nulls + others if first else others + nulls


# --- groups --------------------------------------------------------------------------------------------------------


@dataclass
class Grouping:
    """The groups of the rows of one list, as one viewer."""

    reference: Reference
    ask: Ask
    rows: Sequence[Row]
    viewer: Viewer

    def __post_init__(self) -> None:
        assert self.ask.groups is not None
        self.asked: Groups = self.ask.groups
        self.info: EntityInfo = self.reference.entities[self.ask.entity]
        self.regions = {row["id"]: row for row in self.reference.rows["Region"]}
        self.keys = {row["id"]: list(itertools.product(*self._values(row))) for row in self.rows}
        self.guarded = self.reference.counts_only(self.ask.entity, self.viewer)
        self.levels = self._parted() if self.guarded else [self._split(n) for n in range(len(self.asked.by) + 1)]

    def answer(self) -> dict[str, Any]:
        """What `groupBy` prints."""
        groups = self._met()
        size = 200 if self.asked.first is None else self.asked.first
        found: dict[str, Any] = {"totalCount": len(groups)}
        found["nodes"] = [self._group(cell) for cell in groups[:size]]
        if self.asked.subtotals:
            found["subtotals"] = self._subtotals()
        if self.asked.pages:
            found["pageInfo"] = {"hasNextPage": len(groups) > size, "hasPreviousPage": False}
        return found

    def _met(self) -> list[Cell]:
        """The groups of all pages, in order."""
        groups = list(self.levels[-1])
        if self.asked.fill:
            groups += [Cell(values, [], len(values) if self.guarded else -1) for values in self._filled()]
        having = self.asked.having or {}
        met = [cell for cell in groups if holds(self.reference, self.info.name, cell, having)]
        ordered = self._in_key_order(met)
        for item in reversed(self.asked.order):
            ordered = arranged(ordered, lambda cell, item=item: self._sorts(cell, item), _direction(item))  # type: ignore[misc]
        return ordered

    def _split(self, length: int) -> list[Cell]:
        """The rows by their first keys."""
        cells: dict[Values, list[Row]] = {} if length else {(): []}
        for row in self.rows:
            for values in dict.fromkeys(values[:length] for values in self.keys[row["id"]]):
                cells.setdefault(values, []).append(row)
        return [Cell(values, rows) for values, rows in cells.items()]

    def _group(self, cell: Cell) -> dict[str, Any]:
        found = numbers(self.reference, self.info.name, cell, self.asked.measures)
        found["key"] = self._key(cell.values)
        if self.asked.rows is not None:
            inner = replace(self.asked.rows, order=self.ask.order)
            found["rows"] = self.reference.answer(inner, self.viewer, list(cell.rows))
        return found

    def _subtotals(self) -> list[dict[str, Any]]:
        """The same rows grouped by fewer and fewer keys; the last total, over all rows, is always there."""
        found = []
        for length in range(len(self.asked.by) - 1, -1, -1):
            for total in self._in_key_order(self.levels[length]):
                cell = numbers(self.reference, self.info.name, total, self.asked.measures)
                cell["key"] = self._key(total.values)
                found.append(cell | {"totalled": [self._name(key) for key in self.asked.by[length:]]})
        return found

    # --- keys -------------------------------------------------------------------------------------------------------

    def _values(self, row: Row) -> list[list[Any]]:
        """For each key what it says of a row: one value, or the elements of a list; of an empty one null."""
        found = [self._value(key, row) for key in self.asked.by]
        return [(value or [None]) if key.element else [value] for key, value in zip(self.asked.by, found, strict=True)]

    def _value(self, key: Key, row: Row) -> Any:
        """What a key says of a row."""
        here: Row | None = row
        info = self.info
        for name in key.path if key.level else key.path[:-1]:
            relation = info.public_relations[name]
            far = self.reference.related(relation, here, self.viewer)
            here, info = (far[0] if far else None), self.reference.entities[relation.target]
        if key.level:
            return self._rolled_up(here, key.level)
        column = info.public_fields[key.path[-1]]
        value = self.reference.value(info.name, column, here)
        if key.rollup and value is not None:
            [stat] = [member.stat for member in column.facts.members or () if member.name == value]
            return stat or None
        return value if value is None or key.granularity is None else period(value, key.granularity, _zone(key))

    def _rolled_up(self, region: Row | None, level: str) -> str | None:
        """The lowest region above a region, or itself, that is at the level or higher; none for one above the level."""
        if region is None or LEVELS.index(region["level"]) < LEVELS.index(level):
            return None
        while LEVELS.index(region["level"]) > LEVELS.index(level):
            region = self.regions[region["parent_id"]]
        return region["id"] if self.reference.visible("Region", region, self.viewer) else None

    def _in_key_order(self, cells: Iterable[Cell]) -> list[Cell]:
        """By the keys in their order, nulls last, regions by their codes; what is left comes after a key of null."""
        ordered = sorted(sorted(cells, key=lambda cell: repr(cell.values)), key=lambda cell: -cell.told)
        for place in reversed(range(max((len(cell.values) for cell in ordered), default=0))):
            ordered = arranged(ordered, lambda cell, place=place: self._rank(place, cell.values[place]), "ASC")  # type: ignore[misc]
        return ordered

    def _rank(self, place: int, value: Any) -> Any:
        key = self.asked.by[place]
        if value is not None and key.rollup:
            return statistical(self._column(key)).index(value)
        if value is None or not key.level:
            return value
        return self.regions[value]["code"], value

    def _sorts(self, cell: Cell, item: Mapping[str, Any]) -> Any:
        """What an item of `orderBy` makes of a group."""
        [(what, wanted)] = item.items()
        if what == "key":
            return self._sorts_by_key(cell.values, wanted)
        return cell.number(self.reference, self.info.name, what, "" if what == "count" else next(iter(wanted)))

    def _sorts_by_key(self, values: Values, item: Mapping[str, Any]) -> Any:
        path: tuple[str, ...] = ()
        while isinstance(item, Mapping):
            [(name, item)] = item.items()
            path += (name,)
        for place, (key, value) in enumerate(zip(self.asked.by, values, strict=True)):
            if key.level and key.path == path[:-1]:
                column = self.reference.entities["Region"].public_fields[path[-1]]
                return None if value is None else self.reference.value("Region", column, self.regions[value])
            if key.path == path:
                return self._rank(place, value)
        raise AssertionError(f"{path} is not grouped by")

    def _name(self, key: Key) -> str:
        """What `totalled` calls a key."""
        several = sum(other.path == key.path for other in self.asked.by) > 1
        name = key.alias or ".".join(key.path)
        part = "STAT" if key.rollup else key.level
        return f"{name}.{part}" if part and several else name

    def _key(self, values: Values) -> dict[str, Any]:
        """The key of a group as it prints: the leaf of the key at place n is asked under the name ``kn``."""
        stray: dict[str, Any] = {} if self.asked.stray is None else {"stray": None}
        return stray | self._inside((), self.info, values, None)

    def _inside(self, at: tuple[str, ...], info: EntityInfo, values: Values, row: Row | None) -> dict[str, Any]:
        """What a key holds at a place; with a row it is that row, which is whole and has no periods and levels."""
        found: dict[str, Any] = {}
        for place, key in enumerate(self.asked.by):
            if key.path[: len(at)] != at:
                continue
            name = key.path[len(at)]
            if len(key.path) > len(at) + 1:
                found[name] = self._beyond((*at, name), info, values, row)
            elif row is None:
                value = values[place] if place < len(values) else None
                found[f"k{place}"] = self._printed(key, value)
            elif key.level and sum(other.path == key.path for other in self.asked.by) == 1:
                far = self.reference.related(info.public_relations[name], row, self.viewer)
                found[f"k{place}"] = self._printed(key, far[0]["id"] if far else None)
            elif not key.level and key.whole:
                found[f"k{place}"] = self.reference.shown(info.name, info.public_fields[name], row, self.viewer)
        return found

    def _beyond(self, at: tuple[str, ...], info: EntityInfo, values: Values, row: Row | None) -> dict[str, Any] | None:
        """What a key holds behind a reference: the row where it is grouped by its id, else what it is grouped by."""
        relation = info.public_relations[at[-1]]
        target = self.reference.entities[relation.target]
        if row is not None:
            far = self.reference.related(relation, row, self.viewer)
            return self._inside(at, target, values, far[0]) if far else None
        for key, value in zip(self.asked.by, values, strict=False):
            if key.path == (*at, "id"):
                rows = [row for row in self.reference.rows[target.name] if row["id"] == value]
                return self._inside(at, target, values, rows[0]) if rows else None
        return self._inside(at, target, values, None)

    def _printed(self, key: Key, value: Any) -> Any:
        if value is None or not key.whole:
            return value
        if key.level:
            fields = self.reference.entities["Region"].public_fields
            return {
                name: self.reference.shown("Region", fields[name], self.regions[value], self.viewer)
                for name in ("code", "name", "level")
            }
        info = self.info
        for name in key.path[:-1]:
            info = self.reference.entities[info.public_relations[name].target]
        return printed(value, info.public_fields[key.path[-1]], info.facts.prefix)

    # --- empty groups -----------------------------------------------------------------------------------------------

    def _filled(self) -> set[Values]:
        """The combinations that do not occur of the values each key can have; null is one where some row has none.

        None is told below a total of which something is left: those that are missing then would be what is left.
        """
        shown = [cell.values for cell in self.levels[-1] if not cell.rest]
        choices = [self._choices(place, key, shown) for place, key in enumerate(self.asked.by)]
        for place, choice in enumerate(choices):
            choice |= {None} & {values[place] for values in shown}
        size = 1
        for choice in choices:
            size *= len(choice)
        if size > MOST_GROUPS:
            raise TooManyGroups
        left = [cell.values[: cell.told] for cell in self.levels[-1] if cell.rest]
        return {
            values for values in itertools.product(*choices)
            if values not in shown and not any(values[: len(prefix)] == prefix for prefix in left)
        }  # fmt: skip

    def _choices(self, place: int, key: Key, shown: Sequence[Values]) -> set[Any]:
        occurring = {values[place] for values in shown} - {None}
        if key.level:
            return occurring | {r["id"] for r in self.reference.rows["Region"] if self._belongs(r, key)}
        column = self._column(key)
        if key.granularity:
            days = self._days(key, column, {values[place] for values in shown})
            return {period(min(days) + dt.timedelta(days=n), key.granularity) for n in range(_span(days))}
        if column.kind == "bool":
            return {False, True}
        if key.rollup:
            return set(statistical(column))
        return {member.name for member in column.facts.members} if column.facts.members else occurring

    def _column(self, key: Key) -> Field:
        info = self.info
        for name in key.path[:-1]:
            info = self.reference.entities[info.public_relations[name].target]
        return info.public_fields[key.path[-1]]

    def _belongs(self, region: Row, key: Key) -> bool:
        """Whether an empty group is made for a region: one of today, at the level, inside the place asked for."""
        inside = (self.ask.where or {}).get(key.path[0], {}) if len(key.path) == 1 else {}
        inside = {name: by for name, by in inside.items() if name == "descendantOf"}
        return (
            region["level"] == key.level
            and self.reference.in_force(region)
            and self.reference.visible("Region", region, self.viewer)
            and self.reference.meets("Region", region, inside, self.viewer)
        )

    def _days(self, key: Key, column: Field, periods: set[Any]) -> list[dt.date]:
        """The first and the last day of the periods to show: of a condition over the column, else of the rows."""
        condition = (self.ask.where or {}).get(key.path[0], {}) if len(key.path) == 1 else {}
        bounds: list[Any] = []
        if "inPeriod" in condition:
            bounds = days_in(condition["inPeriod"])
            if column.kind == "datetime":
                moments = [dt.datetime.combine(d, t, SHANGHAI) for d in bounds for t in (dt.time.min, dt.time.max)]
                bounds = list(moments)
        elif "between" in condition:
            low, high = condition["between"]
            bounds = [low, high] if low <= high else []
        else:
            stored = [v for row in self.rows if (v := self._stored(key, row)) is not None]
            bounds = [v for v in stored if period(v, key.granularity or "", _zone(key)) in periods]
        zone = ZoneInfo(_zone(key))
        return [bound.astimezone(zone).date() if isinstance(bound, dt.datetime) else bound for bound in bounds]

    def _stored(self, key: Key, row: Row) -> Any:
        here: Row | None = row
        info = self.info
        for name in key.path[:-1]:
            relation = info.public_relations[name]
            far = self.reference.related(relation, here, self.viewer)
            here, info = (far[0] if far else None), self.reference.entities[relation.target]
        return self.reference.value(info.name, info.public_fields[key.path[-1]], here)

    # --- small numbers ----------------------------------------------------------------------------------------------

    def _parted(self) -> list[list[Cell]]:
        """What who may only count is told, level by level: each cell of the last one parted by one key more."""
        levels = [[whole(self.reference, self.info.name, self.rows)]]
        if not self.rows:
            return [*levels, *([] for _ in self.asked.by)]
        for _ in self.asked.by:
            levels.append([cell for parent in levels[-1] for cell in self._parts(parent)])
        return levels

    def _parts(self, total: Cell) -> list[Cell]:
        """The cells of a total. What would be small stands together, with the last by key of those that would not,
        and more of them until that is more than a row for each small one and k for another. It is parted no further."""
        length = len(total.values) + 1
        if total.rest or total.hidden:
            return [Cell((*total.values, None), total.rows, total.told, total.hidden, total.few)]
        cells = [cell for cell in self._split(length) if cell.values[:-1] == total.values]
        left = [cell for cell in cells if len(cell.rows) < SUPPRESSED_BELOW]
        others = [cell for cell in self._in_key_order(cells) if cell not in left]
        enough = len(left) + SUPPRESSED_BELOW + 1
        if left and others:
            left.append(others.pop())
            while others and sum(len(cell.rows) for cell in left) < enough:
                left.append(others.pop())
        found = [replace(cell, told=length) for cell in others]
        if left:
            rows = [row for cell in left for row in cell.rows]
            found.append(Cell((*total.values, None), rows, length - 1))
        few = frozenset[str]().union(*(few_values(self.reference, self.info.name, cell.rows) for cell in found))
        return [replace(cell, few=total.few | few) for cell in found]


def _zone(key: Key) -> str:
    return key.zone or "Asia/Shanghai"


def _span(days: Sequence[dt.date]) -> int:
    return (max(days) - min(days)).days + 1 if days else 0


def _direction(item: Any) -> str:
    while isinstance(item, Mapping):
        [item] = item.values()
    return str(item)
