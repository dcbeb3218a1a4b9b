"""Regions made by hand: their place in the tree (DOMAIN 2.2, DESIGN 5). Lists of codes come in by the import."""

from __future__ import annotations

import sqlalchemy as sa

from db.levels import fill_levels
from db.models.places.region import RegionLevel
from resolvers.acting import checks, finishes, follows
from resolvers.commands.places import rank
from resolvers.commands.region_tree import segment
from resolvers.commands.work import Draft


@checks
def check(draft: Draft) -> None:
    row = draft.row
    if draft.new and draft.whole("level"):
        parent = draft.work.get("Region", row["parent_id"]) if draft.whole("parent_id") else None
        if parent is None and row["level"] != RegionLevel.NATION.name and "parent_id" not in draft.broken:
            draft.fault("parent_id", "REQUIRED", "必须填写：只有国家没有上级", "is required below the nation")
        if parent is not None and rank(parent["level"]) >= rank(row["level"]):
            draft.fault("level", "RANGE", "须低于上级区划的级别", "must be below the level of the parent")
    if draft.whole("urban_rural_code") and row.get("level") != RegionLevel.VILLAGE.name:
        draft.fault("urban_rural_code", "RANGE", "只适用于村、社区", "applies to villages only")


@finishes
def finish(draft: Draft) -> None:
    if draft.new:
        draft.row["path"] = _free_path(draft)


def _free_path(draft: Draft) -> str:
    """The path that the import would give, with a suffix where a region of the past has it."""
    parent = draft.work.get("Region", draft.row["parent_id"])
    if parent is None:
        return "/"
    row = draft.row
    stem = parent["path"] + segment(row["code"], rank(row["level"]), parent["code"], rank(parent["level"]))
    table, path, nth = draft.work.table("Region"), f"{stem}/", 1
    while draft.work.row(sa.select(table.c.id).where(table.c.path == path)):
        nth += 1
        path = f"{stem}-{nth}/"
    return path


@follows
def follow(draft: Draft) -> None:
    if draft.new:
        fill_levels(draft.work.connection, draft.row["id"])
