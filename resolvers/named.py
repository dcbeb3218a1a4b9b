"""Named measures (``db.measures``): what each asks of the rows, and how answers become values.

A measure is asked like any list: its request is one that a client could write, and rights, suppression and limits are
those of that list. Nothing here reads a row.
"""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy.dialects import sqlite

from db.entity_info import EntityInfo
from db.facts import Grant, Grants, Role
from db.measures import Measure
from db.mistakes import ModelMistake
from db.registry import Registry
from permissions.viewer import Reach, Viewer, subtree
from resolvers.compiler import compile_request
from resolvers.faults import Denied, bad_input, too_large
from resolvers.periods import days_of
from resolvers.requests import Connection, Groups, Measured, Pick

MOST_CODES = 20
MOST_GROUPS = 2_000
_DIGITS = decimal.Decimal("0.000001")


@dataclass(frozen=True)
class Named:
    """A measure with the entity whose rows it counts; of a ratio the entity of its numerator."""

    measure: Measure
    info: EntityInfo


@dataclass(frozen=True)
class Asked:
    """What is asked of each measure: a period, a region (as ``RegionBy``), and the keys of groups."""

    period: str
    region: Mapping[str, Any] | None
    by: Sequence[Mapping[str, Any]]


@dataclass
class Number:
    """What an answer says of one group, or of all rows: a number, null where it is withheld or there is none."""

    value: decimal.Decimal | None
    withheld: bool = False
    rest: bool = False
    """Whether several groups stand here together, without a key."""
    rows: Mapping[str, bytes] | None = None


@dataclass
class Numbers:
    """The numbers of one measure in one period by key, in the order of the groups; without keys there is one."""

    found: dict[tuple[Any, ...], Number]
    guarded: bool
    """Whether small numbers are withheld of the viewer."""

    def at(self, key: tuple[Any, ...], zero: bool) -> Number:
        """The number of a key. A group that does not occur is nothing, unless groups are withheld."""
        if (number := self.found.get(key)) is not None:
            return number
        if any(number.rest for number in self.found.values()):
            return Number(None, True)
        return Number(decimal.Decimal(0) if zero else None)


