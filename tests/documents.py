"""A read spelled as a document: with literals, with a variable for each argument or for each leaf."""

from __future__ import annotations

import datetime as dt
import decimal
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from db.entity_info import EntityInfo, Field
from db.registry import Registry
from tests.asks import Ask, Groups, Key, Measures

Mode = Literal["literals", "arguments", "leaves"]
MODES: tuple[Mode, ...] = ("literals", "arguments", "leaves")
LISTS = ("in", "notIn", "between", "hasSome", "hasEvery")


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
        nodes = f"nodes {{ {self.row(info, ask)} }} " if ask.nodes else ""
        pages = "pageInfo { hasNextPage hasPreviousPage } " if ask.pages else ""
        numbers = f"aggregate {{ {measures_text(ask.aggregate)} }} " if ask.aggregate is not None else ""
        groups = self._groups(info, ask.groups) if ask.groups is not None else ""
        return f"{self._arguments(info, ask)} {{ {count}{numbers}{groups}{nodes}{pages}}}"

    def row(self, info: EntityInfo, ask: Ask) -> str:
        parts = list(ask.fields)
        for name, inner in ask.nested:
            relation = info.public_relations[name]
            target = self.entities[relation.target]
            parts.append(
                f"{name}{self._list(target, inner)}" if relation.many else f"{name} {{ {self.row(target, inner)} }}"
            )
        return " ".join(parts)

    def _arguments(self, info: EntityInfo, ask: Ask) -> str:
        given = []
        if ask.where is not None:
            given.append(f"where: {self._where_argument(info, ask.where)}")
        if ask.order:
            given.append(f"orderBy: {self._order_argument(f'{info.name}OrderBy', ask.order)}")
        if ask.as_of is not None:
            written = quoted(ask.as_of) if self.mode == "literals" else self._variable("DateTime", ask.as_of)
            given.append(f"asOf: {written}")
        for name in ("first", "last", "offset"):
            value = getattr(ask, name)
            if value is not None:
                given.append(f"{name}: {value if self.mode == 'literals' else self._variable('Int', value)}")
        return f"({', '.join(given)})" if given else ""

    def _where_argument(self, info: EntityInfo, where: Mapping[str, Any]) -> str:
        if self.mode == "arguments":
            return self._variable(f"{info.name}Where", plain(where))
        return self.where(info, where)

    def where(self, info: EntityInfo, where: Mapping[str, Any]) -> str:
        return "{" + ", ".join(f"{name}: {self._condition(info, name, value)}" for name, value in where.items()) + "}"

    def _condition(self, info: EntityInfo, name: str, value: Any) -> str:
        if name in ("and", "or"):
            return f"[{', '.join(self.where(info, part) for part in value)}]"
        if name == "not":
            return self.where(info, value)
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
            return self.where(target, value)
        parts = (f"{quantifier}: {self._quantified(target, quantifier, v)}" for quantifier, v in value.items())
        return "{" + ", ".join(parts) + "}"

    def _quantified(self, target: EntityInfo, quantifier: str, value: Any) -> str:
        if quantifier == "count":
            return self._operators(None, value)
        return self._having(target, value) if quantifier == "aggregate" else self.where(target, value)

    def _operators(self, column: Field | None, operators: Mapping[str, Any], gtypes: str | None = None) -> str:
        parts = []
        for operator, value in operators.items():
            gtype = {"isNull": "Boolean", "inPeriod": "String"}.get(operator) or gtypes or type_name(column)
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

    def _order_argument(self, gtype: str, order: Sequence[Mapping[str, Any]]) -> str:
        return self._variable(f"[{gtype}!]", list(order)) if self.mode == "arguments" else self.order(order)

    def order(self, order: Sequence[Mapping[str, Any]]) -> str:
        """The list of an orderBy."""

        def one(item: Any) -> str:
            if isinstance(item, str):
                return self._leaf("SortOrder", item)
            return "{" + ", ".join(f"{k}: {one(v)}" for k, v in item.items()) + "}"

        return f"[{', '.join(map(one, order))}]"

    # --- groups -----------------------------------------------------------------------------------------------------

    def _groups(self, info: EntityInfo, groups: Groups) -> str:
        wanted = self.group_fields(info, groups)
        rows = f"rows{self._list(info, groups.rows)}" if groups.rows is not None else ""
        found = f"totalCount nodes {{ {wanted} {rows} }} "
        if groups.subtotals:
            found += f"subtotals {{ {wanted} totalled }} "
        pages = "pageInfo { hasNextPage hasPreviousPage } " if groups.pages else ""
        return f"groupBy({self.group_arguments(info, groups)}) {{ {found}{pages}}} "

    def group_arguments(self, info: EntityInfo, groups: Groups) -> str:
        """The arguments of a groupBy, without its brackets."""
        whole = self.mode == "arguments"
        by = [key_argument(key) for key in groups.by]
        keys = ", ".join(self._key(info, key, tree) for key, tree in zip(groups.by, by, strict=True))
        given = [f"by: {self._variable(f'[{info.name}GroupBy!]!', by) if whole else f'[{keys}]'}"]
        if groups.having is not None:
            spelled = self._variable(f"{info.name}Having", plain(groups.having)) if whole else None
            given.append(f"having: {spelled or self._having(info, groups.having)}")
        if groups.order:
            given.append(f"orderBy: {self._order_argument(f'{info.name}GroupOrderBy', groups.order)}")
        if groups.first is not None:
            given.append(f"first: {groups.first if self.mode == 'literals' else self._variable('Int', groups.first)}")
        if groups.fill:
            given.append(f"fill: {'true' if self.mode == 'literals' else self._variable('Boolean', True)}")
        return ", ".join(given)

    def _key(self, info: EntityInfo, key: Key, tree: Any) -> str:
        """A key of `by`; in leaves each value of it is a variable."""
        types = {"granularity": "Granularity", "timeZone": "String", "as": "String", "level": "RegionLevel"}

        def one(name: str, value: Any) -> str:
            if isinstance(value, Mapping):
                return f"{name}: {{{', '.join(one(n, v) for n, v in value.items())}}}"
            return f"{name}: {self._leaf('Boolean' if value is True else types[name], value)}"

        [(name, value)] = tree.items()
        return f"{{{one(name, value)}}}"

    def group_fields(self, info: EntityInfo, groups: Groups) -> str:
        """Key and numbers of a group as a selection: the key at place n stands under the name ``kn``."""
        return f"key {{ {' '.join(self._key_fields(info, groups))} }} {measures_text(groups.measures)}"

    def _key_fields(self, info: EntityInfo, groups: Groups) -> list[str]:
        found = [f"stray: {groups.stray}"] if groups.stray else []
        for place, key in enumerate(groups.by):
            several = sum(other.path == key.path for other in groups.by) > 1
            field = f"k{place}: {key.path[-1]}{'Rollup' if key.rollup else ''}"
            if key.alias:
                field += f"(as: {self._leaf('String', key.alias)})"
            if key.level:
                field += f"(level: {self._leaf('RegionLevel', key.level)})" if several else ""
                field += " { code name level }"
            if len(key.path) > 1 and (not key.whole or (key.level and several)):
                far = info  # a row has neither periods nor levels
                for name in key.path[:-1]:
                    far = self.entities[far.public_relations[name].target]
                field = f"... on {far.name}GroupKey {{ {field} }}"
            for name in reversed(key.path[:-1]):
                field = f"{name} {{ {field} }}"
            found.append(field)
        return found

    def _having(self, info: EntityInfo, having: Mapping[str, Any]) -> str:
        parts = []
        for function, value in having.items():
            if function == "count":
                parts.append(f"count: {self._operators(None, value)}")
                continue
            gtypes = "Decimal" if function in ("sum", "avg") else None
            columns = (
                f"{name}: {self._operators(info.public_fields[name], operators, gtypes)}"
                for name, operators in value.items()
            )
            parts.append(f"{function}: {{{', '.join(columns)}}}")
        return "{" + ", ".join(parts) + "}"

    def _variable(self, gtype: str, value: Any) -> str:
        name = f"v{len(self._types)}"
        self._types[name], self.variables[name] = gtype, value
        return f"${name}"


def measures_text(asked: Measures) -> str:
    """The numbers of an aggregate or a group as a selection."""
    parts = ["count"] if asked.count else []
    parts += [f"{function} {{ {' '.join(columns)} }}" for function, columns in asked.by_function().items()]
    return " ".join([*parts, "suppressed"])


def key_argument(key: Key) -> dict[str, Any]:
    """A key of `by` as JSON variables hold it."""
    bucket = {"granularity": key.granularity, "timeZone": key.zone, "as": key.alias, "level": key.level}
    bucket |= {"rollup": "STAT" if key.rollup else None}
    value: Any = {name: given for name, given in bucket.items() if given is not None} or True
    for name in reversed(key.path):
        value = {name: value}
    return dict(value)


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
