"""MediationCommittee 人民调解委员会."""

from __future__ import annotations

import datetime as dt
import decimal

from sqlalchemy.orm import Mapped

from db.base import Scoped
from db.enums import CommitteeStatus, CommitteeType, FilingStatus, FundingSource, IndustryDomain, RegionLevel
from db.facts import Entity, Link, Through, choice, day, flag, number, ref, text


class MediationCommittee(Scoped):
    """人民调解委员会：依法设立的调解民间纠纷的群众性组织（人民调解法第七、八条）。

    A people's mediation committee, a mass organisation that mediates civil disputes (L7, L8).
    It lawfully exists from its establishment; filing attests it and never blocks its work (D1).
    """

    __entity__ = Entity(
        zh="人民调解委员会",
        prefix="mc",
        label="name",
        committee="self",
        menu="调解组织",
        listed=("code", "name", "type", "region_id", "status", "filing_status", "established_on"),
        matrix=dict(
            PROV="R P", CITY="R C", DIST="RCUV D", OFFC="RCUS S", CENT="R D", COMM="RUS K", MEDR="R K", AUDT="R D",
            COURT="R L",
            PART="R(code,name,type,industry_domain,level,region_id,status,established_on,address,longitude,latitude,"
            "phone,office_hours) L",
        ),
        linked=(Link(where=(("filing_status", ("FILED",)),)),),
        through=(
            Through(
                "mediators", "调解员", "The people appointed today.",
                via="MediatorAppointment", near="committee_id", far="mediator_id", since="start_on", until="end_on",
            ),
            Through(
                "director", "主任", "The director appointed today.", where=(("role", ("DIRECTOR",)),), one=True,
                via="MediatorAppointment", near="committee_id", far="mediator_id", since="start_on", until="end_on",
            ),
        ),
    )  # fmt: skip

    code: Mapped[str] = text(
        "编码", "Region code, type, serial and two check digits; given by the server, never reused.", 20,
        computed=True, unique=True, search=True,
    )  # fmt: skip
    name: Mapped[str] = text("名称", "Full name (DB32/T 3669 annex A).", search=True)
    type: Mapped[str] = choice(CommitteeType, "类型", "Type of committee.")
    industry_domain: Mapped[str | None] = choice(
        IndustryDomain,
        "行业领域",
        "Domain of an industry or professional committee.",
        required_when="类型为行业性、专业性",
    )
    level: Mapped[str] = choice(RegionLevel, "工作层级", "Level at which it works.")
    region_id: Mapped[str] = ref("Region", "所在区划", "The region it belongs to.", fixed=True)
    guiding_office_id: Mapped[str] = ref("OrgUnit", "指导司法所", "The judicial office that guides it.")
    filing_bureau_id: Mapped[str] = ref("OrgUnit", "备案机关", "The bureau it files with.")
    host_unit_id: Mapped[str | None] = ref(
        "HostUnit", "设立单位", "The unit that set it up; none for villages, communities, streets and towns.",
        required_when="类型为企事业、行业专业、社会团体、区域性",
    )  # fmt: skip
    established_on: Mapped[dt.date] = day("设立日期", "Day of establishment.", future=False)
    status: Mapped[str] = choice(
        CommitteeStatus, "状态", "Computed: PREPARING, ACTIVE, TERM_EXPIRED, RECTIFYING, DISSOLVED.", computed=True,
        default=CommitteeStatus.ACTIVE,
    )  # fmt: skip
    filing_status: Mapped[str] = choice(
        FilingStatus, "备案情况", "Set by the filing workflow.", computed=True, default=FilingStatus.UNFILED
    )
    address: Mapped[str] = text("地址", "Address of the premises.", 200)
    longitude: Mapped[decimal.Decimal | None] = number("经度", "Degrees east, WGS 84.", 9, 6, low=-180, high=180)
    latitude: Mapped[decimal.Decimal | None] = number("纬度", "Degrees north, WGS 84.", 8, 6, low=-90, high=90)
    phone: Mapped[str] = text("电话", "Public phone.", 32, pattern=r"[0-9+\- ()]{5,32}", pattern_zh="电话号码")
    office_hours: Mapped[str | None] = text("办公时间", "Opening hours.", 100)
    premises_area: Mapped[decimal.Decimal | None] = number("场所面积", "Area of the premises, square metres.", 10, 2)
    seal_no: Mapped[str | None] = text("印章编号", "Number of the seal.", 32)
    has_signboard: Mapped[bool] = flag("标牌统一", "Uniform signboard.")
    has_systems_posted: Mapped[bool] = flag("制度上墙", "Rules posted on the wall.")
    has_ledger: Mapped[bool] = flag("台账齐全", "Keeps the ledgers.")
    standardized: Mapped[bool] = flag("规范化调委会", "Named a standardised committee.")
    funding_source: Mapped[str | None] = choice(FundingSource, "经费来源", "Who pays (L12).")
    supervising_dept_id: Mapped[str | None] = ref(
        "PartnerInstitution", "行业主管部门", "The department in charge of the trade.",
        required_when="类型为行业性、专业性",
    )  # fmt: skip
