"""Which region owns a row, which district a region lies in, and which units stand over it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from db.entity_info import EntityInfo
from db.models.places.org_unit import OrgUnitKind
from db.models.places.region import RegionLevel
from resolvers.commands.work import Draft, Row, Work

_ORDER = [level.name for level in RegionLevel]
_DOWN_TO_DISTRICT = _ORDER[: _ORDER.index("DISTRICT") + 1]


def rank(level: str) -> int:
    """0 for the nation, 5 for a village."""
    return _ORDER.index(level)


def over(path: str) -> list[str]:
    """The paths of the regions that hold `path`, itself included, the highest first."""
    ends = [i + 1 for i, character in enumerate(path) if character == "/"]
    return [path[:end] for end in ends]


def district_of(work: Work, path: str) -> Row:
    """The district a region lies in; where the tree skips that level, the lowest region above it (API 4, roll-up)."""
    table = work.table("Region")
    found = work.row(
        sa.select(table)
        .where(table.c.path.in_(over(path)), table.c.deleted_at.is_(None), table.c.level.in_(_DOWN_TO_DISTRICT))
        .order_by(sa.func.length(table.c.path).desc())
    )
    if found is None:
        raise LookupError(f"no region holds {path!r}")
    return found


def same_district(work: Work, path: str, other: str) -> bool:
    """Whether two regions lie in one district."""
    return bool(district_of(work, path)["id"] == district_of(work, other)["id"])


def office_over(work: Work, path: str) -> Row | None:
    """The judicial office that covers a region today, the nearest where several do."""
    return _nearest(work, path, OrgUnitKind.JUDICIAL_OFFICE)


def bureau_over(work: Work, path: str) -> Row | None:
    """The district bureau over a region."""
    unit = work.table("OrgUnit")
    return work.row(
        sa.select(unit)
        .where(
            unit.c.deleted_at.is_(None),
            unit.c.kind == OrgUnitKind.DISTRICT_BUREAU.name,
            unit.c.scope_path.in_(over(path)),
        )
        .order_by(sa.func.length(unit.c.scope_path).desc(), unit.c.id)
    )


def covers(work: Work, unit: Row, path: str) -> bool:
    """Whether a unit's coverage of today holds a region."""
    found = _covering(work, path).where(work.table("OrgUnit").c.id == unit["id"])
    return work.row(found) is not None


def _nearest(work: Work, path: str, kind: OrgUnitKind) -> Row | None:
    unit, region = work.table("OrgUnit"), work.table("Region")
    return work.row(
        _covering(work, path).where(unit.c.kind == kind.name).order_by(sa.func.length(region.c.path).desc(), unit.c.id)
    )


def _covering(work: Work, path: str) -> sa.Select[Any]:
    unit, region, coverage = work.table("OrgUnit"), work.table("Region"), work.table("OrgUnitCoverage")
    return (
        sa.select(unit)
        .join(coverage, coverage.c.org_unit_id == unit.c.id)
        .join(region, region.c.id == coverage.c.region_id)
        .where(
            unit.c.deleted_at.is_(None), coverage.c.deleted_at.is_(None), region.c.path.in_(over(path)),
            region.c.deleted_at.is_(None), coverage.c.valid_from <= work.today,
            sa.or_(coverage.c.valid_to.is_(None), coverage.c.valid_to >= work.today),
        )
    )  # fmt: skip


def place(draft: Draft) -> None:
    """Fill the columns that row scopes are made of from the draft's owner (DESIGN 5)."""
    owner, work = next((o for o in draft.info.owners if draft.whole(o.near)), None), draft.work
    if owner is None or "scope_path" not in draft.info.table.c:
        return
    row = work.get(owner.target, draft.row[owner.near])
    if row is None:
        return
    if owner.target == "Region":
        draft.row["scope_path"] = row["path"]
        if draft.info.name == "OrgUnit":
            draft.row["org_scope_id"] = draft.row["id"]
        elif draft.row.get("org_scope_id") is None or draft.changed(owner.near):
            office = office_over(work, row["path"])
            draft.row["org_scope_id"] = office["id"] if office else None
    else:
        draft.row["scope_path"], draft.row["org_scope_id"] = row["scope_path"], row["org_scope_id"]
        if draft.info.table.c.region_id.info["facts"].computed:
            draft.row["region_id"] = row["region_id"]
    if "guiding_office_id" in draft.row:
        draft.row["org_scope_id"] = draft.row["guiding_office_id"]


_SCOPE = ("scope_path", "region_id", "org_scope_id")


def carry(draft: Draft) -> None:
    """After a change of a row: what belongs to it, and what belongs to that, lies where it lies now."""
    if "scope_path" in draft.row and draft.changed(*_SCOPE):
        values = {name: draft.row[name] for name in _SCOPE if draft.changed(name)}
        _carry(draft.work, draft.info, [draft.row["id"]], values)


def _carry(work: Work, info: EntityInfo, keys: Any, values: dict[str, Any]) -> None:
    """The same for rows of an entity, by their keys or a selection of them. What stands so already is left alone."""
    for child in work.entities.values():
        columns = child.table.c
        own = {name: value for name, value in values.items() if name in columns and _copied(columns, name)}
        for owner in child.owners if own else ():
            if owner.target == info.name != child.name:
                mine = columns[owner.near].in_(keys)
                elsewhere = sa.or_(*(columns[name].is_distinct_from(value) for name, value in own.items()))
                work.change_all(child.name, [mine, elsewhere], **own)
                _carry(work, child, sa.select(columns.id).where(mine), own)


def _copied(columns: Any, name: str) -> bool:
    """Whether a row has this column of its scope from its owner (``place``)."""
    by_office = name == "org_scope_id" and "guiding_office_id" in columns
    return bool(columns[name].info["facts"].computed) and not by_office
