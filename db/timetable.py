"""Timers and the periods of the calendar they go by: which periods fell due, and when.

A timer falls due at a time of Shanghai on the first day of each of its periods. All of it is arithmetic over days: what
was missed while no server ran follows from the last period that was done (``resolvers.commands.job_runs``).
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from db.clock import SHANGHAI

Every = Literal["day", "week", "half-month", "month", "quarter", "year"]
EVERY: Mapping[Every, str] = {
    "day": "每日", "week": "每周", "half-month": "每半月", "month": "每月", "quarter": "每季度", "year": "每年",
}  # fmt: skip
_ONE_DAY = dt.timedelta(days=1)
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)


@dataclass(frozen=True)
class Period:
    """A stretch of the calendar, first and last day included; `key` is its name: ``2026-12-01``, ``2026-W49`` (ISO
    8601), ``2026-12-1`` and ``2026-12-2`` (halves), ``2026-12``, ``2026-Q4``, ``2026``."""

    key: str
    first: dt.date
    last: dt.date


@dataclass(frozen=True)
class Timer:
    """What a job of this name does every period, at this time of Shanghai on the period's first day.

    Missed periods are caught up one by one, each as of its due time; with ``only_newest`` the newest stands for all of
    them: right for what looks at everything anyway.
    """

    name: str
    every: Every
    at: str = "02:00"
    zh: str = ""
    only_newest: bool = False

    def mistake(self) -> str | None:
        """What is wrong with it, in a few words."""
        if self.every not in get_args(Every):
            return f"every={self.every!r} is none of {', '.join(get_args(Every))}"
        return None if _TIME.fullmatch(self.at) else f"at={self.at!r} is no time such as 02:00"

    def due_at(self, period: Period) -> dt.datetime:
        """The moment at which a period falls due, in UTC."""
        return dt.datetime.combine(period.first, dt.time.fromisoformat(self.at), SHANGHAI).astimezone(dt.UTC)

    def due(self, last: Period | None, moment: dt.datetime) -> list[Period]:
        """The periods that fell due after `last` and by `moment`, the earliest first; without a `last` the newest."""
        newest = period_of(self.every, moment.astimezone(SHANGHAI).date())
        if self.due_at(newest) > moment:
            newest = period_of(self.every, newest.first - _ONE_DAY)
        if last is None:
            return [newest]
        found = list(_between(self.every, last.last + _ONE_DAY, newest.first))
        return found[-1:] if self.only_newest else found

    def following(self, moment: dt.datetime) -> dt.datetime:
        """When it falls due next, after `moment`."""
        here = period_of(self.every, moment.astimezone(SHANGHAI).date())
        at = self.due_at(here)
        return at if at > moment else self.due_at(period_of(self.every, here.last + _ONE_DAY))


def period_of(every: Every, day: dt.date) -> Period:
    """The period of a kind that holds a day."""
    return _PERIODS[every](day)


def named(every: Every, key: str) -> Period:
    """The period of this name. Raises ValueError where there is none."""
    if match := re.fullmatch(r"(\d{4})-W(\d\d)", key, re.ASCII):
        day = dt.date.fromisocalendar(int(match[1]), int(match[2]), 1)
    elif match := re.fullmatch(r"(\d{4})-Q([1-4])", key, re.ASCII):
        day = dt.date(int(match[1]), int(match[2]) * 3 - 2, 1)
    elif match := re.fullmatch(r"(\d{4})(?:-(\d\d))?(?:-([12]))?", key, re.ASCII):
        day = dt.date(int(match[1]), int(match[2] or 1), 16 if match[3] == "2" else 1)
    else:
        day = dt.date.fromisoformat(key)
    found = period_of(every, day)
    if found.key != key:
        raise ValueError(f"{key!r} is no {every}")
    return found


def _between(every: Every, start: dt.date, until: dt.date) -> Iterator[Period]:
    """The periods whose first day lies in ``[start, until]``."""
    period = period_of(every, start)
    while period.first <= until:
        if period.first >= start:
            yield period
        period = period_of(every, period.last + _ONE_DAY)


def _month_end(day: dt.date) -> dt.date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _day(day: dt.date) -> Period:
    return Period(day.isoformat(), day, day)


def _week(day: dt.date) -> Period:
    year, week, weekday = day.isocalendar()
    first = day - (weekday - 1) * _ONE_DAY
    return Period(f"{year:04d}-W{week:02d}", first, first + 6 * _ONE_DAY)


def _half_month(day: dt.date) -> Period:
    if day.day <= 15:
        return Period(f"{day:%Y-%m}-1", day.replace(day=1), day.replace(day=15))
    return Period(f"{day:%Y-%m}-2", day.replace(day=16), _month_end(day))


def _month(day: dt.date) -> Period:
    return Period(f"{day:%Y-%m}", day.replace(day=1), _month_end(day))


def _quarter(day: dt.date) -> Period:
    number = (day.month + 2) // 3
    last = _month_end(dt.date(day.year, number * 3, 1))
    return Period(f"{day.year:04d}-Q{number}", dt.date(day.year, number * 3 - 2, 1), last)


def _year(day: dt.date) -> Period:
    return Period(f"{day.year:04d}", dt.date(day.year, 1, 1), dt.date(day.year, 12, 31))


_PERIODS: Mapping[Every, Callable[[dt.date], Period]] = {
    "day": _day, "week": _week, "half-month": _half_month, "month": _month, "quarter": _quarter, "year": _year,
}  # fmt: skip
