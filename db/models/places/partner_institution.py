"""PartnerInstitution 联动单位."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from db.base import Scoped
from db.facts import Code, Entity, Link, Through, choice, flag, ref, text
from db.models.places.region import RegionLevel


class PartnerKind(Code):
    """联动单位类别. Kind of partner institution (S3)."""

    COURT = "COURT", "法院"
    TRIBUNAL = "TRIBUNAL", "人民法庭"
    PROCURATORATE = "PROCURATORATE", "检察院"
    POLICE = "POLICE", "公安局"
    POLICE_STATION = "POLICE_STATION", "派出所"
    POLICE_POST = "POLICE_POST", "警务站（室）"
    TRAFFIC_POLICE = "TRAFFIC_POLICE", "交警"
    LEGISLATIVE_OFFICE = "LEGISLATIVE_OFFICE", "法制办"
    PETITION = "PETITION", "信访"
    LABOUR = "LABOUR", "人社"
    CIVIL = "CIVIL", "民政"
    HEALTH = "HEALTH", "卫健"
    HOUSING = "HOUSING", "住建"
    MARKET = "MARKET", "市场监管"
    LAND = "LAND", "自然资源"
    AGRICULTURE = "AGRICULTURE", "农业农村"
    ENVIRONMENT = "ENVIRONMENT", "生态环境"
    EDUCATION = "EDUCATION", "教育"
    UNION = "UNION", "工会"
    WOMEN = "WOMEN", "妇联"
    YOUTH = "YOUTH", "共青团"
    CHAMBER = "CHAMBER", "工商联、商会"
    ONE_STOP_WINDOW = "ONE_STOP_WINDOW", "一站式窗口"
    GRID_CENTER = "GRID_CENTER", "综治中心"
    OTHER = "OTHER", "其他"


class DataInterface(Code):
    """数据对接. How data go to a partner and come from it."""

    NONE = "NONE", "未对接"
    FILE = "FILE", "文件交换"
    API = "API", "接口"


class PartnerInstitution(Scoped):
    """联动单位：与人民调解衔接联动的法院、检察院、公安机关、行业主管部门等，一个机构一条。

    What a partner unit is to mediation: its kind and level, whom to call, and how data go to and fro (S3). What it
    covers are the coverage rows of its unit.
    """

    __entity__ = Entity(
        zh="联动单位",
        prefix="pi",
        label="name",
        owner="org_unit",
        menu="区划与机构",
        listed=("name", "partner_kind", "level", "region_id", "contact_name", "contact_phone"),
        linked=(Link(), Link(unit="org_unit_id")),
        unique=(("org_unit_id",),),
        matrix=dict(
            PROV="RCU P^", CITY="RCU C^", DIST="RCU D^", DHR="R D^", SECT="R D^", OFFC="R S^", CENT="R D^", COMM="R K^",
            MEDR="R K^", COURT="R L^", PART="R L^", AUDT="R D^",
        ),
        through=(
            Through(
                "coverage_regions", "辖区", "The regions its unit covers today.", start="org_unit_id",
                via="OrgUnitCoverage", near="org_unit_id", far="region_id", since="valid_from", until="valid_to",
            ),
        ),
    )  # fmt: skip

    org_unit_id: Mapped[str] = ref("OrgUnit", "机构", "The unit, of kind PARTNER.", fixed=True)
    name: Mapped[str] = text("名称", "Name of the unit; follows it.", computed=True, search=True)
    partner_kind: Mapped[str] = choice(PartnerKind, "单位类别", "What it is.")
    level: Mapped[str] = choice(RegionLevel, "级别", "Level at which it works.")
    contact_name: Mapped[str] = text("联络人", "Whom to ask for.", 50)
    contact_phone: Mapped[str] = text(
        "联络电话", "Phone at work.", 32, pattern=r"[0-9+\- ()]{5,32}", pattern_zh="电话号码"
    )
    has_mediation_org: Mapped[bool] = flag("设有调解组织", "Whether it has a mediation organisation of its own.")
    data_interface: Mapped[str] = choice(
        DataInterface, "数据对接", "How data are exchanged.", default=DataInterface.NONE
    )
