"""The one syntax of periods: ``2026`` ``2026H1`` ``2026Q2`` ``2026-05`` ``2026-05A`` ``2026-W21`` ``2026-05-03``."""

from __future__ import annotations

import datetime as dt
import enum
import re

_DAY = dt.timedelta(days=1)
_SHAPE = re.compile(
    r"(?P<year>[12][0-9]{3})(?:H(?P<half>[12])|Q(?P<quarter>[1-4])|-W(?P<week>[0-9]{2})"
    r"|-(?P<month>[0-9]{2})(?:(?P<part>[AB])|-(?P<day>[0-9]{2}))?)?"
)


class Granularity(enum.Enum):
    """How long a period is."""

    DAY = "日。A day"
    WEEK = "周（周一起）。A week, from Monday"
    HALF_MONTH = "半月（1 至 15 日，16 日至月末）。Half a month: to the 15th, from the 16th"
    MONTH = "月。A month"
    QUARTER = "季。A quarter"
    HALF_YEAR = "半年。Half a year"
    YEAR = "年。A year"


EXAMPLES = {
    Granularity.YEAR: "2026", Granularity.HALF_YEAR: "2026H1", Granularity.QUARTER: "2026Q2",
    Granularity.MONTH: "2026-05", Granularity.HALF_MONTH: "2026-05A", Granularity.WEEK: "2026-W21",
    Granularity.DAY: "2026-05-03",
}  # fmt: skip
"""How a period of each length is written."""

_PARTS = {
    "half": Granularity.HALF_YEAR, "quarter": Granularity.QUARTER, "week": Granularity.WEEK, "day": Granularity.DAY,
    "part": Granularity.HALF_MONTH, "month": Granularity.MONTH,
}  # fmt: skip


def granularity_of(period: str) -> Granularity:
    """How long a period is. Raises ValueError for what is none."""
    shape = _SHAPE.fullmatch(period)
    if shape is None:
        raise ValueError(period)
    return next((length for part, length in _PARTS.items() if shape[part]), Granularity.YEAR)


def days_of(period: str) -> tuple[dt.date, dt.date]:
    """The first day of a period and the day after its last. Raises ValueError for what is no period."""
    shape = _SHAPE.fullmatch(period)
    if shape is None:
        raise ValueError(period)
    part = {name: int(value) for name, value in shape.groupdict().items() if value and name != "part"}
    year = part["year"]
    if "half" in part:
        return _month(year, part["half"] * 6 - 5), _month(year, part["half"] * 6 + 1)
    if "quarter" in part:
        return _month(year, part["quarter"] * 3 - 2), _month(year, part["quarter"] * 3 + 1)
    if "week" in part:
        monday = dt.date.fromisocalendar(year, part["week"], 1)
        return monday, monday + 7 * _DAY
    if "day" in part:
        day = dt.date(year, part["month"], part["day"])
        return day, day + _DAY
    if "month" in part:
        first = dt.date(year, part["month"], 1)
        middle, after = first.replace(day=16), _month(year, part["month"] + 1)
        return {"A": (first, middle), "B": (middle, after)}.get(shape["part"] or "", (first, after))
    return dt.date(year, 1, 1), dt.date(year + 1, 1, 1)


def ends_of(period: str) -> tuple[dt.date, dt.date]:
    """The first and the last day of a period. Raises ValueError for what is no period."""
    first, after = days_of(period)
    return first, after - _DAY


def _month(year: int, month: int) -> dt.date:
    """The first day of a month; month 13 is next year's January."""
    return dt.date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)
