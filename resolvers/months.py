"""Whether a condition over a day parts days as whole months do.

What a rollup by months can tell (``resolvers.rollups``), and all that who may only count may ask: a day is as good as a
name (API 4, aggregates only).
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from db.periods import Granularity
from resolvers.periods import days_of

WHOLE_MONTHS = frozenset({Granularity.MONTH, Granularity.QUARTER, Granularity.HALF_YEAR, Granularity.YEAR})
"""The buckets that are made of months."""


def is_first(day: dt.date) -> bool:
    """Whether a day begins a month."""
    return day.day == 1


def is_last(day: dt.date) -> bool:
    """Whether a day ends a month."""
    return day.day == calendar.monthrange(day.year, day.month)[1]


def is_whole(period: str) -> bool:
    """Whether a period is made of months."""
    return all(map(is_first, days_of(period)))


ALIGNED: dict[str, Callable[[Any], bool]] = {"gte": is_first, "lt": is_first, "gt": is_last, "lte": is_last}
"""Bounds that part days as they part months."""


def _bounded(days: Sequence[Any]) -> bool:
    """Whether two days are the first and the last of months; what is no pair is told elsewhere."""
    return len(days) != 2 or None in days or (is_first(days[0]) and is_last(days[1]))


WHOLE: dict[str, Callable[[Any], bool]] = {**ALIGNED, "inPeriod": is_whole, "between": _bounded}
"""Operators over days, and for which values they part days as they part months."""
