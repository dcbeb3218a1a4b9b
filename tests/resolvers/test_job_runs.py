"""The clock's jobs: each period once, whoever comes, whatever fails; and everybody can see it."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from db.engine import Database
from db.registry import registry
from db.technical import JobRun, LoginSession, NumberSeries
from db.timetable import Timer
from permissions.viewer import SERVER
from resolvers.commands.clock import Clock, Job
from resolvers.commands.housekeeping import HOUSE
from resolvers.commands.job_runner import JobRunner
from resolvers.commands.job_runs import Jobs, NoSuchJob
from settings import Settings
from tests.databases import WITH_WALL
from tests.resolvers.town import Town

KINDS = WITH_WALL


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"{text}+08:00")


def note(clock: Clock) -> None:
    """Leaves one mark a run: a second run of a period would fail, for the name is the key."""
    clock.work.connection.execute(sa.insert(NumberSeries).values(name=f"{clock.day} {clock.due_at:%d %H:%M}", last=1))
    clock.made += 1


def job(act: Any = note, **more: Any) -> Job:
    return Job("Test.note", "试验：记一笔", Timer(**{"name": "note", "every": "day", **more}), act)


async def marks(town: Town) -> list[str]:
    found = sa.select(NumberSeries.name).where(NumberSeries.name.like("20%")).order_by(NumberSeries.name)
    return await town.database.look(lambda c: list(c.scalars(found)))


async def runs(town: Town) -> list[dict[str, Any]]:
    found = sa.select(JobRun.__table__).order_by(JobRun.due_at)
    return await town.database.look(lambda c: [dict(row) for row in c.execute(found).mappings()])


def jobs(town: Town, *which: Job) -> Jobs:
    return Jobs(town.database, registry(), which)


async def test_an_outage_of_two_days_is_caught_up_once_with_the_due_times_that_were(town: Town) -> None:
    """Last done on the 1st, away until the 3rd at noon: the 2nd and the 3rd are done, due at 02:00 (18:00 UTC)."""
    mine = jobs(town, job())
    assert await mine.round(at("2026-12-01 08:00")) == 1
    assert await mine.round(at("2026-12-01 23:00")) == 0

    assert await mine.round(at("2026-12-03 12:00")) == 2
    assert await mine.round(at("2026-12-03 12:01")) == 0

    assert await marks(town) == ["2026-12-01 30 18:00", "2026-12-02 01 18:00", "2026-12-03 02 18:00"]
    assert [(run["period"], run["due_at"], run["outcome"], run["made"]) for run in await runs(town)] == [
        ("2026-12-01", at("2026-12-01 02:00"), "DONE", 1),
        ("2026-12-02", at("2026-12-02 02:00"), "DONE", 1),
        ("2026-12-03", at("2026-12-03 02:00"), "DONE", 1),
    ]


async def test_of_several_processes_that_come_at_once_one_does_it(town: Town) -> None:
    """Four databases of their own, three rounds each at the same moment: one mark for each of three days."""
    url = town.database.url.render_as_string(hide_password=False)
    others = [Database(Settings(database_url=url, row_level_security=town.database.walled)) for _ in range(4)]
    try:
        await jobs(town, job()).round(at("2026-12-01 08:00"))
        mine = [Jobs(other.as_system(), registry(), [job()]) for other in others]
        moment = at("2026-12-03 12:00")
        done = await asyncio.gather(*(each.round(moment) for each in mine for _ in range(3)))
    finally:
        for other in others:
            await other.stop()

    assert sum(done) == 2
    assert len(await marks(town)) == 3
    assert {run["attempts"] for run in await runs(town)} == {1}


async def test_what_fails_leaves_nothing_but_its_kind_and_is_tried_again_until_it_is_done(town: Town) -> None:
    broken = True

    def act(clock: Clock) -> None:
        note(clock)
        if broken:
            raise RuntimeError("320199198001010015 is a secret")

    mine = jobs(town, job(act))
    assert await mine.round(at("2026-12-01 08:00")) == 0
    assert await marks(town) == []
    [failed] = await runs(town)
    assert (failed["outcome"], failed["attempts"], failed["again_at"]) == ("FAILED", 1, at("2026-12-01 08:01"))
    assert failed["problem"].startswith("RuntimeError tests/resolvers/test_job_runs.py:")
    assert "secret" not in failed["problem"]

    assert await mine.round(at("2026-12-01 08:00")) == 0  # not yet
    assert (await runs(town))[0]["attempts"] == 1
    await mine.round(at("2026-12-01 08:01"))
    assert [(run["attempts"], run["again_at"]) for run in await runs(town)] == [(2, at("2026-12-01 08:06"))]

    broken = False
    assert await mine.round(at("2026-12-02 12:00")) == 2  # it, and the next day
    assert [(run["outcome"], run["attempts"], run["problem"], run["made"]) for run in await runs(town)] == [
        ("DONE", 3, None, 1), ("DONE", 1, None, 1),
    ]  # fmt: skip
    assert len(await marks(town)) == 2


async def test_one_that_fails_keeps_no_other_from_being_done(town: Town) -> None:
    def fail(clock: Clock) -> None:
        raise RuntimeError

    other = Job("Test.other", "另一项", Timer("other", "month"), note)
    assert await jobs(town, job(fail), other).round(at("2026-12-01 08:00")) == 1
    assert [(run["job"], run["outcome"]) for run in await runs(town)] == [
        ("Test.note", "FAILED"), ("Test.other", "DONE"),
    ]  # fmt: skip


async def test_a_process_that_ends_in_the_middle_leaves_the_period_to_another(town: Town) -> None:
    def dies(clock: Clock) -> None:
        note(clock)
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await jobs(town, job(dies)).round(at("2026-12-01 08:00"))
    assert (await marks(town), await runs(town)) == ([], [])
    assert await jobs(town, job()).round(at("2026-12-01 08:00")) == 1


async def test_any_period_can_be_run_again_by_hand(town: Town) -> None:
    done: list[str] = []
    mine = jobs(town, job(lambda clock: done.append(clock.period.key)))
    newest = (await mine.again("Test.note"))["period"]
    found = await mine.again("Test.note", newest)
    earlier = await mine.again("Test.note", "2026-01-31")

    assert (found["outcome"], found["attempts"]) == ("DONE", 2)
    assert (earlier["outcome"], earlier["due_at"]) == ("DONE", at("2026-01-31 02:00"))
    assert done == [newest, newest, "2026-01-31"]
    for name, key, place in (
        ("Test.x", None, "name"),
        ("Test.note", "2026-W05", "period"),
        ("Test.note", "2199-01-01", "period"),
    ):
        with pytest.raises(NoSuchJob) as refused:
            await mine.again(name, key)
        assert refused.value.at == place


async def test_whoever_looks_sees_what_ran_what_failed_and_what_waits(town: Town) -> None:
    mine = jobs(town, job(), Job("Test.later", "以后", Timer("later", "year", at="03:30"), note))
    await mine.round(at("2026-12-01 08:00"))
    [told, later] = await mine.told(at("2026-12-03 01:00"))

    assert [run["period"] for run in told.runs] == ["2026-12-01"]
    assert [period.key for period in told.waiting] == ["2026-12-02"]
    assert told.next_at == at("2026-12-03 02:00")
    assert later.waiting == []
    assert later.next_at == at("2027-01-01 03:30")


async def test_the_clock_makes_rows_once_as_the_server_and_the_audit_says_so(town: Town) -> None:
    """A second term for a committee, by a job that runs twice: one row, of nobody's account, by 系统."""
    committee = await town.found()
    since = (await town.row("MediationCommittee", committee))["established_on"]

    def act(clock: Clock) -> None:
        clock.once(
            "CommitteeTerm", committee_id=committee, term_no=1, starts_on=since, election_on=since,
            election_method="VILLAGERS_MEETING",
        )  # fmt: skip

    mine = jobs(town, job(act))
    assert (await mine.again("Test.note"))["made"] == 1
    assert (await mine.again("Test.note"))["made"] == 0

    [term] = await town.rows("CommitteeTerm")
    assert (term["created_by_id"], term["scope_path"]) == (None, "/32/01/02/002/001/")
    told = [row for row in await town.rows("AuditLog") if row["entity"] == "CommitteeTerm"]
    assert [(row["actor_id"], row["actor_login"], row["actor_name"]) for row in told] == [(None, None, "系统")]


