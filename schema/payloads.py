"""What every mutation shares: the errors of a payload, the origin of a write, and the row that it shows afterwards."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLString,
)
from graphql import GraphQLObjectType as ObjectType

from db.codes import ErrorCode, FaultCode, Told
from db.entity_info import EntityInfo
from db.identity import global_id
from db.models.cases.mediation_case import EntryChannel
from resolvers.commands.once import PATH
from resolvers.commands.work import Once, Origin
from resolvers.commands.write import under
from resolvers.faults import Fault, Refused, bad_input
from schema.context import Context
from schema.errors import user_error

LONGEST_KEY = 200


def _codes(codes: type[Told]) -> GraphQLEnumType:
    values = {code.name: GraphQLEnumValue(code.name, description=f"{code.zh}。{code.en}") for code in codes}
    return GraphQLEnumType(codes.__name__, values, description=codes.__doc__)


FAULT_CODE, ERROR_CODE = _codes(FaultCode), _codes(ErrorCode)
SEVERITY = GraphQLEnumType(
    "Severity",
    {
        "ERROR": GraphQLEnumValue("ERROR", description="须改正。It has to be mended."),
        "WARN": GraphQLEnumValue(
            "WARN", description="提醒：在 acknowledge 中写明其 code 即可继续。A warning; acknowledge its code to go on."
        ),
    },
    description="轻重。How grave an error is.",
)
USER_ERROR = ObjectType(
    "UserError",
    {
        "path": GraphQLField(
            GraphQLNonNull(GraphQLList(GraphQLNonNull(GraphQLString))),
            description="从参数名起的路径。Path from the argument's name.",
        ),
        "code": GraphQLField(
            GraphQLNonNull(GraphQLString),
            description="错误代码或规则编号，如 REQUIRED、BR-02。A code or the number of a rule.",
        ),
        "kind": GraphQLField(
            GraphQLNonNull(FAULT_CODE),
            description="错误的种类：code 本身，业务规则为 RULE。The code, or RULE for all rules.",
        ),
        "severity": GraphQLField(GraphQLNonNull(SEVERITY), description="轻重。How grave it is."),
        "message": GraphQLField(GraphQLNonNull(GraphQLString), description="说明。In words."),
        "row": GraphQLField(GraphQLID, description="批量写入：有误的那一条。The row that has it, in a bulk write."),
        "id": GraphQLField(
            GraphQLID, description="同 row。The same.", deprecation_reason="请用 row。Use row: this is no identity."
        ),
        "changedBy": GraphQLField(GraphQLString, description="版本冲突：最近修改人。Of a conflict: who changed it."),
        "changedFields": GraphQLField(
            GraphQLList(GraphQLNonNull(GraphQLString)),
            description="版本冲突：期间改过的字段。Of a conflict: what was changed.",
        ),
    },
    description="用户可以改正的一处错误。Something the user can mend.",
)
ERRORS = GraphQLField(
    GraphQLNonNull(GraphQLList(GraphQLNonNull(USER_ERROR))),
    description="没有错误时为空，已写入；有错误时什么都没有写。Empty: written; else nothing is.",
)
VERSION = GraphQLArgument(
    GraphQLInt,
    description="读到的版本；期间被他人改过则为 CONFLICT。The version read; else CONFLICT.",
)
ACKNOWLEDGE = GraphQLArgument(
    GraphQLList(GraphQLNonNull(GraphQLString)),
    description="已知悉、仍要继续的提醒的代码。Codes of warnings in spite of which to go on.",
)


@dataclass
class Payload:
    """The outcome of a write: the row to show, and what was refused."""

    id: str | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)


async def written(context: Context, info: EntityInfo, work: Awaitable[str], argument: str) -> Payload:
    """The payload of a write of one row whose input stands in `argument`."""
    try:
        return Payload(global_id(info.facts.prefix, await work))
    except Refused as refused:
        return Payload(refused.row, told(context, refused.faults, argument, refused.details))


def told(
    context: Context, faults: Sequence[Fault], argument: str, details: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Faults as a payload prints them."""
    placed = [under(fault, argument) if argument else fault for fault in faults]
    return [user_error(fault, context.english, details) for fault in placed]


def origin(graphql: Any, acknowledge: Sequence[str] | None = None) -> Origin:
    """Where the write of a field comes from. Raises BAD_INPUT for an idempotency key that is none."""
    context: Context = graphql.context
    said = frozenset(acknowledge or ())
    if context.once is None:
        return Origin(EntryChannel.API, None, said)
    key, body = context.once
    if not key.strip() or len(key) > LONGEST_KEY or not key.isprintable():
        zh = f"{PATH} 须为 1 至 {LONGEST_KEY} 个可见字符。"
        raise bad_input(zh, f"{PATH} must be 1 to {LONGEST_KEY} printable characters.")
    # Each field is a write of its own, so it has a key of its own.
    field = orjson.dumps([key, graphql.path.as_list()])
    return Origin(EntryChannel.API, Once(hashlib.sha256(field).hexdigest(), hashlib.sha256(body).hexdigest()), said)


class Batch:
    """Rows that several objects of one answer show: read together, in one go for each field that asks for them."""

    def __init__(self, ids: Sequence[str], read: Callable[[Any, Sequence[str]], Awaitable[dict[str, Any]]]) -> None:
        self._ids, self._read = ids, read
        self._asked: dict[str, asyncio.Future[dict[str, Any]]] = {}

    async def row(self, graphql: Any, identity: str) -> Any:
        """The row of a global id, as the field that is being resolved selects it; None where it cannot be seen."""
        key = str(graphql.path.key)
        if key not in self._asked:
            self._asked[key] = asyncio.ensure_future(self._read(graphql, self._ids))
        return (await self._asked[key]).get(identity)
