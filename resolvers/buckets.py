"""Buckets of time: days and moments -> the period they fall in, on both databases alike.

A bucket is a whole number that counts periods of its granularity, so buckets sort, group and can be filled by number;
it is printed as the one syntax of periods (``resolvers.periods``) says.
"""

from __future__ import annotations

import datetime as dt
import functools
import zoneinfo
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.sql.type_api import TypeEngine

from db.clock import SHANGHAI
from db.periods import Granularity
from resolvers.faults import bad_input

CHINA = "Asia/Shanghai"
_EPOCH = dt.date(1970, 1, 1)
_FIRST, _LAST = dt.datetime(1900, 1, 1, tzinfo=dt.UTC), dt.datetime(2200, 1, 1, tzinfo=dt.UTC)


_IN_YEAR = {Granularity.HALF_MONTH: 24, Granularity.MONTH: 12, Granularity.QUARTER: 4, Granularity.HALF_YEAR: 2,
            Granularity.YEAR: 1}  # fmt: skip


def number_of(day: dt.date, granularity: Granularity) -> int:
    """The bucket of a day; what Bucket computes in SQL."""
    days = (day - _EPOCH).days
    if granularity is Granularity.DAY:
        return days
    if granularity is Granularity.WEEK:
        return (days + 3) // 7
    if granularity is Granularity.HALF_MONTH:
        return (day.year * 12 + day.month - 1) * 2 + (day.day > 15)
    per_year = _IN_YEAR[granularity]
    return day.year * per_year + (day.month - 1) // (12 // per_year)


def local_day(moment: dt.datetime, zone: str) -> dt.date:
    """The calendar day of a moment in a time zone; what LocalDay computes in SQL."""
    try:
        return moment.astimezone(SHANGHAI if zone == CHINA else zoneinfo.ZoneInfo(zone)).date()
    except OverflowError:  # an edge of the calendar, where no day lies beyond
        return moment.date()


class LocalDay(FunctionElement[dt.date]):
    """The calendar day of a moment in a time zone."""

    type: TypeEngine[dt.date] = sa.Date()
    inherit_cache = False

    def __init__(self, moment: ColumnElement[Any], zone: str) -> None:
        super().__init__(moment)
        self.offsets = offsets(zone)


@compiles(LocalDay, "postgresql")
def _(element: LocalDay, compiler: Any, **kw: Any) -> str:
    moment = compiler.process(element.clauses.clauses[0], **kw)
    seconds = _choice(f"({moment})", element.offsets, lambda at: f"TIMESTAMPTZ '{at:%Y-%m-%d %H:%M:%S}+00'", str)
    return f"(({moment}) AT TIME ZONE 'UTC' + ({seconds}) * INTERVAL '1 second')::date"


@compiles(LocalDay, "sqlite")
def _(element: LocalDay, compiler: Any, **kw: Any) -> str:
    moment = compiler.process(element.clauses.clauses[0], **kw)
    shift = _choice(moment, element.offsets, lambda at: f"'{at:%Y-%m-%d %H:%M:%S}.000'", lambda s: f"'{s:+d} seconds'")
    return f"date({moment}, {shift})"


def _choice(moment: str, found: Sequence[tuple[dt.datetime, int]], at: Any, said: Any) -> str:
    """Which offset holds, found by halves: a zone with summer time has hundreds of them."""
    if len(found) == 1:
        return str(said(found[0][1]))
    middle = len(found) // 2
    early, late = _choice(moment, found[:middle], at, said), _choice(moment, found[middle:], at, said)
    return f"CASE WHEN {moment} < {at(found[middle][0])} THEN {early} ELSE {late} END"


def offsets(zone: str, at: str = "timeZone") -> tuple[tuple[dt.datetime, int], ...]:
    """(moment, seconds east of UTC from then on) of a zone between 1900 and 2199. Raises BAD_INPUT for no zone.

    China's is one, +08:00, as everywhere in this system (docs/decisions.md).
    """
    try:
        return _known(zone)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        raise bad_input(
            f"{at}：没有时区“{zone[:40]}”；例如 Asia/Shanghai。",
            f"{at}: there is no zone {zone[:40]!r}; Asia/Shanghai is one.",
        ) from None


@functools.lru_cache(maxsize=64)
def _known(zone: str) -> tuple[tuple[dt.datetime, int], ...]:
    if zone == CHINA:
        return ((_FIRST, 8 * 3600),)
    known = zoneinfo.ZoneInfo(zone)
    found = [(_FIRST, _offset(known, _FIRST))]
    at = _FIRST
    while at < _LAST:
        after = at + dt.timedelta(days=7)
        if (offset := _offset(known, after)) != found[-1][1]:
            found.append((_change(known, at, after), offset))
        at = after
    return tuple(found)


