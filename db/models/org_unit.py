"""OrgUnit 机构."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from db.base import Scoped
from db.enums import KeyFunction, OrgUnitKind
from db.facts import Entity, Link, Through, choice, choices, ref, text


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
            PROV="RCU P^", CITY="RCU C^", DIST="RCU D^", DHR="R D^", OFFC="R S^", CENT="R D^", COMM="R K^",
            MEDR="R K^", AUDT="R D^", COURT="R L^", PART="R L^",
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
