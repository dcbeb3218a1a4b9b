"""Registry -> the object types of aggregates and groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLField,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
)

from db.entity_info import EntityInfo, Field, Relation
from db.kinds import INT
from db.models.places.region import RegionLevel
from resolvers.codes import rolls_up
from resolvers.measures import countable, groupable, ratio_of
from schema.group_inputs import added, ranged
from schema.scalars import BIG_INT, DECIMAL
from schema.words import named

if TYPE_CHECKING:
    from schema.objects import Objects

_SUPPRESSED = GraphQLField(
    GraphQLNonNull(GraphQLBoolean),
    # Often in the schema, so short; docs/permissions.md says it at length.
    description="条数过少，已合并或不显示数字（只看汇总的角色）。Too few rows: put together, or withheld.",
)
_RATIO = GraphQLObjectType(
    "Ratio",
    {
        "value": GraphQLField(DECIMAL, description="比值，六位小数；分母为零为 null。Six decimals; null over zero."),
        "numerator": GraphQLField(GraphQLInt, description="分子。Numerator."),
        "denominator": GraphQLField(GraphQLInt, description="分母。Denominator."),
    },
    description="比率；只看汇总的角色，任一部分过少即为 null。A ratio; null where a part of it is few.",
)
_NO_IDENTITY = "请用 count。Use count: caches take this number for an identity."


class MeasureTypes:
    """The types of aggregates and groups, beside those of ``schema.objects``."""

    def __init__(self, objects: Objects, page_info: GraphQLObjectType) -> None:
        self.objects, self.inputs, self.page_info = objects, objects.inputs, page_info
        self._made: dict[str, GraphQLObjectType] = {}
        self._in_made: dict[str, GraphQLInterfaceType] = {}
        ones = [r for info in objects.entities.values() for r in info.relations.values() if not r.many]
        self._referred = frozenset(r.target for r in ones if r.target != "Region")

    def _type(self, name: str, fields: Callable[[], dict[str, GraphQLField]], said: str) -> GraphQLObjectType:
        if name not in self._made:
            self._made[name] = GraphQLObjectType(name, fields, description=said)
        return self._made[name]

    def aggregate(self, info: EntityInfo) -> GraphQLObjectType:
        """``XAggregate``: the measures of a whole list."""

        def fields() -> dict[str, GraphQLField]:
            counted = [f for f in info.fields.values() if countable(f)]
            distinct = self._columns(
                info, "Distinct", counted, lambda _f: GraphQLInt, "各字段不同值的个数。Numbers of distinct values."
            )
            return {
                "count": GraphQLField(GraphQLInt, description="条数。Number of rows."),
                "countDistinct": GraphQLField(
                    GraphQLNonNull(distinct), description="不同值的个数。Numbers of distinct values."
                ),
                **self._measures(info),
            }

        return self._type(f"{info.name}Aggregate", fields, f"{info.facts.zh}的汇总。Measures of {info.name} rows.")

    def group_by(self, info: EntityInfo) -> GraphQLField:
        """The field ``groupBy`` of a list."""
        inputs = self.inputs.groups
        arguments = {
            "by": GraphQLArgument(
                GraphQLNonNull(GraphQLList(GraphQLNonNull(inputs.group_by(info)))),
                description="分组键，依次。The keys, in order.",
            ),
            "having": GraphQLArgument(inputs.having(info), description="对各组汇总数的条件。Conditions over measures."),
            "orderBy": GraphQLArgument(
                GraphQLList(GraphQLNonNull(inputs.group_order_by(info))),
                description="排序；最后总按各键。Order; the keys come last.",
            ),
            "first": GraphQLArgument(
                GraphQLInt, description="取几组，默认 200，最多 10000。Groups; 200, at most 10000."
            ),
            "after": GraphQLArgument(GraphQLString, description="从此游标之后。Behind this cursor."),
            "fill": GraphQLArgument(
                GraphQLBoolean, default_value=False, description="补出没有记录的组。Add groups without rows."
            ),
        }
        return GraphQLField(
            GraphQLNonNull(self.group_connection(info)), arguments, description="分组汇总，不受分页影响。Groups."
        )

    def group_connection(self, info: EntityInfo) -> GraphQLObjectType:
        """``XGroupConnection``: groups with their pages and subtotals."""

        def fields() -> dict[str, GraphQLField]:
            return {
                "nodes": GraphQLField(_many(self._group(info)), description="各组。The groups."),
                "subtotals": GraphQLField(
                    _many(self._subtotal(info)),
                    description="小计和总计，含全部各组，不受 having 和分页影响。"
                    "Of all groups, before having and paging.",
                ),
                "pageInfo": GraphQLField(GraphQLNonNull(self.page_info), description="分页信息。Where the page lies."),
                "totalCount": GraphQLField(GraphQLNonNull(GraphQLInt), description="组数。Number of groups."),
            }

        return self._type(f"{info.name}GroupConnection", fields, f"{info.facts.zh}的分组。Groups of {info.name} rows.")

    def _group(self, info: EntityInfo) -> GraphQLObjectType:
        def fields() -> dict[str, GraphQLField]:
            rows = {
                "first": GraphQLArgument(GraphQLInt, description="取几条，默认 200。How many; 200 unless said."),
                "after": GraphQLArgument(GraphQLString, description="从此游标之后。Behind this cursor."),
            }
            return {
                "key": GraphQLField(GraphQLNonNull(self.key(info)), description="分组键。Key of the group."),
                "count": GraphQLField(GraphQLInt, description="条数。Number of rows."),
                **self._measures(info),
                "rows": GraphQLField(
                    GraphQLNonNull(self.objects.connection(info)),
                    rows,
                    description="这一组的各条。From a number to its rows.",
                ),
            }

        return self._type(f"{info.name}Group", fields, f"一组{info.facts.zh}。A group of {info.name} rows.")

    def _subtotal(self, info: EntityInfo) -> GraphQLObjectType:
        def fields() -> dict[str, GraphQLField]:
            return {
                "key": GraphQLField(
                    GraphQLNonNull(self.key(info)),
                    description="小计的键；已合计的键为 null。Its key; null where totalled.",
                ),
                "totalled": GraphQLField(
                    _many(GraphQLString), description="已合计的键的名称。Names of the keys totalled."
                ),
                "count": GraphQLField(GraphQLInt, description="条数。Number of rows."),
                **self._measures(info),
            }

        return self._type(f"{info.name}Subtotal", fields, f"{info.facts.zh}的小计。A subtotal of {info.name} rows.")

    def key(self, info: EntityInfo) -> GraphQLObjectType:
        """``XGroupKey``: what a group has in common; null where it is not grouped by, or where there is no value."""

        def fields() -> dict[str, GraphQLField]:
            columns = {f.public: self._key_column(f) for f in info.fields.values() if groupable(f)}
            columns |= {f"{f.public}Rollup": _rolled_up(f) for f in info.fields.values() if rolls_up(f)}
            ones = [r for r in info.relations.values() if not r.many]
            return columns | {r.public: self._key_relation(r) for r in ones}

        name = f"{info.name}GroupKey"
        if name not in self._made:
            said = f"{info.facts.zh}分组的键。The key of a group."
            self._made[name] = GraphQLObjectType(name, fields, lambda: self.in_keys(info), description=said)
        return self._made[name]

    def in_keys(self, info: EntityInfo) -> list[GraphQLInterfaceType]:
        """``XInKey``, where groups may be by something of rows that refer to these.

        It is the row itself where the groups are by its id, and an ``XGroupKey`` where they are by some of its columns:
        what carries an identity is whole wherever it stands, so caches that put things together by identity may.
        """
        return [self._in_key(info)] if info.name in self._referred else []

    def _in_key(self, info: EntityInfo) -> GraphQLInterfaceType:
        def fields() -> dict[str, GraphQLField]:
            # Periods and levels have no like in a row: they are asked for by `... on XGroupKey`.
            plain = [f for f in info.fields.values() if countable(f) and not f.kind.bucketed]
            columns = {f.public: self._key_column(f) for f in plain}
            ones = [r for r in info.relations.values() if not r.many]
            return columns | {r.public: GraphQLField(self._key_row(r), description=named(r)) for r in ones}

        if info.name not in self._in_made:
            said = f"分组键中的{info.facts.zh}：按编号分组时是这一条，否则只有分组的各字段。"
            said += "The row where grouped by its id, else what it is grouped by."
            self._in_made[info.name] = GraphQLInterfaceType(f"{info.name}InKey", fields, description=said)
        return self._in_made[info.name]

    def _key_row(self, relation: Relation) -> Any:
        target = self.objects.entities[relation.target]
        return self.objects.entity(target) if target.name == "Region" else self._in_key(target)

    def _key_column(self, field: Field) -> GraphQLField:
        if field.kind.bucketed:
            told = GraphQLArgument(GraphQLString, description="分段时写的 as。The `as` of its bucket.")
            return GraphQLField(
                GraphQLString, {"as": told}, description=named(field, "所在的期间，如 2026Q2", ": its period")
            )
        if field.kind.listing:
            assert field.facts.members is not None
            return GraphQLField(
                self.inputs.enum(field.facts.members), description=named(field, "中的一项", ": one of the list")
            )
        return GraphQLField(self.inputs.scalar(field.kind, field.facts.members), description=named(field))

    def _key_relation(self, relation: Relation) -> GraphQLField:
        if relation.target != "Region":
            return GraphQLField(self._key_row(relation), description=named(relation))
        level = GraphQLArgument(
            self.inputs.enum(RegionLevel), description="按几级汇总时，取哪一级。Which, of several levels."
        )
        return GraphQLField(
            self._key_row(relation),
            {"level": level},
            description=named(relation, "，汇总到的区划", ": the region rolled up to"),
        )

    def _measures(self, info: EntityInfo) -> dict[str, GraphQLField]:
        made: dict[str, GraphQLField] = {}
        if added(info):
            sums = self._columns(info, "Numbers", added(info), _summed, "合计。Sums; of nothing 0.")
            said = "平均（六位小数）或中位数（比原值多一位小数）。Means, or medians."
            means = self._columns(info, "Averages", added(info), lambda _f: DECIMAL, said)
            made["sum"] = GraphQLField(GraphQLNonNull(sums), description="合计。Sums.")
            made["avg"] = GraphQLField(GraphQLNonNull(means), description="平均。Means.")
            median = "中位数；个数为偶数时取中间两数的平均。Medians; of an even number the mean of two."
            made["median"] = GraphQLField(GraphQLNonNull(means), description=median)
        ends = self._columns(
            info,
            "Extremes",
            ranged(info),
            lambda f: self.inputs.scalar(f.kind, None),
            "最小或最大。Smallest or largest.",
        )
        made["min"] = GraphQLField(GraphQLNonNull(ends), description="最小。Smallest.")
        made["max"] = GraphQLField(GraphQLNonNull(ends), description="最大。Largest.")
        ratios = [(m.code, m.zh) for m in info.facts.measures if ratio_of(info, m.code)]
        if ratios:
            listed = "；".join(f"{code} {zh}" for code, zh in ratios)
            of = GraphQLArgument(GraphQLNonNull(GraphQLString), description=f"比率代码：{listed}。Code of a ratio.")
            said = "这些记录的一个比率；期间由条件定。A ratio of these rows, whose days are the condition's matter."
            made["ratio"] = GraphQLField(GraphQLNonNull(_RATIO), {"of": of}, description=said)
        return made | {"suppressed": _SUPPRESSED}

    def _columns(
        self, info: EntityInfo, suffix: str, columns: list[Field], kind: Callable[[Field], Any], said: str
    ) -> GraphQLObjectType:
        return self._type(
            f"{info.name}{suffix}",
            lambda: {
                f.public: GraphQLField(
                    kind(f), description=named(f), deprecation_reason=_NO_IDENTITY if f.kind.identity else None
                )
                for f in columns
            },
            f"{info.facts.zh}：{said}",
        )


def _rolled_up(field: Field) -> GraphQLField:
    said = named(field, "归入的统计栏目，按 {rollup: STAT} 分组时有值", ": the statistical column, where grouped by it")
    return GraphQLField(GraphQLString, description=said)


def _summed(field: Field) -> Any:
    return BIG_INT if field.kind == INT else DECIMAL


def _many(kind: Any) -> Any:
    return GraphQLNonNull(GraphQLList(GraphQLNonNull(kind)))
