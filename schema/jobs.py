"""``jobs`` and ``runJob``: what the clock did, does and will do, for who keeps the system running."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
)

from db.clock import SHANGHAI
from db.facts import Role
from db.texts import clean
from db.timetable import Period
from resolvers.commands.job_runs import NoSuchJob, Told
from resolvers.faults import Fault, forbidden
from schema.context import Context
from schema.errors import user_error
from schema.payloads import ERRORS
from schema.scalars import DATETIME

Fields = dict[str, GraphQLField]


def _of(kind: Any, said: str) -> GraphQLField:
    return GraphQLField(kind, description=said)


_SOME = GraphQLNonNull(GraphQLString)
_RUN = GraphQLObjectType(
    "JobRun",
    {
        "period": _of(_SOME, "哪一期。The period."),
        "dueAt": _of(GraphQLNonNull(DATETIME), "应执行的时间。When it fell due."),
        "startedAt": _of(DATETIME, "最近一次开始的时间；空为还没有执行。When it was last begun; null: it waits."),
        "endedAt": _of(DATETIME, "结束的时间。When that ended."),
        "outcome": _of(_SOME, "DONE 已完成，FAILED 失败，WAITING 待执行。What became of it."),
        "attempts": _of(GraphQLNonNull(GraphQLInt), "执行了几次。How often it was tried."),
        "problem": _of(GraphQLString, "失败的类型和程序中的位置。Kind and place of the failure."),
        "againAt": _of(DATETIME, "何时再试。When it is tried again."),
        "made": _of(GraphQLInt, "新增、改动或清理了几条。How many rows it touched."),
    },
    description="定时任务的一期。One period of a job.",
)
_JOB = GraphQLObjectType(
    "Job",
    {
        "name": _of(_SOME, "名称，runJob 用它。Its name, for runJob."),
        "label": _of(_SOME, "做什么。What it does."),
        "every": _of(_SOME, "周期：day week half-month month quarter year。How often."),
        "at": _of(_SOME, "每期第一天的几点。At what time of a period's first day."),
        "nextAt": _of(GraphQLNonNull(DATETIME), "下次执行。When it falls due next."),
        "runs": _of(
            GraphQLNonNull(GraphQLList(GraphQLNonNull(_RUN))),
            "待执行的和最近执行的各期，新的在前。What waits and what ran last, newest first.",
        ),
    },
    description="定时任务。A job of the clock.",
)


def _must_keep_system(context: Context) -> None:
    if Role.SYS not in context.viewer.reaches:
        raise forbidden("只有系统管理员可以查看和执行定时任务。", "Only technical administrators see and run jobs.")


def job_reads() -> Fields:
    """``jobs``."""

    async def resolve(_root: Any, graphql: Any) -> list[dict[str, Any]]:
        context: Context = graphql.context
        _must_keep_system(context)
        return [_job(told) for told in await context.services.jobs.told()]

    listed = GraphQLNonNull(GraphQLList(GraphQLNonNull(_JOB)))
    said = "定时任务，限系统管理员。The jobs of the clock, for technical administrators."
    return {"jobs": GraphQLField(listed, resolve=resolve, description=said)}


def job_writes() -> Fields:
    """``runJob``."""

    async def resolve(_root: Any, graphql: Any, name: str, period: str | None = None) -> dict[str, Any]:
        context: Context = graphql.context
        _must_keep_system(context)
        key = None if period is None else clean(period).strip()
        try:
            run = await context.services.jobs.again(clean(name), key, by=context.viewer)
        except NoSuchJob as wrong:
            return {"errors": [user_error(Fault((wrong.at,), "NOT_FOUND", wrong.zh, wrong.en), context.english)]}
        return {"run": _run(run), "errors": []}

    said = (
        "现在执行一项定时任务的一期，不写则为最近到期的一期；执行过的再执行一次，已有的不会重复生成。"
        "Runs a period of a job now, whether or not it ran; what is there already is not made again."
    )
    payload = GraphQLObjectType("RunJobPayload", {"run": _of(_RUN, "执行的结果。What became of it."), "errors": ERRORS},
                                description=said)  # fmt: skip
    arguments = {
        "name": GraphQLArgument(_SOME, description="任务名称。Name of the job."),
        "period": GraphQLArgument(GraphQLString, description="哪一期，如 2026-12-01。Which period."),
    }
    return {"runJob": GraphQLField(GraphQLNonNull(payload), arguments, resolve, description=said)}


def _job(told: Told) -> dict[str, Any]:
    timer = told.job.timer
    waiting = [_waits(told, period) for period in reversed(told.waiting)]
    known = {run["period"] for run in told.runs}
    runs = [each for each in waiting if each["period"] not in known] + [_run(run) for run in told.runs]
    return {
        "name": told.job.name, "label": told.job.zh, "every": timer.every, "at": timer.at,
        "nextAt": _moment(told.next_at), "runs": runs,
    }  # fmt: skip


def _waits(told: Told, period: Period) -> dict[str, Any]:
    due_at = _moment(told.job.timer.due_at(period))
    return {"period": period.key, "dueAt": due_at, "outcome": "WAITING", "attempts": 0}


def _run(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "period": row["period"], "dueAt": _moment(row["due_at"]), "startedAt": _moment(row["started_at"]),
        "endedAt": _moment(row["ended_at"]), "outcome": row["outcome"], "attempts": row["attempts"],
        "problem": row["problem"], "againAt": _moment(row["again_at"]), "made": row["made"],
    }  # fmt: skip


def _moment(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(SHANGHAI).isoformat(timespec="milliseconds")
