"""The time of the house: UTC inside, Asia/Shanghai (UTC+8 since 1991, without summer time) for days and people."""

from __future__ import annotations

import datetime as dt

SHANGHAI = dt.timezone(dt.timedelta(hours=8), "Asia/Shanghai")


class WholeDay(dt.datetime):
    """The last moment of a day, where somebody wrote a day and a moment is meant."""

    @classmethod
    def of(cls, day: dt.date) -> WholeDay:
        """The end of a day in China, to the millisecond."""
        return cls(day.year, day.month, day.day, 23, 59, 59, 999_000, SHANGHAI)


def now() -> dt.datetime:
    """This moment, UTC, to the millisecond: what is stored is what is printed."""
    moment = dt.datetime.now(dt.UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def today() -> dt.date:
    """Today's date in China."""
    return dt.datetime.now(SHANGHAI).date()
