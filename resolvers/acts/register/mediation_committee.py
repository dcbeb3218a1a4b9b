"""Mediation committees (People's Mediation Law 7, 8, 34; DOMAIN 2.3 and 3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, case, func, select

from db.models.places.org_unit import OrgUnitKind
from db.models.places.region import RegionLevel
from db.models.register.host_unit import HostUnitStatus
from db.models.register.mediation_committee import OF_PLACES, TRADES, CommitteeStatus, CommitteeType
from permissions.scopes import living
from resolvers.acting import checks, derives, prepares
from resolvers.acts.register.snapshots import TRACKED_COLUMNS
from resolvers.acts.register.standing import status_of
from resolvers.commands.places import bureau_over, covers, office_over, over, rank, same_district
from resolvers.commands.work import Draft, Row

if TYPE_CHECKING:
    from resolvers.compiler import Compiler

_T = CommitteeType
VILLAGE_TYPES = frozenset({_T.VILLAGE.name, _T.COMMUNITY.name})
STREET_TYPES = frozenset({_T.TOWNSHIP.name, _T.SUBDISTRICT.name})
DISTRICT_FILED_TYPES = frozenset(kind.name for kind in (*TRADES, _T.SOCIAL_ORG, _T.REGIONAL))
"""Types whose filing the district bureau may start itself (DOMAIN 3.1)."""
_BUREAUS = frozenset(
    k.name for k in (OrgUnitKind.DISTRICT_BUREAU, OrgUnitKind.CITY_BUREAU, OrgUnitKind.PROVINCIAL_DEPT)
)
_ABOVE_STREETS = frozenset(level.name for level in tuple(RegionLevel)[: rank("DISTRICT") + 1])


def works_above_streets(committee: Row) -> bool:
    """Whether a committee works for a whole district or more."""
    return committee["level"] in _ABOVE_STREETS


@prepares("level", "guiding_office_id", "filing_bureau_id")
def prepare(draft: Draft) -> None:
    row = draft.row
    region = draft.work.get("Region", row.get("region_id")) if draft.whole("region_id") else None
    if region is None:
        return
    if row.get("level") is None and "level" not in draft.broken and draft.whole("type"):
        row["level"] = _level(row["type"], region)
    if row.get("filing_bureau_id") is None and "filing_bureau_id" not in draft.broken:
        bureau = bureau_over(draft.work, region["path"])
        row["filing_bureau_id"] = bureau["id"] if bureau else None
    if row.get("guiding_office_id") is None and "guiding_office_id" not in draft.broken:
        office = office_over(draft.work, region["path"])
        row["guiding_office_id"] = office["id"] if office else row.get("filing_bureau_id")
    if draft.whole("established_on"):
        begun = row["established_on"] <= draft.work.today
        if draft.new or row["status"] in (CommitteeStatus.PREPARING.name, CommitteeStatus.ACTIVE.name):
            row["status"] = (CommitteeStatus.ACTIVE if begun else CommitteeStatus.PREPARING).name


def _level(kind: str, region: Row) -> str:
    if kind in VILLAGE_TYPES:
        return RegionLevel.VILLAGE.name
    return RegionLevel.STREET.name if kind in STREET_TYPES else str(region["level"])


@checks
def check(draft: Draft) -> None:
    if draft.before and draft.before["status"] == CommitteeStatus.DISSOLVED.name and draft.changes():
        draft.whole_fault("STATE", "调委会已撤销，不能修改。", "A dissolved committee cannot be changed.")
        return
    if draft.whole("type"):
        _check_host(draft)
    if draft.whole("region_id"):
        region = draft.work.get("Region", draft.row["region_id"])
        if region is not None:
            _check_level(draft, region)
            _check_units(draft, region)
    if draft.before and draft.sound and draft.changed(*TRACKED_COLUMNS):
        draft.row["filing_status"] = status_of(draft.work, draft.row)


def _check_host(draft: Draft) -> None:
    own = draft.row["type"] in {kind.name for kind in OF_PLACES}
    if "host_unit_id" in draft.broken:
        return
    if own and draft.row.get("host_unit_id") is not None:
        draft.fault(
            "host_unit_id",
            "RANGE",
            "须为空：村、社区、乡镇、街道调委会没有设立单位",
            "must be empty for this type of committee",
        )
    elif not own and draft.whole("host_unit_id") and draft.changed("host_unit_id"):
        host = draft.work.get("HostUnit", draft.row["host_unit_id"])
        if host and host["status"] == HostUnitStatus.CLOSED.name:
            draft.fault("host_unit_id", "RANGE", "已注销", "is closed")


def _check_level(draft: Draft, region: Row) -> None:
    kind, level = draft.row.get("type"), draft.row.get("level")
    wanted = RegionLevel.VILLAGE if kind in VILLAGE_TYPES else RegionLevel.STREET if kind in STREET_TYPES else None
    if wanted and region["level"] != wanted.name:
        draft.fault(
            "region_id", "RANGE", f"与类型不符，应为{wanted.zh}", f"must be at level {wanted.name} for this type"
        )
    elif wanted and level and level != wanted.name:
        draft.fault("level", "RANGE", f"与类型不符，应为{wanted.zh}", f"must be {wanted.name} for this type")
    elif level and rank(level) > rank(region["level"]):
        draft.fault("level", "RANGE", "低于所在区划的级别", "is below the level of the region")


def _check_units(draft: Draft, region: Row) -> None:
    work, path = draft.work, region["path"]
    if draft.whole("filing_bureau_id") and draft.changed("filing_bureau_id", "region_id"):
        bureau = work.get("OrgUnit", draft.row["filing_bureau_id"])
        if bureau and (bureau["kind"] != OrgUnitKind.DISTRICT_BUREAU.name or bureau["scope_path"] not in over(path)):
            draft.fault(
                "filing_bureau_id",
                "RANGE",
                "须为所在区县的司法局",
                "must be the bureau of the district the committee is in",
            )
    if draft.whole("guiding_office_id") and draft.changed("guiding_office_id", "region_id", "level"):
        unit = work.get("OrgUnit", draft.row["guiding_office_id"])
        if unit and not _guides(draft, unit, path):
            draft.fault(
                "guiding_office_id", "RANGE", "的辖区不包括所在区划", "does not cover the region of the committee"
            )
    if draft.whole("host_unit_id") and draft.changed("host_unit_id", "region_id"):
        host = work.get("HostUnit", draft.row["host_unit_id"])
        if host and not same_district(work, host["scope_path"], path):
            draft.fault("host_unit_id", "RANGE", "不在同一区县", "lies in another district")


def _guides(draft: Draft, unit: Row, path: str) -> bool:
    if unit["kind"] == OrgUnitKind.JUDICIAL_OFFICE.name:
        return covers(draft.work, unit, path)
    # Where no judicial office covers the place the bureau guides by itself.
    direct = works_above_streets(draft.row) if draft.row.get("level") else False
    alone = direct or office_over(draft.work, path) is None
    return alone and unit["kind"] in _BUREAUS and unit["scope_path"] in over(path)


@derives("status", "id", "status")
def term_expired(c: Compiler, table: FromClause) -> ColumnElement[Any]:
    """ACTIVE becomes TERM_EXPIRED the day after the last begun term ends (DOMAIN 3.1, BR-05)."""
    term = c.alias(c.entities["CommitteeTerm"])
    today = c.today()
    ends = (
        select(func.max(term.c.ends_on, type_=term.c.ends_on.type))
        .where(term.c.committee_id == table.c.id, living(term), term.c.starts_on <= today)
        .correlate_except(term)
        .scalar_subquery()
    )
    active, expired = (sa.literal_column(f"'{name}'", table.c.status.type) for name in ("ACTIVE", "TERM_EXPIRED"))
    return case((sa.and_(table.c.status == active, ends < today), expired), else_=table.c.status)
