"""MediationCase 调解案件."""

from __future__ import annotations

import datetime as dt
import decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from db.base import Scoped
from db.enums import (
    CaseDifficulty,
    CaseOutcome,
    CaseSource,
    CaseState,
    ConfirmationState,
    DisputeType,
    EntryChannel,
    FocusTag,
    LitigationResult,
    PartiesRelation,
    QualityFlag,
    SubsidyState,
)
from db.facts import (
    Entity,
    Machine,
    Role,
    Rollup,
    Step,
    choice,
    choices,
    day,
    flag,
    integer,
    long_text,
    moment,
    money,
    number,
    ref,
    text,
)


class MediationCase(Scoped):
    """调解案件：调委会登记、受理和调解的一件民间纠纷。

    One civil dispute that a committee registered. It is owned by its committee; ``region`` is the place of the
    dispute and gives no rights. Counted in the month of ``concludedOn`` (D4).
    """

    __entity__ = Entity(
        zh="调解案件",
        prefix="cs",
        label="title",
        owner="committee",
        committee="committee",
        mediator="created_by",
        menu="调解案件",
        listed=("case_no", "title", "committee_id", "dispute_type", "state", "outcome", "concluded_on"),
        order=("-created_at",),
        matrix=dict(
            PROV="R* P", CITY="R* C", DIST="RVXE(place_text)m D", OFFC="RCUVE(place_text)m S", COMM="RCUS K",
            MEDR="RCUS O", AUDT="Rm D",
        ),
        rollups=(
            Rollup(
                "monthly", day="concluded_on", regions=("region",), dimensions=("dispute_type", "outcome"),
                sums=("amount_claimed", "headcount"),
            ),
        ),
        machine=Machine(
            "state",
            (Step("register", "登记", (), "REGISTERED", "C", (Role.MEDR, Role.COMM, Role.OFFC)),),
            editable=tuple(state.name for state in CaseState if state is not CaseState.ARCHIVED),
        ),
    )  # fmt: skip

    case_no: Mapped[str] = text(
        "案件编号", "Committee code, year and serial.", 32, computed=True, unique=True, search=True
    )
    title: Mapped[str] = text("案由", "Short title.", search=True)
    summary: Mapped[str] = long_text("纠纷简要情况", "Claim, facts and focus of the dispute (L29).", 2000)
    committee_id: Mapped[str] = ref("MediationCommittee", "调委会", "The committee that mediates.", fixed=True)
    region_id: Mapped[str] = ref("Region", "纠纷发生地", "Place of the dispute.")
    place_text: Mapped[str | None] = text("详细地点", "Place in words.", 200, personal="null")
    longitude: Mapped[decimal.Decimal | None] = number("经度", "Degrees east, WGS 84.", 9, 6, low=-180, high=180)
    latitude: Mapped[decimal.Decimal | None] = number("纬度", "Degrees north, WGS 84.", 8, 6, low=-90, high=90)
    dispute_type: Mapped[str] = choice(DisputeType, "纠纷类型", "Type of dispute.")
    source: Mapped[str] = choice(CaseSource, "案件来源", "Source.")
    parties_relation: Mapped[str] = choice(PartiesRelation, "当事人关系", "Who stands against whom.")
    difficulty: Mapped[str] = choice(CaseDifficulty, "疑难程度", "Proposed by the mediator, fixed at review.")
    difficulty_basis: Mapped[str | None] = text("疑难认定依据", "Why so.", 200)
    difficulty_reviewed_by_id: Mapped[str | None] = ref(
        "UserAccount", "疑难审定人", "Who fixed it.", computed=True, reverse=False
    )
    applicant_demand: Mapped[str | None] = long_text("申请人诉求", "What the applicant wants.", 2000)
    amount_claimed: Mapped[decimal.Decimal | None] = money("诉求金额", "Yuan claimed.")
    headcount: Mapped[int] = integer("涉及当事人数", "Persons involved.", low=2)
    occurred_on: Mapped[dt.date | None] = day("发生日期", "When it arose.", future=False)
    registered_at: Mapped[dt.datetime] = moment("登记时间", "When registered.", computed=True)
    accepted_on: Mapped[dt.date | None] = day("受理日期", "When accepted.", future=False)
    first_session_on: Mapped[dt.date | None] = day("首次调解日期", "First session.", future=False)
    concluded_on: Mapped[dt.date | None] = day("调解终结日期", "When mediation ended (D4).", future=False)
    closed_on: Mapped[dt.date | None] = day("结案日期", "When closed.", future=False)
    archived_on: Mapped[dt.date | None] = day("归档日期", "When archived.", future=False)
    entered_at: Mapped[dt.datetime] = moment("录入时间", "System clock at entry.", computed=True)
    entry_completed_at: Mapped[dt.datetime | None] = moment(
        "录入完成时间", "Basis of timeliness (BR-20).", computed=True
    )
    entry_channel: Mapped[str] = choice(EntryChannel, "录入渠道", "Where it was entered.", computed=True)
    state: Mapped[str] = choice(
        CaseState, "状态", "Changed by verbs only.", computed=True, default=CaseState.REGISTERED
    )
    outcome: Mapped[str | None] = choice(CaseOutcome, "调解结果", "How mediation ended.", computed=True)
    outcome_note: Mapped[str | None] = text("结果说明", "Note on the outcome.", 500)
    mediation_times: Mapped[int] = integer("调解次数", "Sessions.", default=0)
    public: Mapped[bool] = flag("公开调解", "Open session, by the parties' choice (L23).")
    is_major: Mapped[bool] = flag("重大", "Difficulty is MAJOR.", computed=True)
    is_difficult: Mapped[bool] = flag("疑难", "Difficulty is DIFFICULT or MAJOR.", computed=True)
    focus_tags: Mapped[list[str] | None] = choices(FocusTag, "重点领域", "Focus topics (S4).")
    confirmation_state: Mapped[str] = choice(
        ConfirmationState, "司法确认", "Judicial confirmation.", computed=True, default=ConfirmationState.NOT_APPLIED
    )
    litigation_result: Mapped[str] = choice(
        LitigationResult, "诉讼结果", "Result of later litigation.", computed=True, default=LitigationResult.NONE
    )
    subsidy_state: Mapped[str] = choice(
        SubsidyState, "补贴环节", "Where the subsidy claim stands.", computed=True, default=SubsidyState.NONE
    )
    dossier_score: Mapped[decimal.Decimal | None] = number("卷宗评分", "0 to 100.", 7, 3, high=100, computed=True)
    quality_flags: Mapped[list[str] | None] = choices(
        QualityFlag, "质量标记", "Anomaly checks that hit (4.9).", computed=True
    )
    late_entry: Mapped[bool] = flag("逾期录入", "Entered after the month of conclusion (BR-20).", computed=True)

    __table_args__: Any = (
        sa.Index("ix_mediation_case_scope_concluded", "scope_path", "concluded_on"),
        sa.Index("ix_mediation_case_committee_concluded", "committee_id", "concluded_on"),
    )
