"""Deadlines: by which day a step is to be taken, what is late, and which steps of the server are due."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from db.clock import SHANGHAI
from db.deadlines import Days, Months, WorkingDays, weekdays
from db.facts import Role
from db.history import shadow_of
from db.identity import new_key
from resolvers.deadlines import due_days, due_steps, overdue, signals
from tests.resolvers import papers
from tests.resolvers.desk import Papers, known
from tests.resolvers.town import Town

pytestmark = pytest.mark.anyio


@pytest.fixture
async def desk(town: Town) -> Papers:
    await town.database.write(papers.Scratch.metadata.create_all)
    return Papers(town)


def at(day: str, hour: int = 10) -> dt.datetime:
    return dt.datetime.combine(dt.date.fromisoformat(day), dt.time(hour), SHANGHAI)


@pytest.mark.parametrize(
    ("term", "start", "last"),
    [
        (Days(30), "2026-03-01", "2026-03-31"),
        (Months(1), "2026-01-31", "2026-02-28"),
        (Months(14), "2026-11-15", "2028-01-15"),
        (WorkingDays(5), "2026-03-06", "2026-03-13"),  # a Friday: to the Friday after
        (WorkingDays(1), "2026-03-07", "2026-03-09"),  # a Saturday: the Monday after
        (WorkingDays(0), "2026-03-07", "2026-03-07"),
    ],
)
def test_a_term_begins_on_the_day_after_its_start(term: Any, start: str, last: str) -> None:
    assert term.after(dt.date.fromisoformat(start), weekdays) == dt.date.fromisoformat(last)


def test_working_days_go_by_the_calendar_that_is_given() -> None:
    holiday = dt.date(2026, 10, 1)
    worked = lambda day: weekdays(day) and day != holiday  # noqa: E731
    assert WorkingDays(2).after(dt.date(2026, 9, 30), worked) == dt.date(2026, 10, 5)


async def late(desk: Papers, key: str, today: str) -> bool:
    """Whether the review of a paper is late, as SQL says."""
    [machine] = [m for m in desk.info.facts.machines if m.column == "state"]
    [step] = machine.of("review")
    table = desk.table.alias("t")
    condition = overdue(desk.info, machine, step, table, dt.date.fromisoformat(today), weekdays)
    found = sa.select(condition).where(table.c.id == key)
    return bool(await desk.town.database.look(lambda c: c.scalar(found)))


async def due(desk: Papers, key: str) -> dict[str, dt.date]:
    found = await desk.town.database.look(lambda c: due_days(c, desk.info, [key]))
    return {verb: day for (_, verb), day in found.items()}


async def past(desk: Papers, key: str, state: str, since: dt.datetime, until: dt.datetime) -> None:
    """What the history of a paper tells: that it stood so, from then until then."""
    row, shadow = await desk.row(key), shadow_of(desk.table)
    assert shadow is not None
    version = int(new_key()[-6:], 16)
    kept = {**row, "state": state, "version": version, "stood_from": since, "stood_to": until}
    await desk.town.database.write(lambda c: c.execute(sa.insert(shadow).values(**kept)))


async def test_the_last_day_is_in_time_and_the_next_is_late(desk: Papers) -> None:
    key = await desk.make()
    await desk.put(key, state="SUBMITTED", submitted_at=at("2026-03-06", 23))
    assert (await due(desk, key))["review"] == dt.date(2026, 3, 13)
    assert [await late(desk, key, day) for day in ("2026-03-13", "2026-03-14")] == [False, True]


async def test_the_time_does_not_run_in_a_pause_and_is_given_back(desk: Papers) -> None:
    """Two pauses of three and one day: the term of five working days begins four days later, on a Tuesday."""
    key = await desk.make()
    await desk.put(key, state="HELD", submitted_at=at("2026-03-06"))
    assert (await due(desk, key), await late(desk, key, "2027-01-01")) == ({}, False)
    await past(desk, key, "HELD", at("2026-03-07"), at("2026-03-08"))
    await past(desk, key, "HELD", at("2026-03-08"), at("2026-03-10", 8))
    await past(desk, key, "SUBMITTED", at("2026-03-10", 8), at("2026-03-11"))
    await past(desk, key, "HELD", at("2026-03-11"), at("2026-03-12"))
    await past(desk, key, "HELD", at("2026-02-01"), at("2026-02-20"))  # before the term began
    await desk.put(key, state="SUBMITTED")
    assert (await due(desk, key))["review"] == dt.date(2026, 3, 17)
    assert [await late(desk, key, day) for day in ("2026-03-17", "2026-03-18")] == [False, True]


async def test_without_a_start_the_term_begins_when_the_row_came_there(desk: Papers) -> None:
    key = await desk.make()
    await desk.put(key, created_at=at("2026-01-10"))
    assert (await due(desk, key))["lapse"] == dt.date(2026, 2, 10)
    await past(desk, key, "SUBMITTED", at("2026-01-12"), at("2026-01-31"))
    assert (await due(desk, key))["lapse"] == dt.date(2026, 2, 28)


async def test_steps_of_the_server_are_due_when_their_last_day_is_over(desk: Papers) -> None:
    approved, lapsed, fresh, other = [await desk.make() for _ in range(4)]
    for key in (fresh, other):
        await desk.put(key, created_at=at("2026-05-01"))
    await desk.put(approved, state="REVIEWED", reviewed_on=dt.date(2026, 3, 2))
    await desk.put(lapsed, created_at=at("2026-01-31"))
    await desk.put(other, state="SUBMITTED", submitted_at=at("2026-01-01"))  # late, but nothing for the server
    look = desk.town.database.look
    assert await look(lambda c: due_steps(c, known(), at("2026-02-28", 23))) == []
    found = await look(lambda c: due_steps(c, known(), at("2026-03-20")))
    assert found == [
        ("Paper", lapsed, "lapse", at("2026-03-01", 0).astimezone(dt.UTC)),
        ("Paper", approved, "approve", at("2026-03-10", 0).astimezone(dt.UTC)),
    ]
    # Taken, they are due no more.
    for _, key, verb, moment in found:
        assert await desk.serve(key, verb, moment)
    assert await look(lambda c: due_steps(c, known(), at("2026-03-20"))) == []


async def test_reminders_and_escalations_fall_on_their_days(desk: Papers) -> None:
    key = await desk.make()
    await desk.put(key, state="SUBMITTED", submitted_at=at("2026-03-06"))  # due on the 13th

    async def told(day: str) -> list[tuple[str, int, tuple[Role, ...]]]:
        look = desk.town.database.look
        found = await look(lambda c: signals(c, known(), dt.date.fromisoformat(day)))
        return [(each.verb, each.days, each.roles) for each in found if each.key == key]

    assert await told("2026-03-11") == [("review", 2, ())]
    assert await told("2026-03-16") == [("review", -3, (Role.CITY,))]
    assert [await told(f"2026-03-{day}") for day in (10, 12, 13, 14, 15, 17)] == [[]] * 6
    await desk.put(key, state="REVIEWED")
    assert await told("2026-03-16") == []
