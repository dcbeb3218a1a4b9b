"""What a document asks of the schema itself: printed once, off the loop, and kept as the bytes that leave.

The fields are collected and resolved by graphql-core's own functions; only the walk is ours, which prints the same part
of the schema once (the executor takes seconds of the process for a whole schema). Documents that ask the same are one,
however they are written: what is kept is named by what is left when fragments, variables and flags are resolved.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import orjson
from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    SchemaMetaFieldDef,
    TypeMetaFieldDef,
    TypeNameMetaFieldDef,
    get_named_type,
    is_leaf_type,
)
from graphql import GraphQLType as Gtype
from graphql.execution.collect_fields import FieldDetails, collect_fields, collect_subfields
from graphql.execution.values import get_argument_values

from resolvers.faults import Denied
from schema.caches import Bounded
from schema.documents import Work

FIELDS = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef, "__typename": TypeNameMetaFieldDef}
LARGEST = 24_000_000
"""Bytes of one answer."""
KEPT, KEPT_BYTES, KEPT_EACH = 32, 4 * LARGEST, 4
"""Answers that are kept, their bytes together, and how many one viewer may bring: nobody pushes out all others."""
_TOO_LARGE = (
    "模式定义的查询结果过大，请减少字段或别名。",
    "The answer about the schema is too large: ask for less of it.",
)


@dataclass(frozen=True)
class Part:
    """One field of a selection with all that was asked of it, whatever way that was written."""

    key: str
    name: str
    arguments: tuple[tuple[str, Any], ...]
    parts: tuple[Part, ...]
    definition: Any = field(repr=False)


@dataclass
class Told:
    """What the schema answered: the text of each root field, of the answer that holds them alone, and that packed."""

    fields: dict[str, bytes]
    body: bytes
    packed: dict[str, bytes] = field(default_factory=dict)


class Introspection:
    """The answers of one schema about itself."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self._kept: Bounded[str, Told] = Bounded(KEPT, KEPT_BYTES)
        self._making: dict[str, asyncio.Task[Told]] = {}
        self._of: OrderedDict[str, deque[str]] = OrderedDict()
        # One at a time, so that whoever asks for a hundred different ones has one thread and no more.
        self._thread = ThreadPoolExecutor(1, "introspection")

    async def told(self, work: Work, viewer: str) -> tuple[Told, bool] | None:
        """What the operation asks of the schema, and whether it asks nothing else; None where it asks nothing of it.

        Raises Denied where that is more than a process should print.
        """
        if not work.operation.about_schema:
            return None
        try:
            parts, alone = self._parts(work)
        except GraphQLError:
            return None  # the long way says what is wrong
        if all(part.name == "__typename" for part in parts):
            return None
        name = hashlib.sha256(repr(parts).encode()).hexdigest()
        found = self._kept.get(name)
        if found is None:
            if name not in self._making:
                self._making[name] = asyncio.create_task(self._make(name, parts, viewer))
            # Whoever leaves does not take the answer from the others that wait for it.
            found = await asyncio.shield(self._making[name])
        return found, alone

    async def packed(self, told: Told, encoding: str, pack: Callable[[bytes], bytes]) -> bytes:
        """The whole answer in an encoding."""
        if encoding not in told.packed:
            told.packed[encoding] = await asyncio.to_thread(pack, told.body)
        return told.packed[encoding]

    async def _make(self, name: str, parts: Sequence[Part], viewer: str) -> Told:
        try:
            loop = asyncio.get_running_loop()
            made = await loop.run_in_executor(self._thread, lambda: _Printer(self.schema).told(parts))
            self._keep(name, made, viewer)
            return made
        finally:
            del self._making[name]

    def _keep(self, name: str, made: Told, viewer: str) -> None:
        mine = self._of.setdefault(viewer, deque())
        self._of.move_to_end(viewer)
        mine.append(name)
        if len(mine) > KEPT_EACH:
            self._kept.drop(mine.popleft())
        if len(self._of) > KEPT:
            self._of.popitem(last=False)
        self._kept.put(name, made, len(made.body))

    # --- what is asked ------------------------------------------------------------------------------------------------

    def _parts(self, work: Work) -> tuple[tuple[Part, ...], bool]:
        document, query = work.operation.document, self.schema.query_type
        assert query is not None
        found = collect_fields(self.schema, document.details, work.variables, query, work.operation.node)
        grouped = found.grouped_field_set
        ours = {key: nodes for key, nodes in grouped.items() if nodes[0].node.name.value in FIELDS}
        alone = len(ours) == len(grouped)
        return tuple(self._part(work, query, key, nodes) for key, nodes in ours.items()), alone

    def _part(self, work: Work, parent: Any, key: str, nodes: list[FieldDetails]) -> Part:
        name = nodes[0].node.name.value
        definition = FIELDS.get(name) or parent.fields[name]
        given = get_argument_values(definition, nodes[0].node, work.variables)
        inner: Any = get_named_type(definition.type)
        parts: tuple[Part, ...] = ()
        if not is_leaf_type(inner):
            details = work.operation.document.details
            found = collect_subfields(self.schema, details, work.variables, work.operation.node, inner, nodes)
            parts = tuple(self._part(work, inner, k, below) for k, below in found.grouped_field_set.items())
        return Part(key, name, tuple(sorted(given.items())), parts, definition)


class _Printer:
    """One answer in the making."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self._printed: dict[tuple[int, int], bytes] = {}

    def told(self, parts: Sequence[Part]) -> Told:
        """The texts of the root fields. Raises Denied."""
        query = self.schema.query_type
        fields = {part.key: self._field(query, query, part) for part in parts}
        return Told(fields, whole(fields))

    def _object(self, value: Any, gtype: Any, parts: tuple[Part, ...]) -> bytes:
        # Types live as long as the schema, so their numbers are names; what lists them is made anew each time.
        name = (id(value), id(parts)) if isinstance(value, Gtype) else None
        if name is not None and name in self._printed:
            return self._held(self._printed[name])
        members = [orjson.dumps(part.key) + b":" + self._field(value, gtype, part) for part in parts]
        text = self._held(b"{" + b",".join(members) + b"}")
        if name is not None:
            self._printed[name] = text
        return text

    def _field(self, value: Any, gtype: Any, part: Part) -> bytes:
        if part.name == "__typename":
            return orjson.dumps(gtype.name)
        info = SimpleNamespace(schema=self.schema)
        return self._value(part.definition.type, part.definition.resolve(value, info, **dict(part.arguments)), part)

    def _value(self, kind: Any, value: Any, part: Part) -> bytes:
        if value is None:
            return b"null"
        if isinstance(kind, GraphQLNonNull):
            return self._value(kind.of_type, value, part)
        if isinstance(kind, GraphQLList):
            return self._held(b"[" + b",".join([self._value(kind.of_type, item, part) for item in value]) + b"]")
        if isinstance(kind, GraphQLEnumType):
            value = kind.coerce_output_value(value)
        return orjson.dumps(value) if is_leaf_type(kind) else self._object(value, kind, part.parts)

    def _held(self, text: bytes) -> bytes:
        if len(text) > LARGEST:
            raise Denied("TOO_EXPENSIVE", *_TOO_LARGE, {"limit": {"name": "introspection", "most": LARGEST}})
        return text


def whole(fields: Mapping[str, bytes], extensions: Mapping[str, Any] | None = None) -> bytes:
    """The answer that holds these fields and no others."""
    members = b",".join(orjson.dumps(key) + b":" + text for key, text in fields.items())
    tail = b',"extensions":' + orjson.dumps(extensions) if extensions else b""
    return b'{"data":{' + members + b"}" + tail + b"}"
