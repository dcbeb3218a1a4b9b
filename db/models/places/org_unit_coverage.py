"""OrgUnitCoverage 机构辖区."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Mapped

from db.base import Scoped
from db.facts import Entity, Link, day, ref


class OrgUnitCoverage(Scoped):
    """机构辖区：一个司法所可以管辖几个街道；同级司法所的辖区在同一天不得重叠。

    The regions a unit covers, with validity. Row scope S is made of these.
    """

    __entity__ = Entity(
        zh="机构辖区",
        prefix="oc",
        label="region_id",
        owner="org_unit",
        menu="区划与机构",
        listed=("org_unit_id", "region_id", "valid_from", "valid_to"),
        matrix=dict(
            PROV="RCU P^", CITY="RCU C^", DIST="RCU D^", DHR="R D^", SECT="R D^", FINA="R D^", GRID="R G^",
            OFFC="R S^", CENT="R D^", COMM="R K^", MEDR="R K^", AUDT="R D^", COURT="R L^", PART="R L^",
        ),
        linked=(Link(), Link(unit="org_unit_id")),
    )  # fmt: skip

    org_unit_id: Mapped[str] = ref("OrgUnit", "机构", "The unit.", fixed=True, reverse="coverages")
    region_id: Mapped[str] = ref("Region", "区划", "The region it covers.", fixed=True, reverse="coverages")
    valid_from: Mapped[dt.date] = day("起始日期", "First day.")
    valid_to: Mapped[dt.date | None] = day("终止日期", "Last day.")
