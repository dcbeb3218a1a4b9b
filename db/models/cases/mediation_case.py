"""MediationCase 调解案件."""

from __future__ import annotations

import datetime as dt
import decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from db.base import Scoped
from db.facts import (
    Code,
    Entity,
    Machine,
    Measure,
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
    series,
    text,
)


class DisputeType(Code):
    """纠纷类型. Order and names of the official form; the third value is the roll-up."""

    FAMILY = "01", "婚姻家庭纠纷", "01"
    NEIGHBOUR = "02", "邻里纠纷", "02"
    HOUSING_SITE = "03", "房屋宅基地纠纷", "03"
    CONTRACT = "04", "合同纠纷", "04"
    BUSINESS = "05", "生产经营纠纷", "05"
    DAMAGES = "06", "损害赔偿纠纷", "06"
    FOREST_LAND = "07", "山林土地纠纷", "07"
    REQUISITION = "08", "征地拆迁纠纷", "08"
    ENVIRONMENT = "09", "环境污染纠纷", "09"
    MIGRANT_WAGES = "10", "拖欠农民工工资纠纷", "10"
    OTHER_LABOUR = "11", "其他劳动争议纠纷", "11"
    TOURISM = "12", "旅游纠纷", "12"
    ECOMMERCE = "13", "电子商务纠纷", "13"
    OTHER_CONSUMER = "14", "其他消费纠纷", "14"
    MEDICAL = "15", "医疗纠纷", "15"
    TRAFFIC = "16", "道路交通事故纠纷", "16"
    PROPERTY = "17", "物业纠纷", "17"
    VILLAGE_AFFAIRS = "91", "村务管理纠纷", "99"
    RESTRUCTURING = "92", "企业改制纠纷", "99"
    EDUCATION = "93", "教育（校园）纠纷", "99"
    FINANCE = "94", "金融纠纷", "04"
    IP = "95", "知识产权纠纷", "99", "intellectual property"
    FAMILY_PLANNING = "96", "计划生育纠纷（历史数据）", "99"
    FIRE = "97", "消防纠纷", "06"
    OTHER = "99", "其他纠纷", "99"


class CaseSource(Code):
    """案件来源. Stored at leaf level; entrusted (3) is the sum of 31 to 39."""

    PROACTIVE = "1", "主动调解", "1"
    ON_APPLICATION = "2", "依申请调解", "2"
    COURT = "31", "法院委托移送", "3"
    PROCURATORATE = "32", "检察院委托移送", "3"
    POLICE = "33", "公安机关委托移送", "3"
    PETITION = "34", "信访部门委托移送", "3"
    OTHER_DEPT = "39", "其他部门委托移送", "3"


class PartiesRelation(Code):
    """当事人关系. Who stands against whom."""

    CITIZEN_CITIZEN = "1", "公民与公民"
    CITIZEN_LEGAL = "2", "公民与法人及社会组织"
    LEGAL_LEGAL = "3", "法人组织之间"


class CaseDifficulty(Code):
    """疑难程度. Difficulty of a case."""

    SIMPLE = "1", "简易"
    GENERAL = "2", "一般"
    DIFFICULT = "3", "疑难复杂"
    MAJOR = "4", "重大"


class CaseState(Code):
    """案件状态. Where a case stands (DOMAIN 3.2)."""

    REGISTERED = "REGISTERED", "登记"
    NOT_ACCEPTED = "NOT_ACCEPTED", "不予受理"
    ACCEPTED = "ACCEPTED", "受理"
    MEDIATING = "MEDIATING", "调解中"
    SUSPENDED = "SUSPENDED", "中止"
    AGREED = "AGREED", "达成协议"
    FAILED = "FAILED", "调解不成"
    TERMINATED = "TERMINATED", "终止"
    PERFORMING = "PERFORMING", "履行中"
    CLOSED = "CLOSED", "结案"
    ARCHIVED = "ARCHIVED", "归档"


class CaseOutcome(Code):
    """调解结果. How mediation ended."""

    AGREED = "1", "调解成功"
    FAILED = "2", "调解不成"
    WITHDRAWN = "3", "当事人撤回"
    REFUSED = "4", "一方拒绝"
    TRANSFERRED_OUT = "5", "移送其他机关"
    RECONCILED = "6", "自行和解"


class EntryChannel(Code):
    """录入渠道. Where a case was entered."""

    PC = "PC", "电脑", "", "desktop"
    MOBILE = "MOBILE", "手机"
    API = "API", "接口", "", "programming interface"
    IMPORT = "IMPORT", "导入"


class FocusTag(Code):
    """重点领域. Focus topics of a case."""

    REQUISITION = "08", "征地拆迁"
    RESTRUCTURING = "92", "企业改制"
    EDUCATION = "93", "教育"
    MEDICAL = "15", "医疗"
    LABOUR = "11", "劳动"
    VETERAN = "VETERAN", "涉军"
    ETHNIC_RELIGIOUS = "ETHNIC_RELIGIOUS", "民族宗教"


