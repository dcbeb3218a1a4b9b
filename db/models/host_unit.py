"""HostUnit 设立单位."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Mapped

from db.base import Scoped
from db.enums import HostUnitKind, HostUnitStatus, IndustrySection, Ownership
from db.facts import Entity, choice, day, flag, integer, ref, text


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
            PROV="R* P", CITY="R C", DIST="RCU D", OFFC="RCU S", CENT="R D", COMM="R K", AUDT="R D",
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
    ownership: Mapped[str | None] = choice(Ownership, "所有制", "Ownership; new economic and social organisations too.")
    union_exists: Mapped[bool] = flag("已建工会", "Whether there is a trade union (L9).")
    status: Mapped[str] = choice(HostUnitStatus, "状态", "Whether it still works.", default=HostUnitStatus.ACTIVE)
