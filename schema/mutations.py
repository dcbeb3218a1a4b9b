"""Registry -> mutations: create, update, delete and the verbs of state machines, over the one write path."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
)

from db.facts import Step
from db.identity import global_id
from db.registry import EntityInfo, Registry
from resolvers.commands.write import under
from resolvers.faults import Refused
from schema.context import Context
from schema.errors import user_error
from schema.inputs import Inputs
from schema.objects import Objects
from schema.plans import Plans

USER_ERROR = GraphQLObjectType(
    "UserError",
    {
        "path": GraphQLField(
            GraphQLNonNull(GraphQLList(GraphQLNonNull(GraphQLString))), description="从参数名起的路径。"
        ),
        "code": GraphQLField(GraphQLNonNull(GraphQLString), description="错误代码或规则编号，如 REQUIRED、BR-02。"),
        "message": GraphQLField(GraphQLNonNull(GraphQLString), description="说明。"),
        "changedBy": GraphQLField(GraphQLString, description="版本冲突：最近修改人。"),
        "changedFields": GraphQLField(
            GraphQLList(GraphQLNonNull(GraphQLString)), description="版本冲突：期间改过的字段。"
        ),
    },
    description="用户可以改正的一处错误。Something the user can mend.",
)
_ERRORS = GraphQLField(
    GraphQLNonNull(GraphQLList(GraphQLNonNull(USER_ERROR))),
    description="没有错误时为空，已写入；有错误时什么都没有写。",
)
_VERSION = GraphQLArgument(GraphQLInt, description="读到的版本；期间被他人改过则为 CONFLICT。")


@dataclass
class Payload:
    """The outcome of a write: the row to show, and what was refused."""

    id: str | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)


class Mutations:
    """All derived mutations."""

    def __init__(self, entities: Registry, inputs: Inputs, objects: Objects, plans: Plans) -> None:
        self.entities, self.inputs, self.objects, self.plans = entities, inputs, objects, plans
        self._deleted = GraphQLObjectType(
            "DeletePayload",
            {"deletedId": GraphQLField(GraphQLID, description="已删除的编号。"), "errors": _ERRORS},
            description="删除的结果。Outcome of a deletion.",
        )

    def fields(self) -> dict[str, GraphQLField]:
        """The mutation fields of every entity that clients may write."""
        made: dict[str, GraphQLField] = {}
        for info in self.entities.values():
            if info.facts.written_by_commands:
                continue
            operations = frozenset().union(*(grant.operations for grant in info.grants.values()))
            payload = self._payload(info)
            if "C" in operations:
                made[f"create{info.name}"] = self._create(info, payload)
                made[f"delete{info.name}"] = self._delete(info)
            if "U" in operations:
                made[f"update{info.name}"] = self._update(info, payload)
            if info.facts.machine:
                made |= self._verbs(info, payload, info.facts.machine.steps)
        return made

    def _payload(self, info: EntityInfo) -> GraphQLObjectType:
        async def row(payload: Payload, graphql: Any) -> Any:
            if payload.id is None:
                return None
            return await self.plans.row_by_id(info, graphql, self.objects.entity(info), payload.id)

        return GraphQLObjectType(
            f"{info.name}Payload",
            lambda: {
                info.single: GraphQLField(
                    self.objects.entity(info), resolve=row, description="写入后的这一条；版本冲突时为现状。"
                ),
                "errors": _ERRORS,
            },
            description=f"写{info.facts.zh}的结果。Outcome of a write.",
        )

    def _create(self, info: EntityInfo, payload: GraphQLObjectType) -> GraphQLField:
        async def create(_root: Any, graphql: Any, input: Mapping[str, Any]) -> Payload:
            context: Context = graphql.context
            work = context.services.commands.create(context.viewer, info.name, _plain(input))
            return await _written(context, info, work, "input")

        arguments = {
            "input": GraphQLArgument(GraphQLNonNull(self.inputs.values(info, False)), description="新的一条。")
        }
        return GraphQLField(GraphQLNonNull(payload), arguments, create, description=f"新建{info.facts.zh}。")

    def _update(self, info: EntityInfo, payload: GraphQLObjectType) -> GraphQLField:
        async def update(
            _root: Any, graphql: Any, by: Any, patch: Mapping[str, Any], ifVersion: int | None = None
        ) -> Payload:
            context: Context = graphql.context
            work = context.services.commands.update(context.viewer, info.name, by, _plain(patch), ifVersion)
            return await _written(context, info, work, "patch")

        arguments = {
            "by": GraphQLArgument(GraphQLNonNull(self.inputs.by(info)), description="键，只给一个。"),
            "patch": GraphQLArgument(
                GraphQLNonNull(self.inputs.values(info, True)), description="要改的字段；未写的不变。"
            ),
            "ifVersion": _VERSION,
        }
        return GraphQLField(GraphQLNonNull(payload), arguments, update, description=f"修改{info.facts.zh}。")

    def _delete(self, info: EntityInfo) -> GraphQLField:
        async def delete(_root: Any, graphql: Any, by: Any, ifVersion: int | None = None) -> dict[str, Any]:
            context: Context = graphql.context
            work = context.services.commands.delete(context.viewer, info.name, by, ifVersion)
            payload = await _written(context, info, work, "by")
            return {"deletedId": None if payload.errors else payload.id, "errors": payload.errors}

        arguments = {
            "by": GraphQLArgument(GraphQLNonNull(self.inputs.by(info)), description="键，只给一个。"),
            "ifVersion": _VERSION,
        }
        return GraphQLField(
            GraphQLNonNull(self._deleted), arguments, delete, description=f"删除{info.facts.zh}（仅限无引用的草稿）。"
        )

    def _verbs(self, info: EntityInfo, payload: GraphQLObjectType, steps: tuple[Step, ...]) -> dict[str, GraphQLField]:
        made: dict[str, GraphQLField] = {}
        for step in steps:
            name = f"{step.verb}{info.name}"
            if not step.sources:
                made[name] = self._create(info, payload)
            elif name not in made:
                made[name] = self._verb(info, payload, step)
        return made

    def _verb(self, info: EntityInfo, payload: GraphQLObjectType, step: Step) -> GraphQLField:
        async def take(
            _root: Any, graphql: Any, by: Any, ifVersion: int | None = None, reason: str | None = None
        ) -> Payload:
            context: Context = graphql.context
            work = context.services.commands.take(context.viewer, info.name, by, step.verb, ifVersion, reason)
            return await _written(context, info, work, "")

        arguments = {
            "by": GraphQLArgument(GraphQLNonNull(self.inputs.by(info)), description="键，只给一个。"),
            "ifVersion": _VERSION,
            "reason": GraphQLArgument(GraphQLString, description="理由。" + ("必填。" if step.reason else "")),
        }
        said = f"{step.zh}：{'、'.join(step.sources)} → {step.target}。"
        return GraphQLField(GraphQLNonNull(payload), arguments, take, description=said)


async def _written(context: Context, info: EntityInfo, work: Awaitable[str], argument: str) -> Payload:
    try:
        return Payload(global_id(info.facts.prefix, await work))
    except Refused as refused:
        faults = [under(fault, argument) if argument else fault for fault in refused.faults]
        errors = [user_error(fault, context.english, refused.details) for fault in faults]
        return Payload(refused.row, errors)


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """An input as commands take it: ``{"region": {"connect": {"code": …}}}`` -> ``{"region": {"code": …}}``."""

    def plain(value: Any) -> Any:
        return value["connect"] if isinstance(value, Mapping) and "connect" in value else value

    return {name: plain(value) for name, value in values.items()}
