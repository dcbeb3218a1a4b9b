"""Mediator 人民调解员."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Mapped

from db.base import Scoped
from db.facts import Code, Entity, Link, Measure, Through, choice, choices, day, encrypted, flag, ref, series, text
from db.models.cases.mediation_case import DisputeType
from db.models.people.ethnicity import Ethnicity


class MediatorKind(Code):
    """调解员类别. Kind of mediator."""

    FULL_TIME = "1", "专职"
    PART_TIME = "2", "兼职"
    SPECIAL = "3", "特聘（特邀）"


class MediatorGrade(Code):
    """调解员等级. One is the highest."""

    GRADE_1 = "1", "一级"
    GRADE_2 = "2", "二级"
    GRADE_3 = "3", "三级"
    GRADE_4 = "4", "四级"
    UNGRADED = "0", "未评定"


class MediatorBackground(Code):
    """从业背景. Where a mediator comes from."""

    VILLAGE_CADRE = "VILLAGE_CADRE", "村居干部"
    RETIRED_JUDGE = "RETIRED_JUDGE", "退休法官"
    RETIRED_PROCURATOR = "RETIRED_PROCURATOR", "退休检察官"
    RETIRED_POLICE = "RETIRED_POLICE", "退休民警"
    LAWYER = "LAWYER", "律师"
    NOTARY = "NOTARY", "公证员"
    LEGAL_WORKER = "LEGAL_WORKER", "基层法律服务工作者"
    TEACHER = "TEACHER", "教师"
    DOCTOR = "DOCTOR", "医生"
    VETERAN = "VETERAN", "退役军人"
    EXPERT = "EXPERT", "行业专家"
    COMMUNITY_WORKER = "COMMUNITY_WORKER", "社工"
    OTHER = "OTHER", "其他"


class MediatorStatus(Code):
    """调解员状态. Whether a mediator works."""

    ACTIVE = "ACTIVE", "在岗"
    SUSPENDED = "SUSPENDED", "暂停"
    LEFT = "LEFT", "离岗"


class Sex(Code):
    """性别. GB/T 2261.1."""

    UNKNOWN = "0", "未知"
    MALE = "1", "男"
    FEMALE = "2", "女"
    UNSTATED = "9", "未说明"


class Education(Code):
    """文化程度. GB/T 4658."""

    POSTGRADUATE = "10", "研究生"
    BACHELOR = "20", "大学本科"
    COLLEGE = "30", "大学专科"
    VOCATIONAL = "40", "中等职业"
    HIGH_SCHOOL = "60", "普通高中"
    JUNIOR_HIGH = "70", "初中"
    PRIMARY = "80", "小学"
    OTHER = "90", "其他"


class PoliticalStatus(Code):
    """政治面貌. GB/T 4762."""

    PARTY_MEMBER = "01", "中共党员"
    PROBATIONARY = "02", "中共预备党员"
    YOUTH_LEAGUE = "03", "共青团员"
    NON_PARTISAN = "12", "无党派人士"
    MASSES = "13", "群众"


_WORKING = {"status": {"eq": "ACTIVE"}}


class Mediator(Scoped):
    """人民调解员：调委会委员和调委会聘任的人员（人民调解法第十三、十四条）。

    A people's mediator: a committee member or a person engaged by a committee (L13, L14).
    """

    __entity__ = Entity(
        zh="人民调解员",
        rules=("BR-25",),
        prefix="md",
        label="name",
        committee="mediator_appointments.committee",
        maker="created_by",
        mediator="self",
        menu="调解组织",
        listed=("mediator_no", "name", "sex", "kind", "education", "grade", "status"),
        matrix=dict(
            PROV="Rm P", CITY="Rm C", DIST="RCUXE D", SECT="Rm D", OFFC="RCUE(id_number,mobile,address)m S",
            CENT="Rm D", COMM="RCUm K", AUDT="Rm D",
            MEDR="RU(mobile,address,bank_account,education,political_status,backgrounds,specialties) O",
            COURT="R(name,grade) L", PART="R(name) L",
        ),
        measures=(
            Measure("mediators.active", "调解员数", "现在岗的调解员数", _WORKING),
            Measure(
                "mediators.full_time", "专职调解员数", "现在岗的专职调解员数",
                {**_WORKING, "kind": {"eq": "FULL_TIME"}},
            ),
            Measure(
                "mediators.full_time_share", "专职比例", "现在岗的专职调解员数除以调解员数（IND-21）",
                ratio=("mediators.full_time", "mediators.active"),
            ),
            Measure("mediators.women", "女调解员数", "现在岗的女调解员数", {**_WORKING, "sex": {"eq": "FEMALE"}}),
        ),
        linked=(Link("committees", where=(("filing_status", ("FILED",)),)),),
        through=(
            Through(
                "committees", "任职调委会", "The committees that appointed the person and still do.",
                via="MediatorAppointment", near="mediator_id", far="committee_id", since="start_on", until="end_on",
            ),
        ),
    )  # fmt: skip

    mediator_no: Mapped[str] = text(
        "调解员编号", "Register number, given by the server, unique.", 32, computed=True, unique=True, search=True,
        series=series("mediator", "{district.code:6}{serial:6}"),
    )  # fmt: skip
    certificate_no: Mapped[str | None] = text("上岗证号", "Number of the certificate of post.", 32)
    name: Mapped[str] = text("姓名", "Name.", 50, search=True)
    region_id: Mapped[str] = ref("Region", "登记区划", "Where the person is registered.", fixed=True)
    id_number = encrypted(
        "身份证号", "Citizen number (GB 11643); unique in the nation.", mask="id_number", length=18, required=True,
        checksum="citizen_number", unique=True,
    )  # fmt: skip
    sex: Mapped[str] = choice(Sex, "性别", "Taken from the citizen number (BR-25).", default=Sex.UNKNOWN)
    birth_date: Mapped[dt.date | None] = day(
        "出生日期", "Taken from the citizen number (BR-25).", personal="null", future=False
    )
    ethnicity: Mapped[str] = choice(Ethnicity, "民族", "GB/T 3304.")
    education: Mapped[str] = choice(Education, "文化程度", "GB/T 4658.")
    political_status: Mapped[str | None] = choice(PoliticalStatus, "政治面貌", "GB/T 4762.", personal="null")
    mobile = encrypted(
        "手机号",
        "Mobile phone.",
        mask="mobile",
        length=11,
        required=True,
        pattern=r"1[3-9][0-9]{9}",
        pattern_zh="11 位手机号",
    )
    bank_account = encrypted(
        "银行账号",
        "Only where subsidies are paid.",
        mask="bank_account",
        length=30,
        pattern=r"[0-9]{8,30}",
        pattern_zh="8 至 30 位数字",
    )
    address = encrypted("住址", "Home address.", mask="address", length=200)
    kind: Mapped[str] = choice(MediatorKind, "类别", "Full time, part time or specially engaged.")
    backgrounds: Mapped[list[str] | None] = choices(MediatorBackground, "从业背景", "Where the person comes from.")
    specialties: Mapped[list[str] | None] = choices(DisputeType, "擅长纠纷", "Types of dispute the person is good at.")
    legal_qualification: Mapped[bool] = flag("法律职业资格", "Holds the legal profession qualification.")
    grade: Mapped[str] = choice(MediatorGrade, "等级", "One is the highest.", default=MediatorGrade.UNGRADED)
    grade_on: Mapped[dt.date | None] = day("评定日期", "Day of the grade.", future=False)
    legacy_grade_name: Mapped[str | None] = text("原等级名称", "Local grade names of the past.", 20)
    status: Mapped[str] = choice(MediatorStatus, "状态", "Whether the person works.", default=MediatorStatus.ACTIVE)
    first_appointed_on: Mapped[dt.date] = day("首次任职日期", "Start of seniority.", future=False, tells=True)
