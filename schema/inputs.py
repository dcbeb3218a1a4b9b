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

from db.facts import Code, Kind
from db.registry import EntityInfo, Field, Registry
from resolvers.commands.inputs import must_be_sent
from resolvers.commands.nested import creatable, owned_lists
from resolvers.commands.upsert import keys_of
from resolvers.commands.work import named as column_named
from resolvers.orderings import Sort
from schema.group_inputs import GroupInputs
from schema.scalars import DATE, DATETIME, DECIMAL, JSON
from schema.words import named, said

_EQUAL = ("eq", "neq", "in", "notIn", "isNull")
_ORDERED = (*_EQUAL, "gt", "gte", "lt", "lte", "between")
_TEXT = (*_ORDERED, "contains", "startsWith", "endsWith")
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
        if kind == "enum":
            assert members is not None
            return self.enum(members)
        if kind == "enums":
            assert members is not None
            return GraphQLList(GraphQLNonNull(self.enum(members)))
        return {
            "id": GraphQLID, "text": GraphQLString, "encrypted": GraphQLString, "int": GraphQLInt, "decimal": DECIMAL,
            "bool": GraphQLBoolean, "date": DATE, "datetime": DATETIME, "json": JSON,
        }[kind]  # fmt: skip

    def operators(self, field: Field) -> Any:
        """The shared input of operators over a field, such as StringWhere; None where there is none."""
        kind, members = field.kind, field.facts.members
        match kind:
            case "json" | "encrypted" | "ref":
                return None
            case "enums":
                assert members is not None
                return self.operators_of(
                    f"{members.__name__}ListWhere", self.enum(members), ("has", "hasSome", "hasEvery", "isNull")
                )
            case "enum":
                assert members is not None
                return self.operators_of(f"{members.__name__}Where", self.enum(members), _EQUAL)
            case "bool":
                return self.operators_of("BooleanWhere", GraphQLBoolean, ("eq", "neq", "isNull"))
            case "id":
                return self.operators_of("IDWhere", GraphQLID, _EQUAL)
            case "text":
                return self.operators_of("StringWhere", GraphQLString, _TEXT)
            case "date" | "datetime":
                scalar = self.scalar(kind, None)
                return self.operators_of(f"{scalar.name}Where", scalar, (*_ORDERED, "inPeriod"))
            case "int" | "decimal":
                scalar = self.scalar(kind, None)
                return self.operators_of(f"{scalar.name}Where", scalar, _ORDERED)

    def operators_of(self, name: str, scalar: Any, operators: tuple[str, ...]) -> Any:
        """The shared input of some operators over a scalar."""

        def fields() -> dict[str, GraphQLInputField]:
            many = GraphQLList(GraphQLNonNull(scalar))
            kinds = {"isNull": GraphQLBoolean, "inPeriod": GraphQLString}
            lists = ("in", "notIn", "between", "hasSome", "hasEvery")
            return {
                op: GraphQLInputField(many if op in lists else kinds.get(op, scalar), description=_SAID[op])
                for op in operators
            }

        return self.input(name, fields, f"{scalar.name} 的条件。Operators over {scalar.name}.")

    def int_operators(self) -> Any:
        """The shared input of operators over numbers of rows."""
        return self.operators_of("IntWhere", GraphQLInt, _ORDERED)

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
                if f.kind not in ("json", "encrypted", "enums")
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
        keys = set() if patch else {column for columns in keys_of(info).values() for column in columns}
        for field in info.fields.values():
            if (field.writable and not (patch and field.facts.fixed)) or field.name in keys:
                scalar = self.scalar(field.kind, field.facts.members)
                made[field.public] = GraphQLInputField(scalar, description=_said(field, info, patch))
        for r in info.references:
            if r.facts is not None and not r.facts.computed and not (patch and r.facts.fixed):
                required = _REQUIRED if r.near in must_be_sent(info) and not patch else ()
                made[r.public] = GraphQLInputField(
                    self.connect(self.entities[r.target]), description=said(r, *required)
                )
        for r in () if patch else owned_lists(self.entities, info):
            made[r.public] = GraphQLInputField(
                self.connect(self.entities[r.target]), description=f"一并新建的{r.zh}。Parts made with the row."
            )
        return made


def _direction(sort: Sort) -> str:
    zh = f"{'从大到小' if sort.descending else '从小到大'}，空值{'在前' if sort.nulls_first else '在后'}。"
    return f"{zh}{'Largest' if sort.descending else 'Smallest'} first, nulls {'first' if sort.nulls_first else 'last'}."


def _said(field: Field, info: EntityInfo, patch: bool) -> str:
    if not field.writable:
        return f"{field.facts.zh}。由系统给出，只在 upsert 中作键。Given by the server; a key of upserts only."
    return said(field, *(_REQUIRED if not patch and field.name in must_be_sent(info) else ()))
