"""Report 排查报表."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Mapped

from db.base import Scoped
from db.facts import Code, Entity, Machine, Role, Step, Timer, choice, day, moment, ref, text


class ReportState(Code):
    """报表环节. Where a report stands."""

    OPEN = "OPEN", "待报"
    SUBMITTED = "SUBMITTED", "已报"
    ACCEPTED = "ACCEPTED", "已收"
    RETURNED = "RETURNED", "退回"


class ReportContent(Code):
    """报表内容. What was found; nothing stands for what nobody has said."""

    ZERO = "ZERO", "零报告"
    FOUND = "FOUND", "有线索"


_WAITING = ("OPEN", "RETURNED")


class Report(Scoped):
    """排查报表：一个调委会半个月的矛盾纠纷排查情况，由系统按期开启，零报告须由本人确认。

    What a committee's screening of half a month found. Opened by the clock; what it says is never the clock's.
    """

    __entity__ = Entity(
        zh="排查报表", prefix="rt", label="period", owner="committee", committee="committee", menu="报表",
        listed=("committee_id", "period", "state", "content", "due_on", "submitted_at"),
        unique=(("committee_id", "period"),),
        matrix=dict(PROV="R* P", CITY="R C", DIST="RV D", OFFC="RV S", COMM="RS K", AUDT="R D"),
        machines=(Machine("state", (
            Step("open", "开启", (), "OPEN", server=True),
            Step("submit", "上报", _WAITING, "SUBMITTED", "S", (Role.COMM,)),
            Step("confirmZero", "零报告", _WAITING, "SUBMITTED", "S", (Role.COMM,)),
            Step("accept", "收", ("SUBMITTED",), "ACCEPTED", "V", (Role.OFFC, Role.DIST), apart=("submitted_by_id",)),
            Step("return", "退回", ("SUBMITTED",), "RETURNED", "V", (Role.OFFC, Role.DIST), reason=True),
        )),),
        timers=(Timer("open", every="half-month", at="00:00", zh="开启各调委会本期的报表"),),
    )  # fmt: skip

    committee_id: Mapped[str] = ref("MediationCommittee", "调委会", "Whose it is.", fixed=True)
    period: Mapped[str] = text("期", "Half a month, such as 2026-02-1.", 9, fixed=True)
    due_on: Mapped[dt.date] = day("截止日期", "Two days after the period.", computed=True)
    state: Mapped[str] = choice(ReportState, "环节", "Where it stands.", computed=True, default=ReportState.OPEN)
    content: Mapped[str | None] = choice(ReportContent, "内容", "What was found; null: nobody said.", computed=True)
    submitted_at: Mapped[dt.datetime | None] = moment("上报时间", "When.", computed=True)
    submitted_by_id: Mapped[str | None] = ref("UserAccount", "上报人", "Who.", computed=True, reverse=False)
