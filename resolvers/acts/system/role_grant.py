"""Grants: each role in the one thing it is held for, never more than the granting viewer holds (DOMAIN 2.2, 5.2)."""

from __future__ import annotations

import datetime as dt

from db.facts import Role
from db.models.places.org_unit import OrgUnitKind
from db.models.places.region import RegionLevel
from permissions.ceilings import ANCHORS, first_day, last_day
from resolvers.acting import allows, checks, prepares
from resolvers.commands.work import Draft
from resolvers.faults import forbidden

_FOREVER = dt.date.max
_TARGETS = {
    "region_id": "Region",
    "org_unit_id": "OrgUnit",
    "committee_id": "MediationCommittee",
    "mediator_id": "Mediator",
}
LEVELS = {
    Role.PROV: RegionLevel.PROVINCE,
    Role.CITY: RegionLevel.CITY,
    Role.DIST: RegionLevel.DISTRICT,
    Role.DHR: RegionLevel.DISTRICT,
    Role.FINA: RegionLevel.DISTRICT,
}
KINDS = {
    Role.SECT: OrgUnitKind.BUREAU_SECTION, Role.OFFC: OrgUnitKind.JUDICIAL_OFFICE,
    Role.CENT: OrgUnitKind.MEDIATION_CENTER,
    Role.COURT: OrgUnitKind.PARTNER, Role.PART: OrgUnitKind.PARTNER,
}  # fmt: skip


@prepares()
def prepare(draft: Draft) -> None:
    """Whoever gives a grant, or more days of one, vouches for it with what they may give themselves."""
    if draft.whole("role", "valid_from") and "valid_to" not in draft.broken and (draft.new or not _only_ends(draft)):
        draft.row["within"] = draft.work.ceiling.vouched(draft.row)


@checks
def check(draft: Draft) -> None:
    row = draft.row
    if draft.whole("valid_from", "valid_to") and row["valid_to"] < row["valid_from"]:
        draft.fault("valid_to", "RANGE", "早于起始日期", "is before validFrom")
    if not draft.whole("role"):
        return
    role = Role[row["role"]]
    for column in _TARGETS:
        if column == ANCHORS[role] and row.get(column) is None and column not in draft.broken:
            draft.fault(column, "REQUIRED", f"为角色“{role.zh}”必填", f"is required for the role {role.name}")
        elif column != ANCHORS[role] and row.get(column) is not None:
            draft.fault(
                column, "RANGE", f"须为空：角色“{role.zh}”不按此授权", f"must be empty for the role {role.name}"
            )
    _check_anchor(draft, role)
    if draft.sound:
        _check_days(draft)


def _check_days(draft: Draft) -> None:
    """What is given begins and ends within the days of the viewer's own grant; what stands already may stay."""
    givers, row, before = draft.work.ceiling.over(draft.row, new=draft.new), draft.row, draft.before
    if not givers:
        return  # ``_allow`` says so
    first, last = first_day(givers), last_day(givers) or _FOREVER
    if (row["valid_to"] or _FOREVER) > max(last, (before["valid_to"] or _FOREVER) if before else last):
        draft.fault(
            "valid_to", "RANGE", f"不能晚于您本人授权的终止日期 {last}", f"must not be after {last}, as your own"
        )
    if row["valid_from"] < min(first, before["valid_from"] if before else first):
        zh, en = f"不能早于您本人授权的起始日期 {first}", f"must not be before {first}, as your own"
        draft.fault("valid_from", "RANGE", zh, en)


def _check_anchor(draft: Draft, role: Role) -> None:
    if role in LEVELS and draft.whole("region_id"):
        region, level = draft.work.get("Region", draft.row["region_id"]), LEVELS[role]
        # Where a city has no districts its towns hang on it, and it is its own district.
        fits = region and (
            region["level"] == level.name
            or (level is RegionLevel.DISTRICT and region["level"] == RegionLevel.CITY.name)
        )
        if not fits:
            draft.fault("region_id", "RANGE", f"须为{level.zh}", f"must be at level {level.name}")
    if role in KINDS and draft.whole("org_unit_id"):
        unit, kind = draft.work.get("OrgUnit", draft.row["org_unit_id"]), KINDS[role]
        if unit and unit["kind"] != kind.name:
            draft.fault("org_unit_id", "RANGE", f"须为{kind.zh}", f"must be a {kind.name}")


@allows
def allow(draft: Draft) -> None:
    work, ends = draft.work, draft.before is not None and _only_ends(draft)
    if draft.row["account_id"] == work.viewer.account_id and not ends:
        # A role of one's own making would lift one's masks and the separation of duties.
        raise forbidden("不能给自己授权。", "You may not grant anything to yourself.")
    # The technical administrator may end what others gave, and give nothing they have.
    if not work.ceiling.covers(draft.row, new=draft.new) and not (Role.SYS in work.viewer.reaches and ends):
        role = Role[draft.row["role"]]
        raise forbidden(f"不能授予或变更高于本人权限的角色：{role.zh}。", f"You may not grant {role.name} here.")


def _only_ends(draft: Draft) -> bool:
    changed = draft.changes().keys()
    if not changed:
        return True
    before = draft.before or {}
    sooner = draft.row["valid_to"] is not None and (
        before["valid_to"] is None or draft.row["valid_to"] <= before["valid_to"]
    )
    return changed <= {"valid_to"} and sooner
