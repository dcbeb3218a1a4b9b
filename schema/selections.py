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

from db.entity_info import EntityInfo, Relation
from db.registry import Registry
from resolvers.codes import STAT
from resolvers.requests import Connection, Either, Groups, KeyPick, Later, Measured, One, PartsOf, Pick, Slot

LATER = "allowedSteps"
"""The field of a row that no statement can print."""
_PAGING = ("first", "after", "last", "before", "offset")
_LIST_ARGUMENTS = ("where", "search", *_PAGING)


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

    def arguments(self, details: FieldDetails, parent: GraphQLObjectType) -> dict[str, Any]:
        """The arguments of a field, with slots for what variables say."""
        definition = parent.fields[details.node.name.value]
        return get_argument_values(definition, details.node, self._symbolic)

    def _fields(self, gtype: GraphQLObjectType, nodes: list[FieldDetails]) -> dict[str, list[FieldDetails]]:
        found = collect_subfields(self.info.schema, self._fragments, self._real, self.info.operation, gtype, nodes)
        return found.grouped_field_set

    def roots(self) -> list[FieldDetails]:
        """The nodes of the field that is being resolved."""
        return [FieldDetails(node, None) for node in self.info.field_nodes]

    def selected(self, gtype: GraphQLObjectType) -> list[tuple[str, list[FieldDetails]]]:
        """The fields that are selected of a root field's object, by response key."""
        return list(self._fields(gtype, self.roots()).items())

    def pick(self, info: EntityInfo, gtype: GraphQLObjectType, nodes: list[FieldDetails]) -> Pick:
        """What is selected of a row."""
        pick = Pick(info)
        for key, details in self._fields(gtype, nodes).items():
            name = details[0].node.name.value
            if name == "__typename":
                pick.items.append((key, gtype.name))
            elif name in info.public_fields:
                field, inner = info.public_fields[name], get_named_type(gtype.fields[name].type)
                whole = not isinstance(inner, GraphQLObjectType)
                pick.items.append((key, field if whole else PartsOf(field, self._parts(inner, details))))
            elif name in info.public_one_ofs:
                members = [info.reference(column) for column in info.public_one_ofs[name].columns]
                pick.items.append((key, Either([self._one(relation, details) for relation in members])))
            elif name == LATER:
                pick.items.append((key, Later(self._later(get_named_type(gtype.fields[name].type), details))))
            else:
                pick.items.append((key, self._related(info.public_relations[name], gtype, details)))
        return pick

    def _parts(self, gtype: Any, nodes: list[FieldDetails]) -> list[tuple[str, str | None, Any]]:
        """What is selected of a typed document."""
        tree: list[tuple[str, str | None, Any]] = []
        for key, details in self._fields(gtype, nodes).items():
            name = details[0].node.name.value
            if name == "__typename":
                tree.append((key, None, gtype.name))
                continue
            inner = get_named_type(gtype.fields[name].type)
            below = self._parts(inner, details) if isinstance(inner, GraphQLObjectType) else None
            tree.append((key, name, below))
        return tree

    def _related(self, relation: Relation, parent: GraphQLObjectType, details: list[FieldDetails]) -> One | Connection:
        target = self.entities[relation.target]
        gtype: Any = get_named_type(parent.fields[relation.public].type)
        if relation.many:
            return self.connection(target, gtype, details, self.arguments(details[0], parent), relation)
        return self._one(relation, details)

    def _one(self, relation: Relation, details: list[FieldDetails]) -> One:
        """The row of a to-one relation, with what is selected of its type."""
        target = self.entities[relation.target]
        return One(relation, self.pick(target, self.info.schema.get_type(target.name), details))

    def connection(
        self,
        info: EntityInfo,
        gtype: GraphQLObjectType,
        nodes: list[FieldDetails],
        arguments: Mapping[str, Any],
        relation: Relation | None,
    ) -> Connection:
        """What is selected of a list."""
        given: dict[str, Any] = {name: arguments.get(name) for name in _LIST_ARGUMENTS}
        given |= {"as_of": arguments.get("asOf"), "successors": arguments.get("successors")}
        made = Connection(info, [], relation, order=arguments.get("orderBy") or [], **given)
        for key, details in self._fields(gtype, nodes).items():
            made.parts.append((key, *self._part(made, gtype, details)))
        return made

    def _part(self, listed: Connection, gtype: GraphQLObjectType, details: list[FieldDetails]) -> tuple[str, Any]:
        name = details[0].node.name.value
        if name == "__typename":
            return "typename", gtype.name
        inner: Any = get_named_type(gtype.fields[name].type)
        match name:
            case "nodes":
                return name, self.pick(listed.entity, inner, details)
            case "edges":
                edges = self._fields(inner, details)
                return name, [self._edge(listed.entity, inner, key, found) for key, found in edges.items()]
            case "pageInfo":
                return name, self._names(inner, details)
            case "aggregate":
                return name, self._measured(listed, inner, details)
            case "groupBy":
                return name, self._groups(listed, inner, details, self.arguments(details[0], gtype))
        return name, None

    def _later(self, gtype: Any, nodes: list[FieldDetails]) -> list[tuple[str, str, Any]]:
        """The fields of an object with what is selected of objects in it."""
        made: list[tuple[str, str, Any]] = []
        for key, details in self._fields(gtype, nodes).items():
            name = details[0].node.name.value
            inner = get_named_type(gtype.fields[name].type) if name != "__typename" else None
            more = self._later(inner, details) if isinstance(inner, GraphQLObjectType) else gtype.name
            made.append((key, name, more))
        return made

    def _names(self, gtype: GraphQLObjectType, details: list[FieldDetails]) -> list[tuple[str, str]]:
        """The plain fields of an object: response key and name, of ``__typename`` the type's."""
        found = {key: inner[0].node.name.value for key, inner in self._fields(gtype, details).items()}
        return [(key, gtype.name if name == "__typename" else name) for key, name in found.items()]

    # --- measures and groups -----------------------------------------------------------------------------------------

    def _groups(
        self, listed: Connection, gtype: GraphQLObjectType, nodes: list[FieldDetails], arguments: Mapping[str, Any]
    ) -> Groups:
        made = Groups(
            listed.entity, [], listed, arguments["by"], arguments.get("having"), arguments.get("orderBy") or [],
            bool(arguments.get("fill")), first=arguments.get("first"), after=arguments.get("after"),
        )  # fmt: skip
        for key, details in self._fields(gtype, nodes).items():
            name = details[0].node.name.value
            inner: Any = get_named_type(gtype.fields[name].type) if name != "__typename" else None
            match name:
                case "__typename":
                    made.parts.append((key, "typename", gtype.name))
                case "nodes" | "subtotals":
                    made.parts.append((key, name, self._measured(listed, inner, details)))
                case "pageInfo":
                    made.parts.append((key, name, self._names(inner, details)))
                case _:
                    made.parts.append((key, name, None))
        return made

    def _measured(self, listed: Connection, gtype: GraphQLObjectType, nodes: list[FieldDetails]) -> Measured:
        measured: Measured = []
        for key, details in self._fields(gtype, nodes).items():
            name = details[0].node.name.value
            inner: Any = get_named_type(gtype.fields[name].type) if name != "__typename" else None
            what: Any = gtype.name
            if name == "key":
                what = self._key(listed.entity, inner, details)
            elif name == "ratio":
                what = self.arguments(details[0], gtype)["of"], self._names(inner, details)
            elif name == "rows":
                what = self._rows(listed, inner, details, self.arguments(details[0], gtype))
            elif isinstance(inner, GraphQLObjectType):
                fields = listed.entity.public_fields
                what = [(k, fields.get(field, field)) for k, field in self._names(inner, details)]
            measured.append((key, "typename" if name == "__typename" else name, what))
        return measured

    def _rows(
        self, listed: Connection, gtype: GraphQLObjectType, nodes: list[FieldDetails], arguments: Mapping[str, Any]
    ) -> Connection:
        """The rows of a group: those of the list, in its order."""
        chosen = {name: getattr(listed, name) for name in _LIST_ARGUMENTS if name not in _PAGING}
        given = {**chosen, "orderBy": listed.order, **arguments}
        return self.connection(listed.entity, gtype, nodes, given, listed.relation)

    def _key(self, info: EntityInfo, gtype: GraphQLObjectType, nodes: list[FieldDetails]) -> KeyPick:
        picked: KeyPick = []
        for key, details in self._fields(gtype, nodes).items():
            name = details[0].node.name.value
            if name == "__typename":
                picked.append((key, gtype.name, None))
                continue
            inner: Any = get_named_type(gtype.fields[name].type)
            arguments = self.arguments(details[0], gtype)
            if name in info.public_fields:
                picked.append((key, info.public_fields[name], arguments.get("as")))
                continue
            if (rolled := info.public_fields.get(name.removesuffix("Rollup"))) is not None:
                picked.append((key, rolled, STAT))
                continue
            relation = info.public_relations[name]
            target = self.entities[relation.target]
            if target.name == "Region":
                picked.append((key, relation, (arguments.get("level"), self.pick(target, inner, details))))
            else:
                parts = self._key(target, self.info.schema.get_type(f"{target.name}GroupKey"), details)
                row = self.pick(target, self.info.schema.get_type(target.name), details)
                picked.append((key, relation, (parts, row)))
        return picked

    def _edge(
        self, info: EntityInfo, gtype: GraphQLObjectType, key: str, details: list[FieldDetails]
    ) -> tuple[str, str, Any]:
        name = details[0].node.name.value
        if name == "node":
            node: Any = get_named_type(gtype.fields["node"].type)
            return key, name, self.pick(info, node, details)
        return key, ("typename" if name == "__typename" else name), gtype.name
