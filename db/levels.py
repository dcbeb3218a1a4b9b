"""The region at each level that a region lies in, stored beside it: what a roll-up by level reads instead of the tree.

A region's parent and level never change (DESIGN 5), so neither do these; every writer of regions fills them once.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db import door
from db.models.places.region import Region, RegionLevel

RANKS = {level.name: rank for rank, level in enumerate(RegionLevel)}
"""0 for the nation, 5 for a village."""
COLUMNS = {"PROVINCE": "province_id", "CITY": "city_id", "DISTRICT": "district_id", "STREET": "street_id"}
"""Level -> the column that holds a region's lowest ancestor, or itself, at or above that level; null where the region
stands above the level. The nation is the root, and below it only villages are at the lowest level: they need none."""
_TABLE: sa.Table = Region.__table__  # type: ignore[assignment]


def fill_levels(connection: Connection, region_id: str | None = None) -> None:
    """Set the columns of all regions that lack them, from the top of the tree down; or of one, below filled ones."""
    only = [] if region_id is None else [_TABLE.c.id == region_id]
    for level in list(RANKS)[1:]:
        parent = _TABLE.alias("above")
        values = {column: _value(level, at, column, parent) for at, column in COLUMNS.items()}
        lacking = _TABLE.c.parent_id == parent.c.id, _TABLE.c.level == level, _TABLE.c.province_id.is_(None)
        door.derive(connection, _TABLE, [*lacking, *only], values)


def _value(own: str, at: str, column: str, parent: sa.FromClause) -> Any:
    """What stands in `column` of a region of level `own`, from the columns of its parent."""
    if RANKS[own] < RANKS[at]:
        return sa.null()
    if own == at:
        return _TABLE.c.id
    high = [name for name, rank in RANKS.items() if rank <= RANKS[at]]
    return sa.case((parent.c.level.in_(high), parent.c.id), else_=parent.c[column])
