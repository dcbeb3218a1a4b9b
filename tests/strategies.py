"""Random reads for Hypothesis.

What is drawn is always allowed to the viewer who asks; values come from the rows, so that conditions hit and miss.
"""

from __future__ import annotations

import datetime as dt
import decimal
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from db.entity_info import Field, Relation
from permissions.viewer import Viewer
from tests.asks import Ask
from tests.documents import LISTS, MODES, Document
from tests.reference import Reference
from tests.reference_values import ends, periods_of
from tests.world import LEVELS, Row

__all__ = ["DIRECTIONS", "LISTS", "MODES", "OPERATORS", "Asks", "Document"]

Draw = Any

EQUAL = ("eq", "neq", "in", "notIn", "isNull")
ORDERED = (*EQUAL, "gt", "gte", "lt", "lte", "between")
OPERATORS: dict[str, tuple[str, ...]] = {
    "id": EQUAL, "enum": EQUAL, "bool": ("eq", "neq", "isNull"), "int": ORDERED, "decimal": ORDERED,
    "date": (*ORDERED, "inPeriod"), "datetime": (*ORDERED, "inPeriod"), "period": (*ORDERED, "inPeriod"),
    "text": (*ORDERED, "contains", "startsWith", "endsWith"), "enums": ("has", "hasSome", "hasEvery", "isNull"),
}  # fmt: skip
WHOLE = re.compile(r"[0-9]{4}(H[12]|Q[1-4]|-[0-9]{2})?")
"""Periods that are made of months."""
DIRECTIONS = ("ASC", "DESC", "ASC_NULLS_FIRST", "ASC_NULLS_LAST", "DESC_NULLS_FIRST", "DESC_NULLS_LAST")


# --- random reads --------------------------------------------------------------------------------------------------


