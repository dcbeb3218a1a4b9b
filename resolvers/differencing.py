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
from typing import Any

import structlog

from permissions.viewer import Viewer
from resolvers.faults import Denied

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
            raise Denied(
                "RATE_LIMITED",
                f"每小时最多 {self.per_hour} 种不同的汇总查询，请稍后再试。",
                f"At most {self.per_hour} different aggregate queries an hour; try again later.",
            )
        asked[digest] = now
        # Which statement, not what it holds: two lines with one digest asked the same.
        log.info("aggregate_read", account=viewer.account_id, entities=list(entities), digest=digest.hex())
