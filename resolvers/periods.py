"""The one syntax of periods: ``2026`` ``2026H1`` ``2026Q2`` ``2026-05`` ``2026-05A`` ``2026-W21`` ``2026-05-03``."""

from __future__ import annotations

import datetime as dt
import re

from resolvers.faults import bad_input

_DAY = dt.timedelta(days=1)
_SHAPE = re.compile(
    r"(?P<year>[12][0-9]{3})(?:H(?P<half>[12])|Q(?P<quarter>[1-4])|-W(?P<week>[0-9]{2})"
    r"|-(?P<month>[0-9]{2})(?:(?P<part>[AB])|-(?P<day>[0-9]{2}))?)?"
)


def _month(year: int, month: int) -> dt.date:
    """The first day of a month; month 13 is next year's January."""
    return dt.date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)


def days_of(period: str) -> tuple[dt.date, dt.date]:
    """The first day of a period and the day after its last. Raises BAD_INPUT for what is no period."""
    shape = _SHAPE.fullmatch(period)
    if shape is None:
        raise _no_period(period)
    part = {name: int(value) for name, value in shape.groupdict().items() if value and name != "part"}
    year = part["year"]
    try:
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
    except ValueError:
        raise _no_period(period) from None
    return dt.date(year, 1, 1), dt.date(year + 1, 1, 1)


def _no_period(period: str) -> Exception:
    return bad_input(
        f"“{period[:40]}”不是期间；可写 2026、2026H1、2026Q2、2026-05、2026-05A、2026-W21 或 2026-05-03。",
        f"{period[:40]!r} is no period; write 2026, 2026H1, 2026Q2, 2026-05, 2026-05A, 2026-W21 or 2026-05-03.",
    )
