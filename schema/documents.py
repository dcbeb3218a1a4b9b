"""The document of a request: found by text or name, read within the limits, validated, priced; and kept, all of it.

Both ways to answer begin here, so they run the same operation of the same parsed document, whose plans they share.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    NamedTypeNode,
    NonNullTypeNode,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    ValuesOfCorrectTypeRule,
    specified_rules,
    validate,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues, get_variable_values
from strawberry.extensions import SchemaExtension

from resolvers.faults import Denied, bad_input
from schema.caches import Bounded
from schema.context import Context
from schema.guard import Guard
from schema.messages import PlacedValues, place_errors
from schema.persisted import Persisted
from schema.prices import Price
from settings import Settings

MOST_ERRORS = 5
"""Mistakes of a document or of its variables that are told at once."""
KEPT, KEPT_CHARACTERS = 1_024, 1_000_000
"""A parsed document takes about a hundred bytes for each character of its text."""


class Rejected(Exception):
    """A request that will not run: what is wrong with its document or its variables."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


@dataclass(eq=False)
class Document:
    """A valid document."""

    text: str
    node: DocumentNode
    fragments: Mapping[str, FragmentDefinitionNode]
    details: dict[str, FragmentDetails]
    operations: list[Operation] = field(default_factory=list)


_PLAIN: Mapping[str, type] = {"String": str, "ID": str, "Int": int, "Boolean": bool}


@dataclass(eq=False)
class Operation:
    """One operation of a document."""

    document: Document
    node: OperationDefinitionNode
    price: Price
    about_schema: bool = False
    """Whether it may ask something of the schema itself."""
    is_quick: bool = False
    """Whether it was answered without error once, and may go the short way."""

    @functools.cached_property
    def plain_roots(self) -> dict[str, list[FieldNode]] | None:
        """Its root fields by response key, where no value of a variable and no fragment decides which they are."""
        found: dict[str, list[FieldNode]] = {}
        for selection in self.node.selection_set.selections:
            if not isinstance(selection, FieldNode) or selection.directives:
                return None
            found.setdefault((selection.alias or selection.name).value, []).append(selection)
        return found

    @functools.cached_property
    def plain_variables(self) -> dict[str, type] | None:
        """The Python types of its variables, where all are plain scalars that come as they are."""
        found: dict[str, type] = {}
        for definition in self.node.variable_definitions or ():
            kind = definition.type.type if isinstance(definition.type, NonNullTypeNode) else definition.type
            known = _PLAIN.get(kind.name.value) if isinstance(kind, NamedTypeNode) else None
            if known is None:
                return None
            found[definition.variable.name.value] = known
        return found

    @property
    def is_query(self) -> bool:
        """Whether it reads only."""
        return self.node.operation is OperationType.QUERY


@dataclass(frozen=True)
class Work:
    """An operation and its variables: what one request is to run."""

    operation: Operation
    variables: VariableValues


class Documents:
    """The documents of a process."""

    def __init__(self, schema: GraphQLSchema, settings: Settings, introspection: bool, persisted: Persisted) -> None:
        self.schema, self.persisted = schema, persisted
        self.guard = Guard(schema, settings)
        self._hides = not introspection
        rules = [PlacedValues if rule is ValuesOfCorrectTypeRule else rule for rule in specified_rules]
        self._rules = [*rules, *([NoSchemaIntrospectionCustomRule] if self._hides else [])]
        self._kept: Bounded[str, Document] = Bounded(KEPT, KEPT_CHARACTERS)

    def work(self, asked: Mapping[str, Any], context: Context) -> Work:
        """What a request is to run; its price goes into the context where it is wanted. Raises Rejected."""
        try:
            text = self.persisted.text(asked)
            document = self._kept.get(text)
            if document is None:
                document = self._read(text)
                self._kept.put(text, document, len(text))
            operation = _named(document, asked.get("operationName"))
            given = asked.get("variables") or {}
            self.guard.weigh(given, document.node, operation.is_query)
            variables = self._variables(operation, given)
            price = operation.price
            if context.wanted is not None:
                price = self.guard.batch_price(operation.node, document.fragments)
            cost = self.guard.cost(price, variables.coerced)
            context.cost = cost if context.wants_cost else None
            self.guard.afford(cost)
        except Denied as denied:
            raise Rejected([GraphQLError(denied.en, original_error=denied)]) from None
        except RecursionError as problem:
            raise Rejected([GraphQLError("The document nests too deep.", original_error=problem)]) from None
        if asked.get("extensions"):
            self.persisted.remember(asked, text)
        return Work(operation, variables)

    def _read(self, text: str) -> Document:
        try:
            read = self.guard.read(text)
        except GraphQLError as problem:
            raise Rejected([problem]) from None
        errors = validate(self.schema, read.node, self._rules, max_errors=MOST_ERRORS, hide_suggestions=self._hides)
        if errors:
            raise Rejected(place_errors(errors, read.node))
        details = {name: FragmentDetails(node) for name, node in read.fragments.items()}
        document = Document(text, read.node, read.fragments, details)
        document.operations += [
            Operation(document, node, price, about)
            for node, price, about in zip(read.operations, read.prices, read.about_schema, strict=True)
        ]
        return document

    def _variables(self, operation: Operation, given: dict[str, Any]) -> VariableValues:
        plain = _plain(operation.plain_variables, given)
        if plain is not None:
            return VariableValues({}, plain)
        definitions = operation.node.variable_definitions or ()
        found = get_variable_values(self.schema, definitions, given, MOST_ERRORS, hide_suggestions=self._hides)
        if not isinstance(found, VariableValues):
            raise Rejected(place_errors(found, operation.document.node))
        return found


def _plain(types: Mapping[str, type] | None, given: Mapping[str, Any]) -> dict[str, Any] | None:
    """The values as GraphQL would coerce them, where each is given and plainly of its type; None for all others."""
    if types is None:
        return None
    values: dict[str, Any] = {}
    for name, kind in types.items():
        value: Any = given.get(name)
        if type(value) is not kind or (isinstance(value, int) and not -(2**31) <= value < 2**31):
            return None
        values[name] = value
    return values


def _named(document: Document, name: str | None) -> Operation:
    """The operation to run. Of several without a name none: Strawberry would run the first, be it a mutation."""
    found = [op for op in document.operations if name is None or (op.node.name and op.node.name.value == name)]
    if len(found) != 1:
        raise bad_input(
            "请求里要有且只有一个可执行的查询或写入；有几个时用 operationName 指明。",
            "The document must hold exactly one operation to run; name it with operationName where there are several.",
        )
    return found[0]


class Ready(SchemaExtension):
    """Hands Strawberry the document that was read and validated here."""

    def on_parse(self) -> Iterator[None]:
        """Nothing is left to parse."""
        context: Context = self.execution_context.context
        assert context.work is not None
        self.execution_context.graphql_document = context.work.operation.document.node
        yield

    def on_validate(self) -> Iterator[None]:
        """Nothing is left to validate."""
        self.execution_context.pre_execution_errors = []
        yield
