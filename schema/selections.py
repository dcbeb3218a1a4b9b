"""What a GraphQL operation selects -> requests of ``resolvers.requests``.

graphql-core itself collects the fields, so aliases, merged fields, fragments, type conditions and @include/@skip mean
what they mean everywhere. Values of variables become slots: the plan looks them up anew at each run.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

from graphql import GraphQLObjectType, get_named_type
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_subfields
from graphql.execution.values import VariableValues, get_argument_values

from db.registry import EntityInfo, Registry, Relation
from resolvers.faults import too_large
from resolvers.requests import Connection, One, Pick, Slot

MOST_OBJECTS = 2_000
_LIST_ARGUMENTS = ("where", "first", "after", "last", "before", "offset")


def symbolic(value: Any, path: tuple[str | int, ...] = ()) -> Any:
    """Coerced variables with a slot at every leaf that only a bind depends on.

    What the statement's shape depends on stays as it is: keys, list lengths, nulls, flags and directions.
    """
    if isinstance(value, Mapping):
        return {key: symbolic(item, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [symbolic(item, (*path, i)) for i, item in enumerate(value)]
    if value is None or isinstance(value, bool | enum.Enum):
        return value
    return Slot(path, value)


def shape(value: Any) -> Any:
    """The part of coerced variables that decides the statement: equal shapes run the same plan."""
    if isinstance(value, Mapping):
        return tuple((key, shape(item)) for key, item in value.items())
    if isinstance(value, list):
        return tuple(shape(item) for item in value)
    if value is None or isinstance(value, bool | enum.Enum):
        return value
    return "·"


class Selections:
    """The reading of one root field's selection, for one compilation."""

    def __init__(self, entities: Registry, info: Any) -> None:
        self.entities, self.info = entities, info
        self._fragments = {name: FragmentDetails(node) for name, node in info.fragments.items()}
        self._real = VariableValues({}, info.variable_values)
        self._symbolic = VariableValues({}, symbolic(info.variable_values))
        self._objects = 0

    def arguments(self, details: FieldDetails, parent: GraphQLObjectType) -> dict[str, Any]:
        """The arguments of a field, with slots for what variables say."""
        definition = parent.fields[details.node.name.value]
        return get_argument_values(definition, details.node, self._symbolic)

    def _fields(self, gtype: GraphQLObjectType, nodes: list[FieldDetails]) -> dict[str, list[FieldDetails]]:
        # Fragments that double at every level make a tree of a few lines into one of millions.
        self._objects += 1
        if self._objects > MOST_OBJECTS:
            raise too_large()
        found = collect_subfields(self.info.schema, self._fragments, self._real, self.info.operation, gtype, nodes)
        return found.grouped_field_set

    def roots(self) -> list[FieldDetails]:
        """The nodes of the field that is being resolved."""
        return [FieldDetails(node, None) for node in self.info.field_nodes]

    def pick(self, info: EntityInfo, gtype: GraphQLObjectType, nodes: list[FieldDetails]) -> Pick:
        """What is selected of a row."""
        pick = Pick(info)
        for key, details in self._fields(gtype, nodes).items():
            name = details[0].node.name.value
            if name == "__typename":
                pick.items.append((key, gtype.name))
            elif name in info.public_fields:
                pick.items.append((key, info.public_fields[name]))
            else:
                pick.items.append((key, self._related(info.public_relations[name], gtype, details)))
        return pick

    def _related(self, relation: Relation, parent: GraphQLObjectType, details: list[FieldDetails]) -> One | Connection:
        target = self.entities[relation.target]
        gtype: Any = get_named_type(parent.fields[relation.public].type)
        if relation.many:
            return self.connection(target, gtype, details, self.arguments(details[0], parent), relation)
        return One(relation, self.pick(target, gtype, details))

    def connection(
        self,
        info: EntityInfo,
        gtype: GraphQLObjectType,
        nodes: list[FieldDetails],
        arguments: Mapping[str, Any],
        relation: Relation | None,
    ) -> Connection:
        """What is selected of a list."""
        parts: list[tuple[str, str, Any]] = []
        for key, details in self._fields(gtype, nodes).items():
            name = details[0].node.name.value
            parts.append((key, *self._part(info, gtype, name, details)))
        order = arguments.get("orderBy") or []
        given: dict[str, Any] = {name: arguments.get(name) for name in _LIST_ARGUMENTS}
        return Connection(info, parts, relation, order=order, **given)

    def _part(
        self, info: EntityInfo, gtype: GraphQLObjectType, name: str, details: list[FieldDetails]
    ) -> tuple[str, Any]:
        if name == "__typename":
            return "typename", gtype.name
        inner: Any = get_named_type(gtype.fields[name].type)
        if name == "nodes":
            return name, self.pick(info, inner, details)
        if name == "edges":
            return name, [self._edge(info, inner, key, found) for key, found in self._fields(inner, details).items()]
        if name == "pageInfo":
            found = self._fields(inner, details)
            return name, [
                (key, "PageInfo" if f[0].node.name.value == "__typename" else f[0].node.name.value)
                for key, f in found.items()
            ]
        return name, None

    def _edge(
        self, info: EntityInfo, gtype: GraphQLObjectType, key: str, details: list[FieldDetails]
    ) -> tuple[str, str, Any]:
        name = details[0].node.name.value
        if name == "node":
            node: Any = get_named_type(gtype.fields["node"].type)
            return key, name, self.pick(info, node, details)
        return key, ("typename" if name == "__typename" else name), gtype.name
