"""Registry -> mutations of many rows: update and delete by condition, and upsert by key."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
)

from db.entity_info import EntityInfo
from db.identity import global_id
from resolvers.commands.upsert import Result, keys_of
from resolvers.faults import Refused
from schema.context import Context
from schema.inputs import Inputs
from schema.objects import Objects
from schema.payloads import ACKNOWLEDGE, ERRORS, Batch, origin, told
from schema.plans import Plans
from schema.steps import many, step_arguments, step_words

_USUAL = 500
_AT_MOST = "最多几条；实际多于此数时什么都不写。More rows than this are refused."
_DRY_RUN = GraphQLArgument(
    GraphQLBoolean, default_value=False, description="true：照样检查，但什么都不写。Checks all, writes nothing."
)
ON_ERROR = GraphQLEnumType(
    "OnError",
    {
        "ROLLBACK": GraphQLEnumValue("ROLLBACK", description="任何一条有误，全部不写。One fault undoes all."),
        "CONTINUE": GraphQLEnumValue("CONTINUE", description="有误的不写，其余照写。Faulty items are left out."),
    },
    description="有误时怎么办。What a fault does to the other items.",
)
BULK = GraphQLObjectType(
    "BulkPayload",
    {
        "affectedCount": GraphQLField(
            GraphQLNonNull(GraphQLInt), description="改动的条数；有错误时为 0。Rows changed; 0 with errors."
        ),
        "errors": ERRORS,
    },
    description="批量写入的结果。Outcome of a bulk write.",
)


@dataclass
class _Shown:
    """A result as its type prints it."""

    index: int
    id: str | None
    errors: list[dict[str, Any]]
    batch: Batch


class BulkMutations:
    """The mutations of many rows, for one entity after another."""

    def __init__(self, inputs: Inputs, objects: Objects, plans: Plans) -> None:
        self.inputs, self.objects, self.plans = inputs, objects, plans
        self._of_steps: dict[str, GraphQLObjectType] = {}

    def fields(self, info: EntityInfo, operations: frozenset[str]) -> dict[str, GraphQLField]:
        """The fields of an entity, by what some role may do with it."""
        plural = many(info)
        made: dict[str, GraphQLField] = {}
        if "C" in operations:
            made[f"delete{plural}"] = self._delete(info)
        if "U" in operations:
            made[f"update{plural}"] = self._update(info)
        if {"C", "U"} <= operations and keys_of(info):
            made[f"upsert{plural}"] = self._upsert(info)
        return made

    def _chosen(self, info: EntityInfo) -> dict[str, GraphQLArgument]:
        where = GraphQLNonNull(self.inputs.where(info))
        return {
            "where": GraphQLArgument(where, description="改哪些；不能为空。Which rows; never empty."),
            "atMost": GraphQLArgument(GraphQLNonNull(GraphQLInt), description=_AT_MOST),
            "dryRun": _DRY_RUN,
        }

    def _update(self, info: EntityInfo) -> GraphQLField:
        async def update(
            _root: Any, graphql: Any, where: Mapping[str, Any], patch: Mapping[str, Any], atMost: int,
            dryRun: bool | None = False, acknowledge: Sequence[str] | None = None,
        ) -> dict[str, Any]:  # fmt: skip
            context: Context = graphql.context
            commands, come = context.services.commands, origin(graphql, acknowledge)
            work = commands.update_many(context.viewer, info.name, where, patch, atMost, bool(dryRun), come)
            return await _counted(context, work, "patch")

        patch = GraphQLArgument(
            GraphQLNonNull(self.inputs.values(info, True)), description="每一条都作的修改。The change of each."
        )
        said = f"修改符合条件的各条{info.facts.zh}：逐条检查，全部写入或全部不写。Changes all of these rows, or none."
        arguments = {**self._chosen(info), "patch": patch, "acknowledge": ACKNOWLEDGE}
        return GraphQLField(GraphQLNonNull(BULK), arguments, update, description=said)

    def _delete(self, info: EntityInfo) -> GraphQLField:
        async def delete(
            _root: Any, graphql: Any, where: Mapping[str, Any], atMost: int, dryRun: bool | None = False
        ) -> dict[str, Any]:
            context: Context = graphql.context
            commands = context.services.commands
            work = commands.delete_many(context.viewer, info.name, where, atMost, bool(dryRun), origin(graphql))
            return await _counted(context, work, "where")

        said = (
            f"删除符合条件的各条{info.facts.zh}（仅限无引用的草稿）：全部删除或全部不删。"
            "Deletes all of these drafts, or none."
        )
        return GraphQLField(GraphQLNonNull(BULK), self._chosen(info), delete, description=said)

    # --- steps -------------------------------------------------------------------------------------------------------

    def steps(self, info: EntityInfo, verb: str) -> GraphQLField:
        """A step with many rows, each by itself."""

        async def take(
            _root: Any, graphql: Any, atMost: int, where: Mapping[str, Any] | None = None,
            by: Sequence[Mapping[str, Any]] | None = None, dryRun: bool | None = False, reason: str | None = None,
            acknowledge: Sequence[str] | None = None, **takes: Any,
        ) -> dict[str, Any]:  # fmt: skip
            context: Context = graphql.context
            try:
                results = await context.services.commands.take_many(
                    context.viewer, info.name, where, by, verb, atMost, reason, takes, bool(dryRun),
                    origin(graphql, acknowledge),
                )  # fmt: skip
            except Refused as refused:
                return {"results": [], "errors": told(context, refused.faults, "")}
            return {"results": self._shown(context, info, results, ()), "errors": []}

        arguments = {
            "where": GraphQLArgument(
                self.inputs.where(info), description="办理哪些；不能为空。where、by 只写一个。Which rows; or by."
            ),
            "by": GraphQLArgument(
                GraphQLList(GraphQLNonNull(self.inputs.by(info))), description="办理哪些，逐条指明。These rows."
            ),
            "atMost": GraphQLArgument(GraphQLNonNull(GraphQLInt), description=_AT_MOST),
            "dryRun": _DRY_RUN,
            **step_arguments(self.inputs, info, verb),
        }
        said = f"逐条办理：每条各有结果，有误的不写，其余照写。{step_words(info, verb)} Each row by itself."
        return GraphQLField(GraphQLNonNull(self._step_results(info)), arguments, take, description=said)

    def _step_results(self, info: EntityInfo) -> GraphQLObjectType:
        """``XStepResults``, made once an entity."""
        if info.name not in self._of_steps:
            one = "现在的这一条；没有或无权查看时为 null。The row as it is now."
            index = "次序，从 0 起：by 的次序，或编号的次序。Place, from 0: as in by, or by id."
            result = self._result(info, f"{info.name}StepResult", one, index)
            self._of_steps[info.name] = GraphQLObjectType(
                f"{info.name}StepResults",
                {
                    "results": GraphQLField(
                        GraphQLNonNull(GraphQLList(GraphQLNonNull(result))), description="每一条一个。One for each row."
                    ),
                    "errors": ERRORS,
                },
                description=f"逐条办理{info.facts.zh}的结果。Outcome of a step with many rows.",
            )
        return self._of_steps[info.name]

    # --- upsert ------------------------------------------------------------------------------------------------------

    def _upsert(self, info: EntityInfo) -> GraphQLField:
        async def upsert(
            _root: Any, graphql: Any, input: Sequence[Mapping[str, Any]], onConflict: str,
            atMost: int | None = _USUAL, onError: str | None = "ROLLBACK", dryRun: bool | None = False,
            acknowledge: Sequence[str] | None = None,
        ) -> dict[str, Any]:  # fmt: skip
            context: Context = graphql.context
            at_most = _USUAL if atMost is None else atMost
            try:
                results = await context.services.commands.upsert(
                    context.viewer, info.name, input, onConflict, at_most, onError == "CONTINUE", bool(dryRun),
                    origin(graphql, acknowledge),
                )  # fmt: skip
            except Refused as refused:
                return {"results": [], "errors": told(context, refused.faults, "input")}
            return {"results": self._shown(context, info, results, ("input",)), "errors": []}

        item = GraphQLNonNull(GraphQLList(GraphQLNonNull(self.inputs.values(info, False))))
        arguments = {
            "input": GraphQLArgument(item, description="各条。The rows."),
            "onConflict": GraphQLArgument(
                GraphQLNonNull(self.inputs.key(info)), description="按哪个键查找已有的。The key that finds a row."
            ),
            "atMost": GraphQLArgument(GraphQLInt, default_value=_USUAL, description=_AT_MOST),
            "onError": GraphQLArgument(
                ON_ERROR, default_value="ROLLBACK", description="有误时怎么办。What a fault does to the rest."
            ),
            "dryRun": _DRY_RUN,
            "acknowledge": ACKNOWLEDGE,
        }
        said = f"新建{info.facts.zh}，键相同的已有一条时改为修改它。Creates rows, or changes those that have the key."
        return GraphQLField(GraphQLNonNull(self._results(info)), arguments, upsert, description=said)

    def _shown(
        self, context: Context, info: EntityInfo, results: Sequence[Result], at: tuple[str, ...]
    ) -> list[_Shown]:
        """The results as their type prints them; where the items stand in an argument, `at` it."""
        ids = [global_id(info.facts.prefix, result.key) if result.key else None for result in results]

        def read(graphql: Any, wanted: Sequence[str]) -> Awaitable[dict[str, Any]]:
            return self.plans.rows_by_ids(info, graphql, self.objects.entity(info), wanted)

        batch = Batch([each for each in ids if each is not None], read)
        return [
            _Shown(
                result.index,
                identity,
                told(context, [fault.under(*at, str(result.index)) if at else fault for fault in result.faults], ""),
                batch,
            )
            for result, identity in zip(results, ids, strict=True)
        ]

    def _result(self, info: EntityInfo, name: str, one: str, index: str) -> GraphQLObjectType:
        async def row(shown: _Shown, graphql: Any) -> Any:
            return None if shown.id is None else await shown.batch.row(graphql, shown.id)

        return GraphQLObjectType(
            name,
            lambda: {
                "index": GraphQLField(GraphQLNonNull(GraphQLInt), description=index),
                info.single: GraphQLField(self.objects.entity(info), resolve=row, description=one),
                "errors": ERRORS,
            },
            description=f"一条{info.facts.zh}的结果。What became of one item.",
        )

    def _results(self, info: EntityInfo) -> GraphQLObjectType:
        one = "写入后的这一条；没有写入时为 null。The row afterwards; null where nothing was written."
        index = "在 input 中的位置，从 0 起。Place in the input, from 0."
        result = self._result(info, f"{info.name}Result", one, index)
        return GraphQLObjectType(
            f"{info.name}Results",
            {
                "results": GraphQLField(
                    GraphQLNonNull(GraphQLList(GraphQLNonNull(result))),
                    description="每一条一个，依 input 的次序。One for each, in the input's order.",
                ),
                "errors": ERRORS,
            },
            description=f"写多条{info.facts.zh}的结果。Outcome of an upsert.",
        )


async def _counted(context: Context, work: Awaitable[int], argument: str) -> dict[str, Any]:
    try:
        return {"affectedCount": await work, "errors": []}
    except Refused as refused:
        return {"affectedCount": 0, "errors": told(context, refused.faults, argument)}
