"""Studio 调解工作室."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Mapped

from db.base import Scoped
from db.facts import Code, Entity, Link, When, choice, day, ref, text


class StudioKind(Code):
    """工作室类别. Kind of studio."""

    STATIONED = "STATIONED", "派驻"
    PERSONAL = "PERSONAL", "个人"
    GROUP = "GROUP", "调解小组"


class StudioBrand(Code):
    """品牌级别. Level of a brand studio."""

    DISTRICT = "DISTRICT", "区县级"
    CITY = "CITY", "市级"
    PROVINCE = "PROVINCE", "省级"


class StudioStatus(Code):
    """工作室状态. Whether a studio works."""

    ACTIVE = "ACTIVE", "正常运转"
    CLOSED = "CLOSED", "已关闭"


class Studio(Scoped):
    """调解工作室、调解小组：调委会派驻有关单位的、以调解员个人命名的工作室，以及下设的调解小组。

    A workshop of a committee: stationed with a partner, named after a mediator, or a group of its own.
    """

    __entity__ = Entity(
        zh="调解工作室",
        prefix="st",
        label="name",
        owner="committee",
        committee="committee",
        menu="调解组织",
        listed=("name", "kind", "committee_id", "leader_id", "opened_on", "brand_level", "status"),
        linked=(Link("committee", where=(("filing_status", ("FILED",)),)),),
        matrix=dict(
            PROV="R P", CITY="R C", DIST="RCU D", SECT="R D", OFFC="RCU S", CENT="R D", COMM="RCU K", MEDR="R K",
            COURT="R L", PART="R L", AUDT="R D",
        ),
    )  # fmt: skip

    kind: Mapped[str] = choice(StudioKind, "类别", "Stationed, personal or a group.", fixed=True)
    committee_id: Mapped[str] = ref("MediationCommittee", "调委会", "The committee.", fixed=True)
    name: Mapped[str] = text("名称", "Name.", search=True)
    leader_id: Mapped[str] = ref("Mediator", "负责人", "A mediator of the committee.")
    opened_on: Mapped[dt.date] = day("设立日期", "Day of opening.", future=False)
    host_partner_id: Mapped[str | None] = ref(
        "PartnerInstitution",
        "派驻单位",
        "The partner it is stationed with.",
        required_when=When("kind", (StudioKind.STATIONED,)),
    )
    brand_level: Mapped[str | None] = choice(StudioBrand, "品牌级别", "Level at which it is known as a brand.")
    status: Mapped[str] = choice(StudioStatus, "状态", "Whether it works.", default=StudioStatus.ACTIVE)
