"""Registry -> object types: entities, their connections and edges."""

from __future__ import annotations

from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
    GraphQLUnionType,
)

from db.entity_info import EntityInfo, Field
from db.facts import OneOf
from db.history import shadow_of
from db.registry import Registry
from permissions.columns import shows
from resolvers.search import searchable
from schema import shapes, words
from schema.allowed import STEPS
from schema.inputs import Inputs, type_of
from schema.measures import MeasureTypes
from schema.scalars import DATETIME
from schema.selections import LATER

NODE = GraphQLInterfaceType(
    "Node",
    {"id": GraphQLField(GraphQLNonNull(GraphQLID), description="编号。Global id.")},
    description="有全局编号的一条记录。A row with a global id.",
)
PAGE_INFO = GraphQLObjectType(
    "PageInfo",
    {
        "hasNextPage": GraphQLField(GraphQLNonNull(GraphQLBoolean), description="后面还有。There is more behind."),
        "hasPreviousPage": GraphQLField(GraphQLNonNull(GraphQLBoolean), description="前面还有。There is more before."),
        "startCursor": GraphQLField(GraphQLString, description="本页第一条的游标。Cursor of the first row."),
        "endCursor": GraphQLField(GraphQLString, description="本页最后一条的游标。Cursor of the last row."),
    },
    description="分页信息。Where a page lies in its list.",
)
_SEARCH = "汉字、拼音、首字母均可，空格分开的每个词都要找到。Every word, in characters, pinyin or initials."
_SUCCESSORS = (
    "已停用的区划并入其承继区划：按区划筛选（descendantOf）和分组时一并计入。"
    "Counts what stands at a region that ended with the one that took its place, in descendantOf and in groups."
)
_AS_OF = (
    "截至某日（终了）或某一时刻的情况，权限按今天的算。As it stood then, of a day at its end; by the rights of today."
)