async def test_the_rules_of_a_job_are_judged_as_of_the_day_it_fell_due(town: Town) -> None:
    seen: list[tuple[dt.date, Any]] = []
    mine = jobs(town, job(lambda clock: seen.append((clock.work.today, clock.work.viewer))))
    await mine.again("Test.note", "2026-03-05")
    assert seen == [(dt.date(2026, 3, 5), SERVER)]


async def test_the_house_clears_away_what_nobody_needs(town: Town) -> None:
    def signed_in(token: str, until: str) -> dict[str, Any]:
        moment = at("2026-11-30 08:00")
        return {
            "token_hash": token, "account_id": town.keys["@office"], "csrf_hash": "x", "created_at": moment,
            "seen_at": moment, "expires_at": at(until),
        }  # fmt: skip

    both = [signed_in("old", "2020-01-01 00:00"), signed_in("new", "2199-01-01 00:00")]
    await town.database.write(lambda c: c.execute(sa.insert(LoginSession), both))
    old = {"started_at": at("2020-01-01 02:00"), "outcome": "DONE", "attempts": 1}
    kept = [{"job": name, "period": key, "due_at": at(f"{key} 02:00"), **old} for name, key in
            (("Test.a", "2020-01-01"), ("Test.a", "2020-01-02"), ("Test.b", "2020-01-01"))]  # fmt: skip
    await town.database.write(lambda c: c.execute(sa.insert(JobRun), kept))

    mine = jobs(town, *HOUSE)
    assert await mine.round() == len(HOUSE)
    assert await town.database.look(lambda c: list(c.scalars(sa.select(LoginSession.token_hash)))) == ["new"]
    left = [(run["job"], run["period"]) for run in await runs(town) if run["job"].startswith("Test.")]
    assert left == [("Test.b", "2020-01-01"), ("Test.a", "2020-01-02")]


async def test_a_server_process_does_what_is_due_when_it_starts(town: Town) -> None:
    done = asyncio.Event()
    runner = JobRunner(jobs(town, job(lambda clock: done.set())))
    runner.start()
    await asyncio.wait_for(done.wait(), 30)
    await runner.stop()
