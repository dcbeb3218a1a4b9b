"""OrgUnit 机构."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from db.base import Scoped
from db.facts import Code, Entity, Link, Through, choice, choices, ref, text


class OrgUnitKind(Code):
    """机构类别. Kind of organisational unit."""

    PROVINCIAL_DEPT = "PROVINCIAL_DEPT", "省司法厅"
    CITY_BUREAU = "CITY_BUREAU", "市司法局"
    DISTRICT_BUREAU = "DISTRICT_BUREAU", "区（县）司法局"
    BUREAU_SECTION = "BUREAU_SECTION", "局机关科室"
    JUDICIAL_OFFICE = "JUDICIAL_OFFICE", "司法所"
    MEDIATION_CENTER = "MEDIATION_CENTER", "矛调中心"
    STREET_OFFICE = "STREET_OFFICE", "街道办、乡镇政府"
    PARTNER = "PARTNER", "联动单位"


class KeyFunction(Code):
    """四项职能. The four functions of a judicial office."""

    MEDIATION = "1", "人民调解"
    CORRECTION = "2", "社区矫正"
    PUBLICITY = "3", "法治宣传"
    LEGAL_SERVICE = "4", "法律服务"


class OrgUnit(Scoped):
    """机构：司法厅、司法局、科室、司法所、矛调中心、街道办和联动单位。

    An organisational unit. Created and changed by the level above it; read in scope and above.
    """

    __entity__ = Entity(
        zh="机构",
        prefix="ou",
        label="name",
        menu="区划与机构",
        listed=("name", "kind", "region_id", "parent_id", "phone"),
        matrix=dict(
            PROV="RCU P^", CITY="RCU C^", DIST="RCU D^", DHR="R D^", SECT="R D^", FINA="R D^", GRID="R G^",
            OFFC="R S^", CENT="R D^", COMM="R K^", MEDR="R K^", AUDT="R D^", COURT="R L^", PART="R L^",
        ),
        linked=(Link(), Link(unit="id")),
        through=(
            Through(
                "coverage_regions", "辖区", "The regions this unit covers today.",
                via="OrgUnitCoverage", near="org_unit_id", far="region_id", since="valid_from", until="valid_to",
            ),
        ),
    )  # fmt: skip

    kind: Mapped[str] = choice(OrgUnitKind, "类别", "Kind of unit.", fixed=True)
    name: Mapped[str] = text("名称", "Full name.", search=True)
    region_id: Mapped[str] = ref("Region", "所在区划", "The region it belongs to.", fixed=True)
    parent_id: Mapped[str | None] = ref(
        "OrgUnit", "上级机构", "A section's bureau, an office's district bureau.", reverse="children"
    )
    head_user_id: Mapped[str | None] = ref("UserAccount", "负责人账号", "Account of the head.")
    phone: Mapped[str | None] = text("电话", "Public phone.", 32, pattern=r"[0-9+\- ()]{5,32}", pattern_zh="电话号码")
    address: Mapped[str | None] = text("地址", "Address.", 200)
    credit_code: Mapped[str | None] = text(
        "统一社会信用代码", "Unified social credit code (GB 32100).", 18, checksum="credit_code"
    )
    key_functions: Mapped[list[str] | None] = choices(KeyFunction, "承担职能", "Functions of sections and offices.")
