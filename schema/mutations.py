"""Registry -> mutations: create, update, delete and the verbs of state machines, over the one write path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLID,
    GraphQLNonNull,
    GraphQLObjectType,
)

from db.entity_info import EntityInfo
from db.registry import Registry
from schema.bulk_mutations import BulkMutations
from schema.context import Context
from schema.inputs import Inputs
from schema.objects import Objects
from schema.payloads import ACKNOWLEDGE, ERRORS, VERSION, Payload, origin, written
from schema.plans import Plans
from schema.steps import many, step_arguments, step_words, taken_verbs
from schema.words import words


class Mutations:
    """All derived mutations."""

    def __init__(self, entities: Registry, inputs: Inputs, objects: Objects, plans: Plans) -> None:
        self.entities, self.inputs, self.objects, self.plans = entities, inputs, objects, plans
        self.bulk = BulkMutations(inputs, objects, plans)
        self._deleted = GraphQLObjectType(
            "DeletePayload",
            {
                "deletedId": GraphQLField(GraphQLID, description="已删除的编号。Id of what was deleted."),
                "errors": ERRORS,
            },
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
            made |= self._verbs(info, payload)
            made |= self.bulk.fields(info, operations)
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
                    self.objects.entity(info),
                    resolve=row,
                    description="写入后的这一条；版本冲突时为现状。The row afterwards; in a conflict, as it is.",
                ),
                "errors": ERRORS,
            },
            description=f"写{info.facts.zh}的结果。Outcome of a write.",
        )

    def _create(self, info: EntityInfo, payload: GraphQLObjectType) -> GraphQLField:
        async def create(
            _root: Any, graphql: Any, input: Mapping[str, Any], acknowledge: Sequence[str] | None = None
        ) -> Payload:
            context: Context = graphql.context
            work = context.services.commands.create(context.viewer, info.name, input, origin(graphql, acknowledge))
            return await written(context, info, work, "input")

        arguments = {
            "input": GraphQLArgument(
                GraphQLNonNull(self.inputs.values(info, False)), description="新的一条。The new row."
            ),
            "acknowledge": ACKNOWLEDGE,
        }
        return GraphQLField(
            GraphQLNonNull(payload), arguments, create, description=f"新建{info.facts.zh}。Creates a {words(info)}."
        )

    def _update(self, info: EntityInfo, payload: GraphQLObjectType) -> GraphQLField:
        async def update(
            _root: Any, graphql: Any, by: Any, patch: Mapping[str, Any], ifVersion: int | None = None,
            acknowledge: Sequence[str] | None = None,
        ) -> Payload:  # fmt: skip
            context: Context = graphql.context
            come = origin(graphql, acknowledge)
            work = context.services.commands.update(context.viewer, info.name, by, patch, ifVersion, come)
            return await written(context, info, work, "patch")

        arguments = {
            "by": GraphQLArgument(GraphQLNonNull(self.inputs.by(info)), description="键，只给一个。One key."),
            "patch": GraphQLArgument(
                GraphQLNonNull(self.inputs.values(info, True)),
                description="要改的字段；未写的不变。What changes; the rest stays.",
            ),
            "ifVersion": VERSION,
            "acknowledge": ACKNOWLEDGE,
        }
        return GraphQLField(
            GraphQLNonNull(payload), arguments, update, description=f"修改{info.facts.zh}。Changes a {words(info)}."
        )

    def _delete(self, info: EntityInfo) -> GraphQLField:
        async def delete(_root: Any, graphql: Any, by: Any, ifVersion: int | None = None) -> dict[str, Any]:
            context: Context = graphql.context
            work = context.services.commands.delete(context.viewer, info.name, by, ifVersion, origin(graphql))
            payload = await written(context, info, work, "by")
            return {"deletedId": None if payload.errors else payload.id, "errors": payload.errors}

        arguments = {
            "by": GraphQLArgument(GraphQLNonNull(self.inputs.by(info)), description="键，只给一个。One key."),
            "ifVersion": VERSION,
        }
        return GraphQLField(
            GraphQLNonNull(self._deleted),
            arguments,
            delete,
            description=f"删除{info.facts.zh}（仅限无引用的草稿）。Deletes a draft that nothing refers to.",
        )

    def _verbs(self, info: EntityInfo, payload: GraphQLObjectType) -> dict[str, GraphQLField]:
        made: dict[str, GraphQLField] = {}
        for machine in info.facts.machines:
            if machine.start is not None and not machine.start.server:
                made[f"{machine.start.verb}{info.name}"] = self._create(info, payload)
        for verb in taken_verbs(info):
            made[f"{verb}{info.name}"] = self._verb(info, payload, verb)
            made[f"{verb}{many(info)}"] = self.bulk.steps(info, verb)
        return made

    def _verb(self, info: EntityInfo, payload: GraphQLObjectType, verb: str) -> GraphQLField:
        async def take(
            _root: Any, graphql: Any, by: Any, ifVersion: int | None = None, reason: str | None = None,
            acknowledge: Sequence[str] | None = None, **takes: Any,
        ) -> Payload:  # fmt: skip
            context: Context = graphql.context
            work = context.services.commands.take(
                context.viewer, info.name, by, verb, ifVersion, reason, origin(graphql, acknowledge), takes
            )
            return await written(context, info, work, "")

        arguments = {
            "by": GraphQLArgument(GraphQLNonNull(self.inputs.by(info)), description="键，只给一个。One key."),
            "ifVersion": VERSION,
            **step_arguments(self.inputs, info, verb),
        }
        return GraphQLField(GraphQLNonNull(payload), arguments, take, description=step_words(info, verb))
