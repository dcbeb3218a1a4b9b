"""``measures``: the field of named measures, its types and how its values are put together."""

from __future__ import annotations

import decimal
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLError,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
    GraphQLUnionType,
)
from graphql.utilities import validate_input_value

from db.clock import SHANGHAI
from db.mistakes import ModelMistake
from db.models.places.region import RegionLevel
from db.registry import Registry
from resolvers.faults import bad_input
from resolvers.named import REST, Asked, Catalog, Named, Number, Numbers, a_year_before, before, condition, ratio, read
from resolvers.periods import days_of
from schema.context import Context
from schema.inputs import Inputs
from schema.objects import Objects
from schema.scalars import DATETIME, DECIMAL
from schema.selections import Selections

_COMPARISONS = {
    "PREVIOUS": (before, "上一个同样长短的期间（环比）。The period before."),
    "SAME_LAST_YEAR": (a_year_before, "上年同期（同比）。The same period of the year before."),
}
_PER_ROW = {
    "first": GraphQLArgument(GraphQLInt, description="取几条，默认 200。How many; 200 unless said."),
    "after": GraphQLArgument(GraphQLString, description="从此游标之后。Behind this cursor."),
}


class NamedMeasures:
    """The field ``measures`` of a schema. Raises ModelMistake for a measure that cannot be asked."""

    def __init__(self, entities: Registry, inputs: Inputs, objects: Objects) -> None:
        self.entities, self.inputs, self.objects = entities, inputs, objects
        self.catalog = Catalog(entities)
        for named in self.catalog.by_code.values():
            self._check(named)
        self.comparison = _enum(
            "Comparison", {n: said for n, (_, said) in _COMPARISONS.items()}, "与哪个期间比较。Compared with."
        )
        self.reading = _enum(
            "Reading", {"KNOWN": "按现在登记的数据。As is known now."},
            "取哪种口径的数；报表上线后另有冻结和入账的数。Which reading; frozen ones come with reports.",
        )  # fmt: skip
        self.value: GraphQLObjectType = GraphQLObjectType(
            "MeasureValue", self._value, description="一个指标的值。The value of a measure."
        )

    def fields(self) -> dict[str, GraphQLField]:
        """The root field; none where no model names a measure."""
        if not self.catalog.by_code:
            return {}
        listed = "；".join(f"{code} {named.measure.zh}" for code, named in self.catalog.by_code.items())
        key = GraphQLInputObjectType(
            "MeasureKey",
            {
                "region": GraphQLInputField(self.inputs.enum(RegionLevel), description="按几级区划。A level."),
                "column": GraphQLInputField(GraphQLString, description="按代码或是否字段，如 disputeType。A column."),
            },
            description="指标的一个分组键。A key to part measures by.", is_one_of=True,
        )  # fmt: skip
        arguments = {
            "codes": GraphQLArgument(_many(GraphQLString), description="指标代码，至多 20 个。Codes, at most 20."),
            "period": GraphQLArgument(GraphQLNonNull(GraphQLString), description="期间，如 2026Q2。A period."),
            "region": GraphQLArgument(
                self.inputs.by(self.entities["Region"]), description="只算此区划及其下级。This region and those below."
            ),
            "by": GraphQLArgument(GraphQLList(GraphQLNonNull(key)), description="分组键。Keys of groups."),
            "compare": GraphQLArgument(
                GraphQLList(GraphQLNonNull(self.comparison)), description="同时给出的比较期间。Compared with."
            ),
            "reading": GraphQLArgument(self.reading, default_value="KNOWN", description="口径。Which reading."),
        }
        return {
            "measures": GraphQLField(
                _many(self.value),
                arguments,
                self._resolve,
                description=f"指标的值：{listed}。Values of named measures.",
            )
        }

    def _check(self, named: Named) -> None:
        """Refuse a condition that no client could write."""

        def told(problem: GraphQLError, _path: list[str | int]) -> None:
            where = f"{named.info.name}.measures {named.measure.code}"
            raise ModelMistake(where, f"its condition is none: {problem.message}", "Write it as the API reads it.")

        validate_input_value(dict(named.measure.where), self.inputs.where(named.info), told)

    # --- types -------------------------------------------------------------------------------------------------------

    def _value(self) -> dict[str, GraphQLField]:
        used = {named.info.name: named.info for named in self.catalog.by_code.values()}
        rows = GraphQLUnionType(
            "MeasureRows", [self.objects.connection(info) for info in used.values()],
            description="指标所计的各条，以对象的列表类型取用。The rows that a measure counts: a list of its entity.",
        )  # fmt: skip
        compared = GraphQLObjectType(
            "MeasureComparison",
            {"comparison": GraphQLField(GraphQLNonNull(self.comparison), description="哪种比较。Which."), **_numbers()},
            description="同一指标在另一期间的值。The same measure in another period.",
        )
        part = GraphQLObjectType(
            "MeasureKeyValue",
            {
                "name": GraphQLField(
                    GraphQLNonNull(GraphQLString), description="region 或字段名。region, or the column."
                ),
                "value": GraphQLField(GraphQLString, description="区划代码或字段值。Code of the region, or the value."),
                "label": GraphQLField(GraphQLString, description="名称。What it is called."),
            },
            description="分组键之一的值。The value of one key.",
        )
        plain = {
            "code": GraphQLField(GraphQLNonNull(GraphQLString), description="指标代码。Code of the measure."),
            "label": GraphQLField(GraphQLNonNull(GraphQLString), description="指标名称。Its name."),
            "definition": GraphQLField(GraphQLNonNull(GraphQLString), description="口径。Its definition."),
            "keys": GraphQLField(_many(part), description="这一组的键。The keys of this group."),
            **_numbers(),
            "compared": GraphQLField(_many(compared), description="与之比较的各期间。The periods compared with."),
            "frozenAt": GraphQLField(DATETIME, description="冻结时间；未冻结为 null。When frozen; null where not."),
            "unitsReported": GraphQLField(
                GraphQLInt, description="已报单位数；不由报表得出为 null。Units that reported."
            ),
            "unitsExpected": GraphQLField(
                GraphQLInt, description="应报单位数；不由报表得出为 null。Units that should."
            ),
        }
        said = "所计的各条；比率为其分子的各条，合在一起的小组没有。The rows; of a ratio those of its numerator."
        return plain | {"rows": GraphQLField(rows, _PER_ROW, _rows, description=said)}

    # --- values ------------------------------------------------------------------------------------------------------

    async def _resolve(
        self, _root: Any, graphql: Any, codes: Sequence[str], period: str, region: Mapping[str, Any] | None = None,
        by: Sequence[Mapping[str, Any]] | None = None, compare: Sequence[str] | None = None, reading: str = "KNOWN",
    ) -> list[dict[str, Any]]:  # fmt: skip
        named, context = self.catalog.of(codes), graphql.context
        first, after = days_of(period)
        for key in by or ():
            if None in key.values():
                raise bad_input("by：键不能为 null。", "by: a key must not be null.")
        today = context.services.database.clock().astimezone(SHANGHAI).date()
        for one in (part for n in named for part in self.catalog.parts(n)):
            if one.measure.day is None and not first <= today < after:
                raise bad_input(
                    f"period：“{one.measure.zh}”是现有数，只有包含今天的期间才有。",
                    f"period: {one.measure.code} is a stock of today; ask for a period that today lies in.",
                )
        context.reading.together()
        answer = _Answer(self.catalog, graphql, self.value, self.objects)
        periods = {name: _COMPARISONS[name][0](period) for name in dict.fromkeys(compare or ())}
        found = []
        for one in named:
            found += await answer.values(one, Asked(period, region, by or ()), periods)
        return found


