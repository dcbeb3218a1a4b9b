"""What units cover: no two units of a kind cover a place on the same day (DOMAIN 2.2)."""

from __future__ import annotations

from db.models.places.org_unit import OrgUnitKind
from resolvers.acting import allows, checks
from resolvers.acts.places.org_unit import require_maker
from resolvers.commands.dates import overlap
from resolvers.commands.places import over
from resolvers.commands.work import Draft, Row

_EXCLUSIVE = frozenset(
    k.name for k in (OrgUnitKind.JUDICIAL_OFFICE, OrgUnitKind.DISTRICT_BUREAU, OrgUnitKind.CITY_BUREAU)
)


@checks
def check(draft: Draft) -> None:
    row, work = draft.row, draft.work
    if draft.whole("valid_from", "valid_to") and row["valid_to"] < row["valid_from"]:
        draft.fault("valid_to", "RANGE", "早于起始日期", "is before validFrom")
    if not draft.whole("org_unit_id", "region_id"):
        return
    unit, region = work.get("OrgUnit", row["org_unit_id"]), work.get("Region", row["region_id"])
    if unit is None or region is None:
        return
    parent = work.hold("OrgUnit", unit["parent_id"]) if unit["parent_id"] else None
    if (parent or unit)["scope_path"] not in over(region["path"]):
        draft.fault("region_id", "RANGE", "不在上级机构的辖区内", "lies outside what stands above the unit")
    elif unit["kind"] in _EXCLUSIVE and draft.whole("valid_from") and "valid_to" not in draft.broken:
        _check_siblings(draft, unit, region["path"])


def _check_siblings(draft: Draft, unit: Row, path: str) -> None:
    work, row = draft.work, draft.row
    for other in _coverages(draft, unit["kind"]):
        theirs = work.get("Region", other["region_id"])
        meets = theirs is not None and (path in over(theirs["path"]) or theirs["path"] in over(path))
        if meets and overlap(row["valid_from"], row.get("valid_to"), other["valid_from"], other["valid_to"]):
            own = other["org_unit_id"] == unit["id"]
            zh = "已在本机构的辖区内" if own else "同一时间已由其他同类机构管辖"
            draft.fault("region_id", "CONFLICT", zh, "is covered at that time already")
            return


def _coverages(draft: Draft, kind: str) -> list[Row]:
    """The other coverages of units of the kind under the same bureau."""
    work, table = draft.work, draft.info.table
    unit = work.table("OrgUnit")
    ids = [row["id"] for row in work.living("OrgUnit", unit.c.kind == kind, unit.c.parent_id == _parent(draft))]
    return work.living("OrgUnitCoverage", table.c.org_unit_id.in_(ids), table.c.id != draft.row["id"])


def _parent(draft: Draft) -> str | None:
    unit = draft.work.get("OrgUnit", draft.row["org_unit_id"])
    return unit["parent_id"] if unit else None


@allows
def allow(draft: Draft) -> None:
    unit = draft.work.get("OrgUnit", draft.row["org_unit_id"])
    region = draft.work.get("Region", draft.row["region_id"])
    if unit is not None and region is not None:
        # What a unit covers is what its people reach: nobody lets them reach more than oneself does.
        require_maker(draft.work, unit["kind"], unit["scope_path"], region["path"])
