"""Calendar days."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

from db.kinds.kind import Bad, Kind, within
from db.types import Day

if TYPE_CHECKING:
    from db.columns import Facts


class Date(Kind):
    """``date``."""

    key, stores, use = "date", Day, "day"
    ranged = dimension = bucketed = True

    def read(self, facts: Facts, value: Any, today: dt.date) -> dt.date:
        if isinstance(value, str):
            if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
                raise Bad("PATTERN", "须为日期，如 2026-05-03", "must be a date such as 2026-05-03")
            try:
                value = dt.date.fromisoformat(value)
            except ValueError:
                raise Bad("PATTERN", "不是存在的日期", "is no day of the calendar") from None
        if isinstance(value, dt.datetime) or not isinstance(value, dt.date):
            raise Bad("PATTERN", "须为日期，如 2026-05-03", "must be a date such as 2026-05-03")
        within(facts, value)
        if not facts.future and value > today:
            raise Bad("RANGE", "不能晚于今天", "must not lie in the future")
        return value

    def parsed(self, printed: Any) -> dt.date:
        return dt.date.fromisoformat(printed)