class Objects:
    """All object types of a schema, each made once."""

    def __init__(self, entities: Registry, inputs: Inputs) -> None:
        self.entities, self.inputs = entities, inputs
        self.measures = MeasureTypes(self, PAGE_INFO)
        self._made: dict[str, GraphQLObjectType] = {}

    def entity(self, info: EntityInfo) -> GraphQLObjectType:
        """The type of an entity's rows."""
        if info.name not in self._made:
            self._made[info.name] = GraphQLObjectType(
                info.name,
                lambda: self._fields(info),
                lambda: [NODE, *self.measures.in_keys(info)],
                description=words.entity(info),
            )
        return self._made[info.name]

    def _fields(self, info: EntityInfo) -> dict[str, GraphQLField]:
        fields = {
            f.public: GraphQLField(self._field_type(info, f), description=_described(f)) for f in info.fields.values()
        }
        if any(machine.moves for machine in info.facts.machines):
            fields[LATER] = STEPS
        for r in info.relations.values():
            target = self.entities[r.target]
            if r.many:
                fields[r.public] = GraphQLField(
                    self.connection(target), self.list_arguments(target), description=words.said(r)
                )
            else:
                fields[r.public] = GraphQLField(self.entity(target), description=words.said(r))
        for one_of in info.one_ofs.values():
            fields[one_of.public] = GraphQLField(self._one_of(info, one_of), description=words.said(one_of))
        return fields

    def _one_of(self, info: EntityInfo, one_of: OneOf) -> GraphQLUnionType:
        """The union of the entities that a one-of reference may name."""
        targets = [self.entities[info.reference(column).target] for column in one_of.columns]
        kinds = list(dict.fromkeys(target.name for target in targets))
        said = f"{info.facts.zh}的{one_of.zh}。{one_of.en}"
        return GraphQLUnionType(
            type_of(info, one_of), lambda: [self.entity(self.entities[name]) for name in kinds], description=said
        )

    def _field_type(self, info: EntityInfo, field: Field) -> Any:
        model = field.facts.model
        scalar = shapes.output(self.inputs, model) if model else self.inputs.scalar(field.kind, field.facts.members)
        readers = [grant for grant in info.grants.values() if "R" in grant.operations]
        hidden = any(not shows(grant, field) for grant in readers) and field.facts.personal != "surname"
        return scalar if field.nullable or hidden else GraphQLNonNull(scalar)

    def connection(self, info: EntityInfo) -> GraphQLObjectType:
        """``XConnection``: a list with its pages and counts."""
        name = f"{info.name}Connection"
        if name not in self._made:
            self._made[name] = GraphQLObjectType(
                name,
                lambda: {
                    "edges": GraphQLField(_many(self._edge(info)), description="带游标的各条。Rows with cursors."),
                    "nodes": GraphQLField(_many(self.entity(info)), description="各条。The rows."),
                    "pageInfo": GraphQLField(GraphQLNonNull(PAGE_INFO), description="分页信息。Where the page lies."),
                    "totalCount": GraphQLField(
                        GraphQLInt, description="总条数，精确；不便显示时为 null。Exact; null where suppressed."
                    ),
                    "aggregate": GraphQLField(
                        GraphQLNonNull(self.measures.aggregate(info)), description="汇总，不受分页影响。Ignores paging."
                    ),
                    "groupBy": self.measures.group_by(info),
                },
                description=f"{info.facts.zh}列表。A list of {info.name}.",
            )
        return self._made[name]

    def _edge(self, info: EntityInfo) -> GraphQLObjectType:
        name = f"{info.name}Edge"
        if name not in self._made:
            self._made[name] = GraphQLObjectType(
                name,
                lambda: {
                    "cursor": GraphQLField(GraphQLNonNull(GraphQLString), description="游标。Cursor."),
                    "node": GraphQLField(GraphQLNonNull(self.entity(info)), description="这一条。The row."),
                },
                description=f"列表中的一条{info.facts.zh}。A {words.words(info)} in a list.",
            )
        return self._made[name]

    def list_arguments(self, info: EntityInfo) -> dict[str, GraphQLArgument]:
        """The arguments of every list of an entity."""
        searched = {"search": GraphQLArgument(GraphQLString, description=_SEARCH)} if searchable(info) else {}
        return {
            "where": GraphQLArgument(self.inputs.where(info), description="条件。Which rows."),
            **searched,
            "orderBy": GraphQLArgument(
                GraphQLList(GraphQLNonNull(self.inputs.order_by(info))),
                description="排序；编号总是最后一键。The id is the last key.",
            ),
            "first": GraphQLArgument(
                GraphQLInt,
                description="从头取几条，默认 200，至多 10000。From the start; 200, at most 10000.",
            ),
            "after": GraphQLArgument(GraphQLString, description="从此游标之后。Behind this cursor."),
            "last": GraphQLArgument(GraphQLInt, description="从尾取几条。How many from the end."),
            "before": GraphQLArgument(GraphQLString, description="到此游标之前。Before this cursor."),
            "offset": GraphQLArgument(
                GraphQLInt, description="跳过几条；不能与游标同用。Rows to skip; no cursor then."
            ),
        }

    def past(self, info: EntityInfo) -> dict[str, GraphQLArgument]:
        """``asOf`` of the roots of an entity that keeps its history."""
        if shadow_of(info.table) is None:
            return {}
        return {"asOf": GraphQLArgument(DATETIME, description=_AS_OF)}

    def succession(self, info: EntityInfo) -> dict[str, GraphQLArgument]:
        """``successors`` of a list whose rows stand at regions."""
        if info.owner is None:
            return {}
        return {"successors": GraphQLArgument(GraphQLBoolean, description=_SUCCESSORS)}


def _many(kind: Any) -> Any:
    return GraphQLNonNull(GraphQLList(GraphQLNonNull(kind)))


def _described(field: Field) -> str:
    return words.said(field, *(("只显示掩码。", "Its mask only.") if field.kind.sealed else ()))
