"""Deadlines in SQL: what is late follows from dates where it is read, and what the server must do is found by them.

A term begins on a day, or on the day of a moment in China. Days in which the row paused shift its beginning; they are
in its history, from state to state. So what is over today is told by one comparison of days.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause
from sqlalchemy.engine import Connection

from db.clock import SHANGHAI
from db.deadlines import Deadline, WorkingDay, working_days
from db.entity_info import EntityInfo
from db.facts import Machine, Role, Step
from db.history import shadow_of
from db.periods import Granularity
from db.registry import Registry
from resolvers.buckets import CHINA, Bucket, LocalDay

_EPOCH = dt.date(1970, 1, 1)
_ONE_DAY = dt.timedelta(days=1)


def _day(moment: ColumnElement[Any]) -> ColumnElement[int]:
    """The number of the day of a moment."""
    return Bucket(LocalDay(moment, CHINA), Granularity.DAY)


def begun(info: EntityInfo, machine: Machine, step: Step, table: FromClause) -> ColumnElement[int | None]:
    """The day, as a number, on which the term of a step begins for a row of `table`, shifted by its pauses.

    Null where it has not begun, does not run now, or where the step is not open.
    """
    due = step.due
    assert due is not None
    state, shadow = table.c[machine.column], shadow_of(info.table)
    past = shadow.alias() if shadow is not None else None
    start: ColumnElement[Any]
    if due.start is None:
        start = table.c.created_at
        if past is not None:
            left = sa.select(sa.func.max(past.c.stood_to))
            left = left.where(past.c.id == table.c.id, past.c[machine.column].not_in(step.sources))
            start = sa.func.coalesce(left.correlate(table).scalar_subquery(), start)
        first = _day(sa.type_coerce(start, table.c.created_at.type))
    elif info.fields[due.start].kind == "date":
        first = Bucket(table.c[due.start], Granularity.DAY)
    else:
        first = _day(table.c[due.start])
    running = state.in_([each for each in step.sources if each not in due.pause])
    if past is not None and due.pause:
        from_, to = _day(past.c.stood_from), _day(past.c.stood_to)
        later = sa.case((from_ > first, from_), else_=first)
        paused = sa.select(sa.func.coalesce(sa.func.sum(to - later), 0)).where(
            past.c.id == table.c.id, past.c[machine.column].in_(due.pause), to > first
        )
        first = first + sa.type_coerce(paused.correlate(table).scalar_subquery(), sa.Integer())
    return sa.case((running, first), else_=sa.null())


def overdue(
    info: EntityInfo, machine: Machine, step: Step, table: FromClause, today: dt.date, worked: WorkingDay
) -> ColumnElement[bool]:
    """Whether a row of `table` should have taken the step before today; false where its time does not run."""
    assert step.due is not None
    last = number(step.due.latest_start(today, worked))
    return sa.func.coalesce(begun(info, machine, step, table) <= last, sa.false())


def due_days(connection: Connection, info: EntityInfo, keys: Sequence[str]) -> dict[tuple[str, str], dt.date]:
    """(key, verb) -> the last day in time, of the steps with deadlines that these rows may take."""
    if not keys:
        return {}
    found: dict[tuple[str, str], dt.date] = {}
    worked, table = working_days(connection), info.table.alias("t")
    for machine, step in dated(info):
        days = sa.select(table.c.id, begun(info, machine, step, table).label("begun")).where(table.c.id.in_(keys))
        assert step.due is not None
        for key, day in connection.execute(days):
            if day is not None:
                due = _due_on(step.due, day, worked)
                found[key, step.verb] = min(due, found.get((key, step.verb), due))
    return found


def due_steps(
    connection: Connection, entities: Registry, now: dt.datetime
) -> list[tuple[str, str, str, dt.datetime]]:  # fmt: skip
    """(entity, key, verb, due at) of every step of the server that is due, the first one first.

    A step is due when its last day is over. ``resolvers.commands.steps.take_as_server`` takes it.
    """
    found: list[tuple[str, str, str, dt.datetime]] = []
    today, worked = now.astimezone(SHANGHAI).date(), working_days(connection)
    for info in entities.values():
        table = info.table.alias("t")
        for machine, step in dated(info):
            if not step.server or step.due is None:
                continue
            late = overdue(info, machine, step, table, today, worked)
            days = sa.select(table.c.id, begun(info, machine, step, table)).where(table.c.deleted_at.is_(None), late)
            for key, day in connection.execute(days):
                over = dt.datetime.combine(_due_on(step.due, day, worked) + _ONE_DAY, dt.time(), SHANGHAI)
                found.append((info.name, key, step.verb, over.astimezone(dt.UTC)))
    return sorted(found, key=lambda each: (each[3], each[1]))


@dataclass(frozen=True)
class Signal:
    """What is to be told on a day about a step that is not taken: to `roles`, or to who may take it where none are."""

    entity: str
    key: str
    verb: str
    due_on: dt.date
    days: int
    """Until the last day, or, of an escalation, since it: below zero."""
    roles: tuple[Role, ...] = ()


def signals(connection: Connection, entities: Registry, day: dt.date) -> list[Signal]:
    """The reminders and escalations that fall on a day: of rows whose steps are open then and still not taken."""
    found: list[Signal] = []
    worked = working_days(connection)
    for info in entities.values():
        for machine, step in dated(info):
            told = [(days, ()) for days in step.warns] + [(-each.days, each.roles) for each in step.escalates]
            if told:
                due = _due_of(connection, info, machine, step, worked)
                found += [
                    Signal(info.name, key, step.verb, on, days, roles)
                    for key, on in due for days, roles in told if on - dt.timedelta(days=days) == day
                ]  # fmt: skip
    return sorted(found, key=lambda each: (each.entity, each.key, each.verb))


def _due_of(
    connection: Connection, info: EntityInfo, machine: Machine, step: Step, worked: WorkingDay
) -> list[tuple[str, dt.date]]:
    assert step.due is not None
    table = info.table.alias("t")
    day = begun(info, machine, step, table)
    days = sa.select(table.c.id, day).where(table.c.deleted_at.is_(None), day.is_not(None))
    return [(key, _due_on(step.due, number_, worked)) for key, number_ in connection.execute(days)]


def dated(info: EntityInfo) -> list[tuple[Machine, Step]]:
    """The steps of an entity that have a deadline, each with its machine."""
    return [(machine, step) for machine in info.facts.machines for step in machine.moves if step.due is not None]


def number(day: dt.date) -> int:
    """A day as SQL counts it."""
    return (day - _EPOCH).days


def _due_on(due: Deadline, begun_on: int, worked: WorkingDay) -> dt.date:
    return due.due_on(_EPOCH + dt.timedelta(days=begun_on), worked)
