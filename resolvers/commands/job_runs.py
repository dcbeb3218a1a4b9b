"""Which period of which job ran: one row each, written in the transaction of what the job does.

The row is the claim. Two processes that come at once take turns at its primary key, and the later one finds it taken; a
process that dies in the middle leaves neither the row nor anything of what the job did. What failed is written down in
a transaction of its own and tried again, ever more rarely, until it is done.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from db.clock import SHANGHAI, now
from db.engine import Database
from db.models.system.audit_log import AuditAction
from db.registry import Registry
from db.technical import JobRun
from db.timetable import Period, named, period_of
from permissions.events import record
from permissions.logs import failure
from permissions.viewer import SERVER, Viewer
from resolvers.commands.clock import Clock, Job, jobs_of
from resolvers.commands.housekeeping import HOUSE
from resolvers.commands.work import Work
from resolvers.faults import Refused

_RUN: sa.Table = JobRun.__table__  # type: ignore[assignment]
_AGAIN = (1, 5, 15, 60)
"""Minutes until what failed once, twice, … is tried again; then every hour."""
_SHOWN = 20
log = structlog.get_logger()


class NoSuchJob(Exception):
    """There is no job of this name, or no period of that name in it."""

    def __init__(self, at: str, zh: str, en: str) -> None:
        super().__init__(en)
        self.at, self.zh, self.en = at, zh, en


@dataclass(frozen=True)
class Told:
    """A job with what became of its periods, the newest first, and what it has to do yet."""

    job: Job
    runs: Sequence[Mapping[str, Any]]
    waiting: Sequence[Period]
    next_at: dt.datetime


class Jobs:
    """All jobs over one database, which acts for the server. `jobs` in the place of all that are declared."""

    def __init__(self, database: Database, entities: Registry, jobs: Sequence[Job] | None = None) -> None:
        self._database, self._entities = database, entities
        self.jobs = [*HOUSE, *jobs_of(entities)] if jobs is None else list(jobs)

    async def round(self, moment: dt.datetime | None = None) -> int:
        """Do all that is due, what fell due first before the rest of its job; how many periods were done."""
        moment, done = moment or now(), 0
        due = await self._database.look(lambda c: self._due(c, moment))
        for job, period in due:
            done += await self._ran(job, period, moment)
        return done

    def rests_until(self, moment: dt.datetime) -> dt.datetime:
        """When the next period of any job falls due, after `moment`."""
        return min((job.timer.following(moment) for job in self.jobs), default=dt.datetime.max.replace(tzinfo=dt.UTC))

    async def again(self, name: str, key: str | None = None, by: Viewer | None = None) -> Mapping[str, Any]:
        """Run a period now, whether or not it ran; without a name of one the newest that fell due. Its row.

        What fails is in the row as well. The audit says who asked, whatever comes of it. Raises NoSuchJob.
        """
        moment, job = now(), self._named(name)
        [newest] = job.timer.due(None, moment)
        try:
            period = newest if key is None else named(job.timer.every, key)
        except ValueError:
            raise NoSuchJob(
                "period", f"没有这一期；应如 {newest.key}。", f"There is no such period; {newest.key} is one."
            ) from None
        if period.first > newest.first:
            raise NoSuchJob("period", "这一期还没有到。", "The period has not fallen due yet.")
        who, ip = (by.account_id, by.ip) if by else (None, None)
        summary = f"执行定时任务 {job.zh}（{job.name}）：{period.key}"[:300]
        await self._database.write(lambda c: record(c, AuditAction.VERB, summary, about=None, by=who, ip=ip))
        await self._ran(job, period, moment, forced=True)
        found = sa.select(_RUN).where(_RUN.c.job == name, _RUN.c.period == period.key)
        return await self._database.look(lambda c: dict(c.execute(found).mappings().one()))

    async def told(self, moment: dt.datetime | None = None) -> list[Told]:
        """Every job with its last runs and what waits."""
        moment = moment or now()

        def look(connection: Connection) -> list[Told]:
            due = self._due(connection, moment)
            place = sa.func.row_number().over(partition_by=_RUN.c.job, order_by=_RUN.c.due_at.desc()).label("place")
            runs = sa.select(_RUN, place).subquery()
            shown = sa.select(runs).where(runs.c.place <= _SHOWN).order_by(runs.c.due_at.desc())
            rows = [dict(row) for row in connection.execute(shown).mappings()]
            return [
                Told(
                    job,
                    [row for row in rows if row["job"] == job.name],
                    [period for other, period in due if other is job],
                    job.timer.following(moment),
                )
                for job in self.jobs
            ]

        return await self._database.look(look)

    def _named(self, name: str) -> Job:
        found = next((job for job in self.jobs if job.name == name), None)
        if found is None:
            raise NoSuchJob("name", "没有这项定时任务。", "There is no such job.")
        return found

    def _due(self, connection: Connection, moment: dt.datetime) -> list[tuple[Job, Period]]:
        latest = sa.select(_RUN.c.job, sa.func.max(_RUN.c.due_at)).group_by(_RUN.c.job)
        newest: dict[str, dt.datetime] = {name: due_at for name, due_at in connection.execute(latest)}
        failed: dict[str, list[str]] = {}
        waits = sa.select(_RUN.c.job, _RUN.c.period).where(_RUN.c.outcome == "FAILED", _RUN.c.again_at <= moment)
        for name, key in connection.execute(waits.order_by(_RUN.c.due_at)):
            failed.setdefault(name, []).append(key)
        found = []
        for job in self.jobs:
            last = newest.get(job.name)
            done = period_of(job.timer.every, last.astimezone(SHANGHAI).date()) if last else None
            found += [(job, period) for key in failed.get(job.name, ()) if (period := _period(job, key))]
            found += [(job, period) for period in job.timer.due(done, moment)]
        return found

    async def _ran(self, job: Job, period: Period, moment: dt.datetime, forced: bool = False) -> bool:
        """Do a period unless somebody else did; whether this call did it. A failure is written down."""
        claimed = False

        def run(connection: Connection) -> bool:
            nonlocal claimed
            claimed = _claimed(connection, job, period, moment, forced)
            if not claimed:
                return False
            work = Work(connection, self._entities, SERVER, self._database.settings, today=period.first)
            clock = Clock(work, period, job.timer.due_at(period))
            job.act(clock)
            ended = sa.update(_RUN).where(_RUN.c.job == job.name, _RUN.c.period == period.key)
            connection.execute(ended.values(ended_at=now(), made=clock.made))
            return True

        try:
            return await self._database.write(run, bulk=True)
        except Exception as problem:
            if not claimed:
                raise  # the database is away or busy: nothing was tried
            log.warning("job_failed", job=job.name, period=period.key, **failure(problem))
            told = _kind(problem)
            await self._database.write(lambda c: _note_failure(c, job, period, moment, told, forced))
            return False


def _period(job: Job, key: str) -> Period | None:
    """The period of a failure; None where the job goes by other periods now."""
    try:
        return named(job.timer.every, key)
    except ValueError:
        return None


def _claimed(connection: Connection, job: Job, period: Period, moment: dt.datetime, forced: bool) -> bool:
    """Whether the period is this transaction's to do."""
    mine = {"job": job.name, "period": period.key}
    fresh = {"due_at": job.timer.due_at(period), "started_at": now(), "outcome": "DONE", "attempts": 1}
    if connection.execute(_insert(connection, {**mine, **fresh})).rowcount:
        return True
    open_ = sa.true() if forced else sa.and_(_RUN.c.outcome == "FAILED", _RUN.c.again_at <= moment)
    taken = sa.update(_RUN).where(_RUN.c.job == job.name, _RUN.c.period == period.key, open_)
    again = {"started_at": now(), "outcome": "DONE", "attempts": _RUN.c.attempts + 1, "again_at": None, "problem": None}
    return bool(connection.execute(taken.values(**again)).rowcount)


