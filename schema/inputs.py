"""Registry -> input types: conditions, orderings, keys, inputs and patches. Operator inputs are shared by all."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLString,
)

from db.entity_info import EntityInfo, Field
from db.facts import Code, Kind, OneOf
from db.registry import Registry
from resolvers.codes import rolls_up
from resolvers.commands.inputs import must_be_sent
from resolvers.commands.nested import creatable, owned_lists
from resolvers.commands.upsert import keys_of
from resolvers.commands.work import named as column_named
from resolvers.orderings import Sort
from schema import shapes
from schema.group_inputs import GroupInputs
from schema.kinds import EQUAL, ORDERED, SPOKEN
from schema.words import named, said

_SAID = {
    "eq": "等于。Equal.", "neq": "不等于，空值也算。Not equal, or null.",
    "in": "在其中；[] 一个也不取。One of them; [] is none.", "notIn": "不在其中；[] 全取。None of them; [] is all.",
    "isNull": "是否为空。Is null.", "gt": "大于。Greater.", "gte": "不小于。Not less.", "lt": "小于。Less.",
    "lte": "不大于。Not greater.",
    "between": "[下限, 上限]，两端都含。[low, high], both included.", "contains": "包含。Contains.",
    "startsWith": "以此开头。Starts with.", "endsWith": "以此结尾。Ends with.",
    "inPeriod": "期间：2026、2026H1、2026Q2、2026-05、2026-05A、2026-W21、2026-05-03。A period.",
    "has": "含有此项。Has it.", "hasSome": "含有其中任一项。Has any of them.",
    "hasEvery": "含有其中每一项。Has all of them.",
}  # fmt: skip


_ROLLUP = "归入的统计栏目。The statistical column that the code rolls up to."
_REQUIRED = ("必填。", "Required.")


class Inputs:
    """All input types of a schema, each made once and its fields only when needed."""

    def __init__(self, entities: Registry) -> None:
        self.entities = entities
        self._made: dict[str, GraphQLNamedType] = {}
        self.groups = GroupInputs(self)
        self.sort_order = GraphQLEnumType(
            "SortOrder",
            {s.name: GraphQLEnumValue(s, description=_direction(s)) for s in Sort},
            description="排序方向；未写明时空值最大。Direction; null counts as the largest unless said otherwise.",
        )

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    def output(self, name: str, make: Callable[[], Any]) -> Any:
        """An output type, made once by its name."""
        return self._once(name, make)

    def input(
        self, name: str, fields: Callable[[], Mapping[str, GraphQLInputField]], said: str, one_of: bool = False
    ) -> Any:
        """An input type, made once by its name."""
        return self._once(
            name, lambda: GraphQLInputObjectType(name, lambda: dict(fields()), description=said, is_one_of=one_of)
        )

    # --- scalars and operators ---------------------------------------------------------------------------------------

    def enum(self, members: type[Code]) -> GraphQLEnumType:
        """The GraphQL enum of an enumeration; its internal values are the names, as stored."""
        values = {m.name: GraphQLEnumValue(m.name, description=f"{m.zh}（{m.code}）。{m.english}.") for m in members}
        made: GraphQLEnumType = self._once(
            members.__name__,
            lambda: GraphQLEnumType(members.__name__, values, description=inspect.cleandoc(members.__doc__ or "")),
        )
        return made

    def scalar(self, kind: Kind, members: type[Code] | None) -> Any:
        """The GraphQL type of a value of a kind, without nullability."""
        one = SPOKEN[kind].scalar or (self.enum(members) if members else None)
        return GraphQLList(GraphQLNonNull(one)) if kind.listing else one

    def operators(self, field: Field) -> Any:
        """The shared input of operators over a field, such as StringWhere; None where there is none."""
        spoken, members = SPOKEN[field.kind], field.facts.members
        if not spoken.operators:
            return None
        one = spoken.scalar or (self.enum(members) if members else None)
        assert one is not None
        name = f"{spoken.name or one.name}{'List' if field.kind.listing else ''}Where"
        more = {"rollup": GraphQLInputField(self.rollup_operators(), description=_ROLLUP)} if rolls_up(field) else {}
        return self.operators_of(name, one, spoken.operators, more)

    def rollup_operators(self) -> Any:
        """``RollupWhere``: conditions over what codes roll up to."""
        return self.operators_of("RollupWhere", GraphQLString, EQUAL)

    def operators_of(
        self, name: str, scalar: Any, operators: tuple[str, ...], more: Mapping[str, GraphQLInputField] | None = None
    ) -> Any:
        """The shared input of some operators over a scalar."""

        def fields() -> dict[str, GraphQLInputField]:
            many = GraphQLList(GraphQLNonNull(scalar))
            kinds = {"isNull": GraphQLBoolean, "inPeriod": GraphQLString}
            lists = ("in", "notIn", "between", "hasSome", "hasEvery")
            return {
                op: GraphQLInputField(many if op in lists else kinds.get(op, scalar), description=_SAID[op])
                for op in operators
            } | dict(more or {})

        return self.input(name, fields, f"{scalar.name} 的条件。Operators over {scalar.name}.")

    def int_operators(self) -> Any:
        """The shared input of operators over numbers of rows."""
        return self.operators_of("IntWhere", GraphQLInt, ORDERED)

    # --- entities ----------------------------------------------------------------------------------------------------

    def where(self, info: EntityInfo) -> Any:
        """``XWhere``: conditions over the entity's columns and relations."""
        return self.input(
            f"{info.name}Where",
            lambda: self._where_fields(info),
            f"{info.facts.zh}的条件。Conditions over {info.name}.",
        )

    def _where_fields(self, info: EntityInfo) -> dict[str, GraphQLInputField]:
        own = self.where(info)
        many = GraphQLList(GraphQLNonNull(own))
        fields = {
            "and": GraphQLInputField(many, description="全部成立。All hold."),
            "or": GraphQLInputField(many, description="任一成立。Any holds."),
            "not": GraphQLInputField(own, description="不成立（空值也算）。The exact complement."),
        }
        for field in info.fields.values():
            operators = self.operators(field)
            if operators is not None:
                fields[field.public] = GraphQLInputField(operators, description=named(field))
        if info.name == "Region":
            for name, text in (
                ("descendantOf", "其下各级，含自身。Below it, itself included."),
                ("childOf", "其直接下级。Directly below it."),
                ("ancestorOf", "其上各级。Above it."),
            ):
                fields[name] = GraphQLInputField(self.by(info), description=text)
        for relation in info.relations.values():
            target = self.entities[relation.target]
            nested = self.list_where(target) if relation.many else self.where(target)
            fields[relation.public] = GraphQLInputField(nested, description=named(relation))
        return fields

    def list_where(self, info: EntityInfo) -> Any:
        """``XListWhere``: conditions over a list of rows."""

        def fields() -> dict[str, GraphQLInputField]:
            own = self.where(info)
            return {
                "some": GraphQLInputField(own, description="至少一条满足。At least one row."),
                "every": GraphQLInputField(own, description="每条都满足；没有也算。All rows, or none there."),
                "none": GraphQLInputField(own, description="没有一条满足。No row."),
                "count": GraphQLInputField(self.int_operators(), description="条数。Number of rows."),
                "aggregate": GraphQLInputField(self.groups.having(info), description="汇总数。Over its measures."),
            }

        return self.input(
            f"{info.name}ListWhere", fields, f"对{info.facts.zh}列表的条件。Conditions over lists of {info.name}."
        )

    def order_by(self, info: EntityInfo) -> Any:
        """``XOrderBy``: one column, one of a row that a reference names, or one measure of a list."""

        def fields() -> dict[str, GraphQLInputField]:
            made = {
                f.public: GraphQLInputField(self.sort_order, description=named(f))
                for f in info.fields.values()
                if f.kind.sortable
            }
            for r in info.relations.values():
                target = self.entities[r.target]
                nested = self.groups.aggregate_order_by(target) if r.many else self.order_by(target)
                made[r.public] = GraphQLInputField(nested, description=named(r))
            return made

        return self.input(
            f"{info.name}OrderBy", fields, f"{info.facts.zh}的排序。An order of {info.name}.", one_of=True
        )

    def by(self, info: EntityInfo) -> Any:
        """``XBy``: one key of one row."""

        def fields() -> dict[str, GraphQLInputField]:
            return {
                f.public: GraphQLInputField(self.scalar(f.kind, f.facts.members), description=named(f))
                for f in info.by_keys
            }

        return self.input(
            f"{info.name}By", fields, f"一条{info.facts.zh}的键，只给一个。One key of {info.name}.", one_of=True
        )

    def connect(self, info: EntityInfo) -> Any:
        """``XConnect``: an existing row to refer to, or a new one; for a list that a row owns, new ones."""

        def fields() -> dict[str, GraphQLInputField]:
            made = {"connect": GraphQLInputField(self.by(info), description="已有的一条。An existing row.")}
            if creatable(info):
                many = GraphQLList(GraphQLNonNull(self.values(info, False)))
                said = "一并新建；引用只能写一条。Created along with the row; one only for a reference."
                made["create"] = GraphQLInputField(many, description=said)
            return made

        return self.input(
            f"{info.name}Connect",
            fields,
            f"引用{info.facts.zh}，connect、create 只写一个；置空写 null。A reference; null clears it.",
        )

    def key(self, info: EntityInfo) -> Any:
        """``XKey``: the keys by which an upsert finds rows."""
        columns = {name: "、".join(column_named(info, c).public for c in key) for name, key in keys_of(info).items()}
        values = {
            name: GraphQLEnumValue(name, description=f"按 {text} 查找。By {text}.") for name, text in columns.items()
        }
        said = f"查找已有{info.facts.zh}的键。Keys of {info.name}."
        return self._once(f"{info.name}Key", lambda: GraphQLEnumType(f"{info.name}Key", values, description=said))

    def values(self, info: EntityInfo, patch: bool) -> Any:
        """``XInput`` or ``XPatch``: what clients may write.

        Nothing is non-null: what is missing is told with the rest.
        """
        name = f"{info.name}{'Patch' if patch else 'Input'}"
        said = f"对{info.facts.zh}的修改；未写的不变。Changes." if patch else f"新的{info.facts.zh}。A new row."
        return self.input(name, lambda: self._value_fields(info, patch), said)

    def value(self, info: EntityInfo, column: str) -> Any:
        """The input type of one column: of a reference, an object that connects."""
        known = column_named(info, column)
        if isinstance(known, Field):
            return self.scalar(known.kind, known.facts.members)
        return self.connect(self.entities[known.target])

    def _value_fields(self, info: EntityInfo, patch: bool) -> dict[str, GraphQLInputField]:
        made = {}
        by_itself = not patch and info.part_of is None
        keys = {column for columns in keys_of(info).values() for column in columns} if by_itself else set()
        for field in info.fields.values():
            if (field.writable and not (patch and field.facts.fixed)) or field.name in keys:
                model = field.facts.model
                held = shapes.written(self, model) if model else self.scalar(field.kind, field.facts.members)
                made[field.public] = GraphQLInputField(held, description=_said(field, info, patch))
        for r in info.references:
            elsewhere = (info.part_of is not None and r.name == info.facts.owner) or (r.facts and r.facts.one_of)
            if r.facts is not None and not elsewhere and not r.facts.computed and not (patch and r.facts.fixed):
                required = _REQUIRED if r.near in must_be_sent(info) and not patch else ()
                made[r.public] = GraphQLInputField(
                    self.connect(self.entities[r.target]), description=said(r, *required)
                )
        for one_of in info.one_ofs.values():
            facts = info.reference(one_of.columns[0]).facts
            if facts and not facts.computed and not (patch and facts.fixed):
                required = _REQUIRED if one_of.required and not patch else ()
                made[one_of.public] = GraphQLInputField(self.one_of(info, one_of), description=said(one_of, *required))
        for r in () if patch else owned_lists(self.entities, info):
            made[r.public] = GraphQLInputField(
                self.connect(self.entities[r.target]), description=f"一并新建的{r.zh}。Parts made with the row."
            )
        for r, child in self.entities.parts_of(info):
            made[r.public] = GraphQLInputField(self.children(child), description=f"{r.zh}各条。Its child rows.")
        return made

    def one_of(self, info: EntityInfo, one_of: OneOf) -> Any:
        """``XSubject…``: a reference to a row of one of several entities."""

        def fields() -> dict[str, GraphQLInputField]:
            members = [info.reference(column) for column in one_of.columns]
            return {
                r.public: GraphQLInputField(self.connect(self.entities[r.target]), description=said(r)) for r in members
            }

        about = f"{info.facts.zh}的{one_of.zh}，只能指一条。One row of one of several kinds."
        return self.input(f"{type_of(info, one_of)}Connect", fields, about, one_of=True)

    def children(self, info: EntityInfo) -> Any:
        """``XParts``: what becomes of the child rows of a row, inside its input."""
        identity = {"id": GraphQLInputField(GraphQLID, description="编号。Global id.")}

        def fields() -> dict[str, GraphQLInputField]:
            new = self.values(info, False)
            changed = self.input(
                f"{info.name}Change", lambda: {**identity, **self._value_fields(info, True)},
                f"对一条{info.facts.zh}的修改；未写的不变。Changes of the child with this id.",
            )  # fmt: skip
            item = self.input(
                f"{info.name}Item", lambda: {**identity, **self._value_fields(info, False)},
                f"有编号的是原有的一条{info.facts.zh}，没有的是新的。The child with this id, or a new one.",
            )  # fmt: skip
            return {
                "create": GraphQLInputField(_several(new), description="新的各条。New ones."),
                "update": GraphQLInputField(_several(changed), description="要改的各条。Changed ones."),
                "delete": GraphQLInputField(_several(GraphQLID), description="要删除的编号。Ids of those to go."),
                "set": GraphQLInputField(
                    _several(item), description="全部各条，不能与其他同写；未写的即删除。The whole list; others go."
                ),
            }

        return self.input(
            f"{info.name}Parts", fields, f"{info.facts.zh}的增、改、删；未写的不变。Child rows; the rest stays."
        )


def type_of(info: EntityInfo, one_of: OneOf) -> str:
    """The name of the union of a one-of reference: ``EvaluationSubject``."""
    return info.name + one_of.public[:1].upper() + one_of.public[1:]


def _several(kind: Any) -> Any:
    return GraphQLList(GraphQLNonNull(kind))


def _direction(sort: Sort) -> str:
    zh = f"{'从大到小' if sort.descending else '从小到大'}，空值{'在前' if sort.nulls_first else '在后'}。"
    return f"{zh}{'Largest' if sort.descending else 'Smallest'} first, nulls {'first' if sort.nulls_first else 'last'}."


def _said(field: Field, info: EntityInfo, patch: bool) -> str:
    if not field.writable:
        return f"{field.facts.zh}。由系统给出，只在 upsert 中作键。Given by the server; a key of upserts only."
    return said(field, *(_REQUIRED if not patch and field.name in must_be_sent(info) else ()))
