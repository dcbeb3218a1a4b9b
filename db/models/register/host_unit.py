"""HostUnit 设立单位."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Mapped

from db.base import Scoped
from db.facts import Code, Entity, Exists, When, choice, computed, day, flag, integer, ref, text
from db.models.register.mediation_committee import CommitteeStatus, FilingStatus


class HostUnitKind(Code):
    """设立单位类别. Kind of unit that hosts a committee."""

    ENTERPRISE = "ENTERPRISE", "企业"
    INSTITUTION = "INSTITUTION", "事业单位"
    SOCIAL_ORG = "SOCIAL_ORG", "社会团体"
    MARKET = "MARKET", "集贸市场"
    ZONE = "ZONE", "园区"


class IndustrySection(Code):
    """国民经济行业门类. Sections of GB/T 4754."""

    A = "A", "农、林、牧、渔业", "", "agriculture"
    B = "B", "采矿业", "", "mining"
    C = "C", "制造业", "", "manufacturing"
    D = "D", "电力、热力、燃气及水生产和供应业", "", "utilities"
    E = "E", "建筑业", "", "construction"
    F = "F", "批发和零售业", "", "wholesale and retail"
    G = "G", "交通运输、仓储和邮政业", "", "transport and storage"
    H = "H", "住宿和餐饮业", "", "accommodation and catering"
    I = "I", "信息传输、软件和信息技术服务业", "", "information technology"  # noqa: E741 - the standard's letter
    J = "J", "金融业", "", "finance"
    K = "K", "房地产业", "", "real estate"
    L = "L", "租赁和商务服务业", "", "leasing and business services"
    M = "M", "科学研究和技术服务业", "", "research and technical services"
    N = "N", "水利、环境和公共设施管理业", "", "water, environment and public facilities"
    O = "O", "居民服务、修理和其他服务业", "", "resident services and repair"  # noqa: E741 - the standard's letter
    P = "P", "教育", "", "education"
    Q = "Q", "卫生和社会工作", "", "health and social work"
    R = "R", "文化、体育和娱乐业", "", "culture, sports and entertainment"
    S = "S", "公共管理、社会保障和社会组织", "", "public administration"
    T = "T", "国际组织", "", "international organisations"


class Ownership(Code):
    """所有制. Ownership of a host unit."""

    STATE = "STATE", "国有"
    COLLECTIVE = "COLLECTIVE", "集体"
    PRIVATE = "PRIVATE", "民营"
    FOREIGN = "FOREIGN", "外资"
    NEW_ECONOMIC = "NEW_ECONOMIC", "新经济组织"
    NEW_SOCIAL = "NEW_SOCIAL", "新社会组织"


class HostUnitStatus(Code):
    """设立单位状态. Whether a host unit still works."""

    ACTIVE = "ACTIVE", "存续"
    CLOSED = "CLOSED", "注销"


class HostUnit(Scoped):
    """设立单位：设立人民调解委员会的企业、事业单位、社会团体、市场和园区（人民调解法第八条、第三十四条）。

    An enterprise, institution, social organisation, market or zone that may host a committee (L8, L34).
    """

    __entity__ = Entity(
        zh="设立单位",
        prefix="hu",
        label="name",
        committee="mediation_committees",
        menu="调解组织",
        listed=("name", "kind", "region_id", "employee_count", "status"),
        matrix=dict(
            PROV="R* P", CITY="R C", DIST="RCU D", SECT="R D", OFFC="RCU S", CENT="R D", COMM="R K", AUDT="R D",
        ),
    )  # fmt: skip

    kind: Mapped[str] = choice(HostUnitKind, "类别", "Kind of unit.")
    name: Mapped[str] = text("名称", "Registered name.", search=True)
    credit_code: Mapped[str | None] = text(
        "统一社会信用代码", "Unified social credit code (GB 32100).", 18, checksum="credit_code", unique=True
    )
    region_id: Mapped[str] = ref("Region", "所在区划", "Where it stands.")
    industry: Mapped[str] = choice(IndustrySection, "行业门类", "Section of GB/T 4754.")
    employee_count: Mapped[int] = integer(
        "职工人数", "Employees, persons; an enterprise of 500 or more must have a committee (BR-11)."
    )
    employee_count_on: Mapped[dt.date] = day("人数统计日期", "Day of the count.", future=False)
    must_have_committee: Mapped[bool] = flag(
        "应建调委会", "True for an active enterprise of at least 500 employees (BR-11).", computed=True
    )
    has_committee: Mapped[bool] = computed(
        "已建调委会", "Whether it hosts a filed committee that works (BR-11).",
        Exists(
            "mediation_committees", When("filing_status", (FilingStatus.FILED,)),
            When("status", (CommitteeStatus.ACTIVE,)),
        ),
    )  # fmt: skip
    ownership: Mapped[str | None] = choice(Ownership, "所有制", "Ownership; new economic and social organisations too.")
    union_exists: Mapped[bool] = flag("已建工会", "Whether there is a trade union (L9).")
    status: Mapped[str] = choice(HostUnitStatus, "状态", "Whether it still works.", default=HostUnitStatus.ACTIVE)
