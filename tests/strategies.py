"""Random reads for Hypothesis, and their documents: with literals, with a variable for each argument or each leaf.

What is drawn is always allowed to the viewer who asks; values come from the rows, so that conditions hit and miss.
"""

from __future__ import annotations

import datetime as dt
import decimal
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from hypothesis import strategies as st

from db.registry import EntityInfo, Field, Registry, Relation
from permissions.viewer import Viewer
from tests.reference import Ask, Reference, periods_of

Mode = Literal["literals", "arguments", "leaves"]
MODES: tuple[Mode, ...] = ("literals", "arguments", "leaves")
Draw = Any

EQUAL = ("eq", "neq", "in", "notIn", "isNull")
ORDERED = (*EQUAL, "gt", "gte", "lt", "lte", "between")
OPERATORS: dict[str, tuple[str, ...]] = {
    "id": EQUAL, "enum": EQUAL, "bool": ("eq", "neq", "isNull"), "int": ORDERED, "decimal": ORDERED,
    "date": (*ORDERED, "inPeriod"), "datetime": (*ORDERED, "inPeriod"),
    "text": (*ORDERED, "contains", "startsWith", "endsWith"), "enums": ("has", "hasSome", "hasEvery", "isNull"),
}  # fmt: skip
LISTS = ("in", "notIn", "between", "hasSome", "hasEvery")
DIRECTIONS = ("ASC", "DESC", "ASC_NULLS_FIRST", "ASC_NULLS_LAST", "DESC_NULLS_FIRST", "DESC_NULLS_LAST")


# --- documents -----------------------------------------------------------------------------------------------------


