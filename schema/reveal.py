"""``reveal`` and ``findByIdentity``: looks at personal data. They leave a record, so they are mutations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLArgument, GraphQLField, GraphQLID, GraphQLNonNull, GraphQLObjectType, GraphQLString

from db.clock import SHANGHAI
from db.entity_info import EntityInfo
from db.identity import global_id
from db.registry import Registry
from resolvers.faults import Refused, bad_input
from schema.context import Context
from schema.errors import user_error
from schema.objects import NODE, Objects
from schema.payloads import ERRORS
from schema.plans import Plans
from schema.scalars import DATETIME


@dataclass
class Look:
    """The outcome of a look: what was seen, or why nothing."""

    value: str | None = None
    expires_at: str | None = None
    found: tuple[EntityInfo, str] | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)


def reveal_fields(entities: Registry, objects: Objects, plans: Plans) -> dict[str, GraphQLField]:
    """Both fields of the mutation type."""
    looked_up = _argument("对象类型的名称。Name of an entity.")
    named = _argument("字段，如 idNumber。Name of a masked field.")
    why = _argument("理由，5 至 500 个字，会被记录。Why; it is recorded.")

    async def reveal(_root: Any, graphql: Any, type: str, id: str, field: str, reason: str) -> Look:
        context: Context = graphql.context
        try:
            seen = await context.services.commands.reveal(
                context.viewer, _entity(entities, type).name, id, field, reason
            )
        except Refused as refused:
            return Look(errors=[user_error(fault, context.english) for fault in refused.faults])
        expires = seen.expires_at.astimezone(SHANGHAI).isoformat(timespec="milliseconds")
        return Look(seen.value, expires if seen.value is not None else None)

    async def find(_root: Any, graphql: Any, type: str, field: str, value: str, reason: str) -> Look:
        context: Context = graphql.context
        info = _entity(entities, type)
        try:
            key = await context.services.commands.find(context.viewer, info.name, field, value, reason)
        except Refused as refused:
            return Look(errors=[user_error(fault, context.english) for fault in refused.faults])
        return Look(found=None if key is None else (info, global_id(info.facts.prefix, key)))

    async def node(look: Look, graphql: Any) -> Any:
        if look.found is None:
            return None
        info, identity = look.found
        return await plans.row_by_id(info, graphql, objects.entity(info), identity)

    revealed = GraphQLObjectType(
        "RevealPayload",
        {
            "value": GraphQLField(GraphQLString, description="原文；没有填写时为 null。The value in clear."),
            "expiresAt": GraphQLField(
                DATETIME,
                resolve=lambda look, _: look.expires_at,
                description="此后应从屏幕上消失。Show it no longer than this.",
            ),
            "errors": ERRORS,
        },
        description="查看原文的结果。Outcome of a look at a masked value.",
    )
    found = GraphQLObjectType(
        "FindByIdentityPayload",
        {
            "node": GraphQLField(
                NODE,
                resolve=node,
                description="找到的一条；没有或不在管辖范围内时为 null。The row; null where there is none in scope.",
            ),
            "errors": ERRORS,
        },
        description="按证件查找的结果。Outcome of a look-up by a number.",
    )
    return {
        "reveal": GraphQLField(
            GraphQLNonNull(revealed),
            {
                "type": looked_up,
                "id": GraphQLArgument(GraphQLNonNull(GraphQLID), description="全局编号。Global id."),
                "field": named,
                "reason": why,
            },
            reveal,
            description="查看一个被遮盖的值的原文：须有权限和理由，限次数，留记录。"
            "Shows a masked value in clear: with the right and a reason, counted and recorded.",
        ),
        "findByIdentity": GraphQLField(
            GraphQLNonNull(found),
            {"type": looked_up, "field": named, "value": _argument("完整的号码。The whole number."), "reason": why},
            find,
            description="按完整的证件号码查找管辖范围内的一条：须有权限和理由，限次数，留记录。"
            "Finds a row in scope by a whole number: with the right and a reason, counted and recorded.",
        ),
    }


def _argument(said: str) -> GraphQLArgument:
    return GraphQLArgument(GraphQLNonNull(GraphQLString), description=said)


def _entity(entities: Registry, name: str) -> EntityInfo:
    for info in entities.values():
        if info.name == name:
            return info
    raise bad_input("没有这种对象。", "There is no such type.")
