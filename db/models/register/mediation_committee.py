"""MediationCommittee 人民调解委员会."""

from __future__ import annotations

import datetime as dt
import decimal

from sqlalchemy.orm import Mapped

from db.base import Scoped
from db.facts import Code, Entity, Link, Measure, Through, When, choice, day, flag, number, ref, series, text
from db.models.places.region import RegionLevel


class CommitteeType(Code):
    """调委会类型. Type of a mediation committee; six statistical columns (layout A)."""

    VILLAGE = "10", "村人民调解委员会", "村"
    COMMUNITY = "11", "居（社区）人民调解委员会", "居"
    TOWNSHIP = "20", "乡镇人民调解委员会", "乡镇"
    SUBDISTRICT = "21", "街道人民调解委员会", "街道"
    ENTERPRISE = "30", "企业人民调解委员会", "企事业单位"
    INSTITUTION = "31", "事业单位人民调解委员会", "企事业单位"
    INDUSTRY = "40", "行业性人民调解委员会", "社会团体和其他组织"
    PROFESSIONAL = "41", "专业性人民调解委员会", "社会团体和其他组织"
    SOCIAL_ORG = "50", "社会团体人民调解委员会", "社会团体和其他组织"
    REGIONAL = "60", "区域性人民调解委员会", "社会团体和其他组织"


_T = CommitteeType
OF_PLACES = (_T.VILLAGE, _T.COMMUNITY, _T.TOWNSHIP, _T.SUBDISTRICT)
"""Types that villages, communities, towns and streets have by themselves."""
TRADES = (_T.INDUSTRY, _T.PROFESSIONAL)
HOSTED = tuple(kind for kind in CommitteeType if kind not in OF_PLACES)
"""Types that a host unit sets up."""


class IndustryDomain(Code):
    """行业领域. Domain of industry and professional committees."""

    MEDICAL = "01", "医疗"
    TRAFFIC = "02", "道路交通"
    LABOUR = "03", "劳动争议"
    PROPERTY = "04", "物业"
    CONSUMER = "05", "消费"
    FAMILY = "06", "婚姻家庭"
    ENVIRONMENT = "07", "环境保护"
    REQUISITION = "08", "征地拆迁"
    IP = "09", "知识产权", "", "intellectual property"
    FINANCE = "10", "金融"
    INSURANCE = "11", "保险"
    ECOMMERCE = "12", "电子商务"
    TOURISM = "13", "旅游"
    EDUCATION = "14", "教育（校园）"
    CONSTRUCTION = "15", "建设工程"
    CHAMBER = "16", "商会"
    MARKET = "17", "集贸市场"
    MIGRANT = "18", "流动人口"
    VETERAN = "19", "涉军"
    FISHERY = "20", "海事渔事"
    OTHER = "99", "其他"


class CommitteeStatus(Code):
    """调委会状态. TERM_EXPIRED is computed from the term's end, never stored (DOMAIN 3.1)."""

    PREPARING = "PREPARING", "筹建"
    ACTIVE = "ACTIVE", "正常运转"
    TERM_EXPIRED = "TERM_EXPIRED", "任期届满未换届"
    RECTIFYING = "RECTIFYING", "整改中"
    DISSOLVED = "DISSOLVED", "已撤销"


class FilingStatus(Code):
    """备案情况. Filing status of a committee."""

    UNFILED = "UNFILED", "未备案"
    PENDING = "PENDING", "备案中"
    FILED = "FILED", "已备案"
    OUTDATED = "OUTDATED", "变更未备案"


class FundingSource(Code):
    """经费来源. Who pays."""

    FISCAL = "FISCAL", "财政"
    HOST_UNIT = "HOST_UNIT", "设立单位"
    PURCHASED_SERVICE = "PURCHASED_SERVICE", "政府购买服务"
    MIXED = "MIXED", "多渠道"


_RUNNING = {"status": {"in": ["ACTIVE", "TERM_EXPIRED", "RECTIFYING"]}}


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
            PROV="R P", CITY="R C", DIST="RCUV D", SECT="R D", OFFC="RCUS S", CENT="R D", COMM="RUS K", MEDR="R K",
            AUDT="R D", COURT="R L",
            PART="R(code,name,type,industry_domain,level,region_id,status,established_on,address,longitude,latitude,"
            "phone,office_hours) L",
        ),
        measures=(
            Measure("committees.active", "调委会数", "现有的、未撤销也不在筹建的调委会数", _RUNNING),
            Measure(
                "committees.filed", "已备案调委会数", "现有的、未撤销也不在筹建、已备案的调委会数",
                {**_RUNNING, "filingStatus": {"eq": "FILED"}},
            ),
            Measure(
                "committees.filed_rate", "备案率", "已备案调委会数除以调委会数",
                ratio=("committees.filed", "committees.active"),
            ),
            Measure("committees.established", "新设调委会数", "设立日期在期间内的调委会数", day="established_on"),
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
        series=series("committee", "{region.code}{type}{serial:4}{check}", per="{region.code}{type}"),
    )  # fmt: skip
    name: Mapped[str] = text("名称", "Full name (DB32/T 3669 annex A).", search=True)
    type: Mapped[str] = choice(CommitteeType, "类型", "Type of committee.")
    industry_domain: Mapped[str | None] = choice(
        IndustryDomain,
        "行业领域",
        "Domain of an industry or professional committee.",
        required_when=When("type", TRADES),
    )
    level: Mapped[str] = choice(RegionLevel, "工作层级", "Level at which it works.")
    region_id: Mapped[str] = ref("Region", "所在区划", "The region it belongs to.", fixed=True)
    guiding_office_id: Mapped[str] = ref("OrgUnit", "指导司法所", "The judicial office that guides it.")
    filing_bureau_id: Mapped[str] = ref("OrgUnit", "备案机关", "The bureau it files with.")
    host_unit_id: Mapped[str | None] = ref(
        "HostUnit", "设立单位", "The unit that set it up; none for villages, communities, streets and towns.",
        required_when=When("type", HOSTED),
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
        required_when=When("type", TRADES),
    )  # fmt: skip
