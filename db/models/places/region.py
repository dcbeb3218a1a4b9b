"""Region 行政区划."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from db.base import Record
from db.facts import Code, Entity, Link, choice, day, flag, integer, ref, text


class RegionLevel(Code):
    """区划级别. Level of a region."""

    NATION = "0", "国家"
    PROVINCE = "1", "省"
    CITY = "2", "市（地级）"
    DISTRICT = "3", "县（市、区）"
    STREET = "4", "街道、镇、乡"
    VILLAGE = "5", "村、社区"


class RegionKind(Code):
    """区划性质. Whether a region is one by law."""

    STANDARD = "STANDARD", "法定区划"
    FUNCTIONAL_ZONE = "FUNCTIONAL_ZONE", "开发区等功能区"
    VIRTUAL = "VIRTUAL", "汇总码"


class UrbanRuralCode(Code):
    """城乡分类. Urban and rural classes of villages and communities."""

    MAIN_URBAN = "111", "主城区"
    URBAN_FRINGE = "112", "城乡结合区"
    TOWN_CENTER = "121", "镇中心区"
    TOWN_FRINGE = "122", "镇乡结合区"
    SPECIAL_AREA = "123", "特殊区域"
    TOWNSHIP_CENTER = "210", "乡中心区"
    VILLAGE = "220", "村庄"


_SUCCEEDED: Any = {f"{name}_where": sa.text("successor_path IS NOT NULL") for name in ("sqlite", "postgresql")}


def _at_level(zh: str) -> Any:
    """The lowest region above, or the region itself, at or above a level; null above it. Kept by ``db.levels``."""
    return ref("Region", zh, "At that level.", constraint=False, computed=True, hidden=True, reverse=False)


class Region(Record):
    """行政区划：国家、省、市、县、街道（乡镇）、村（社区）六级，代码依据 GB/T 2260、GB/T 10114。

    A region of the six administrative levels. A renumbered region is a new row whose successor the old one names.
    """

    __entity__ = Entity(
        zh="行政区划",
        prefix="rg",
        label="name",
        owner="self",
        menu="区划与机构",
        listed=("code", "name", "level", "parent_id", "valid_to"),
        order=("code",),
        known_since="valid_from",
        matrix=dict(
            PROV="R P^", CITY="R C^", DIST="RU(name,short_name) D^", DHR="R D^", SECT="R D^", FINA="R D^",
            GRID="R G^", OFFC="R S^", CENT="R D^", COMM="R K^",
            MEDR="R K^", AUDT="R D^", SYS="RCU A", COURT="R L^", PART="R L^",
        ),
        linked=(Link(),),
    )  # fmt: skip

    code: Mapped[str] = text(
        "代码", "Official code of twelve digits.", 12, pattern=r"[0-9]{12}", pattern_zh="12 位数字",
        unique="valid_to IS NULL", fixed=True, search=True,
    )  # fmt: skip
    name: Mapped[str] = text("名称", "Full name.", search=True)
    short_name: Mapped[str] = text("简称", "Short name.", search=True)
    level: Mapped[str] = choice(RegionLevel, "级别", "Level, stored and never derived (D7).", fixed=True)
    kind: Mapped[str] = choice(RegionKind, "性质", "Legal nature.", default=RegionKind.STANDARD)
    path: Mapped[str] = text(
        "管辖路径", "Sorts the subtree together; given at creation, never changed nor reused.", 80,
        computed=True, unique=True,
    )  # fmt: skip
    parent_id: Mapped[str | None] = ref(
        "Region", "上级区划", "The region above; null at the root only.", fixed=True, reverse="children"
    )
    urban_rural_code: Mapped[str | None] = choice(UrbanRuralCode, "城乡分类", "Villages and communities only.")
    valid_from: Mapped[dt.date] = day("启用日期", "First day of validity.", fixed=True, future=False)
    valid_to: Mapped[dt.date | None] = day("停用日期", "Last day of validity.", computed=True)
    successor_id: Mapped[str | None] = ref(
        "Region", "承继区划", "The region that took this one's place.", computed=True, reverse="predecessors"
    )
    successor_path: Mapped[str | None] = text(
        "承继区划的管辖路径", "Path of the successor, set together with it.", 80, computed=True, hidden=True
    )
    province_id: Mapped[str | None] = _at_level("省级区划")
    city_id: Mapped[str | None] = _at_level("市级区划")
    district_id: Mapped[str | None] = _at_level("县级区划")
    street_id: Mapped[str | None] = _at_level("街道")
    multi_ethnic: Mapped[bool] = flag("多民族居住地区", "Drives rule BR-04 (L8).")
    remote: Mapped[bool] = flag("边远地区", "Drives rotation.")
    population: Mapped[int | None] = integer("常住人口", "Residents, persons.")
    households: Mapped[int | None] = integer("户数", "Households.")
    population_on: Mapped[dt.date | None] = day("人口数据日期", "Reference date of the two counts.", future=False)

    __table_args__: Any = (
        sa.Index("ix_region_level_path", "level", "path"),
        sa.Index("ix_region_code", "code"),  # of any day; those of today have an index of their own
        sa.Index("ix_region_parent_code", "parent_id", "code"),
        # What the regions of a subtree continue: every viewer's rights ask for it.
        sa.Index("ix_region_successor_path", "successor_path", "path", **_SUCCEEDED),
    )
