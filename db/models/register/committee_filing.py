"""CommitteeFiling 备案."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from db.base import Scoped
from db.facts import (
    Code,
    Entity,
    Link,
    Machine,
    Role,
    Shape,
    Step,
    choice,
    day,
    document,
    long_text,
    moment,
    ref,
    series,
    text,
)
from db.models.register.shapes import CHANGES, COMMITTEE


class FilingType(Code):
    """备案类型. What a filing attests."""

    ESTABLISH = "1", "设立备案"
    CHANGE = "2", "变更备案"
    REELECTION = "3", "换届备案"
    DISSOLVE = "4", "撤销备案"


class FilingState(Code):
    """备案环节. Where a filing stands."""

    DRAFT = "DRAFT", "草稿"
    SUBMITTED = "SUBMITTED", "已提交"
    RETURNED = "RETURNED", "退回补正"
    OFFICE_CHECKED = "OFFICE_CHECKED", "司法所已核验"
    FILED = "FILED", "备案完成"
    NOT_FILED = "NOT_FILED", "不予备案"
    WITHDRAWN = "WITHDRAWN", "已撤回"


_MAKERS = ("created_by_id", "submitted_by_id")
_HANDLERS = (Role.OFFC, Role.DIST)
_COMPOSITION = ("BR-01", "BR-02", "BR-03", "BR-04", "BR-05")


class CommitteeFiling(Scoped):
    """备案：区县司法局对调委会设立、变更、换届、撤销的记录（人民调解法第十条）；备案不是许可（D1）。

    The record of a committee's founding, change, re-election or end with the district bureau (L10). It attests facts
    that were entered before; the snapshot taken at submission is what is attested (DOMAIN 3.1).
    """

    __entity__ = Entity(
        zh="备案",
        prefix="cf",
        label="filing_no",
        owner="committee",
        committee="committee",
        menu="备案",
        listed=("committee_id", "type", "state", "filing_no", "event_on", "due_on", "submitted_at"),
        order=("-updated_at",),
        matrix=dict(
            PROV="R* P", CITY="R C", DIST="RCSUV D", SECT="R D", OFFC="RCSUV S", COMM="RCSU K", MEDR="R K", AUDT="R D",
            COURT="R(filing_no,type,state,event_on,filed_at,committee_id,court_notified_on,court_notification_id) L",
        ),
        linked=(Link("court_notification", unit="court_id"),),
        machines=(
            Machine(
                "state",
                (
                    Step("start", "开始备案", (), "DRAFT", "C", (Role.COMM, Role.OFFC, Role.DIST)),
                    Step("submit", "提交", ("DRAFT", "RETURNED"), "SUBMITTED", "S", (Role.COMM,),
                         rules=_COMPOSITION, by=("created_by_id",), same_unit=True),
                    Step("submit", "提交", ("DRAFT", "RETURNED"), "OFFICE_CHECKED", "S", _HANDLERS,
                         rules=_COMPOSITION, by=("created_by_id",), same_unit=True),
                    Step("check", "核验", ("SUBMITTED",), "OFFICE_CHECKED", "V", (Role.OFFC,), apart=_MAKERS),
                    Step("return", "退回补正", ("SUBMITTED", "OFFICE_CHECKED"), "RETURNED", "V", _HANDLERS,
                         apart=_MAKERS, reason=True),
                    Step("file", "备案", ("OFFICE_CHECKED",), "FILED", "V", (Role.DIST,), apart=_MAKERS),
                    Step("refuse", "不予备案", ("OFFICE_CHECKED",), "NOT_FILED", "V", (Role.DIST,),
                         apart=_MAKERS, reason=True),
                    Step("withdraw", "撤回", ("DRAFT", "SUBMITTED"), "WITHDRAWN", "S", (Role.COMM, *_HANDLERS),
                         by=("submitted_by_id", "created_by_id")),
                    Step("correct", "更正", ("FILED",), "FILED", "V", (Role.DIST,),
                         apart=(*_MAKERS, "filed_by_id"), reason=True),
                ),
                editable=("DRAFT", "RETURNED"),
            ),
        ),
    )  # fmt: skip

    committee_id: Mapped[str] = ref("MediationCommittee", "调委会", "The committee.", fixed=True)
    type: Mapped[str] = choice(FilingType, "备案类型", "What it attests.", fixed=True)
    state: Mapped[str] = choice(FilingState, "环节", "Changed by verbs only.", computed=True, default=FilingState.DRAFT)
    filing_no: Mapped[str | None] = text(
        "备案编号", "District code, year and serial; given when filed.", 32, computed=True, unique=True,
        series=series("filing", "{district.code:6}-{year}-{serial:4}", steps=("file", "correct")),
    )  # fmt: skip
    superseded_nos: Mapped[list[str] | None] = document(
        "被更正的编号", "Numbers this filing had before corrections.", copies=Shape()
    )
    event_on: Mapped[dt.date] = day("事由日期", "Day of establishment, change, election or dissolution.", future=False)
    due_on: Mapped[dt.date | None] = day("应备案日期", "Event day plus 30 days (BR-07).", computed=True)
    exception_note: Mapped[str | None] = long_text(
        "例外说明", "Written exception where a composition rule cannot be met.", 1000
    )
    committee_snapshot: Mapped[dict[str, Any] | None] = document(
        "调委会快照", "Full copy at submission; later edits do not alter it.", copies=COMMITTEE
    )
    changed_fields: Mapped[dict[str, Any] | None] = document(
        "变更内容", "{field: {from, to}} against the last filed snapshot.", copies=CHANGES
    )
    submitted_at: Mapped[dt.datetime | None] = moment("提交时间", "When submitted.", computed=True)
    submitted_by_id: Mapped[str | None] = ref("UserAccount", "提交人", "Who submitted.", computed=True, reverse=False)
    checked_at: Mapped[dt.datetime | None] = moment("核验时间", "When checked.", computed=True)
    checked_by_id: Mapped[str | None] = ref("UserAccount", "核验人", "Who checked.", computed=True, reverse=False)
    filed_at: Mapped[dt.datetime | None] = moment("办结时间", "When filed or refused.", computed=True)
    filed_by_id: Mapped[str | None] = ref(
        "UserAccount", "经办人", "Who filed or refused.", computed=True, reverse=False
    )
    return_reason: Mapped[str | None] = long_text(
        "退回或不予备案理由", "Reason of the last return, refusal or correction.", 1000, computed=True
    )
    court_notified_on: Mapped[dt.date | None] = day(
        "通报法院日期", "Set by the court notification (BR-13).", computed=True
    )
    court_notification_id: Mapped[str | None] = ref(
        "CourtNotification", "法院通报", "The notification that told the court of it.", computed=True
    )

    __table_args__: Any = (sa.Index("ix_committee_filing_state_due", "state", "due_on"),)
