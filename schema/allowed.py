"""The types of ``allowedSteps``: what the viewer may do now with a row, what is missing and until when."""

from __future__ import annotations

from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLField,
    GraphQLID,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
)

from schema.payloads import USER_ERROR
from schema.scalars import DATE


async def _missing(step: dict[str, Any], graphql: Any) -> Any:
    judged = await graphql.context.steps.load((step["row"], True))
    return next((each["missing"] for each in judged if each["verb"] == step["verb"]), [])


def _many(kind: Any) -> Any:
    return GraphQLNonNull(GraphQLList(GraphQLNonNull(kind)))


ALLOWED_STEP = GraphQLObjectType(
    "AllowedStep",
    {
        "verb": GraphQLField(
            GraphQLNonNull(GraphQLString),
            description="动作，如 submit；写入是 submitCommitteeFiling。The verb; its mutation is verb and entity.",
        ),
        "label": GraphQLField(GraphQLNonNull(GraphQLString), description="名称。Its name."),
        "target": GraphQLField(GraphQLNonNull(GraphQLString), description="办理后的状态。State afterwards."),
        "reasonRequired": GraphQLField(
            GraphQLNonNull(GraphQLBoolean), description="必须写明理由。A reason is required."
        ),
        "takes": GraphQLField(_many(GraphQLString), description="办理时填写的字段。Fields that it asks for."),
        "dueOn": GraphQLField(DATE, description="应在此日（含）前办理。The last day to take it in time."),
        "missing": GraphQLField(
            _many(USER_ERROR),
            resolve=_missing,
            description="还缺什么、为什么：办理前的检查。What stands in its way yet.",
        ),
    },
    description="可以办理的一步。A step the viewer may take.",
)
STEPS = GraphQLField(
    _many(ALLOWED_STEP),
    description="登录人现在可以办理的各步。The steps the viewer may take with the row now.",
)


def _resolve(_root: Any, graphql: Any, id: str) -> Any:
    return graphql.context.steps.load((id, False))


ALLOWED_STEPS = GraphQLField(
    _many(ALLOWED_STEP),
    {"id": GraphQLArgument(GraphQLNonNull(GraphQLID), description="全局编号。Global id.")},
    _resolve,
    description="登录人现在可以对一条记录办理的各步。The steps the viewer may take with a row now.",
)
