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
from db.registry import EntityInfo, Field
from permissions.viewer import Viewer
from tests.asks import Ask, Groups, Key, Measures
from tests.reference_values import average, compares, days_in, period, printed
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
    if function == "avg":
        return average(values)
    return min(values) if function == "min" else max(values)


def numbers(reference: Reference, entity: str, rows: Sequence[Row], asked: Measures, hidden: bool) -> dict[str, Any]:
    """The numbers of a set of rows as they print; all of them null where they are hidden."""
    info = reference.entities[entity]
    found: dict[str, Any] = {"suppressed": hidden}
    if asked.count:
        found["count"] = None if hidden else len(rows)
    for function, names in asked.by_function().items():
        values = {name: None if hidden else measured(reference, entity, rows, function, name) for name in names}
        found[function] = {n: _number(v, function, info.public_fields[n]) for n, v in values.items()}
    return found


def _number(value: Any, function: str, column: Field) -> Any:
    if value is None or function == "countDistinct":
        return value
    return f"{value:f}" if function == "avg" else printed(value, column, "")


def holds(reference: Reference, entity: str, rows: Sequence[Row], having: Mapping[str, Any], hidden: bool) -> bool:
    """Whether the numbers of a set of rows meet a condition over numbers; hidden ones are null."""

    def number(function: str, name: str = "") -> Any:
        return None if hidden else measured(reference, entity, rows, function, name)

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
    hidden = reference.counts_only(entity, viewer) and 1 <= len(rows) < SUPPRESSED_BELOW
    return numbers(reference, entity, rows, asked, hidden)


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
        self.keys = {row["id"]: tuple(self._value(key, row) for key in self.asked.by) for row in self.rows}
        self.hidden = self._suppressed() if self.reference.counts_only(self.ask.entity, self.viewer) else set()

    def answer(self) -> dict[str, Any]:
        """What `groupBy` prints."""
        groups = self._met()
        size = 200 if self.asked.first is None else self.asked.first
        found: dict[str, Any] = {"totalCount": len(groups)}
        found["nodes"] = [self._group(values) for values in groups[:size]]
        if self.asked.subtotals:
            found["subtotals"] = self._subtotals()
        if self.asked.pages:
            found["pageInfo"] = {"hasNextPage": len(groups) > size, "hasPreviousPage": False}
        return found

    def _met(self) -> list[Values]:
        """The groups of all pages, in order."""
        groups = set(self.keys.values())
        if self.asked.fill:
            groups |= self._filled()
        having = self.asked.having or {}
        met = [v for v in groups if holds(self.reference, self.info.name, self._of(v), having, v in self.hidden)]
        ordered = self._in_key_order(met)
        for item in reversed(self.asked.order):
            ordered = arranged(ordered, lambda values, item=item: self._sorts(values, item), _direction(item))  # type: ignore[misc]
        return ordered

    def _of(self, values: Values) -> list[Row]:
        """The rows whose first keys are these."""
        return [row for row in self.rows if self.keys[row["id"]][: len(values)] == values]

    def _group(self, values: Values) -> dict[str, Any]:
        hidden = values in self.hidden
        found = numbers(self.reference, self.info.name, self._of(values), self.asked.measures, hidden)
        found["key"] = self._key(values)
        if self.asked.rows is not None:
            inner = replace(self.asked.rows, order=self.ask.order)
            found["rows"] = self.reference.answer(inner, self.viewer, self._of(values))
        return found

    def _subtotals(self) -> list[dict[str, Any]]:
        """The same rows grouped by fewer and fewer keys; the last total, over all rows, is always there."""
        found = []
        for length in range(len(self.asked.by) - 1, -1, -1):
            cells = {values[:length] for values in self.keys.values()} | ({()} if length == 0 else set())
            for values in self._in_key_order(cells):
                hidden = values in self.hidden
                cell = numbers(self.reference, self.info.name, self._of(values), self.asked.measures, hidden)
                cell["key"] = self._key(values)
                found.append(cell | {"totalled": [self._name(key) for key in self.asked.by[length:]]})
        return found

    # --- keys -------------------------------------------------------------------------------------------------------

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
        value = self.reference.value(info.name, info.public_fields[key.path[-1]], here)
        return value if value is None or key.granularity is None else period(value, key.granularity, _zone(key))

    def _rolled_up(self, region: Row | None, level: str) -> str | None:
        """The lowest region above a region, or itself, that is at the level or higher; none for one above the level."""
        if region is None or LEVELS.index(region["level"]) < LEVELS.index(level):
            return None
        while LEVELS.index(region["level"]) > LEVELS.index(level):
            region = self.regions[region["parent_id"]]
        return region["id"] if self.reference.visible("Region", region, self.viewer) else None

    def _in_key_order(self, groups: Iterable[Values]) -> list[Values]:
        """By the keys in their order, nulls last, regions by their codes."""
        ordered = sorted(groups, key=repr)
        for place in reversed(range(max(map(len, ordered), default=0))):
            ordered = arranged(ordered, lambda values, place=place: self._rank(place, values[place]), "ASC")  # type: ignore[misc]
        return ordered

    def _rank(self, place: int, value: Any) -> Any:
        if value is None or not self.asked.by[place].level:
            return value
        return self.regions[value]["code"], value

    def _sorts(self, values: Values, item: Mapping[str, Any]) -> Any:
        """What an item of `orderBy` makes of a group."""
        [(what, wanted)] = item.items()
        if what == "key":
            return self._sorts_by_key(values, wanted)
        name = "" if what == "count" else next(iter(wanted))
        return None if values in self.hidden else measured(self.reference, self.info.name, self._of(values), what, name)

    def _sorts_by_key(self, values: Values, item: Mapping[str, Any]) -> Any:
        path: tuple[str, ...] = ()
        while isinstance(item, Mapping):
            [(name, item)] = item.items()
            path += (name,)
        for key, value in zip(self.asked.by, values, strict=True):
            if key.level and key.path == path[:-1]:
                column = self.reference.entities["Region"].public_fields[path[-1]]
                return None if value is None else self.reference.value("Region", column, self.regions[value])
            if key.path == path:
                return value
        raise AssertionError(f"{path} is not grouped by")

    def _name(self, key: Key) -> str:
        """What `totalled` calls a key."""
        several = sum(other.path == key.path for other in self.asked.by) > 1
        name = key.alias or ".".join(key.path)
        return f"{name}.{key.level}" if key.level and several else name

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
            elif not key.level and not key.granularity:
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
        if value is None or key.granularity:
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
        """Every combination of the values that each key can have; null is one where some row has none."""
        choices = [self._choices(place, key) for place, key in enumerate(self.asked.by)]
        for place, choice in enumerate(choices):
            choice |= {None} & {values[place] for values in self.keys.values()}
        size = 1
        for choice in choices:
            size *= len(choice)
        if size > MOST_GROUPS:
            raise TooManyGroups
        return set(itertools.product(*choices))

    def _choices(self, place: int, key: Key) -> set[Any]:
        occurring = {values[place] for values in self.keys.values()} - {None}
        if key.level:
            return occurring | {r["id"] for r in self.reference.rows["Region"] if self._belongs(r, key)}
        column = self._column(key)
        if key.granularity:
            days = self._days(place, key, column)
            return {period(min(days) + dt.timedelta(days=n), key.granularity) for n in range(_span(days))}
        if column.kind == "bool":
            return {False, True}
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

    def _days(self, place: int, key: Key, column: Field) -> list[dt.date]:
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
            bounds = [v for row in self.rows if (v := self._stored(key, row)) is not None]
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

    def _suppressed(self) -> set[Values]:
        """The cells, totals included, that a viewer who may only count does not get.

        Those of 1 to k - 1 rows; and where the rest would tell one of them, the smallest of the rest.
        """
        size = {
            cell: len(self._of(cell))
            for length in range(len(self.asked.by) + 1)
            for cell in {values[:length] for values in self.keys.values()}
        }
        hidden = {cell for cell, n in size.items() if n < SUPPRESSED_BELOW}
        for length in range(len(self.asked.by)):
            for parent in [cell for cell in size if len(cell) == length]:
                children = [cell for cell in size if len(cell) == length + 1 and cell[:length] == parent]
                small = [cell for cell in children if size[cell] < SUPPRESSED_BELOW]
                told = small and (len(small) == 1 or sum(size[cell] for cell in small) < SUPPRESSED_BELOW)
                others = [cell for cell in self._in_key_order(children) if cell not in small]
                if others and (told or (parent in hidden and not small)):
                    hidden.add(min(others, key=lambda cell: size[cell]))
        return hidden


def _zone(key: Key) -> str:
    return key.zone or "Asia/Shanghai"


def _span(days: Sequence[dt.date]) -> int:
    return (max(days) - min(days)).days + 1 if days else 0


def _direction(item: Any) -> str:
    while isinstance(item, Mapping):
        [item] = item.values()
    return str(item)
