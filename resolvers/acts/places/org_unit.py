"""Organisational units: made and changed by the level above them (DOMAIN 2.2, 5.1)."""

from __future__ import annotations

import sqlalchemy as sa

from db.facts import Role
from db.models.places.org_unit import OrgUnitKind
from db.models.places.region import RegionLevel
from resolvers.acting import allows, checks, follows
from resolvers.commands.places import over, rank
from resolvers.commands.work import Draft, Row, Work
from resolvers.faults import forbidden

_K = OrgUnitKind
_BUREAUS = frozenset({_K.PROVINCIAL_DEPT, _K.CITY_BUREAU, _K.DISTRICT_BUREAU})
PARENTS: dict[OrgUnitKind, frozenset[OrgUnitKind]] = {
    _K.BUREAU_SECTION: _BUREAUS,
    _K.JUDICIAL_OFFICE: frozenset({_K.DISTRICT_BUREAU}),
    _K.DISTRICT_BUREAU: frozenset({_K.CITY_BUREAU, _K.PROVINCIAL_DEPT}),
    _K.CITY_BUREAU: frozenset({_K.PROVINCIAL_DEPT}),
}
_NEEDS_PARENT = frozenset({_K.BUREAU_SECTION, _K.JUDICIAL_OFFICE})


def makers(work: Work, kind: str, path: str) -> frozenset[Role]:
    """The roles that make and change a unit of this kind in a region: those of the level above it."""
    levels = {row["level"] for row in work.rows(_levels(work, path))}
    city = RegionLevel.CITY.name in levels
    if kind == _K.PROVINCIAL_DEPT.name:
        return frozenset()  # the installation's own: by the command line
    if kind == _K.CITY_BUREAU.name:
        return frozenset({Role.PROV})
    if kind == _K.DISTRICT_BUREAU.name:
        # A county that hangs on the province has no city above it.
        return frozenset({Role.CITY if city else Role.PROV})
    lowest = max(levels, key=rank, default=RegionLevel.DISTRICT.name)
    if rank(lowest) >= rank(RegionLevel.DISTRICT.name):
        return frozenset({Role.DIST})
    return frozenset({Role.CITY if city else Role.PROV})


def _levels(work: Work, path: str) -> sa.Select[tuple[str]]:
    region = work.table("Region")
    return sa.select(region.c.level).where(region.c.path.in_(over(path)), region.c.deleted_at.is_(None))


def require_maker(work: Work, kind: str, path: str, covers: str | None = None) -> None:
    """Raise FORBIDDEN unless the viewer holds, over the region, a role that makes such units; over `covers` as well."""
    allowed = makers(work, kind, path)
    ranges = [each for role, reach in work.viewer.reaches.items() if role in allowed for each in reach.ranges]
    if not all(any(low <= place < high for low, high in ranges) for place in (path, covers or path)):
        zh = OrgUnitKind[kind].zh
        raise forbidden(f"{zh}由上一级机构新建和维护。", "Units are made and changed by the level above them.")


@checks
def check(draft: Draft) -> None:
    if not draft.whole("kind"):
        return
    kind = OrgUnitKind[draft.row["kind"]]
    parent = draft.work.get("OrgUnit", draft.row.get("parent_id")) if draft.whole("parent_id") else None
    if parent is None:
        if kind in _NEEDS_PARENT and "parent_id" not in draft.broken:
            draft.fault("parent_id", "REQUIRED", f"为{kind.zh}必填", "is required for this kind of unit")
        return
    wanted = PARENTS.get(kind)
    if wanted and OrgUnitKind[parent["kind"]] not in wanted:
        names = "、".join(k.zh for k in OrgUnitKind if k in wanted)
        draft.fault("parent_id", "RANGE", f"须为{names}", "is not of the kind this unit needs above it")
    elif draft.whole("region_id") and not _stands_over(draft, parent):
        draft.fault("parent_id", "RANGE", "不在本机构所在区划之上", "does not stand over the unit's region")
    if _is_own_ancestor(draft, parent):
        draft.fault("parent_id", "RANGE", "不能是本机构或其下级", "must not be the unit itself or one below it")


def _stands_over(draft: Draft, parent: Row) -> bool:
    region = draft.work.get("Region", draft.row["region_id"])
    return region is None or parent["scope_path"] in over(region["path"])


def _is_own_ancestor(draft: Draft, parent: Row | None) -> bool:
    seen: set[str] = set()
    while parent is not None and parent["id"] not in seen:
        if parent["id"] == draft.row["id"]:
            return True
        seen.add(parent["id"])
        parent = draft.work.get("OrgUnit", parent["parent_id"])
    return False


@allows
def allow(draft: Draft) -> None:
    require_maker(draft.work, draft.row["kind"], draft.row["scope_path"])


@follows
def follow(draft: Draft) -> None:
    """The partner institution bears the name of its unit."""
    if draft.before is None or not draft.changed("name"):
        return
    partner = draft.work.table("PartnerInstitution")
    for row in draft.work.living("PartnerInstitution", partner.c.org_unit_id == draft.row["id"]):
        draft.work.change("PartnerInstitution", row["id"], name=draft.row["name"])