class ConfirmationState(Code):
    """司法确认. State of judicial confirmation."""

    NOT_APPLIED = "NOT_APPLIED", "未申请"
    APPLIED = "APPLIED", "已申请"
    ACCEPTED = "ACCEPTED", "法院受理"
    CONFIRMED = "CONFIRMED", "确认有效"
    DISMISSED = "DISMISSED", "裁定驳回"
    WITHDRAWN = "WITHDRAWN", "撤回"
    REVOKED = "REVOKED", "撤销"


class LitigationResult(Code):
    """诉讼结果. What a court later made of the agreement."""

    NONE = "NONE", "无"
    UPHELD = "UPHELD", "维持"
    CHANGED = "CHANGED", "变更"
    REVOKED = "REVOKED", "撤销"
    INVALID = "INVALID", "确认无效"
    PAYMENT_ORDER = "PAYMENT_ORDER", "申请支付令"


class SubsidyState(Code):
    """补贴环节. Where the subsidy claim of a case stands (DOMAIN 3.5)."""

    NONE = "NONE", "未申报"
    DRAFT = "DRAFT", "草稿"
    SUBMITTED = "SUBMITTED", "已申报"
    OFFICE_CHECKED = "OFFICE_CHECKED", "司法所已初审"
    DISTRICT_REVIEWED = "DISTRICT_REVIEWED", "区局已复核"
    PUBLICISED = "PUBLICISED", "公示中"
    APPROVED = "APPROVED", "已批准"
    PAID = "PAID", "已发放"
    RETURNED = "RETURNED", "退回"
    REJECTED = "REJECTED", "不予发放"
    CLAWED_BACK = "CLAWED_BACK", "追回"


class QualityFlag(Code):
    """数据质量标记. Anomaly checks of DOMAIN 4.9 that hit."""

    DQ_01 = "DQ-01", "案件占比异常"
    DQ_02 = "DQ-02", "办结过多"
    DQ_03 = "DQ-03", "证件或电话重复"
    DQ_04 = "DQ-04", "内容雷同"
    DQ_05 = "DQ-05", "当日履行又确认"
    DQ_06 = "DQ-06", "成功率异常"
    DQ_07 = "DQ-07", "月末集中录入"
    DQ_08 = "DQ-08", "同刻批量录入"
    DQ_09 = "DQ-09", "回访不实"


class MediationCase(Scoped):
    """调解案件：调委会登记、受理和调解的一件民间纠纷。

    One civil dispute that a committee registered. It is owned by its committee; ``region`` is the place of the
    dispute and gives no rights. Counted in the month of ``concludedOn`` (D4).
    """

    __entity__ = Entity(
        zh="调解案件",
        rules=("BR-24",),
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
        measures=(
            Measure("cases.registered", "登记案件数", "登记时间在期间内的案件数", day="registered_at"),
            Measure("cases.accepted", "受理案件数", "受理日期在期间内的案件数", day="accepted_on"),
            Measure("cases.concluded", "终结案件数", "调解终结日期在期间内的案件数", day="concluded_on"),
            Measure(
                "cases.agreed", "调解成功案件数", "调解终结日期在期间内、结果为调解成功的案件数",
                {"outcome": {"eq": "AGREED"}}, day="concluded_on",
            ),
            Measure(
                "cases.failed", "调解不成案件数", "调解终结日期在期间内、结果为调解不成的案件数",
                {"outcome": {"eq": "FAILED"}}, day="concluded_on",
            ),
            Measure(
                "cases.decided", "有结果案件数", "调解终结日期在期间内、结果为调解成功或调解不成的案件数",
                {"outcome": {"in": ["AGREED", "FAILED"]}}, day="concluded_on",
            ),
            Measure(
                "cases.success_rate", "调解成功率", "期间内终结的案件：调解成功数除以调解成功与调解不成之和",
                ratio=("cases.agreed", "cases.decided"),
            ),
            Measure(
                "cases.major", "重大案件数", "调解终结日期在期间内的重大案件数",
                {"isMajor": {"eq": True}}, day="concluded_on",
            ),
            Measure(
                "cases.people", "涉及人数", "调解终结日期在期间内的案件所涉当事人数之和",
                counting="sum", column="headcount", day="concluded_on",
            ),
            Measure(
                "cases.amount", "涉及金额", "调解终结日期在期间内的案件诉求金额之和（元）",
                counting="sum", column="amount_claimed", day="concluded_on",
            ),
            Measure(
                "cases.amount_median", "金额中位数", "调解终结日期在期间内的案件诉求金额的中位数（元）",
                counting="median", column="amount_claimed", day="concluded_on",
            ),
        ),
        machines=(
            Machine(
                "state",
                (Step("register", "登记", (), "REGISTERED", "C", (Role.MEDR, Role.COMM, Role.OFFC)),),
                editable=tuple(state.name for state in CaseState if state is not CaseState.ARCHIVED),
            ),
        ),
    )  # fmt: skip

    case_no: Mapped[str] = text(
        "案件编号", "Committee code, year and serial.", 32, computed=True, unique=True, search=True,
        series=series("case", "{committee.code}{year}{serial:6}"),
    )  # fmt: skip
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