class Catalog:
    """The measures of a registry by code. Raises ModelMistake for one that cannot be asked."""

    def __init__(self, entities: Registry) -> None:
        self.entities = entities
        self.by_code: dict[str, Named] = {}
        for info in entities.values():
            for measure in info.facts.measures:
                if measure.code in self.by_code:
                    raise ModelMistake(info.name, f"the measure {measure.code!r} stands twice", "Choose another code.")
                self.by_code[measure.code] = Named(measure, info)
        whole = entities.under(Grants([(Role.DIST, Grant.parse("R A"))]))
        for named in self.by_code.values():
            self._check(named, whole)

    def parts(self, named: Named) -> tuple[Named, ...]:
        """The measures that are counted for one: itself, or numerator and denominator."""
        ratio = named.measure.ratio
        return (named,) if ratio is None else tuple(self.by_code[code] for code in ratio)

    def of(self, codes: Sequence[str]) -> list[Named]:
        """The measures of these codes. Raises BAD_INPUT for none, too many, one twice or an unknown one."""
        if not 0 < len(codes) <= MOST_CODES or len(set(codes)) < len(codes):
            raise bad_input(
                f"codes：写 1 到 {MOST_CODES} 个指标，各不相同。", f"codes: name 1 to {MOST_CODES} different measures."
            )
        for code in codes:
            if code not in self.by_code:
                raise bad_input(f"codes：没有指标“{code[:60]}”。", f"codes: there is no measure {code[:60]!r}.")
        return [self.by_code[code] for code in codes]

    def request(self, named: Named, asked: Asked, rows: Mapping[str, Connection] | None = None) -> Connection:
        """The list that answers a measure: its groups with their `rows` by response key, or numbers of the whole."""
        info, measured = named.info, _measured(named)
        listed = Connection(info, [], where=condition(named, asked))
        if not asked.by:
            listed.parts.append(("whole", "aggregate", measured))
            return listed
        keys, by = zip(*(self._key(named, i, *next(iter(key.items()))) for i, key in enumerate(asked.by)), strict=True)
        parts: Measured = [("key", "key", list(keys)), *measured]
        parts += [(f"rows_{key}", "rows", connection) for key, connection in (rows or {}).items()]
        inner = [("nodes", "nodes", parts), ("pageInfo", "pageInfo", [("hasNextPage", "hasNextPage")])]
        listed.parts.append(("groups", "groupBy", Groups(info, inner, listed, list(by), first=MOST_GROUPS)))
        return listed

    def _key(self, named: Named, i: int, what: str, value: Any) -> tuple[Any, Mapping[str, Any]]:
        """A key as it is printed, under the name ``kN``, and as ``groupBy`` takes it."""
        info = named.info
        if what == "region":
            relation = info.relations[named.measure.region]
            pick = Pick(self.entities[relation.target]).add("code", "name")
            return (f"k{i}", relation, (value, pick)), {relation.public: {"level": value}}
        column = info.public_fields.get(value)
        if column is None or not column.kind.finite:
            raise bad_input(
                f"by[{i}].column：指标“{named.measure.zh}”不能按“{value[:60]}”分；可用代码或是否字段。",
                f"by[{i}].column: {named.measure.code} is not parted by {value[:60]!r}; name an enum or yes-no column.",
            )
        return (f"k{i}", column, None), {value: True}

    def _check(self, named: Named, whole: Registry) -> None:
        measure, info = named.measure, named.info
        where = f"{info.name}.measures {measure.code}"
        for code in measure.ratio or ():
            if code not in self.by_code or self.by_code[code].measure.ratio is not None:
                raise ModelMistake(where, f"its part {code!r} is no measure that counts", "Name two others.")
        if measure.ratio is not None:
            return
        day = info.fields.get(measure.day) if measure.day else None
        if measure.day and (day is None or not day.kind.bucketed):
            raise ModelMistake(where, f"its day {measure.day!r} is no date", "Name a date column, or none of a stock.")
        if (measure.counting == "count") != (measure.column is None) or (
            measure.column and measure.column not in info.fields
        ):
            raise ModelMistake(where, "what it adds up is no column", "Sums and medians name a column, counts none.")
        if measure.column and not info.fields[measure.column].kind.summable:
            raise ModelMistake(where, "its column adds up to nothing", "Name a column of numbers.")
        place = info.relations.get(measure.region)
        if place is None or place.many or place.target != "Region":
            raise ModelMistake(where, f"{measure.region!r} is no reference to a region", "Name one: region=….")
        # Whether a request can be asked at all is no question of who may ask it.
        named, viewer = Named(measure, whole[info.name]), Viewer("", "", "", {Role.DIST: Reach((subtree("/"),))})
        try:
            asked = Asked("2026", None, [{"region": "CITY"}])
            compile_request(self.request(named, asked), whole, viewer, sqlite.dialect())
        except (Denied, KeyError, AttributeError, TypeError) as problem:
            raise ModelMistake(
                where, f"it cannot be asked ({problem})", "Write its condition as the API does."
            ) from None


# --- what is asked ---------------------------------------------------------------------------------------------------


def condition(named: Named, asked: Asked) -> dict[str, Any]:
    """The ``where`` of a measure in a period and a region."""
    measure, info = named.measure, named.info
    parts = [dict(measure.where)] if measure.where else []
    if measure.day is not None:
        parts.append({info.fields[measure.day].public: {"inPeriod": asked.period}})
    if asked.region is not None:
        parts.append({info.relations[measure.region].public: {"descendantOf": asked.region}})
    names = [name for part in parts for name in part]
    if len(set(names)) < len(names):
        return {"and": parts}
    return {name: value for part in parts for name, value in part.items()}


