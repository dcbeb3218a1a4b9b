"""The house's own jobs: what nobody needs any more goes at night. A new one is a function and a line of ``HOUSE``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from db.technical import JobRun, LoginSession, RememberedWrite, SignInAttempt
from db.timetable import Timer
from resolvers.commands.clock import Clock, Job
from resolvers.commands.once import KEPT

_RUNS_KEPT = dt.timedelta(days=400)
"""A year and some weeks, so that last year's period can be looked at."""


def _removes(gone: Callable[[dt.datetime], sa.Delete]) -> Callable[[Clock], None]:
    """Removes what the statement says that is made for the moment of the run."""

    def act(clock: Clock) -> None:
        clock.made = int(clock.work.connection.execute(gone(clock.work.now)).rowcount)

    return act


def _is_old(moment: dt.datetime) -> sa.ColumnElement[bool]:
    """The newest run of a job stays, however old: what comes next is counted from there. Failures wait until mended."""
    later = aliased(JobRun)
    has_later = sa.exists().where(later.job == JobRun.job, later.due_at > JobRun.due_at)
    return sa.and_(JobRun.due_at < moment - _RUNS_KEPT, JobRun.outcome == "DONE", has_later)


def _job(name: str, zh: str, at: str, act: Callable[[Clock], None]) -> Job:
    return Job(f"Server.{name}", zh, Timer(name, every="day", at=at, zh=zh, only_newest=True), act)


HOUSE = (
    _job(
        "sessions",
        "清理已到期的登录",
        "02:10",
        _removes(lambda at: sa.delete(LoginSession).where(LoginSession.expires_at < at)),
    ),
    _job(
        "attempts",
        "清理已过时的登录失败次数",
        "02:15",
        _removes(lambda at: sa.delete(SignInAttempt).where(SignInAttempt.ends_at < at)),
    ),
    _job(
        "writes",
        "清理一天以前的重复提交记录",
        "02:20",
        _removes(lambda at: sa.delete(RememberedWrite).where(RememberedWrite.at < at - KEPT)),
    ),
    _job("runs", "清理一年以前的任务记录", "02:25", _removes(lambda at: sa.delete(JobRun).where(_is_old(at)))),
)
