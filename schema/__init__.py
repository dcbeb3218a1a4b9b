"""The public face: the registry -> GraphQL types, inputs and mutations; errors; HTTP; the IDE.

Strawberry holds the schema, validates and executes. The hand-written part (``me``) are Strawberry types; the derived
part are graphql-core types with lazy fields, because declaring a hundred entities as Strawberry classes takes longer
than the start may (docs/decisions.md). Both are one schema. May import everything but ``admin`` and ``app``.
"""
