"""Registry -> the inputs of aggregates and groups: keys, buckets, conditions over measures and orders by them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graphql import GraphQLBoolean, GraphQLEnumType, GraphQLEnumValue, GraphQLInputField, GraphQLNonNull, GraphQLString

from db.entity_info import EntityInfo, Field
from db.models.places.region import RegionLevel
from db.periods import Granularity
from resolvers.buckets import CHINA
from resolvers.codes import rolls_up
from resolvers.measures import groupable
from schema.kinds import ORDERED
from schema.scalars import CODE_BUCKET, DECIMAL
from schema.words import named

if TYPE_CHECKING:
    from schema.inputs import Inputs

_OVERLAP = (
    "的每一项；一条记录可在几组中，各组相加不等于总数，总数看 totalCount 或小计",
    ": each element; groups overlap and do not sum to the total, which totalCount and subtotals tell",
)


def added(info: EntityInfo) -> list[Field]:
    """The columns that sum and avg take."""
    return [f for f in info.fields.values() if f.kind.summable and f.name != "version"]


def ranged(info: EntityInfo) -> list[Field]:
    """The columns that min and max take."""
    return [f for f in info.fields.values() if f.kind.ranged and f.name != "version"]


class GroupInputs:
    """The input types of groups, beside those of ``schema.inputs``."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.granularity = GraphQLEnumType(
            "Granularity",
            {g.name: GraphQLEnumValue(g, description=f"{g.value}.") for g in Granularity},
            description="时间分段的长短。How long a bucket of time is.",
        )

    def time_bucket(self) -> Any:
        """``TimeBucket``: how a day or a moment is cut."""
        return self.inputs.input(
            "TimeBucket",
            lambda: {
                "granularity": GraphQLInputField(GraphQLNonNull(self.granularity), description="分段长短。How long."),
                "timeZone": GraphQLInputField(
                    GraphQLString,
                    default_value=CHINA,
                    description="按哪个时区的日历；日期字段不受影响。Whose calendar; days are not moved.",
                ),
                "as": GraphQLInputField(
                    GraphQLString,
                    description="同一字段分两次时的名称，取键时以 as 指明。A name, where one column is cut twice.",
                ),
            },
            "时间分段。A bucket of time.",
        )

    def region_bucket(self) -> Any:
        """``RegionBucket``: rows rolled up along the tree of regions."""
        return self.inputs.input(
            "RegionBucket",
            lambda: {
                "level": GraphQLInputField(
                    GraphQLNonNull(self.inputs.enum(RegionLevel)),
                    description="汇总到哪一级；没有这一级的归其上最近一级。"
                    "The level; where there is none, the next above.",
                )
            },
            "按区划级别汇总。Rows rolled up to a level of regions.",
        )

    def group_by(self, info: EntityInfo) -> Any:
        """``XGroupBy``: one key of groups."""

        def fields() -> dict[str, GraphQLInputField]:
            made: dict[str, GraphQLInputField] = {}
            for f in filter(groupable, info.fields.values()):
                kind = self.time_bucket() if f.kind.bucketed else GraphQLBoolean
                kind = CODE_BUCKET if rolls_up(f) else kind
                said = _OVERLAP if f.kind.listing else ()
                made[f.public] = GraphQLInputField(kind, description=named(f, *said))
            for r in info.relations.values():
                if not r.many:
                    target = self.inputs.entities[r.target]
                    nested = self.region_bucket() if target.name == "Region" else self.group_by(target)
                    made[r.public] = GraphQLInputField(nested, description=named(r))
            return made

        said = f"{info.facts.zh}的一个分组键。One key to group {info.name} rows by."
        return self.inputs.input(f"{info.name}GroupBy", fields, said, one_of=True)

    def having(self, info: EntityInfo) -> Any:
        """``XHaving``: conditions over the measures of a group or of a list."""

        def fields() -> dict[str, GraphQLInputField]:
            made = {"count": GraphQLInputField(self.inputs.int_operators(), description="条数。Number of rows.")}
            if added(info):
                numbers = self._columns(
                    info,
                    "NumbersWhere",
                    added(info),
                    self._decimals,
                    "合计或平均的条件。Conditions over sums or means.",
                )
                made["sum"] = GraphQLInputField(numbers, description="合计。Sums.")
                made["avg"] = GraphQLInputField(numbers, description="平均。Means.")
            ends = self._columns(
                info,
                "ExtremesWhere",
                ranged(info),
                self.inputs.operators,
                "最小或最大的条件。Conditions over the smallest or largest.",
            )
            return made | {
                "min": GraphQLInputField(ends, description="最小。Smallest."),
                "max": GraphQLInputField(ends, description="最大。Largest."),
            }

        said = f"{info.facts.zh}汇总数的条件。Conditions over measures of {info.name} rows."
        return self.inputs.input(f"{info.name}Having", fields, said)

    def aggregate_order_by(self, info: EntityInfo) -> Any:
        """``XAggregateOrderBy``: an order by a measure of a list."""
        said = f"按{info.facts.zh}列表的汇总数排序。An order by a measure of a list of {info.name} rows."
        return self.inputs.input(f"{info.name}AggregateOrderBy", lambda: self._measure_orders(info), said, one_of=True)

    def group_order_by(self, info: EntityInfo) -> Any:
        """``XGroupOrderBy``: an order of groups, by a key or a measure."""

        def fields() -> dict[str, GraphQLInputField]:
            key = GraphQLInputField(self.inputs.order_by(info), description="分组键。Key of the group.")
            return {"key": key} | self._measure_orders(info)

        said = f"{info.facts.zh}分组的排序。An order of groups of {info.name} rows."
        return self.inputs.input(f"{info.name}GroupOrderBy", fields, said, one_of=True)

    def _measure_orders(self, info: EntityInfo) -> dict[str, GraphQLInputField]:
        made = {"count": GraphQLInputField(self.inputs.sort_order, description="条数。Number of rows.")}
        if added(info):
            numbers = self._columns(
                info,
                "NumbersOrderBy",
                added(info),
                self._direction,
                "按合计或平均排序。An order by sums or means.",
                True,
            )
            made["sum"] = GraphQLInputField(numbers, description="合计。Sums.")
            made["avg"] = GraphQLInputField(numbers, description="平均。Means.")
        ends = self._columns(
            info,
            "ExtremesOrderBy",
            ranged(info),
            self._direction,
            "按最小或最大排序。An order by the smallest or largest.",
            True,
        )
        return made | {
            "min": GraphQLInputField(ends, description="最小。Smallest."),
            "max": GraphQLInputField(ends, description="最大。Largest."),
        }

    def _columns(
        self, info: EntityInfo, suffix: str, columns: list[Field], kind: Any, text: str, one_of: bool = False
    ) -> Any:
        def fields() -> Mapping[str, GraphQLInputField]:
            return {f.public: GraphQLInputField(kind(f), description=named(f)) for f in columns}

        return self.inputs.input(f"{info.name}{suffix}", fields, f"{info.facts.zh}：{text}", one_of)

    def _decimals(self, _field: Field) -> Any:
        return self.inputs.operators_of("DecimalWhere", DECIMAL, ORDERED)

    def _direction(self, _field: Field) -> Any:
        return self.inputs.sort_order
