"""The short way for documents that were answered before: no validation and no executor, the same plans and bytes.

A document is learned when the long way answered it without error, and only when every root field is a derived list or
row. Whatever is unusual about a later request (a variable that does not fit, a refusal) is left to the long way, which
then says what is wrong.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import FieldNode, FragmentDefinitionNode, OperationDefinitionNode, OperationType, parse
from graphql.execution.collect_fields import FragmentDetails, collect_fields
from graphql.execution.values import VariableValues, get_variable_values
from graphql.pyutils import Path

from resolvers.faults import Denied
from schema.build import RegisterSchema
from schema.caches import LONGEST_KEPT
from schema.context import Context

KEPT = 1024


@dataclass(frozen=True)
class Learned:
    """A document that may go the short way."""

    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    details: dict[str, FragmentDetails]


@dataclass(frozen=True)
class RootField:
    """What ``schema.plans`` wants to know of a field: the part of graphql-core's resolve info that it reads."""

    schema: Any
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    variable_values: dict[str, Any]
    field_nodes: list[FieldNode]
    parent_type: Any
    return_type: Any
    path: Path
    context: Context


class FastPath:
    """The documents a process has learned, least recently used first."""

    def __init__(self, schema: RegisterSchema) -> None:
        self.schema = schema
        self._learned: OrderedDict[tuple[str, str | None], Learned | None] = OrderedDict()

    def learn(self, asked: Mapping[str, Any]) -> None:
        """Remember a document that the long way has just answered without error."""
        key = (asked["query"], asked.get("operationName"))
        if key in self._learned or len(key[0]) > LONGEST_KEPT:
            return
        self._learned[key] = self._read(*key)
        if len(self._learned) > KEPT:
            self._learned.popitem(last=False)

    def _read(self, query: str, name: str | None) -> Learned | None:
        document = parse(query)
        operations = [
            d
            for d in document.definitions
            if isinstance(d, OperationDefinitionNode) and name in (None, d.name and d.name.value)
        ]
        if len(operations) != 1 or operations[0].operation is not OperationType.QUERY:
            return None
        fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        return Learned(operations[0], fragments, {name: FragmentDetails(node) for name, node in fragments.items()})

    async def answer(self, asked: Mapping[str, Any], context: Context) -> bytes | None:
        """The whole answer, or None where the long way must be gone."""
        key = (asked["query"], asked.get("operationName"))
        known = self._learned.get(key)
        if known is None:
            return None
        self._learned.move_to_end(key)
        variables = get_variable_values(
            self.schema.core, known.operation.variable_definitions or (), asked.get("variables") or {}
        )
        if not isinstance(variables, VariableValues):
            return None
        fields = self._fields(known, variables, context)
        if fields is None:
            return None
        try:
            texts = (
                [await self._text(field) for field in fields]
                if len(fields) == 1
                else await asyncio.gather(*map(self._text, fields))
            )
        except Exception as problem:
            context.masked.clear()
            # The long way says what is wrong; a deadline that was missed once is not tried again.
            return _late(problem, context) if isinstance(problem, Denied) and problem.code == "TIMEOUT" else None
        parts = [
            f"{orjson.dumps(field.path.key).decode()}:{text or 'null'}"
            for field, text in zip(fields, texts, strict=True)
        ]
        masked = list(dict.fromkeys(context.masked))
        tail = f',"extensions":{{"masked":{orjson.dumps(masked).decode()}}}' if masked else ""
        return f'{{"data":{{{",".join(parts)}}}{tail}}}'.encode()

    def _fields(self, known: Learned, variables: VariableValues, context: Context) -> list[RootField] | None:
        query = self.schema.core.query_type
        assert query is not None
        found = collect_fields(self.schema.core, known.details, variables, query, known.operation).grouped_field_set
        fields = []
        for key, details in found.items():
            name = details[0].node.name.value
            if name not in self.schema.lists and name not in self.schema.singles:
                return None
            nodes = [detail.node for detail in details]
            fields.append(
                RootField(
                    self.schema.core, known.operation, known.fragments, variables.coerced, nodes, query,
                    query.fields[name].type, Path(None, key, "Query"), context,
                )
            )  # fmt: skip
        return fields

    async def _text(self, field: RootField) -> str | None:
        name = field.field_nodes[0].name.value
        if name in self.schema.lists:
            return await self.schema.plans.list_text(self.schema.lists[name], field)
        return await self.schema.plans.row_text(self.schema.singles[name], field)


def _late(problem: Denied, context: Context) -> bytes:
    message = problem.en if context.english else problem.zh
    return orjson.dumps({"errors": [{"message": message, "extensions": {"code": problem.code}}], "data": None})
