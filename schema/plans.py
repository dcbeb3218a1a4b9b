"""Resolvers of derived fields: look ahead, compile once, run, and hand the JSON text through as it is.

A plan is kept by document, field, shape of the variables and kind of viewer; never by values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import GraphQLObjectType, get_named_type
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from db.entity_info import EntityInfo
from db.registry import Registry
from resolvers.binds import resolve
from resolvers.compiler import Plan
from resolvers.requests import Connection, Single, Slot
from resolvers.values import MAX_LIST
from schema.caches import Bounded
from schema.context import Context
from schema.open_steps import fill
from schema.selections import Selections, shape

KEPT, LARGEST_OF_ALL = 1024, 32_000_000
"""Operations whose plans are kept, and characters of their SQL together."""
VARIANTS, LARGEST = 64, 8_000_000
"""The same for one operation: flags of @include alone could make any number of plans of one document."""
_ROW = "@row"
"""Where the id of a row that is no variable of the client's lies among the variables: no variable can be called so."""


class FragmentExecutor(StrawberryGraphQLCoreExecutionContext):
    """Lets JSON text that a statement printed pass without a look at it."""

    def complete_value(self, return_type: Any, details: Any, info: Any, path: Any, result: Any, position: Any) -> Any:
        """The text itself, or what graphql-core makes of anything else."""
        if type(result) is orjson.Fragment:
            return result
        return super().complete_value(return_type, details, info, path, result, position)

    def execute_field(self, parent: Any, source: Any, details: Any, path: Any, position: Any) -> Any:
        """As in graphql-core, where it was not printed beforehand."""
        if path.prev is None and path.key in self.context_value.introspected:
            return orjson.Fragment(self.context_value.introspected[path.key])
        return super().execute_field(parent, source, details, path, position)

    def execute_root_grouped_field_set(self, root: Any, value: Any, fields: Any, serially: bool, position: Any) -> Any:
        """As in graphql-core, after the context has learned what is coming, and one field after the other.

        However many fields a document has, and whatever they ask, a request holds one connection at a time.
        """
        self.context_value.plan_roots(len(fields), writing=serially)
        return super().execute_root_grouped_field_set(root, value, fields, True, position)


@dataclass
class Kept:
    """The plans of one shape: one, unless a statement depends on values of variables (``Compiler.fix``)."""

    paths: tuple[tuple[str | int, ...], ...] = ()
    plans: dict[tuple[Any, ...], Plan] = field(default_factory=dict)

    def find(self, variables: Any) -> Plan | None:
        """The plan for these variables."""
        return self.plans.get(tuple(resolve(Slot(path, None), variables) for path in self.paths))

    def add(self, plan: Plan, variables: Any) -> None:
        """Keep a plan that was made for these variables."""
        if len(self.plans) >= VARIANTS or not set(plan.fixed) <= set(self.paths):
            self.paths = tuple(dict.fromkeys([*self.paths, *plan.fixed]))
            self.plans.clear()
        self.plans[tuple(resolve(Slot(path, None), variables) for path in self.paths)] = plan

    @property
    def size(self) -> int:
        """Characters of SQL."""
        return sum(len(plan.sql) for plan in self.plans.values())


@dataclass
class OfOperation:
    """The plans of one operation: of its fields, in the shapes and for the kinds of viewers that came along."""

    operation: Any
    """Kept beside its plans, so that no other operation can come to live at its address."""
    kept: Bounded[tuple[Any, ...], Kept] = field(default_factory=lambda: Bounded(VARIANTS, LARGEST))


class Plans:
    """The plans of a process, least recently used first."""

    def __init__(self, entities: Registry) -> None:
        self.entities = entities
        self._kept: Bounded[int, OfOperation] = Bounded(KEPT, LARGEST_OF_ALL)

    async def list_text(self, info: EntityInfo, graphql: Any) -> bytes:
        """The answer of a list field at the root, in UTF-8."""

        def request(selections: Selections) -> Connection:
            roots = selections.roots()
            gtype: Any = get_named_type(graphql.return_type)
            given = selections.arguments(roots[0], graphql.parent_type)
            return selections.connection(info, gtype, roots, given, None)

        if graphql.context.wanted is not None:
            graphql.context.wanted.take(request(Selections(self.entities, graphql)), graphql.variable_values)
            return b"null"
        return await self._text(graphql, None, request) or b"null"

    async def row_text(self, info: EntityInfo, graphql: Any) -> bytes | None:
        """The answer of a single field at the root, by its argument ``by``."""

        def request(selections: Selections) -> Single:
            roots = selections.roots()
            gtype: Any = get_named_type(graphql.return_type)
            given = selections.arguments(roots[0], graphql.parent_type)
            return Single(selections.pick(info, gtype, roots), given["by"], given.get("asOf"))

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

    async def rows_by_ids(
        self, info: EntityInfo, graphql: Any, gtype: GraphQLObjectType, ids: Sequence[str]
    ) -> dict[str, orjson.Fragment]:
        """The visible rows of global ids, with what the field that is being resolved selects: a statement for many."""
        context: Context = graphql.context
        found: dict[str, orjson.Fragment] = {}
        place = ".".join(str(step) for step in graphql.path.as_list() if isinstance(step, str))
        for start in range(0, len(ids), MAX_LIST):
            some = list(dict.fromkeys(ids[start : start + MAX_LIST]))
            selections = Selections(self.entities, graphql)
            pick = selections.pick(info, gtype, selections.roots())
            pick.items.append((_ROW, info.fields["id"]))
            request = Connection(info, [("nodes", "nodes", pick)], where={"id": {"in": some}}, first=len(some))
            plan = context.services.reads.plan(request, context.viewer)
            text = await context.reading.text(plan, context.viewer, graphql.variable_values)
            answer = orjson.loads(text or b'{"nodes": []}')
            await fill(context.steps, plan.later, answer)
            for row in answer["nodes"]:
                identity = row.pop(_ROW)
                found[identity] = orjson.Fragment(orjson.dumps(row))
            context.masked.extend(f"{place}.{path.removeprefix('nodes.')}" for path in plan.masked)
        return found

    async def _text(
        self,
        graphql: Any,
        more: str | None,
        request: Callable[[Selections], Connection | Single],
        extra: dict[str, Any] | None = None,
    ) -> bytes | None:
        context: Context = graphql.context
        reads = context.services.reads
        variables = {**graphql.variable_values, **extra} if extra else graphql.variable_values
        path = tuple(graphql.path.as_list())
        place = tuple(step for step in path if isinstance(step, str))
        key = (place, more, shape(graphql.variable_values), context.viewer.kind)
        plans = self._kept.get(id(graphql.operation)) or OfOperation(graphql.operation)
        kept = plans.kept.get(key) or Kept()
        plan = kept.find(variables)
        if plan is None:
            plan = reads.plan(request(Selections(self.entities, graphql)), context.viewer)
            kept.add(plan, variables)
            plans.kept.put(key, kept, kept.size)
            self._kept.put(id(graphql.operation), plans, plans.kept.held)
        head = ".".join(str(step) for step in path)
        context.masked.extend(f"{head}.{place}" for place in plan.masked)
        found = await context.reading.text(plan, context.viewer, variables)
        if not plan.later or found is None:
            return found
        answer = orjson.loads(found)
        await fill(context.steps, plan.later, answer)
        return orjson.dumps(answer)
