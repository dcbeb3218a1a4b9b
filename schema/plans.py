"""Resolvers of derived fields: look ahead, compile once, run, and hand the JSON text through as it is.

A plan is kept by document, field, shape of the variables and kind of viewer; never by values.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import orjson
from graphql import GraphQLObjectType, get_named_type
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from db.registry import EntityInfo, Registry
from resolvers.compiler import Plan
from resolvers.requests import Connection, Single, Slot
from schema.context import Context
from schema.selections import Selections, shape

KEPT = 1024
_ROW = "@row"
"""Where the id of a row that is no variable of the client's lies among the variables: no variable can be called so."""


class FragmentExecutor(StrawberryGraphQLCoreExecutionContext):
    """Lets JSON text that a statement printed pass without a look at it."""

    def complete_value(self, return_type: Any, details: Any, info: Any, path: Any, result: Any, position: Any) -> Any:
        """The text itself, or what graphql-core makes of anything else."""
        if type(result) is orjson.Fragment:
            return result
        return super().complete_value(return_type, details, info, path, result, position)


class Plans:
    """The plans of a process, least recently used first."""

    def __init__(self, entities: Registry) -> None:
        self.entities = entities
        self._kept: OrderedDict[tuple[Any, ...], tuple[Any, Plan]] = OrderedDict()

    async def list_text(self, info: EntityInfo, graphql: Any) -> str:
        """The answer of a list field at the root."""

        def request(selections: Selections) -> Connection:
            roots = selections.roots()
            gtype: Any = get_named_type(graphql.return_type)
            given = selections.arguments(roots[0], graphql.parent_type)
            return selections.connection(info, gtype, roots, given, None)

        return await self._text(graphql, None, request) or "null"

    async def row_text(self, info: EntityInfo, graphql: Any) -> str | None:
        """The answer of a single field at the root, by its argument ``by``."""

        def request(selections: Selections) -> Single:
            roots = selections.roots()
            gtype: Any = get_named_type(graphql.return_type)
            return Single(
                selections.pick(info, gtype, roots), selections.arguments(roots[0], graphql.parent_type)["by"]
            )

        return await self._text(graphql, None, request)

    async def row_by_id(
        self, info: EntityInfo, graphql: Any, gtype: GraphQLObjectType, identity: str
    ) -> orjson.Fragment | None:
        """The row of a global id, with what the field that is being resolved selects."""

        def request(selections: Selections) -> Single:
            pick = selections.pick(info, gtype, selections.roots())
            return Single(pick, {"id": Slot((_ROW,), identity)})

        text = await self._text(graphql, info.name, request, {_ROW: identity})
        return None if text is None else orjson.Fragment(text)

    async def _text(
        self,
        graphql: Any,
        more: str | None,
        request: Callable[[Selections], Connection | Single],
        extra: dict[str, Any] | None = None,
    ) -> str | None:
        context: Context = graphql.context
        reads = context.services.reads
        variables = {**graphql.variable_values, **extra} if extra else graphql.variable_values
        path = tuple(graphql.path.as_list())
        key = (id(graphql.operation), path, more, shape(graphql.variable_values), context.viewer.kind)
        kept = self._kept.get(key)
        if kept is None:
            plan = reads.plan(request(Selections(self.entities, graphql)), context.viewer)
            # The operation is kept beside its plan, so that no other can come to live at its address.
            self._kept[key] = (graphql.operation, plan)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        else:
            plan = kept[1]
            self._kept.move_to_end(key)
        head = ".".join(str(step) for step in path)
        context.masked.extend(f"{head}.{place}" for place in plan.masked)
        return await reads.text(plan, context.viewer, variables)
