"""Exports: the rows of one list as they come from the database, one JSON text a row, however many there are.

It is the read path: the same source, scopes, conditions, order and row text as a page of the list (``lists``), without
the joining. What leaves is what may be exported (operation X). That it begins is on record before a row is read, and at
its end how much left: a disk that is full, or a lock that somebody holds, lets nothing out unseen.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from db.crypto import derived_key
from db.engine import EXPORTS, Database, TooSlow
from db.entity_info import EntityInfo
from db.identity import new_key
from db.registry import Registry
from permissions.scopes import may
from permissions.viewer import Viewer
from permissions.walls import behind
from resolvers.binds import Call, resolve
from resolvers.commands.audit import record_export
from resolvers.compiler import Compiler, Plan
from resolvers.faults import Denied, bad_input, forbidden, rate_limited
from resolvers.lists import ListText
from resolvers.orderings import sort_keys
from resolvers.requests import Connection, Either, Groups, One, Pick
from resolvers.run import FAILURES, finished, refusal

BATCH = 500
"""Rows that are in memory at a time."""
_ONLY_NODES = (
    "导出时列表里只能选择 nodes，参数只能是 where、orderBy、first、asOf 和 successors。",
    "An export selects nodes only, and takes where, orderBy, first, asOf and successors.",
)


class StreamText(ListText):
    """The printing of a list as a statement of one text a row."""

    def statement(self) -> sa.Select[Any]:
        """The rows in their order. Raises FORBIDDEN, and BAD_INPUT for a selection that is no plain list of rows."""
        request, c = self.request, self.c
        paged = (request.after, request.last, request.before, request.offset)
        if [part for _, part, _ in request.parts] != ["nodes"] or any(argument is not None for argument in paged):
            raise bad_input(*_ONLY_NODES)
        c.rows_allowed(request.entity, f"{request.entity.plural}.nodes")
        table, conditions = self.source()
        keys = sort_keys(c, request.entity, table, request.order, "orderBy")
        rows = sa.select(*(table.c[name].label(name) for name in self._needed(table))).where(*conditions)
        rows = rows.order_by(*(key.sql() for key in keys))
        if request.first is not None:
            rows = rows.limit(c.binds.add(request.first, sa.BigInteger(), _at_most))
        page = rows.subquery(c.name())
        return sa.select(self.row_texts(page, keys)["0"]).select_from(page)


def compile_stream(
    request: Connection, entities: Registry, viewer: Viewer, dialect: Dialect, suppress_below: int
) -> Plan:
    """The plan of an export. Raises Denied for what the viewer may not ask or not export."""
    _mark(request, viewer, request.entity.plural)
    c = Compiler(entities, viewer, suppress_below)
    c.ask_past(request)
    plan = c.plan(StreamText(c, request, None, None, "").statement(), dialect)
    if plan.later:
        raise bad_input("导出中不能选择 allowedSteps。", "An export does not tell allowedSteps.")
    return plan


def _mark(asked: Any, viewer: Viewer, path: str) -> None:
    """Read a list, and every list in it, for export, wherever in the selection it stands. Raises FORBIDDEN."""
    match asked:
        case Connection():
            _check(asked.entity, viewer, path)
            asked.operation = "X"
            _mark(asked.parts, viewer, path)
        case One():
            # What is listed for nobody's export, such as regions, may stand beside a row that refers to it.
            if any("X" in grant.operations for grant in asked.pick.entity.grants.values()):
                _check(asked.pick.entity, viewer, path)
            _mark(asked.pick, viewer, path)
        case Either():
            _mark(asked.ones, viewer, path)
        case Pick():
            _mark(asked.items, viewer, path)
        case Groups():
            _mark(asked.parts, viewer, path)
        case list():
            for part in asked:
                _mark(part, viewer, path)
        case (str(key), *what):  # a response key and what stands under it
            _mark(what, viewer, f"{path}.{key}")
        case tuple():  # a region's level and what is shown of it
            _mark([*asked], viewer, path)


def _check(info: EntityInfo, viewer: Viewer, path: str) -> None:
    if not may(info, viewer, "X"):
        zh, en = f"没有导出“{info.facts.zh}”的权限（{path}）。", f"You may not export {info.name} ({path})."
        raise forbidden(zh, en, about=info.name)


def _at_most(value: Any, _call: Call) -> int:
    if value < 0:
        raise bad_input("first 不能为负数。", "first must not be negative.")
    return int(value)


_PAUSE = 10
"""Seconds after which it is worth while to ask for a place again."""


class Exports:
    """The exports of a process: few at a time, so that they never take what requests need."""

    def __init__(self, database: Database, entities: Registry) -> None:
        self.database, self.entities = database, entities
        self._running: Counter[str] = Counter()

    async def lines(self, request: Connection, viewer: Viewer, variables: Any) -> AsyncGenerator[bytes, None]:
        """The rows of a list, a line of JSON each, some lines at a time; the iterator must be closed.

        Nothing is read before the first step, which raises Denied for what may not be; later ones only for TIMEOUT.
        A record is written before anything is read, and another when it ends, in whatever way, before it says so.
        """
        below = self.database.settings.suppress_below
        plan = compile_stream(request, self.entities, viewer, self.database.dialect, below)
        values, contexts = plan.call(viewer, variables)
        told: dict[str, Any] = {"export": new_key(), "filter": digest_of(request, variables)}
        with self._place(viewer):
            await self._record(viewer, request.entity, told)
            told |= {"rows": 0, "complete": False}
            try:
                async with contextlib.aclosing(behind(self.database, viewer).rows(plan.sql, values, BATCH)) as found:
                    async for texts in found:
                        told["rows"] += len(texts)
                        yield finished(plan, b"\n".join(texts), contexts) + b"\n"
                told["complete"] = True
            except FAILURES as problem:
                raise refusal(problem) from None
            finally:
                await self._record(viewer, request.entity, told)

    @contextlib.contextmanager
    def _place(self, viewer: Viewer) -> Iterator[None]:
        if self._running[viewer.account_id] >= EXPORTS:
            raise rate_limited(
                "您已有导出正在进行，请等它完成。", "You have exports running; wait for one to end.", _PAUSE
            )
        if self._running.total() >= EXPORTS:
            raise Denied("UNAVAILABLE", "其他人正在导出，请稍后再试。", "Others are exporting; try again in a while.")
        self._running[viewer.account_id] += 1
        try:
            yield
        finally:
            self._running[viewer.account_id] -= 1
            self._running += Counter()  # forgets whose number is zero

    async def _record(self, viewer: Viewer, info: EntityInfo, told: dict[str, Any]) -> None:
        as_told = dict(told)
        write = asyncio.create_task(
            behind(self.database, viewer, "act").write(lambda c: record_export(c, viewer, info, as_told))
        )
        try:
            # Who is cancelled has read rows all the same.
            await asyncio.shield(write)
        except TooSlow as problem:
            raise refusal(problem) from None


def digest_of(request: Connection, variables: Any) -> str:
    """What tells two conditions apart without naming anybody: conditions hold names and numbers of people.

    Keyed, since whoever reads the log could try all numbers there are.
    """
    asked = {"where": resolve(request.where, variables), "first": resolve(request.first, variables)}
    asked |= {"successors": True} if request.successors else {}
    asked |= {"asOf": resolve(request.as_of, variables)} if request.as_of is not None else {}
    said = orjson.dumps(asked, default=str, option=orjson.OPT_SORT_KEYS)
    return hmac.new(derived_key("export"), said, "sha256").hexdigest()
