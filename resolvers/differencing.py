"""Numbers for roles that see aggregates only: how many different ones, and on record.

Withholding small cells protects one answer. Who asks again and again with conditions that differ by a little can take
one answer from another; that cannot be prevented without refusing true numbers, so it is made slow and visible: a
limit of different statements an hour, and a line in the log for each of them. The same statement tells nothing new.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import structlog

from db.entity_info import EntityInfo
from permissions.viewer import Viewer
from resolvers.binds import resolve
from resolvers.faults import Denied, bad_input, rate_limited
from resolvers.requests import Connection, Groups

if TYPE_CHECKING:
    from resolvers.compiler import Plan


class OneTable:
    """The numbers of one answer, of entities whose rows the viewer may not see: one table each.

    What is withheld of a table is chosen so that the rest of it does not tell (``levels``). A second condition or a
    second grouping beside it could: the difference of two totals is a cell. So an answer holds one condition and one
    set of keys of such an entity; more are more answers, which are counted (``Differencing``).
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, str], Any] = {}

    def check(self, plan: Plan, variables: Any, beside: str = "") -> None:
        """Note the tables of a plan. Raises BAD_INPUT for a second one of an entity.

        Tables `beside` each other tell nothing of each other's cells: those of periods without a day in common, and
        the two of a ratio, of which no cell is told that differs from its part by few (``named.ratio``).
        """
        for paged in plan.cursors:
            name = paged.entity.name
            if name not in plan.guarded:
                continue
            listed = paged.of if isinstance(paged, Groups) else paged
            assert isinstance(listed, Connection)
            told: list[tuple[str, Any]] = [("where", listed.where or {})]
            told += [("by", paged.by)] if isinstance(paged, Groups) else []
            for what, tree in told:
                asked = resolve(tree, variables)
                if self._seen.setdefault((name, what, beside), asked) != asked:
                    raise _second(paged.entity, what)


def _second(info: EntityInfo, what: str) -> Denied:
    said = ("条件", "condition") if what == "where" else ("分组", "grouping")
    return bad_input(
        f"您只能查看“{info.facts.zh}”的汇总数：一次查询只能有一种{said[0]}，否则被隐去的小数目可以推算出来。"
        "小计请用 subtotals，其余请分次查询。",
        f"You may see aggregates of {info.name} only: one query takes one {said[1]}, or withheld numbers could be "
        "worked out. Use subtotals, or ask in several queries.",
        about=info.name,
    )


log = structlog.get_logger("differencing")
_HOUR = 3600.0
_MOST_VIEWERS = 1_000


class Differencing:
    """The different statements of the last hour by viewer, in this process."""

    def __init__(self, per_hour: int) -> None:
        self.per_hour = per_hour
        self._asked: OrderedDict[str, OrderedDict[bytes, float]] = OrderedDict()

    def note(self, viewer: Viewer, entities: Sequence[str], sql: str, values: Sequence[Any]) -> None:
        """Note one statement. Raises RATE_LIMITED for one too many."""
        asked = self._asked.setdefault(viewer.account_id, OrderedDict())
        self._asked.move_to_end(viewer.account_id)
        if len(self._asked) > _MOST_VIEWERS:
            self._asked.popitem(last=False)
        now = time.monotonic()
        while asked and next(iter(asked.values())) < now - _HOUR:
            asked.popitem(last=False)
        digest = hashlib.blake2b(repr((sql, list(values))).encode(), digest_size=8).digest()
        if digest in asked:
            return
        if len(asked) >= self.per_hour:
            raise rate_limited(
                f"每小时最多 {self.per_hour} 种不同的汇总查询，请稍后再试。",
                f"At most {self.per_hour} different aggregate queries an hour; try again later.",
                next(iter(asked.values()), now) + _HOUR - now,
            )
        asked[digest] = now
        # Which statement, not what it holds: two lines with one digest asked the same.
        log.info("aggregate_read", account=viewer.account_id, entities=list(entities), digest=digest.hex())
