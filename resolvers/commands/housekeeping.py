"""The house's own jobs: what nobody needs any more goes at night. A new one is a function and a line of ``HOUSE``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import sqlalchemy as sa

from db.technical import JobRun, LoginSession, RememberedWrite, SignInAttempt
from db.timetable import Timer
from resolvers.commands.clock import Clock, Job
from resolvers.commands.once import KEPT

_RUNS_KEPT = dt.timedelta(days=400)
"""A year and some weeks, so that last year's period can be looked at."""


def _removes(*which: sa.ColumnElement[bool], of: type) -> Callable[[Clock], None]:
    def act(clock: Clock) -> None:
        moment = {"moment": clock.work.now}
        clock.made = int(clock.work.connection.execute(sa.delete(of).where(*which), moment).rowcount)

    return act


_MOMENT: sa.BindParameter[dt.datetime] = sa.bindparam("moment", type_=JobRun.__table__.c.due_at.type)


def _forget_writes(clock: Clock) -> None:
    gone = sa.delete(RememberedWrite).where(RememberedWrite.at < clock.work.now - KEPT)
    clock.made = int(clock.work.connection.execute(gone).rowcount)


def _forget_runs(clock: Clock) -> None:
    """The newest run of a job stays, however old: what comes next is counted from there. Failures wait until mended."""
    run, later = JobRun.__table__, JobRun.__table__.alias("later")
    is_newest = ~sa.exists().where(later.c.job == run.c.job, later.c.due_at > run.c.due_at)
    old = sa.delete(run).where(run.c.due_at < clock.work.now - _RUNS_KEPT, run.c.outcome == "DONE", ~is_newest)
    clock.made = int(clock.work.connection.execute(old).rowcount)


def _job(name: str, zh: str, at: str, act: Callable[[Clock], None]) -> Job:
    return Job(f"Server.{name}", zh, Timer(name, every="day", at=at, zh=zh, only_newest=True), act)


HOUSE = (
    _job("sessions", "清理已到期的登录", "02:10", _removes(LoginSession.expires_at < _MOMENT, of=LoginSession)),
    _job("attempts", "清理已过时的登录失败次数", "02:15", _removes(SignInAttempt.ends_at < _MOMENT, of=SignInAttempt)),
    _job("writes", "清理一天以前的 Idempotency-Key", "02:20", _forget_writes),
    _job("runs", "清理一年以前的任务记录", "02:25", _forget_runs),
)
