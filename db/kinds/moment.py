"""Points in time."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from db.clock import SHANGHAI
from db.kinds.kind import Bad, Kind
from db.types import Moment

if TYPE_CHECKING:
    from db.columns import Facts

_FIRST, _LAST = dt.datetime(1900, 1, 1, tzinfo=dt.UTC), dt.datetime(2200, 1, 1, tzinfo=dt.UTC)


class Datetime(Kind):
    """``datetime``."""

    key, stores, use = "datetime", Moment, "moment"
    ranged = bucketed = instant = True

    def read(self, facts: Facts, value: Any, today: dt.date) -> dt.datetime:
        try:
            moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            moment = None
        if not isinstance(moment, dt.datetime):
            raise Bad(
                "PATTERN", "须为时间，如 2026-05-03T09:30:00+08:00", "must be a time such as 2026-05-03T09:30:00+08:00"
            )
        # A form knows no zone: its clock is China's.
        moment = moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)
        if not _FIRST <= moment < _LAST:
            raise Bad("RANGE", "须在 1900 年与 2199 年之间", "must lie between 1900 and 2199")
        if not facts.future and moment.astimezone(SHANGHAI).date() > today:
            raise Bad("RANGE", "不能晚于今天", "must not lie in the future")
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def parsed(self, printed: Any) -> dt.datetime:
        return dt.datetime.fromisoformat(printed)