def _note_failure(
    connection: Connection, job: Job, period: Period, moment: dt.datetime, told: str, forced: bool
) -> None:
    """Write down what failed and when it is tried again; a period that somebody did meanwhile stays done."""
    mine = (_RUN.c.job == job.name, _RUN.c.period == period.key)
    before = connection.scalar(sa.select(_RUN.c.attempts).where(*mine)) or 0
    minutes = _AGAIN[min(before, len(_AGAIN) - 1)]
    row = {
        "started_at": now(), "ended_at": now(), "outcome": "FAILED", "problem": told, "made": None,
        "attempts": before + 1, "again_at": moment + dt.timedelta(minutes=minutes),
    }  # fmt: skip
    first = {"job": job.name, "period": period.key, "due_at": job.timer.due_at(period)}
    if not connection.execute(_insert(connection, {**first, **row})).rowcount:
        open_ = sa.true() if forced else _RUN.c.outcome == "FAILED"
        connection.execute(sa.update(_RUN).where(*mine, open_).values(**row))


def _insert(connection: Connection, row: Mapping[str, Any]) -> Any:
    dialect: Any = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(_RUN).values(**row).on_conflict_do_nothing(index_elements=["job", "period"])


def _kind(problem: Exception) -> str:
    """What the list tells of a failure: its kinds and place, of a refusal the codes of its faults; no words of it."""
    told = failure(problem)
    codes = (
        [f"{fault.code} {'.'.join(map(str, fault.path))}".strip() for fault in problem.faults]
        if isinstance(problem, Refused)
        else []
    )
    return f"{' < '.join(told['error'])}{'（' + '、'.join(codes) + '）' if codes else ''} {told['at']}"[:300]
