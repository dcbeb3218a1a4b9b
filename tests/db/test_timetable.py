"""When timers fall due: known answers by hand, and what holds of every day."""

from __future__ import annotations

import datetime as dt
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.timetable import Every, Period, Timer, named, period_of

DAY = dt.date.fromisoformat
ONE_DAY = dt.timedelta(days=1)
KNOWN: list[tuple[Every, str, Period]] = [
    ("day", "2026-02-28", Period("2026-02-28", DAY("2026-02-28"), DAY("2026-02-28"))),
    # 1 January 2027 is a Friday: ISO 8601 counts it to the last week of 2026.
    ("week", "2027-01-01", Period("2026-W53", DAY("2026-12-28"), DAY("2027-01-03"))),
    ("half-month", "2026-02-15", Period("2026-02-1", DAY("2026-02-01"), DAY("2026-02-15"))),
    ("half-month", "2028-02-16", Period("2028-02-2", DAY("2028-02-16"), DAY("2028-02-29"))),
    ("month", "2026-12-31", Period("2026-12", DAY("2026-12-01"), DAY("2026-12-31"))),
    ("quarter", "2026-06-30", Period("2026-Q2", DAY("2026-04-01"), DAY("2026-06-30"))),
    ("year", "2026-06-30", Period("2026", DAY("2026-01-01"), DAY("2026-12-31"))),
]


@pytest.mark.parametrize(("every", "day", "period"), KNOWN)
def test_periods_by_hand(every: Every, day: str, period: Period) -> None:
    assert period_of(every, DAY(day)) == period


@given(st.sampled_from(get_args(Every)), st.dates(dt.date(1901, 1, 1), dt.date(2199, 1, 1)))
def test_periods_cover_every_day_once_and_are_known_by_their_names(every: Every, day: dt.date) -> None:
    here = period_of(every, day)
    assert here.first <= day <= here.last
    assert {period_of(every, here.first), period_of(every, here.last)} == {here}
    assert period_of(every, here.last + ONE_DAY).first == here.last + ONE_DAY
    assert named(every, here.key) == here


def test_what_is_no_period_is_refused() -> None:
    for every, key in (
        ("month", "2026-12-1"),
        ("day", "2026-13-01"),
        ("quarter", "2026-Q5"),
        ("week", "x"),
        ("day", ""),
    ):
        with pytest.raises(ValueError, match=r".+"):
            named(every, key)  # type: ignore[arg-type]


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"{text}+08:00")


def keys(periods: list[Period]) -> list[str]:
    return [period.key for period in periods]


def test_a_timer_falls_due_at_its_time_of_shanghai_and_not_before() -> None:
    timer = Timer("x", "day", at="02:00")
    assert timer.due_at(period_of("day", DAY("2026-12-01"))) == dt.datetime(2026, 11, 30, 18, tzinfo=dt.UTC)
    assert keys(timer.due(None, at("2026-12-01 01:59"))) == ["2026-11-30"]
    assert keys(timer.due(None, at("2026-12-01 02:00"))) == ["2026-12-01"]
    assert timer.following(at("2026-12-01 01:59")) == at("2026-12-01 02:00")
    assert timer.following(at("2026-12-01 02:00")) == at("2026-12-02 02:00")


def test_what_was_missed_is_due_in_its_order_and_for_some_only_the_newest() -> None:
    last = period_of("day", DAY("2026-12-01"))
    assert keys(Timer("x", "day").due(last, at("2026-12-01 23:00"))) == []
    assert keys(Timer("x", "day").due(last, at("2026-12-04 01:00"))) == ["2026-12-02", "2026-12-03"]
    assert keys(Timer("x", "day", only_newest=True).due(last, at("2026-12-04 01:00"))) == ["2026-12-03"]
    # A job that went by months and goes by halves now begins with the half after the month that was done.
    month = period_of("month", DAY("2026-11-01"))
    assert keys(Timer("x", "half-month").due(month, at("2026-12-16 03:00"))) == ["2026-12-1", "2026-12-2"]
