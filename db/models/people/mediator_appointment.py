"""MediatorAppointment 推选、聘任."""

from __future__ import annotations

import datetime as dt
import decimal

from sqlalchemy.orm import Mapped

from db.base import Scoped
from db.facts import Code, Entity, Link, When, choice, day, money, ref, text
from db.models.people.mediator import MediatorKind
from db.models.register.mediation_committee import FundingSource


class CommitteeRole(Code):
    """调委会职务. Position in a committee; members are the first three."""

    DIRECTOR = "1", "主任"
    DEPUTY_DIRECTOR = "2", "副主任"
    MEMBER = "3", "委员"
    ENGAGED = "4", "聘任调解员"


class AppointmentBasis(Code):
    """任职依据. How a person came in."""

    ELECTED = "ELECTED", "推选"
    ENGAGED = "ENGAGED", "聘任"


class AppointmentEndReason(Code):
    """离任原因. Why an appointment ended."""

    TERM_END = "TERM_END", "任期届满"
    RESIGN = "RESIGN", "辞职"
    RECALL = "RECALL", "罢免"
    DISMISS = "DISMISS", "解聘"
    DEATH = "DEATH", "去世"
    COMMITTEE_DISSOLVED = "COMMITTEE_DISSOLVED", "调委会撤销"


class MediatorAppointment(Scoped):
    """任职：一名调解员在一个调委会的推选或聘任（人民调解法第九、十三条）。

    The election or engagement of a person by a committee (L9, L13). One may serve several committees, but be
    full time in one only (BR-14).
    """

    __entity__ = Entity(
        zh="调解员任职",
        rules=("BR-02", "BR-14"),
        prefix="ma",
        label="role",
        owner="committee",
        committee="committee",
        mediator="mediator",
        menu="调解组织",
        listed=("committee_id", "mediator_id", "role", "basis", "kind", "start_on", "end_on"),
        matrix=dict(
            PROV="R P", CITY="R C", DIST="RCUV D", SECT="R D", OFFC="RCUS S", CENT="R D", COMM="RCUS K", MEDR="R K",
            AUDT="R D", COURT="R(mediator_id,committee_id,role,start_on,end_on) L",
            PART="R(mediator_id,committee_id,role,start_on,end_on) L",
        ),
        linked=(Link("committee", where=(("filing_status", ("FILED",)),)),),
    )  # fmt: skip

    mediator_id: Mapped[str] = ref("Mediator", "调解员", "The person.", fixed=True)
    committee_id: Mapped[str] = ref("MediationCommittee", "调委会", "The committee.", fixed=True)
    role: Mapped[str] = choice(CommitteeRole, "职务", "Members are director, deputy and member.")
    basis: Mapped[str] = choice(AppointmentBasis, "任职依据", "Elected or engaged.")
    kind: Mapped[str] = choice(MediatorKind, "类别", "Full time in at most one committee.")
    start_on: Mapped[dt.date] = day("任职日期", "First day.", tells=True)
    end_on: Mapped[dt.date | None] = day("离任日期", "Last day.", required_when=When("end_reason"))
    end_reason: Mapped[str | None] = choice(
        AppointmentEndReason, "离任原因", "Why it ended.", required_when=When("end_on")
    )
    contract_no: Mapped[str | None] = text("合同编号", "Number of the contract.", 32)
    monthly_pay: Mapped[decimal.Decimal | None] = money("月报酬", "Yuan a month, full-time people.")
    funding_source: Mapped[str | None] = choice(FundingSource, "报酬来源", "Who pays.")
