"""Deadlines as data: from which day on, how long, and in which states the time does not run.

What is late follows from dates where it is read (``resolvers.deadlines`` puts it into SQL). A term is counted from the
day after its start, so ``Deadline("submitted_at", Days(30))`` of the 1st is due on the 31st; the last day is in time.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from db.enumeration import Role

WorkingDay = Callable[[dt.date], bool]
"""Whether a day is worked."""
ONE_DAY = dt.timedelta(days=1)


def weekdays(day: dt.date) -> bool:
    """Monday to Friday: the calendar of who knows no holidays."""
    return day.weekday() < 5


def working_days(_connection: Connection) -> WorkingDay:
    """The calendar that deadlines go by. The one hook: a table of holidays and swapped days is read here."""
    return weekdays


@dataclass(frozen=True)
class Days:
    """So many days of the calendar."""

    count: int

    def after(self, start: dt.date, _worked: WorkingDay) -> dt.date:
        """The last day of the term."""
        return start + dt.timedelta(days=self.count)

    @property
    def zh(self) -> str:
        """In words."""
        return f"{self.count} 日"


@dataclass(frozen=True)
class Months:
    """So many months: to the same day of the month, or to its last where it has no such day."""

    count: int

    def after(self, start: dt.date, _worked: WorkingDay) -> dt.date:
        """The last day of the term."""
        year, month = divmod(start.year * 12 + start.month - 1 + self.count, 12)
        return dt.date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))

    @property
    def zh(self) -> str:
        """In words."""
        return f"{self.count} 个月"


@dataclass(frozen=True)
class WorkingDays:
    """So many working days."""

    count: int

    def after(self, start: dt.date, worked: WorkingDay) -> dt.date:
        """The last day of the term."""
        day, left = start, self.count
        while left:
            day += ONE_DAY
            left -= worked(day)
        return day

    @property
    def zh(self) -> str:
        """In words."""
        return f"{self.count} 个工作日"


@dataclass(frozen=True)
class Deadline:
    """The `term` of a step, counted from the date or moment in the column `start`.

    Without a `start` it counts from when the row came to where the step may be taken. While the row is in a state of
    `pause` the time does not run, and is given back afterwards, in whole days.
    """

    start: str | None
    term: Days | Months | WorkingDays
    pause: tuple[str, ...] = ()

    def due_on(self, begun: dt.date, worked: WorkingDay) -> dt.date:
        """The last day in time of a term that began on a day, shifted by the days of its pauses."""
        return self.term.after(begun, worked)

    def latest_start(self, today: dt.date, worked: WorkingDay) -> dt.date:
        """The last day on which a term began that is over today."""
        day = today - ONE_DAY
        while self.due_on(day, worked) >= today:
            day -= ONE_DAY
        return day


@dataclass(frozen=True)
class Escalation:
    """Who is told of a step that was not taken in time: `roles`, so many `days` after it was due."""

    days: int
    roles: tuple[Role, ...]
