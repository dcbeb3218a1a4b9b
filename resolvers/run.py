"""The only place that executes a compiled read."""

from __future__ import annotations

import asyncio
import datetime as dt
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson

from db.engine import Database, Snapshot, TooSlow
from db.registry import Registry
from permissions.viewer import Viewer
from permissions.walls import behind
from resolvers.binds import Call
from resolvers.compiler import Plan, compile_request
from resolvers.cursors import sign_all
from resolvers.differencing import Differencing, OneTable
from resolvers.faults import Denied, too_large
from resolvers.fill import TOO_MANY
from resolvers.requests import Connection, Single

_LIMITS = ("parser stack overflow", "Expression tree is too large")
"""What SQLite says of a statement that nests deeper than it was built for; PostgreSQL has no such limit in reach."""

FAILURES = (TooSlow, sqlite3.OperationalError)


class Reads:
    """The one read path: GraphQL, the admin and reports ask it for text or rows."""

    def __init__(self, database: Database, entities: Registry) -> None:
        self.database, self.entities = database, entities
        self.differencing = Differencing(database.settings.aggregates_per_hour)

    def plan(self, request: Connection | Single, viewer: Viewer) -> Plan:
        """Compile a request. Raises Denied for what the viewer may not ask."""
        settings = self.database.settings
        below, rollups = settings.suppress_below, settings.use_rollups
        try:
            return compile_request(request, self.entities, viewer, self.database.dialect, below, rollups)
        except RecursionError:
            raise too_large() from None

    async def text(self, plan: Plan, viewer: Viewer, variables: Any = None) -> bytes | None:
        """The JSON text of a plan for a viewer, in UTF-8; None where a single row is not there. Raises Denied."""
        return await run(plan, viewer, variables, behind(self.database, viewer).read, self.differencing)

    async def rows(self, request: Connection, viewer: Viewer) -> dict[str, Any]:
        """A list as Python values, for callers that are not clients."""
        text = await self.text(self.plan(request, viewer), viewer)
        return orjson.loads(text or b"{}")  # type: ignore[no-any-return]

    async def single(self, request: Single, viewer: Viewer) -> dict[str, Any] | None:
        """One row as Python values, or None."""
        text = await self.text(self.plan(request, viewer), viewer)
        return None if text is None else orjson.loads(text)


class Reading:
    """What one request reads. Call ``close`` at its end.

    Whatever it asks for at a time (a payload may show many rows), it holds one connection: its statements take turns.
    Those of a request with several root fields (``together``) run in one transaction: they see one snapshot.
    """

    def __init__(self, reads: Reads) -> None:
        self._database, self._differencing = reads.database, reads.differencing
        self._tables = OneTable()
        self._turn = asyncio.Lock()
        self._together = False
        self._snapshot: Snapshot | None = None
        self._began: dt.datetime | None = None
        self.as_of: dt.datetime | None = None
        """Of the reports that were read: every row committed before this moment is counted in them, and nothing was
        missed. It is taken just before the statement is sent, for a snapshot before its first one; so what was
        committed a few milliseconds later may be counted too, by all statements of a snapshot or by none."""

    def together(self) -> None:
        """From now on all that is read sees one snapshot."""
        self._together = True

    async def text(self, plan: Plan, viewer: Viewer, variables: Any = None) -> bytes | None:
        """As ``Reads.text``, and BAD_INPUT for a second table of what the viewer may only count."""
        if plan.guarded:
            self._tables.check(plan, variables)
        async with self._turn:
            if self._together:
                if self._snapshot is None:
                    self._began = self._database.clock()
                    self._snapshot = await behind(self._database, viewer).snapshot()
                began, read = self._began, self._snapshot.read
            else:
                began, read = self._database.clock() if plan.is_report else None, behind(self._database, viewer).read
            text = await run(plan, viewer, variables, read, self._differencing)
        if plan.is_report and began is not None and (self.as_of is None or began < self.as_of):
            self.as_of = began
        return text

    async def close(self) -> None:
        """Give back what the request held."""
        if self._snapshot is not None:
            await self._snapshot.close()


async def run(
    plan: Plan, viewer: Viewer, variables: Any, read: Callable[[str, Sequence[Any]], Awaitable[bytes | None]],
    differencing: Differencing,
) -> bytes | None:  # fmt: skip
    """The JSON text of a plan by one way to read. Raises Denied."""
    try:
        looked: Sequence[bytes | None] = ()
        if plan.lookups:
            before = Call(variables, viewer.binds, lambda _number: b"")
            looked = [await read(sql, values(before)) for sql, values in plan.lookups]
        values, contexts = plan.call(viewer, variables, looked)
        if plan.guarded:
            differencing.note(viewer, plan.guarded, plan.sql, values)
        found = await read(plan.sql, values)
    except FAILURES as problem:
        raise refusal(problem) from None
    return None if found is None else finished(plan, found, contexts)


def finished(plan: Plan, text: bytes, contexts: Callable[[int], bytes]) -> bytes:
    """What a statement printed, as it leaves the house. Raises TOO_EXPENSIVE where it printed that it is too much."""
    if plan.may_be_too_many and TOO_MANY.encode() in text:
        raise too_large()
    return sign_all(text, contexts) if plan.prints_cursors else text


def refusal(problem: Exception) -> Exception:
    """One of FAILURES in words for people; itself, where it is no fault of the question."""
    if isinstance(problem, TooSlow):
        return Denied("TIMEOUT", "查询超时，请缩小范围或减少内容。", "The query took too long; narrow it.")
    if any(limit in str(problem) for limit in _LIMITS):
        zh, en = "查询嵌套过深，请减少层数或分几次查询。", "The query nests too deep; ask in several."
        return Denied("TOO_EXPENSIVE", zh, en)
    return problem
