"""What an import of regions does, by level, and how many rows of the register each change touches."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table
from sqlalchemy.engine import Connection

from db.entity_info import EntityInfo
from db.models.places.region import RegionLevel
from db.registry import registry
from resolvers.commands.region_register import Groups

CHANGES = ("新增", "恢复", "更名", "改变上级", "并入原区划", "停用", "没有涉及")
UNTOUCHED = CHANGES[-1]
"""What the file does not speak of: nothing happens to these."""
_APART = {"Region", "AuditLog"}
"""The register itself, and what is only ever added to: neither is touched by what happens to a region."""


class Touched(NamedTuple):
    """What happens to the regions of a level; `rows` are the living rows that refer to them, by entity."""

    level: RegionLevel
    change: str
    regions: int
    rows: dict[str, int]


def touched(connection: Connection, groups: Groups) -> list[Touched]:
    """The groups with what refers to their regions, from the top of the tree down."""
    places: dict[str, list[tuple[str, str]]] = {}
    for group, keys in groups.items():
        for key in keys if group[1] != UNTOUCHED else ():
            places.setdefault(key, []).append(group)
    counts: dict[tuple[str, str], Counter[str]] = {group: Counter() for group in groups}
    for info in registry().values():
        if info.name in _APART:
            continue
        for named, number in _references(connection, info):
            for group in {group for key in named for group in places.get(key, ())}:
                counts[group][info.facts.zh] += number
    return [
        Touched(level, change, len(groups[level.name, change]), dict(counts[level.name, change].most_common()))
        for level in RegionLevel
        for change in CHANGES
        if (level.name, change) in groups
    ]


def _references(connection: Connection, info: EntityInfo) -> Iterator[tuple[set[str], int]]:
    """The regions that living rows refer to, and how many rows refer to just these."""
    nears = sorted({relation.near for relation in info.references if relation.target == "Region"})
    if not nears:
        return
    columns = [info.table.c[near] for near in nears]
    found = sa.select(*columns, sa.func.count()).where(info.table.c.deleted_at.is_(None)).group_by(*columns)
    for *named, number in connection.execute(found):
        yield {key for key in named if key is not None}, number


def printed(rows: list[Touched]) -> str:
    """A table for a terminal."""
    if not rows:
        return "没有变化"
    table = Table("级别", "变化", "区划", "涉及的登记记录")
    for column in table.columns[2:3]:
        column.justify = "right"
    level = None
    for row in rows:
        if level not in (None, row.level):
            table.add_section()
        names = "，".join(f"{name} {number}" for name, number in row.rows.items()) or "无"
        if row.change == UNTOUCHED:
            names = "保持不变"
        table.add_row("" if row.level == level else row.level.zh, row.change, str(row.regions), names)
        level = row.level
    page = io.StringIO()
    Console(file=page, width=100, color_system=None).print(table)
    return page.getvalue().rstrip()
