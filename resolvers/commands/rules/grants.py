"""Grants: each role in the one thing it is held for, never more than the granting viewer holds (DOMAIN 2.2, 5.2)."""

from __future__ import annotations

from db.enums import OrgUnitKind, RegionLevel
from db.facts import Role
from resolvers.commands.rules import Rules
from resolvers.commands.work import Draft, Row, Work
from resolvers.faults import forbidden

_LOW = frozenset({Role.COMM, Role.MEDR})
_DISTRICT = _LOW | {Role.DIST, Role.DHR, Role.OFFC, Role.CENT, Role.COURT, Role.PART, Role.AUDT}
GRANTABLE: dict[Role, frozenset[Role]] = {
    Role.PROV: _DISTRICT | {Role.CITY, Role.PROV},
    Role.CITY: _DISTRICT | {Role.CITY},
    Role.DIST: _DISTRICT,
    Role.OFFC: _LOW,
    # Technical only: the first officer of a province is made on the command line.
    Role.SYS: frozenset({Role.SYS}),
}
ANCHORS: dict[Role, str | None] = {
    **dict.fromkeys((Role.PROV, Role.CITY, Role.DIST, Role.DHR, Role.AUDT), "region_id"),
    **dict.fromkeys((Role.OFFC, Role.CENT, Role.COURT, Role.PART), "org_unit_id"),
    Role.COMM: "committee_id", Role.MEDR: "mediator_id", Role.SYS: None,
}  # fmt: skip
_TARGETS = {
    "region_id": "Region",
    "org_unit_id": "OrgUnit",
    "committee_id": "MediationCommittee",
    "mediator_id": "Mediator",
}
_LEVELS = {
    Role.PROV: RegionLevel.PROVINCE,
    Role.CITY: RegionLevel.CITY,
    Role.DIST: RegionLevel.DISTRICT,
    Role.DHR: RegionLevel.DISTRICT,
}
_KINDS = {
    Role.OFFC: OrgUnitKind.JUDICIAL_OFFICE, Role.CENT: OrgUnitKind.MEDIATION_CENTER,
    Role.COURT: OrgUnitKind.PARTNER, Role.PART: OrgUnitKind.PARTNER,
}  # fmt: skip


def may_grant(work: Work, grant: Row) -> bool:
    """Whether the viewer could have given this grant: a role of theirs grants it, over the place it is held for."""
    role = Role[grant["role"]]
    givers = [giver for giver in work.viewer.reaches if role in GRANTABLE.get(giver, frozenset())]
    column = ANCHORS[role]
    if column is None:
        return bool(givers)
    path = _path(work, column, grant.get(column))
    reaches = [work.viewer.reaches[giver] for giver in givers]
    return path is not None and any(low <= path < high for reach in reaches for low, high in reach.ranges)


def _path(work: Work, column: str, key: str | None) -> str | None:
    row = work.get(_TARGETS[column], key)
    return None if row is None else row.get("path") or row.get("scope_path")


def _check(draft: Draft) -> None:
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


def _check_anchor(draft: Draft, role: Role) -> None:
    if role in _LEVELS and draft.whole("region_id"):
        region, level = draft.work.get("Region", draft.row["region_id"]), _LEVELS[role]
        # Where a city has no districts its towns hang on it, and it is its own district.
        fits = region and (
            region["level"] == level.name
            or (level is RegionLevel.DISTRICT and region["level"] == RegionLevel.CITY.name)
        )
        if not fits:
            draft.fault("region_id", "RANGE", f"须为{level.zh}", f"must be at level {level.name}")
    if role in _KINDS and draft.whole("org_unit_id"):
        unit, kind = draft.work.get("OrgUnit", draft.row["org_unit_id"]), _KINDS[role]
        if unit and unit["kind"] != kind.name:
            draft.fault("org_unit_id", "RANGE", f"须为{kind.zh}", f"must be a {kind.name}")


def _allow(draft: Draft) -> None:
    if draft.before is None and draft.row["account_id"] == draft.work.viewer.account_id:
        # A role of one's own making would lift one's masks and the separation of duties.
        raise forbidden("不能给自己授权。", "You may not grant anything to yourself.")
    if not may_grant(draft.work, draft.row):
        role = Role[draft.row["role"]]
        # The technical administrator may end what others gave, and give nothing they have.
        ends = Role.SYS in draft.work.viewer.reaches and draft.before is not None and _only_ends(draft)
        if not ends:
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


RULES = Rules(check=_check, allow=_allow)