def _offset(zone: dt.tzinfo, at: dt.datetime) -> int:
    shift = at.astimezone(zone).utcoffset()
    return round(shift.total_seconds()) if shift is not None else 0


def _change(zone: dt.tzinfo, early: dt.datetime, late: dt.datetime) -> dt.datetime:
    """The second between two moments from which on the later one's offset holds."""
    wanted = _offset(zone, late)
    while late - early > dt.timedelta(seconds=1):
        middle = (early + (late - early) / 2).replace(microsecond=0)
        early, late = (early, middle) if _offset(zone, middle) == wanted else (middle, late)
    return late


class Bucket(FunctionElement[int]):
    """A day -> the number of its bucket."""

    type: TypeEngine[int] = sa.Integer()
    inherit_cache = False

    def __init__(self, day: ColumnElement[Any], granularity: Granularity) -> None:
        super().__init__(day)
        self.granularity = granularity


@compiles(Bucket, "postgresql")
def _(element: Bucket, compiler: Any, **kw: Any) -> str:
    day = compiler.process(element.clauses.clauses[0], **kw)
    days = f"({day} - DATE '1970-01-01')"
    return _bucket(element.granularity, days, *(f"date_part('{p}', {day})::int" for p in ("year", "month", "day")))


@compiles(Bucket, "sqlite")
def _(element: Bucket, compiler: Any, **kw: Any) -> str:
    day = compiler.process(element.clauses.clauses[0], **kw)
    days = f"CAST(julianday({day}) - 2440587.5 AS INTEGER)"
    parts = (f"CAST(substr({day}, {at}, {length}) AS INTEGER)" for at, length in ((1, 4), (6, 2), (9, 2)))
    return _bucket(element.granularity, days, *parts)


def _bucket(granularity: Granularity, days: str, year: str, month: str, day: str) -> str:
    match granularity:
        case Granularity.DAY:
            return days
        case Granularity.WEEK:  # whole division goes towards zero; no day is before the year 1900
            return f"(({days} + 70003) / 7 - 10000)"
        case Granularity.HALF_MONTH:
            return f"(({year} * 12 + {month} - 1) * 2 + CASE WHEN {day} > 15 THEN 1 ELSE 0 END)"
    per_year = _IN_YEAR[granularity]
    return f"({year} * {per_year} + ({month} - 1) / {12 // per_year})"


class Period(FunctionElement[str]):
    """The number of a bucket -> its period as text, such as ``2026Q2``."""

    type: TypeEngine[str] = sa.Text()
    inherit_cache = False

    def __init__(self, number: ColumnElement[Any], granularity: Granularity) -> None:
        super().__init__(number)
        self.granularity = granularity


@compiles(Period, "postgresql")
def _(element: Period, compiler: Any, **kw: Any) -> str:
    number = compiler.process(element.clauses.clauses[0], **kw)
    if element.granularity is Granularity.DAY:
        return f"to_char(DATE '1970-01-01' + {number}, 'YYYY-MM-DD')"
    if element.granularity is Granularity.WEEK:
        return f"""to_char(DATE '1970-01-01' + {number} * 7, 'IYYY-"W"IW')"""
    return _period(element.granularity, number, "lpad(({})::text, 2, '0')", "({})::text")


@compiles(Period, "sqlite")
def _(element: Period, compiler: Any, **kw: Any) -> str:
    number = compiler.process(element.clauses.clauses[0], **kw)
    if element.granularity is Granularity.DAY:
        return f"date({number} * 86400, 'unixepoch')"
    if element.granularity is Granularity.WEEK:
        thursday = f"{number} * 604800, 'unixepoch'"  # the first of 1970 was one; a week is of its Thursday's year
        week = f"(CAST(strftime('%j', {thursday}) AS INTEGER) - 1) / 7 + 1"
        return f"(strftime('%Y', {thursday}) || '-W' || printf('%02d', {week}))"
    return _period(element.granularity, number, "printf('%02d', {})", "CAST({} AS TEXT)")


def _period(granularity: Granularity, number: str, two: str, plain: str) -> str:
    per_year = _IN_YEAR[granularity]
    year, part = plain.format(f"{number} / {per_year}"), f"{number} % {per_year}"
    match granularity:
        case Granularity.HALF_MONTH:
            month = two.format(f"{part} / 2 + 1")
            return f"({year} || '-' || {month} || CASE WHEN {number} % 2 = 1 THEN 'B' ELSE 'A' END)"
        case Granularity.MONTH:
            return f"({year} || '-' || {two.format(f'{part} + 1')})"
        case Granularity.QUARTER:
            return f"({year} || 'Q' || {plain.format(f'{part} + 1')})"
        case Granularity.HALF_YEAR:
            return f"({year} || 'H' || {plain.format(f'{part} + 1')})"
    return year