@dataclass
class Document:
    """The text of a read and its variables, built in one of the modes."""

    entities: Registry
    mode: Mode = "literals"
    variables: dict[str, Any] = field(default_factory=dict)
    _types: dict[str, str] = field(default_factory=dict)

    def text(self, ask: Ask) -> str:
        """The document that asks for a root list."""
        info = self.entities[ask.entity]
        body = f"{info.plural}{self._list(info, ask)}"
        declared = ", ".join(f"${name}: {gtype}" for name, gtype in self._types.items())
        return f"query{f'({declared})' if declared else ''} {{ {body} }}"

    def _list(self, info: EntityInfo, ask: Ask) -> str:
        count = "totalCount " if ask.count else ""
        nodes = f"nodes {{ {self._row(info, ask)} }} " if ask.nodes else ""
        pages = "pageInfo { hasNextPage hasPreviousPage } " if ask.pages else ""
        return f"{self._arguments(info, ask)} {{ {count}{nodes}{pages}}}"

    def _row(self, info: EntityInfo, ask: Ask) -> str:
        parts = list(ask.fields)
        for name, inner in ask.nested:
            relation = info.public_relations[name]
            target = self.entities[relation.target]
            parts.append(
                f"{name}{self._list(target, inner)}" if relation.many else f"{name} {{ {self._row(target, inner)} }}"
            )
        return " ".join(parts)

    def _arguments(self, info: EntityInfo, ask: Ask) -> str:
        given = []
        if ask.where is not None:
            given.append(f"where: {self._where_argument(info, ask.where)}")
        if ask.order:
            whole = self.mode == "arguments"
            given.append(
                f"orderBy: {self._variable(f'[{info.name}OrderBy!]', ask.order) if whole else self._order(ask.order)}"
            )
        for name in ("first", "last", "offset"):
            value = getattr(ask, name)
            if value is not None:
                given.append(f"{name}: {value if self.mode == 'literals' else self._variable('Int', value)}")
        return f"({', '.join(given)})" if given else ""

    def _where_argument(self, info: EntityInfo, where: Mapping[str, Any]) -> str:
        if self.mode == "arguments":
            return self._variable(f"{info.name}Where", plain(where))
        return self._where(info, where)

    def _where(self, info: EntityInfo, where: Mapping[str, Any]) -> str:
        return "{" + ", ".join(f"{name}: {self._condition(info, name, value)}" for name, value in where.items()) + "}"

    def _condition(self, info: EntityInfo, name: str, value: Any) -> str:
        if name in ("and", "or"):
            return f"[{', '.join(self._where(info, part) for part in value)}]"
        if name == "not":
            return self._where(info, value)
        if name in ("descendantOf", "childOf", "ancestorOf"):
            return (
                "{"
                + ", ".join(f"{key}: {self._leaf('String' if key != 'id' else 'ID', v)}" for key, v in value.items())
                + "}"
            )
        if name in info.public_fields:
            return self._operators(info.public_fields[name], value)
        relation = info.public_relations[name]
        target = self.entities[relation.target]
        if not relation.many:
            return self._where(target, value)
        parts = (
            f"{q}: {self._operators(None, v) if q == 'count' else self._where(target, v)}" for q, v in value.items()
        )
        return "{" + ", ".join(parts) + "}"

    def _operators(self, column: Field | None, operators: Mapping[str, Any]) -> str:
        parts = []
        for operator, value in operators.items():
            gtype = {"isNull": "Boolean", "inPeriod": "String"}.get(operator) or type_name(column)
            written = (
                f"[{', '.join(self._leaf(gtype, v) for v in value)}]" if operator in LISTS else self._leaf(gtype, value)
            )
            parts.append(f"{operator}: {written}")
        return "{" + ", ".join(parts) + "}"

    def _leaf(self, gtype: str, value: Any) -> str:
        if self.mode == "leaves":
            return self._variable(f"{gtype}!", plain(value))
        bare = isinstance(value, bool | int) or gtype not in ("ID", "String", "Decimal", "Date", "DateTime")
        return (
            str(plain(value)).lower() if isinstance(value, bool) else str(value) if bare else quoted(str(plain(value)))
        )

    def _order(self, order: Sequence[Mapping[str, Any]]) -> str:
        def one(item: Any) -> str:
            return item if isinstance(item, str) else "{" + ", ".join(f"{k}: {one(v)}" for k, v in item.items()) + "}"

        return f"[{', '.join(map(one, order))}]"

    def _variable(self, gtype: str, value: Any) -> str:
        name = f"v{len(self._types)}"
        self._types[name], self.variables[name] = gtype, value
        return f"${name}"


def quoted(text: str) -> str:
    """A GraphQL string."""
    return json.dumps(text, ensure_ascii=False)


def plain(value: Any) -> Any:
    """A value as JSON variables hold it."""
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, decimal.Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, dt.date | dt.datetime) else value