def _measured(named: Named) -> Measured:
    measure, hidden = named.measure, ("suppressed", "suppressed", None)
    if measure.column is None:
        return [("n", "count", None), hidden]
    return [("n", measure.counting, [("v", named.info.fields[measure.column])]), hidden]


# --- what is answered ------------------------------------------------------------------------------------------------


def read(named: Named, asked: Asked, text: bytes, guarded: bool) -> Numbers:
    """The numbers of an answer. Raises TOO_EXPENSIVE for more groups than one answer may have."""
    answer = orjson.loads(text)
    if not asked.by:
        return Numbers({(): _number(named, answer["whole"], ())}, guarded)
    groups = answer["groups"]
    if groups["pageInfo"]["hasNextPage"]:
        raise too_large()
    found: dict[tuple[Any, ...], Number] = {}
    for node in groups["nodes"]:
        key = tuple(_flat(node["key"][f"k{i}"]) for i in range(len(asked.by)))
        number = _number(named, node, key)
        found[(*key, REST) if number.rest else key] = number
    return Numbers(found, guarded)


REST = "…"
"""Behind the key of what stands together: a group without a value has the same key, and is another."""


def _flat(value: Any) -> Any:
    return (value["code"], value["name"]) if isinstance(value, dict) else value


def _number(named: Named, node: Mapping[str, Any], key: tuple[Any, ...]) -> Number:
    told = node["n"] if named.measure.column is None else node["n"]["v"]
    rest = bool(key) and bool(node["suppressed"])
    rows = {name.removeprefix("rows_"): orjson.dumps(text) for name, text in node.items() if name.startswith("rows_")}
    withheld = told is None and named.measure.counting != "median"
    return Number(None if told is None else decimal.Decimal(told), withheld, rest, rows)


def ratio(numerator: Number, denominator: Number, below: int, guarded: bool) -> tuple[Number, Number, Number]:
    """Value, numerator and denominator; null over zero. Of small numbers none is told, nor what is left beside one."""
    n, d = numerator.value, denominator.value
    hidden = Number(None, True)
    if numerator.withheld or denominator.withheld or numerator.rest or denominator.rest:
        return hidden, hidden, denominator if not denominator.rest else hidden
    if guarded and n is not None and d is not None and 0 < abs(d - n) < below:
        return hidden, hidden, denominator
    if n is None or not d:
        return Number(None), numerator, denominator
    return Number((n / d).quantize(_DIGITS, decimal.ROUND_HALF_UP), rows=numerator.rows), numerator, denominator


# --- periods ---------------------------------------------------------------------------------------------------------


def before(period: str) -> str:
    """The period before one of the same kind: ``2026Q1`` -> ``2025Q4``."""
    first, _ = days_of(period)
    return _like(period, first - dt.timedelta(days=1))


def a_year_before(period: str) -> str:
    """The same period of the year before; the last day of February of a leap year has none: its 28th stands for it.
    Of a week the one of the same number, and of a 53rd that the year before has not, its last."""
    days_of(period)
    year = f"{int(period[:4]) - 1:04d}"
    for same in (f"{year}{period[4:]}", f"{year}-W52", f"{year}-02-28"):
        if (same[4:6] == period[4:6]) or same == f"{year}{period[4:]}":
            try:
                days_of(same)
            except Denied:
                continue
            return same
    return year


def _like(period: str, day: dt.date) -> str:
    """The period of the same kind that a day lies in."""
    year, tail = f"{day.year:04d}", period[4:]
    if not tail:
        return year
    if tail[0] == "H":
        return f"{year}H{(day.month + 5) // 6}"
    if tail[0] == "Q":
        return f"{year}Q{(day.month + 2) // 3}"
    if tail[1] == "W":
        week = day.isocalendar()
        return f"{week.year:04d}-W{week.week:02d}"
    month = f"{year}-{day.month:02d}"
    if tail[-1] in "AB":
        return f"{month}{'A' if day.day < 16 else 'B'}"
    return month if len(tail) == 3 else day.isoformat()
