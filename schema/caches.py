"""Strawberry's caches of parsed and validated documents, for documents of ordinary length.

They keep whole texts by number, not by size: a client that sends a thousand documents of a megabyte must not fill
the memory with them.
"""

from __future__ import annotations

from collections.abc import Iterator

from graphql import GraphQLError, OperationDefinitionNode
from strawberry.extensions import ParserCache, ValidationCache

LONGEST_KEPT = 16_384
"""Characters of a document that is worth keeping."""
KEPT = 512


class Parsed(ParserCache):
    """Keeps parsed documents."""

    def __init__(self) -> None:
        super().__init__(KEPT)

    def on_parse(self) -> Iterator[None]:
        """Parse through the cache, or leave a long document to the schema."""
        if len(self.execution_context.query or "") > LONGEST_KEPT:
            yield
        else:
            yield from super().on_parse()
        document, name = self.execution_context.graphql_document, self.execution_context.context.operation
        operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)] if document else []
        if name is None and len(operations) > 1:
            # Strawberry would run the first one, be it a mutation.
            raise GraphQLError("Name the operation to run.")


class Validated(ValidationCache):
    """Keeps what validation said of documents."""

    def __init__(self) -> None:
        super().__init__(KEPT)

    def on_validate(self) -> Iterator[None]:
        """Validate through the cache, or leave a long document to the schema."""
        if len(self.execution_context.query or "") > LONGEST_KEPT:
            yield
        else:
            yield from super().on_validate()
