"""Months, ages and periods of days."""

from __future__ import annotations

import calendar
import datetime as dt

ONE_DAY = dt.timedelta(days=1)


def months_later(day: dt.date, months: int) -> dt.date:
    """The same day of the month `months` later; the month's last day where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def last_of_term(starts_on: dt.date, months: int) -> dt.date:
    """The last day of a term of `months`: the day before the same day of the month."""
    return months_later(starts_on, months) - ONE_DAY


def age_on(born: dt.date, day: dt.date) -> int:
    """Full years of age on a day."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def overlap(since: dt.date, until: dt.date | None, from_: dt.date, to: dt.date | None) -> bool:
    """Whether two periods share a day; a period without an end goes on."""
    return (until is None or from_ <= until) and (to is None or since <= to)
