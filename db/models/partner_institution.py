"""PartnerInstitution 联动单位."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from db.base import Scoped
from db.enums import DataInterface, PartnerKind, RegionLevel
from db.facts import Entity, Link, Through, choice, flag, ref, text


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
            PROV="RCU P^", CITY="RCU C^", DIST="RCU D^", DHR="R D^", OFFC="R S^", CENT="R D^", COMM="R K^",
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
