"""The short way for documents that were answered before: no validation and no executor, the same plans and bytes.

An operation may go it once the long way answered it without error, and only when every root field is a derived list or
row. Limits and variables are looked at before either way (``schema.documents``). Whatever is unusual about a later
request (a refusal by the compiler or the database) is left to the long way, which then says what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import FieldNode, FragmentDefinitionNode, OperationDefinitionNode
from graphql.execution.collect_fields import collect_fields
from graphql.pyutils import Path

from resolvers.faults import Denied
from schema.build import RegisterSchema
from schema.context import Context
from schema.documents import Documents, Work
from schema.introspection import Introspection
from schema.persisted import Persisted
from settings import Settings, get_settings


@dataclass(frozen=True)
class RootField:
    """What ``schema.plans`` wants to know of a field: the part of graphql-core's resolve info that it reads."""

    schema: Any
    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    variable_values: dict[str, Any]
    field_nodes: list[FieldNode]
    parent_type: Any
    return_type: Any
    path: Path
    context: Context


class FastPath:
    """The documents a process knows, and the short way to answer them. `own` texts are registered by themselves."""

    def __init__(self, schema: RegisterSchema, settings: Settings | None = None, own: Iterable[str] = ()) -> None:
        settings = settings or get_settings()
        self.schema = schema
        self.introspection = Introspection(schema.core)
        self.documents = Documents(schema.core, settings, schema.introspection, Persisted(settings, own))

    def work(self, asked: Mapping[str, Any], context: Context) -> Work:
        """What a request is to run, for either way. Raises ``schema.documents.Rejected``."""
        context.work = self.documents.work(asked, context)
        return context.work

    async def answer(self, work: Work, context: Context) -> bytes | None:
        """The whole answer, or None where the long way must be gone."""
        if not work.operation.is_quick:
            return None
        fields = self._fields(work, context)
        if fields is None:
            return None
        context.plan_roots(len(fields), writing=False)
        try:
            texts = [await self._text(field) for field in fields]
        except Exception as problem:
            await context.start_over()
            # The long way says what is wrong; a deadline that was missed once is not tried again.
            return _late(problem, context) if isinstance(problem, Denied) and problem.code == "TIMEOUT" else None
        parts = [b'{"data":']
        for field, text in zip(fields, texts, strict=True):
            parts += (b"," if len(parts) > 1 else b"{", orjson.dumps(field.path.key), b":", text or b"null")
        extensions = context.extensions()
        tail = (b'},"extensions":', orjson.dumps(extensions), b"}") if extensions else (b"}}",)
        return b"".join((*parts, *tail))

    def _fields(self, work: Work, context: Context) -> list[RootField] | None:
        query, document = self.schema.core.query_type, work.operation.document
        assert query is not None
        fields = []
        for key, nodes in self._roots(work).items():
            name = nodes[0].name.value
            if name not in self.schema.lists and name not in self.schema.singles:
                return None
            fields.append(
                RootField(
                    self.schema.core, work.operation.node, document.fragments, work.variables.coerced, nodes, query,
                    query.fields[name].type, Path(None, key, "Query"), context,
                )
            )  # fmt: skip
        return fields

    def _roots(self, work: Work) -> dict[str, list[FieldNode]]:
        """The root fields by response key: always the same, or for these values of the variables."""
        if (plain := work.operation.plain_roots) is not None:
            return plain
        query, details = self.schema.core.query_type, work.operation.document.details
        assert query is not None
        found = collect_fields(self.schema.core, details, work.variables, query, work.operation.node)
        return {key: [detail.node for detail in nodes] for key, nodes in found.grouped_field_set.items()}

    async def _text(self, field: RootField) -> bytes | None:
        name = field.field_nodes[0].name.value
        if name in self.schema.lists:
            return await self.schema.plans.list_text(self.schema.lists[name], field)
        return await self.schema.plans.row_text(self.schema.singles[name], field)


def _late(problem: Denied, context: Context) -> bytes:
    message = problem.en if context.english else problem.zh
    return orjson.dumps({"errors": [{"message": message, "extensions": {"code": problem.code}}], "data": None})