class _Answer:
    """The values of one field, statement by statement."""

    def __init__(self, catalog: Catalog, graphql: Any, value: GraphQLObjectType, objects: Objects) -> None:
        self.catalog, self.graphql, self.objects = catalog, graphql, objects
        self.context: Context = graphql.context
        self.selections = Selections(catalog.entities, graphql)
        self.type = value
        self.rows = [(k, d) for k, d in self.selections.selected(value) if d[0].node.name.value == "rows"]

    async def values(self, named: Named, asked: Asked, periods: Mapping[str, str]) -> list[dict[str, Any]]:
        """The values of a measure, a group each, beside those of the other periods."""
        own = await self._all(named, asked, "", True)
        others = {
            name: None if any(part.measure.day is None for part in self.catalog.parts(named))
            else await self._all(named, Asked(period, asked.region, asked.by), name, False)
            for name, period in periods.items()
        }  # fmt: skip
        keys = dict.fromkeys(key for numbers in own for key in numbers.found)
        keys |= dict.fromkeys(
            key for other in others.values() for numbers in other or () for key in numbers.found if key[-1:] != (REST,)
        )
        return [self._one(named, asked, key, own, others, periods) for key in keys if self._tells(key, own, named)]

    def _tells(self, key: tuple[Any, ...], own: Sequence[Numbers], named: Named) -> bool:
        """Whether a key stands for itself: what of a ratio's parts stands together is no part of the other."""
        return named.measure.ratio is None or key[-1:] != (REST,) or key in own[-1].found

    def _one(
        self, named: Named, asked: Asked, key: tuple[Any, ...], own: Sequence[Numbers],
        others: Mapping[str, Sequence[Numbers] | None], periods: Mapping[str, str],
    ) -> dict[str, Any]:  # fmt: skip
        measure = named.measure
        first = own[0].found.get(key)
        return {
            "code": measure.code, "label": measure.zh, "definition": measure.says,
            "keys": [self._key(named, part, value) for part, value in zip(asked.by, key, strict=False)],
            **self._told(named, key, own, own, asked.period),
            "compared": [
                {"comparison": name, **self._told(named, key, own, others[name], period)}
                for name, period in periods.items()
            ],
            "rows": dict(first.rows or {}) if first is not None else {},
        }  # fmt: skip

    def _told(
        self, named: Named, key: tuple[Any, ...], own: Sequence[Numbers], numbers: Sequence[Numbers] | None, period: str
    ) -> dict[str, Any]:
        nothing = Number(None)
        found = (nothing, nothing, nothing)
        if numbers is not own and key[-1:] == (REST,):
            found = (Number(None, True), nothing, nothing)  # what stands together there are other groups
        elif numbers is not None and len(numbers) == 1:
            found = (numbers[0].at(key, named.measure.counting != "median"), nothing, nothing)
        elif numbers is not None:
            below = self.context.services.settings.suppress_below
            guarded = any(part.guarded for part in numbers)
            found = ratio(numbers[0].at(key, True), numbers[1].at(key, True), below, guarded)
        value, numerator, denominator = found
        return {
            "value": _text(value.value), "numerator": _text(numerator.value), "denominator": _text(denominator.value),
            "period": period, "suppressed": any(number.withheld or number.rest for number in found),
        }  # fmt: skip

    @staticmethod
    def _key(named: Named, part: Mapping[str, Any], value: Any) -> dict[str, Any]:
        if "region" in part:
            code, label = value or (None, None)
            return {"name": "region", "value": code, "label": label}
        field = named.info.public_fields[part["column"]]
        if value is None:
            return {"name": field.public, "value": None, "label": None}
        if field.facts.members is None:
            return {"name": field.public, "value": str(value).lower(), "label": "是" if value else "否"}
        return {"name": field.public, "value": value, "label": field.facts.members[value].zh}

    # --- statements --------------------------------------------------------------------------------------------------

    async def _all(self, named: Named, asked: Asked, beside: str, shown: bool) -> list[Numbers]:
        """The numbers of a measure, of a ratio those of both its parts."""
        return [
            await self._numbers(part, asked, beside if i == 0 else f"{beside}/", shown and i == 0)
            for i, part in enumerate(self.catalog.parts(named))
        ]

    async def _numbers(self, named: Named, asked: Asked, beside: str, shown: bool) -> Numbers:
        rows = self._connections(named, asked) if shown else {}
        plan = self._plan(self.catalog.request(named, asked, rows))
        text = await self._text(plan, beside)
        numbers = read(named, asked, text, bool(plan.guarded))
        if rows and not asked.by:
            texts = {key: await self._text(self._plan(listed), beside) for key, listed in rows.items()}
            numbers.found[()].rows = texts
        return numbers

    def _connections(self, named: Named, asked: Asked) -> dict[str, Any]:
        """What is selected of the rows, by response key."""
        kind = self.objects.connection(named.info)
        where = condition(named, asked)
        return {
            key: self.selections.connection(
                named.info, kind, details, {"where": where, **self.selections.arguments(details[0], self.type)}, None
            )
            for key, details in self.rows
        }

    def _plan(self, request: Any) -> Any:
        plan = self.context.services.reads.plan(request, self.context.viewer)
        head = ".".join(str(step) for step in self.graphql.path.as_list())
        self.context.masked.extend(f"{head}.{place.split('.rows_')[-1]}" for place in plan.masked)
        return plan

    async def _text(self, plan: Any, beside: str) -> bytes:
        return await self.context.reading.text(plan, self.context.viewer, self.graphql.variable_values, beside) or b"{}"


def _rows(root: Mapping[str, Any], graphql: Any, **_arguments: Any) -> Any:
    text = root["rows"].get(graphql.path.key)
    return None if text is None else orjson.Fragment(text)


def _text(value: decimal.Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _numbers() -> dict[str, GraphQLField]:
    """What is told of a measure in one period."""
    return {
        "period": GraphQLField(GraphQLNonNull(GraphQLString), description="期间。The period."),
        "value": GraphQLField(DECIMAL, description="值；比率六位小数，分母为零为 null。Its value; null over zero."),
        "numerator": GraphQLField(DECIMAL, description="比率的分子。Of a ratio."),
        "denominator": GraphQLField(DECIMAL, description="比率的分母。Of a ratio."),
        "suppressed": GraphQLField(
            GraphQLNonNull(GraphQLBoolean), description="条数过少，没有显示，或几组合在一起。Too few to be told apart."
        ),
    }


def _enum(name: str, values: Mapping[str, str], said: str) -> GraphQLEnumType:
    return GraphQLEnumType(
        name, {n: GraphQLEnumValue(n, description=text) for n, text in values.items()}, description=said
    )


def _many(kind: Any) -> Any:
    return GraphQLNonNull(GraphQLList(GraphQLNonNull(kind)))
