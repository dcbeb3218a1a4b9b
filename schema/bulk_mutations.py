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

from db.identity import global_id
from db.registry import EntityInfo
from resolvers.commands.upsert import Result, keys_of
from resolvers.faults import Refused
from schema.context import Context
from schema.inputs import Inputs
from schema.objects import Objects
from schema.payloads import ERRORS, Batch, origin, told
from schema.plans import Plans

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

    def fields(self, info: EntityInfo, operations: frozenset[str]) -> dict[str, GraphQLField]:
        """The fields of an entity, by what some role may do with it."""
        plural = info.plural[:1].upper() + info.plural[1:]
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
            dryRun: bool | None = False,
        ) -> dict[str, Any]:  # fmt: skip
            context: Context = graphql.context
            commands = context.services.commands
            work = commands.update_many(context.viewer, info.name, where, patch, atMost, bool(dryRun), origin(graphql))
            return await _counted(context, work, "patch")

        patch = GraphQLArgument(
            GraphQLNonNull(self.inputs.values(info, True)), description="每一条都作的修改。The change of each."
        )
        said = f"修改符合条件的各条{info.facts.zh}：逐条检查，全部写入或全部不写。Changes all of these rows, or none."
        return GraphQLField(GraphQLNonNull(BULK), {**self._chosen(info), "patch": patch}, update, description=said)

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

    # --- upsert ------------------------------------------------------------------------------------------------------

    def _upsert(self, info: EntityInfo) -> GraphQLField:
        async def upsert(
            _root: Any, graphql: Any, input: Sequence[Mapping[str, Any]], onConflict: str,
            atMost: int | None = _USUAL, onError: str | None = "ROLLBACK", dryRun: bool | None = False,
        ) -> dict[str, Any]:  # fmt: skip
            context: Context = graphql.context
            at_most = _USUAL if atMost is None else atMost
            try:
                results = await context.services.commands.upsert(
                    context.viewer, info.name, input, onConflict, at_most, onError == "CONTINUE", bool(dryRun),
                    origin(graphql),
                )  # fmt: skip
            except Refused as refused:
                return {"results": [], "errors": told(context, refused.faults, "input")}
            return {"results": self._shown(context, info, results), "errors": []}

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
        }
        said = f"新建{info.facts.zh}，键相同的已有一条时改为修改它。Creates rows, or changes those that have the key."
        return GraphQLField(GraphQLNonNull(self._results(info)), arguments, upsert, description=said)

    def _shown(self, context: Context, info: EntityInfo, results: Sequence[Result]) -> list[_Shown]:
        ids = [global_id(info.facts.prefix, result.key) if result.key else None for result in results]

        def read(graphql: Any, wanted: Sequence[str]) -> Awaitable[dict[str, Any]]:
            return self.plans.rows_by_ids(info, graphql, self.objects.entity(info), wanted)

        batch = Batch([each for each in ids if each is not None], read)
        return [
            _Shown(
                result.index,
                identity,
                told(context, [fault.under("input", str(result.index)) for fault in result.faults], ""),
                batch,
            )
            for result, identity in zip(results, ids, strict=True)
        ]

    def _results(self, info: EntityInfo) -> GraphQLObjectType:
        async def row(shown: _Shown, graphql: Any) -> Any:
            return None if shown.id is None else await shown.batch.row(graphql, shown.id)

        result = GraphQLObjectType(
            f"{info.name}Result",
            lambda: {
                "index": GraphQLField(
                    GraphQLNonNull(GraphQLInt), description="在 input 中的位置，从 0 起。Place in the input, from 0."
                ),
                info.single: GraphQLField(
                    self.objects.entity(info),
                    resolve=row,
                    description="写入后的这一条；没有写入时为 null。"
                    "The row afterwards; null where nothing was written.",
                ),
                "errors": ERRORS,
            },
            description=f"一条{info.facts.zh}的结果。What became of one item.",
        )
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
