"""The only place that executes a compiled read."""

from __future__ import annotations

import sqlite3
from typing import Any

import orjson

from db.engine import Database, TooSlow
from db.registry import Registry
from permissions.viewer import Viewer
from resolvers.compiler import Plan, compile_request
from resolvers.cursors import sign_all
from resolvers.faults import Denied, too_large
from resolvers.requests import Connection, Single

_LIMITS = ("parser stack overflow", "Expression tree is too large")
"""What SQLite says of a statement that nests deeper than it was built for; PostgreSQL has no such limit in reach."""


class Reads:
    """The one read path: GraphQL, the admin and reports ask it for text or rows."""

    def __init__(self, database: Database, entities: Registry) -> None:
        self.database, self.entities = database, entities

    def plan(self, request: Connection | Single, viewer: Viewer) -> Plan:
        """Compile a request. Raises Denied for what the viewer may not ask."""
        below = self.database.settings.suppress_below
        try:
            return compile_request(request, self.entities, viewer, self.database.dialect, below)
        except RecursionError:
            raise too_large() from None

    async def text(self, plan: Plan, viewer: Viewer, variables: Any = None) -> str | None:
        """The JSON text of a plan for a viewer; None where a single row is not there. Raises Denied."""
        values, contexts = plan.call(viewer, variables)
        try:
            found = await self.database.read(plan.sql, values)
        except TooSlow:
            raise Denied("TIMEOUT", "查询超时，请缩小范围或减少内容。", "The query took too long; narrow it.") from None
        except sqlite3.OperationalError as problem:
            if not any(limit in str(problem) for limit in _LIMITS):
                raise
            zh, en = "查询嵌套过深，请减少层数或分几次查询。", "The query nests too deep; ask in several."
            raise Denied("TOO_EXPENSIVE", zh, en) from None
        return sign_all(found, contexts) if found is not None and plan.prints_cursors else found

    async def rows(self, request: Connection, viewer: Viewer) -> dict[str, Any]:
        """A list as Python values, for callers that are not clients."""
        text = await self.text(self.plan(request, viewer), viewer)
        return orjson.loads(text or "{}")  # type: ignore[no-any-return]

    async def single(self, request: Single, viewer: Viewer) -> dict[str, Any] | None:
        """One row as Python values, or None."""
        text = await self.text(self.plan(request, viewer), viewer)
        return None if text is None else orjson.loads(text)
