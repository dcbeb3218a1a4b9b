"""What became of the jobs, for a terminal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from db.clock import SHANGHAI
from db.timetable import EVERY
from resolvers.commands.job_runs import Told

_SHOWN = 5
"""Periods of a job that a list shows, beside all that failed."""


def printed(all_told: Iterable[Told]) -> str:
    """Every job with its last periods, those that failed and those that wait."""
    lines = []
    for told in all_told:
        timer = told.job.timer
        lines.append(f"{told.job.name}  {told.job.zh}（{EVERY[timer.every]} {timer.at}，下次 {_at(told.next_at)}）")
        lines += [f"  {period.key}  待执行" for period in told.waiting]
        shown = [run for i, run in enumerate(told.runs) if i < _SHOWN or run["outcome"] != "DONE"]
        lines += [f"  {printed_run(run)}" for run in shown]
    return "\n".join(lines) or "没有定时任务"


def printed_run(run: Mapping[str, Any]) -> str:
    """One period: when it was due, when and how it ended."""
    head = f"{run['period']}  应于 {_at(run['due_at'])}"
    if run["outcome"] == "DONE":
        return f"{head}，完成于 {_at(run['ended_at'])}，{run['made']} 条"
    again = f"，{_at(run['again_at'])} 再试" if run["again_at"] else ""
    return f"{head}，失败 {run['attempts']} 次{again}：{run['problem']}"


def _at(moment: dt.datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