def type_name(column: Field | None) -> str:
    """The GraphQL type of a column's values; of a count without one."""
    if column is None:
        return "Int"
    if column.facts.members is not None:
        return column.facts.members.__name__
    return {
        "id": "ID",
        "text": "String",
        "int": "Int",
        "decimal": "Decimal",
        "bool": "Boolean",
        "date": "Date",
        "datetime": "DateTime",
    }[column.kind]


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
                st.lists(st.deferred(lambda: self._order(entity, self.viewers[viewer], 2)), min_size=1, max_size=3)
            )
            return viewer, Ask(entity, ["id"], order=order, first=draw(st.integers(1, 4)))

        return read()

    def _ask(self, draw: Draw, entity: str, viewer: Viewer, depth: int) -> Ask:
        info = self.reference.entities[entity]
        fields = draw(st.lists(st.sampled_from(sorted(info.public_fields)), min_size=1, max_size=4, unique=True))
        ask = Ask(entity, fields)
        if draw(st.booleans()):
            ask.where = draw(self._where(entity, viewer, 2))
        if self.reference.counts_only(entity, viewer):
            ask.nodes = False
            return ask
        ask.order = draw(st.lists(self._order(entity, viewer, 2), max_size=3))
        ask.pages = draw(st.booleans())
        match draw(st.sampled_from(("all", "first", "last", "offset"))):
            case "first":
                ask.first = draw(st.integers(0, 5))
            case "last":
                ask.last = draw(st.integers(0, 5))
            case "offset":
                ask.first, ask.offset = draw(st.integers(0, 3)), draw(st.integers(0, 4))
        if depth:
            names = draw(st.lists(st.sampled_from(sorted(info.public_relations)), max_size=2, unique=True))
            ask.nested = [
                (name, inner)
                for name in names
                if (inner := self._nested(draw, info.public_relations[name], viewer, depth - 1))
            ]
        return ask

    def _nested(self, draw: Draw, relation: Relation, viewer: Viewer, depth: int) -> Ask:
        inner = self._ask(draw, relation.target, viewer, depth)
        if not relation.many and inner.nested:
            inner.nested = inner.nested[:1]
        return inner

    # --- conditions -------------------------------------------------------------------------------------------------

    def _where(self, entity: str, viewer: Viewer, depth: int) -> st.SearchStrategy[dict[str, Any]]:
        choices = [st.sampled_from(self._columns(entity, viewer)).flatmap(lambda f: self._column(entity, f))]
        if entity == "Region":
            choices.append(self._place(viewer))
        if depth:
            inner = st.deferred(lambda: self._where(entity, viewer, depth - 1))
            several = st.lists(inner, min_size=1, max_size=3)
            choices += [
                inner.map(lambda w: {"not": w}),
                several.map(lambda w: {"and": w}),
                several.map(lambda w: {"or": w}),
            ]
            relations = self._relations(entity, viewer)
            if relations:
                related = st.sampled_from(relations).flatmap(lambda r: self._related(r, viewer, depth - 1))
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
        return [r for r in info.relations.values() if not limited or r.name in info.dimensions]

    def _related(self, relation: Relation, viewer: Viewer, depth: int) -> st.SearchStrategy[dict[str, Any]]:
        inner = self._where(relation.target, viewer, depth)
        if not relation.many:
            return inner.map(lambda where: {relation.public: where})
        count = st.tuples(st.sampled_from(("eq", "neq", "gt", "gte", "lt", "lte")), st.integers(0, 3)).map(
            lambda p: {"count": {p[0]: p[1]}}
        )
        quantified = st.tuples(st.sampled_from(("some", "every", "none")), inner).map(lambda p: {p[0]: p[1]})
        return st.one_of(quantified, quantified, count).map(lambda condition: {relation.public: condition})

    def _place(self, viewer: Viewer) -> st.SearchStrategy[dict[str, Any]]:
        named = [{"code": r["code"]} for r in self.reference.rows["Region"]] + [
            {"path": r["path"]} for r in self.reference.rows["Region"]
        ]
        return st.tuples(st.sampled_from(("descendantOf", "childOf", "ancestorOf")), st.sampled_from(named)).map(
            lambda p: {p[0]: p[1]}
        )

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
            return value.flatmap(lambda v: st.sampled_from(sorted(periods_of(v))))
        if operator == "between":
            return st.tuples(value, value).map(list)
        return st.lists(value, max_size=3) if operator in LISTS else value

    def _order(self, entity: str, viewer: Viewer, depth: int) -> st.SearchStrategy[dict[str, Any]]:
        info = self.reference.entities[entity]
        fields = [
            f.public
            for f in info.fields.values()
            if f.kind != "enums" and self.reference.conditionable(entity, f, viewer)
        ]
        own = st.tuples(st.sampled_from(fields), st.sampled_from(DIRECTIONS)).map(lambda p: {p[0]: p[1]})
        ones = [r for r in info.relations.values() if not r.many]
        if not depth or not ones:
            return own
        far = st.sampled_from(ones).flatmap(
            lambda r: st.deferred(lambda: self._order(r.target, viewer, depth - 1)).map(lambda o: {r.public: o})
        )
        return st.one_of(own, own, far)