@dataclass
class Asks:
    """Strategies over the rows of a reference, as its viewers."""

    reference: Reference
    viewers: Mapping[str, Viewer]

    def reads(self, entity: str) -> st.SearchStrategy[tuple[str, Ask]]:
        """A viewer and a list of an entity that this viewer may ask for."""

        @st.composite
        def read(draw: Draw) -> tuple[str, Ask]:
            viewer = draw(st.sampled_from(sorted(self.viewers)))
            return viewer, self._ask(draw, entity, self.viewers[viewer], depth=2)

        return read()

    def orders(self, entity: str) -> st.SearchStrategy[tuple[str, Ask]]:
        """A viewer and an ordered list of an entity, to be walked page by page."""

        @st.composite
        def read(draw: Draw) -> tuple[str, Ask]:
            readers = [
                name for name, viewer in sorted(self.viewers.items()) if not self.reference.counts_only(entity, viewer)
            ]
            viewer = draw(st.sampled_from(readers))
            order = draw(
                st.lists(st.deferred(lambda: self.order(entity, self.viewers[viewer], 2)), min_size=1, max_size=3)
            )
            return viewer, Ask(entity, ["id"], order=order, first=draw(st.integers(1, 4)))

        return read()

    def _ask(self, draw: Draw, entity: str, viewer: Viewer, depth: int) -> Ask:
        info = self.reference.entities[entity]
        fields = draw(st.lists(st.sampled_from(sorted(info.public_fields)), min_size=1, max_size=4, unique=True))
        ask = Ask(entity, fields)
        if draw(st.booleans()):
            ask.where = draw(self.where(entity, viewer, 2))
        if self.reference.counts_only(entity, viewer):
            ask.nodes = False
            return ask
        ask.order = draw(st.lists(self.order(entity, viewer, 2), max_size=3))
        ask.pages = draw(st.booleans())
        match draw(st.sampled_from(("all", "first", "last", "offset"))):
            case "first":
                ask.first = draw(st.integers(0, 5))
            case "last":
                ask.last = draw(st.integers(0, 5))
            case "offset":
                ask.first, ask.offset = draw(st.integers(0, 3)), draw(st.integers(0, 4))
        if depth:
            shown = sorted(name for name, r in info.public_relations.items() if not self.counted_only(r, viewer))
            names = draw(st.lists(st.sampled_from(shown), max_size=2, unique=True))
            ask.nested = [
                (name, inner)
                for name in names
                if (inner := self._nested(draw, info.public_relations[name], viewer, depth - 1))
            ]
        return ask

    def counted_only(self, relation: Relation, viewer: Viewer) -> bool:
        """Whether a relation is a list of rows that the viewer may count, but not below another row."""
        return relation.many and self.reference.counts_only(relation.target, viewer)

    def _nested(self, draw: Draw, relation: Relation, viewer: Viewer, depth: int) -> Ask:
        inner = self._ask(draw, relation.target, viewer, depth)
        if not relation.many and inner.nested:
            inner.nested = inner.nested[:1]
        return inner

    # --- conditions -------------------------------------------------------------------------------------------------

    def where(self, entity: str, viewer: Viewer, depth: int) -> st.SearchStrategy[dict[str, Any]]:
        limited = self.reference.counts_only(entity, viewer)
        choices = [
            st.sampled_from(self._columns(entity, viewer)).flatmap(
                lambda f: self._months(entity, f) if limited and f.kind == "date" else self._column(entity, f)
            )
        ]
        if entity == "Region":
            choices.append(self.place(viewer))
        if depth:
            inner = st.deferred(lambda: self.where(entity, viewer, depth - 1))
            several = st.lists(inner, min_size=1, max_size=3)
            choices += [
                inner.map(lambda w: {"not": w}),
                several.map(lambda w: {"and": w}),
                several.map(lambda w: {"or": w}),
            ]
            relations = self._relations(entity, viewer)
            if relations:
                related = st.sampled_from(relations).flatmap(lambda r: self.related(r, viewer, depth - 1))
                choices += [related, related, related]
        return st.lists(st.one_of(choices), min_size=1, max_size=2).map(
            lambda parts: {k: v for part in parts for k, v in part.items()}
        )

    def _columns(self, entity: str, viewer: Viewer) -> list[Field]:
        info, reference = self.reference.entities[entity], self.reference
        fields = [f for f in info.fields.values() if reference.conditionable(entity, f, viewer)]
        return [f for f in fields if not reference.counts_only(entity, viewer) or f.name in info.dimensions]

    def _relations(self, entity: str, viewer: Viewer) -> list[Relation]:
        info = self.reference.entities[entity]
        limited = self.reference.counts_only(entity, viewer)
        told = [r for r in info.relations.values() if self.reference.leads(r, viewer)]
        return [r for r in told if not limited or r.name in info.dimensions]

    def related(self, relation: Relation, viewer: Viewer, depth: int) -> st.SearchStrategy[dict[str, Any]]:
        """A condition over the rows that a relation leads to."""
        if self.reference.counts_only(relation.source, viewer):
            return self._subtree(viewer).map(lambda where: {relation.public: where})
        inner = self.where(relation.target, viewer, depth)
        if not relation.many:
            return inner.map(lambda where: {relation.public: where})
        count = st.tuples(st.sampled_from(("eq", "neq", "gt", "gte", "lt", "lte")), st.integers(0, 3)).map(
            lambda p: {"count": {p[0]: p[1]}}
        )
        quantified = st.tuples(st.sampled_from(("some", "every", "none")), inner).map(lambda p: {p[0]: p[1]})
        numbers = self.having(relation.target, viewer).map(lambda having: {"aggregate": having})
        return st.one_of(quantified, quantified, count, numbers).map(lambda condition: {relation.public: condition})

    def place(self, viewer: Viewer) -> st.SearchStrategy[dict[str, Any]]:
        """A condition of a region by where it stands to another, seen or not."""
        rows = self.reference.rows["Region"]
        often = [row for row in rows for _ in range(4 if row["level"] in LEVELS[:3] else 1)]
        named = [self._named(row, by) for row in often for by in self._names(viewer)]
        return st.tuples(st.sampled_from(("descendantOf", "childOf", "ancestorOf")), st.sampled_from(named)).map(
            lambda p: {p[0]: p[1]}
        )

    def _names(self, viewer: Viewer) -> list[str]:
        """The keys by which the viewer may name a region."""
        fields = self.reference.entities["Region"].fields
        told = [name for name in ("code", "path") if self.reference.conditionable("Region", fields[name], viewer)]
        return told or ["id"]

    def _named(self, region: Row, by: str) -> dict[str, str]:
        return {by: f"rg_{region['id']}" if by == "id" else region[by]}

    def _subtree(self, viewer: Viewer) -> st.SearchStrategy[dict[str, Any]]:
        """All that who may only count may say of a region: the subtrees it lies in, down to streets."""
        by = self._names(viewer)[0]
        codes = [self._named(r, by) for r in self.reference.rows["Region"] if r["level"] != LEVELS[-1]]
        below = st.sampled_from(codes).map(lambda code: {"descendantOf": code})
        return st.one_of(below, below.map(lambda w: {"not": w}), st.tuples(below, below).map(lambda w: {"or": list(w)}))

    def _column(self, entity: str, column: Field) -> st.SearchStrategy[dict[str, Any]]:
        """One condition over a column, with values that occur in it, or near those."""
        stored = [
            v for row in self.reference.rows[entity] if (v := self.reference.value(entity, column, row)) is not None
        ]
        if column.kind == "enums":
            stored = sorted({item for items in stored for item in items})
        if column.kind == "id":
            stored = [f"{self.reference.entities[entity].facts.prefix}_{v}" for v in stored] + [
                "zz_0",
                "mc_00000000-0000-7000-8000-000000000000",
            ]
        operators = OPERATORS[column.kind] if stored else ("isNull",)
        return st.sampled_from(operators).flatmap(
            lambda operator: self._wanted(column, operator, stored).map(
                lambda value: {column.public: {operator: value}}
            )
        )

    def _months(self, entity: str, column: Field) -> st.SearchStrategy[dict[str, Any]]:
        """One condition of who may only count over a day: it tells no days of a month apart."""
        stored = sorted({v for row in self.reference.rows[entity] if (v := row[column.column]) is not None})
        days = st.sampled_from(stored or [dt.date(2026, 1, 1)])
        first = days.map(lambda day: day.replace(day=1))
        last = first.map(lambda day: (day + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1))
        period = days.flatmap(lambda day: st.sampled_from(sorted(p for p in periods_of(day) if WHOLE.fullmatch(p))))
        wanted = {
            "isNull": st.booleans(), "gte": first, "lt": first, "lte": last, "gt": last, "inPeriod": period,
            "between": st.tuples(first, last).map(list),
        }  # fmt: skip
        return st.sampled_from(sorted(wanted)).flatmap(
            lambda operator: wanted[operator].map(lambda value: {column.public: {operator: value}})
        )

    def _wanted(self, column: Field, operator: str, stored: list[Any]) -> st.SearchStrategy[Any]:
        if operator == "isNull":
            return st.booleans()
        value = st.sampled_from(stored)
        if column.kind == "decimal":
            step = decimal.Decimal("0.0000004")
            value = st.one_of(
                value,
                value.map(lambda v: v + step),
                value.map(lambda v: v - step),
                st.just(decimal.Decimal("-1e15").quantize(1)),
            )
        if operator in ("contains", "startsWith", "endsWith"):
            return st.one_of(
                value, value.map(lambda v: v[:2]), value.map(lambda v: v[-2:]), value.map(lambda v: v[1:2])
            )
        if operator == "inPeriod":
            first = value.map(lambda v: ends(v)[0]) if column.kind == "period" else value
            return first.flatmap(lambda v: st.sampled_from(sorted(periods_of(v))))
        if operator == "between":
            return st.tuples(value, value).map(list)
        return st.lists(value, max_size=3) if operator in LISTS else value

    def order(self, entity: str, viewer: Viewer, depth: int) -> st.SearchStrategy[dict[str, Any]]:
        info = self.reference.entities[entity]
        fields = [
            f.public
            for f in info.fields.values()
            if f.kind != "enums" and self.reference.conditionable(entity, f, viewer)
        ]
        own = st.tuples(st.sampled_from(fields), st.sampled_from(DIRECTIONS)).map(lambda p: {p[0]: p[1]})
        relations = [r for r in info.relations.values() if self.reference.leads(r, viewer)]
        if not depth or not relations:
            return own
        far = st.sampled_from(relations).flatmap(
            lambda r: st.deferred(
                lambda: self.measure_order(r.target, viewer) if r.many else self.order(r.target, viewer, depth - 1)
            ).map(lambda o: {r.public: o})
        )
        return st.one_of(own, own, far)

    # --- numbers of lists -------------------------------------------------------------------------------------------

    def measurable(self, entity: str, viewer: Viewer, function: str) -> list[Field]:
        """The columns a function may be asked of by the viewer; the number of changes of a row measures nothing."""
        if function != "sum" and self.reference.counts_only(entity, viewer):
            return []
        kinds = ("int", "decimal") if function in ("sum", "avg", "median") else ("int", "decimal", "date", "datetime")
        return [
            f
            for f in self.reference.entities[entity].fields.values()
            if f.kind in kinds and f.name != "version" and self.reference.conditionable(entity, f, viewer)
        ]

    def measures(self, entity: str, viewer: Viewer) -> list[tuple[str, Field]]:
        """Function and column of every number there is."""
        return [
            (function, column)
            for function in ("sum", "avg", "min", "max")
            for column in self.measurable(entity, viewer, function)
        ]

    def having(self, entity: str, viewer: Viewer) -> st.SearchStrategy[dict[str, Any]]:
        """A condition over the numbers of a list or group, with values near those of its rows."""
        counted = st.tuples(st.sampled_from(("eq", "neq", "gt", "gte", "lt", "lte")), st.integers(0, 6)).map(
            lambda p: {"count": {p[0]: p[1]}}
        )
        measures = self.measures(entity, viewer)
        if not measures:
            return counted
        numbers = st.sampled_from(measures).flatmap(
            lambda p: self._number(entity, *p).map(lambda condition: {p[0]: condition})
        )
        return st.lists(st.one_of(counted, numbers), min_size=1, max_size=2).map(
            lambda parts: {k: v for part in parts for k, v in part.items()}
        )

    def _number(self, entity: str, function: str, column: Field) -> st.SearchStrategy[dict[str, Any]]:
        if function in ("min", "max"):
            return self._column(entity, column)
        rows = self.reference.rows[entity]
        stored = [decimal.Decimal(v) for row in rows if (v := self.reference.value(entity, column, row)) is not None]
        value = st.sampled_from(stored or [decimal.Decimal(0)]).flatmap(
            lambda v: st.sampled_from((v, 2 * v, v - decimal.Decimal("0.5"), decimal.Decimal(0)))
        )
        operators = ("eq", "neq", "gt", "gte", "lt", "lte", "between", "in", "isNull")
        return st.sampled_from(operators).flatmap(
            lambda operator: (
                st.booleans()
                if operator == "isNull"
                else st.tuples(value, value).map(list)
                if operator in LISTS
                else value
            ).map(lambda wanted: {column.public: {operator: wanted}})
        )

    def measure_order(self, entity: str, viewer: Viewer) -> st.SearchStrategy[dict[str, Any]]:
        """An ordering by a number of a list or group."""
        numbers = [{f: {c.public: d}} for f, c in self.measures(entity, viewer) for d in DIRECTIONS]
        return st.sampled_from([{"count": d} for d in DIRECTIONS] * 4 + numbers)
