"""The GraphQL documents of the pages, made for every entity from the schema that clients see.

They stand still: what a viewer may see, which columns they chose and what they filter by are variables. So a server
that runs registered documents only knows them all, and a test holds every one of them against the schema.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import Any

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, get_named_type, is_leaf_type, is_object_type

from admin.desk.shapes import INTERNAL
from admin.labels import beside, named_by
from db.entity_info import EntityInfo, Relation
from db.registry import Registry

FAULTS = "errors { path code kind message severity row changedBy changedFields }"
STEPS = "allowedSteps { verb label target reasonRequired takes dueOn missing { path code message severity } }"
MOST_PARTS = 500
UNUSED = frozenset({"after", "last", "before", "asOf", "successors"})
"""Arguments of lists that no page gives; a variable that is left out has the price of the most it could be."""


class Documents:
    """The documents of a schema by entity."""

    def __init__(self, core: GraphQLSchema, entities: Registry) -> None:
        assert core.query_type is not None
        assert core.mutation_type is not None
        self.core, self.entities = core, entities
        self.queries, self.mutations = core.query_type.fields, core.mutation_type.fields

    def everything(self) -> Iterator[str]:
        """Every document there is."""
        yield self.search
        yield self.counts
        if self.entities_of:
            yield self.entities_of
        for name in self.entities:
            yield from _texts(self.of(name))

    @functools.cache  # noqa: B019 - as long as the schema
    def of(self, name: str) -> dict[str, Any]:
        """The documents of one entity: texts by what they are for, those of steps by their verb."""
        info = self.entities[name]
        steps = {step.verb for step in info.facts.steps}
        made = {
            "list": self.rows(info),
            "export": self.rows(info, only_rows=True),
            "pick": self.pick(info),
            "record": self.record(info),
            "past": self.past(info),
            "related": self.related(info),
            "create": self.write(f"create{name}", info),
            "update": self.write(f"update{name}", info),
            "delete": self.write(f"delete{name}", info),
            "steps": {verb: text for verb in sorted(steps) if (text := self.write(f"{verb}{name}", info))},
            "bulk": {verb: text for verb in sorted(steps) if (text := self.bulk(verb, info))},
        }
        return {key: text for key, text in made.items() if text}

    # --- reads --------------------------------------------------------------------------------------------------------

    def rows(self, info: EntityInfo, only_rows: bool = False) -> str:
        """A page of rows with the columns whose flag is set."""
        field = self.queries[info.plural]
        columns = self.columns(info)
        flags = [f"$c_{name}: Boolean = false" for name in columns]
        shown = " ".join(_flagged(name, text) for name, text in columns.items())
        nodes = f"nodes {{ id version {self.label(info)} {shown} }}"
        if only_rows:
            return _operation("query Export", info.plural, field, nodes, flags)
        found = f"totalCount @include(if: $total) pageInfo {{ hasNextPage }} {nodes}"
        return _operation("query List", info.plural, field, found, ["$total: Boolean = true", *flags])

    def pick(self, info: EntityInfo) -> str:
        """Rows by their names, for who chooses one."""
        named = f"nodes {{ id {self.label(info)} }} pageInfo {{ hasNextPage }}"
        return _operation("query Pick", info.plural, self.queries[info.plural], named)

    def record(self, info: EntityInfo) -> str:
        """One row with all it says, its child rows, the steps that are open and whether it may be changed."""
        steps = STEPS if "allowedSteps" in self._type(info).fields else ""
        asked = f'explainAccess(type: "{info.name}", action:'
        return (
            f"query Record($id: ID!) {{ {info.single}(by: {{id: $id}}) {{ {self._whole(info)} {steps} }}"
            f' update: {asked} "UPDATE", id: $id) {{ allowed sentence }}'
            f' delete: {asked} "DELETE", id: $id) {{ allowed sentence }} }}'
        )

    def past(self, info: EntityInfo) -> str:
        """One row as it stood; empty where nobody keeps how it stood."""
        if "asOf" not in self.queries[info.single].args:
            return ""
        row = f"{info.single}(by: {{id: $id}}, asOf: $asOf) {{ {self._whole(info)} }}"
        return f"query Past($id: ID!, $asOf: DateTime!) {{ {row} }}"

    def _whole(self, info: EntityInfo) -> str:
        parts = [self._part(relation, child) for relation, child in self.entities.parts_of(info)]
        return " ".join(["id version", self.label(info), *self.columns(info).values(), *parts])

    def _part(self, relation: Relation, child: EntityInfo) -> str:
        columns = self.columns(child, but=frozenset(r.public for r in child.references if r.target == relation.source))
        own = " ".join([self.label(child), *columns.values()])
        return f"{relation.public}(first: {MOST_PARTS}) {{ nodes {{ id version {own} }} }}"

    def related(self, info: EntityInfo) -> str:
        """The lists that lead away from a row, each with its size and its first rows."""
        found = " ".join(
            f"{relation.public}(first: $first) @include(if: $l_{relation.public})"
            f" {{ totalCount nodes {{ id {self.label(target)} }} }}"
            for relation, target in self.lists(info)
        )
        flags = "".join(f", $l_{relation.public}: Boolean = false" for relation, _ in self.lists(info))
        if not found:
            return ""
        return f"query Related($id: ID!, $first: Int = 5{flags}) {{ {info.single}(by: {{id: $id}}) {{ id {found} }} }}"

    def lists(self, info: EntityInfo) -> list[tuple[Relation, EntityInfo]]:
        """The lists of a row that are no child rows."""
        children = {relation.public for relation, _ in self.entities.parts_of(info)}
        fields = self._type(info).fields
        many = (r for r in info.relations.values() if r.many and r.public in fields and r.public not in children)
        return [(relation, self.entities[relation.target]) for relation in many]

    @functools.cached_property
    def searched(self) -> list[EntityInfo]:
        """The entities that a search can look through."""
        return [info for info in self.entities.values() if "search" in self.queries[info.plural].args]

    @functools.cached_property
    def search(self) -> str:
        """The first rows of every entity that the same words find."""
        flags = "".join(f", $i_{info.plural}: Boolean = false" for info in self.searched)
        found = " ".join(
            f"{info.plural}(search: $search, first: $first) @include(if: $i_{info.plural})"
            f" {{ nodes {{ id {self.label(info)} }} }}"
            for info in self.searched
        )
        return f"query Everything($search: String!, $first: Int = 5{flags}) {{ {found} }}"

    @functools.cached_property
    def counts(self) -> str:
        """How many rows there are of the entities whose flag is set."""
        shown = [info for info in self.entities.values() if not info.part_of]
        flags = ", ".join(f"$i_{info.plural}: Boolean = false" for info in shown)
        found = " ".join(f"{i.plural}(first: 0) @include(if: $i_{i.plural}) {{ totalCount }}" for i in shown)
        return f"query Counts({flags}) {{ {found} }}"

    @functools.cached_property
    def entities_of(self) -> str:
        """What the API tells of entities as the viewer may use them; empty where it does not."""
        field = self.queries.get("entities")
        return _operation("query Entities", "entities", field, _leaves(field.type, 4).strip(" {}")) if field else ""

    # --- what is asked of a row ---------------------------------------------------------------------------------------

    def columns(self, info: EntityInfo, but: frozenset[str] = frozenset()) -> dict[str, str]:
        """Column -> what is asked of it, in the order of the model; references by their names."""
        fields, order = self._type(info).fields, list(info.table.c.keys())
        asked = {f.public: (f.name, self._scalar(f.public, fields)) for f in info.fields.values() if f.public in fields}
        for relation in info.relations.values():
            if not relation.many and relation.public in fields and not (relation.facts and relation.facts.one_of):
                asked[relation.public] = (relation.near, f"{relation.public} {self._row(relation.target)}")
        for one in info.one_ofs.values():
            asked[one.public] = (one.columns[0], self._union(one.public, info, one.columns))
        known = {name: text for name, (_, text) in asked.items() if name not in INTERNAL | but}
        places = {name: order.index(near) if near in order else len(order) for name, (near, _) in asked.items()}
        return {name: known[name] for name in sorted(known, key=lambda name: places[name])}

    def label(self, info: EntityInfo, alias: str = "") -> str:
        """What must be asked of a row to call it by its name (``faces.call``)."""
        prefix = f"{alias}_" if alias else ""
        if info.name == "Region":
            names = ["code", "name"]
            return " ".join(_aliased(prefix, name) for name in names) + f" {_aliased(prefix, 'parent')} {{ id name }}"
        name = named_by(info)
        if name in info.fields:
            return " ".join(_aliased(prefix, info.fields[n].public) for n in (name, *beside(info)))
        relation = info.reference(name)
        return f"{_aliased(prefix, relation.public)} {self._row(relation.target)}"

    def _row(self, target: str) -> str:
        return f"{{ id {self.label(self.entities[target])} }}"

    def _union(self, public: str, info: EntityInfo, columns: Iterable[str]) -> str:
        """A one-of reference. What two types call alike may differ in kind, so each is asked for under its own name."""
        targets = [self.entities[info.reference(column).target] for column in columns]
        ways = " ".join(f"... on {t.name} {{ id {self.label(t, t.single)} }}" for t in targets)
        return f"{public} {{ __typename {ways} }}"

    def _scalar(self, name: str, fields: dict[str, GraphQLField]) -> str:
        return f"{name}{_leaves(fields[name].type)}"

    def _type(self, info: EntityInfo) -> GraphQLObjectType:
        found = self.core.type_map[info.name]
        assert isinstance(found, GraphQLObjectType)
        return found

    # --- writes -------------------------------------------------------------------------------------------------------

    def write(self, name: str, info: EntityInfo) -> str:
        """A mutation of one row; empty where there is none."""
        field = self.mutations.get(name)
        if field is None:
            return ""
        row = f"{info.single} {{ id version }}" if info.single in _fields(field.type) else "deletedId"
        return _operation("mutation Write", name, field, f"{row} {FAULTS}")

    def bulk(self, verb: str, info: EntityInfo) -> str:
        """A step of several rows, each with its own result; empty where there is none."""
        name = f"{verb}{info.plural[0].upper()}{info.plural[1:]}"
        field = self.mutations.get(name)
        if field is None:
            return ""
        results = f"results {{ index {info.single} {{ id {self.label(info)} }} {FAULTS} }}"
        own = _fields(field.type)
        return _operation("mutation Bulk", name, field, f"{results} {FAULTS if 'errors' in own else ''}")


def _operation(head: str, name: str, field: GraphQLField, selection: str, more: Iterable[str] = ()) -> str:
    """A document of one field that takes every argument as a variable of the same name."""
    args = {arg: argument for arg, argument in field.args.items() if arg not in UNUSED}
    told = [f"${arg}: {argument.type}" for arg, argument in args.items()]
    given = ", ".join(f"{arg}: ${arg}" for arg in args)
    return f"{head}({', '.join([*told, *more])}) {{ {name}({given}) {{ {' '.join(selection.split())} }} }}"


def _flagged(name: str, text: str) -> str:
    head, brace, rest = text.partition(" {")
    return f"{head} @include(if: $c_{name}){brace}{rest}"


def _aliased(prefix: str, name: str) -> str:
    return f"{prefix}{name}: {name}" if prefix else name


def _fields(kind: Any) -> dict[str, GraphQLField]:
    found = get_named_type(kind)
    return found.fields if isinstance(found, GraphQLObjectType) else {}


def _leaves(kind: Any, depth: int = 3) -> str:
    """What is asked of a value: nothing more of a plain one, all of a document."""
    named = get_named_type(kind)
    if is_leaf_type(named) or depth == 0:
        return ""
    inner = [
        f"{name}{_leaves(field.type, depth - 1)}"
        for name, field in _fields(named).items()
        if depth > 1 or not is_object_type(get_named_type(field.type))
    ]
    return f" {{ {' '.join(inner)} }}"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    else:
        for part in value.values():
            yield from _texts(part)
