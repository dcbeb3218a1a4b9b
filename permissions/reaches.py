"""Grants valid today -> what each role of an account reaches.

A grant that names nothing it could reach (no anchor, or one that is deleted) counts for nothing: it denies. Of what it
names it reaches what lies within the regions of who gave it (``RoleGrant.within``), then and later: an appointment, a
coverage or a move elsewhere adds nothing until somebody who may grant there gives a grant of their own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.clock import today
from db.facts import Role
from db.identity import parse_global_id
from db.models.places.org_unit import OrgUnit
from db.models.places.org_unit_coverage import OrgUnitCoverage
from db.models.system.role_grant import RoleGrant
from permissions.anchors import COMMITTEE, MEDIATOR, appointed, held_at
from permissions.regions import Range, above, common, inside, outermost, ranges_of
from permissions.viewer import EVERYWHERE, Reach, subtree

REGION_ROLES = frozenset({Role.PROV, Role.CITY, Role.DIST, Role.DHR, Role.FINA, Role.AUDT})
UNIT_ROLES = frozenset({Role.SECT, Role.OFFC, Role.CENT, Role.COURT, Role.PART})
GrantRow = sa.Row[str, str | None, str | None, str | None, str | None, dt.date, dt.date | None, Any]


@dataclass(frozen=True)
class Held:
    """A grant that counts today: its role, what it reaches, its first day and its last (None: no end)."""

    role: Role
    reach: Reach
    since: dt.date
    until: dt.date | None
    regions: tuple[str, ...] = ()
    """The regions it is held for, or those that its unit covers."""


def held_by(connection: Connection, account_id: str) -> list[Held]:
    """The grants of an account that count today, in the order in which they were given."""
    grant = RoleGrant
    anchors = (grant.region_id, grant.org_unit_id, grant.committee_id, grant.mediator_id)
    rows = connection.execute(
        sa.select(grant.role, *anchors, grant.valid_from, grant.valid_to, grant.within)
        .where(grant.account_id == account_id, *_holds_today(grant, grant.valid_from, grant.valid_to))
        .order_by(grant.id)
    )
    found = [(row, _reach(connection, row)) for row in rows.all()]
    return [
        Held(Role[row[0]], reach, row[5], row[6], _held_for(connection, row))
        for row, reach in found
        if reach is not None
    ]


def _held_for(connection: Connection, grant: GrantRow) -> tuple[str, ...]:
    if grant[1]:
        return (grant[1],)
    return tuple(_covered(connection, grant[2])) if grant[2] else ()


def reaches_of(connection: Connection, account_id: str) -> dict[Role, Reach]:
    """What each role that the account holds today reaches; several grants of a role add up."""
    found: dict[Role, list[Reach]] = {}
    for held in held_by(connection, account_id):
        found.setdefault(held.role, []).append(held.reach)
    return {role: _sum(reaches) for role, reaches in found.items()}


def _reach(connection: Connection, grant: GrantRow) -> Reach | None:
    name, region, unit, committee, mediator, _since, _until, within = grant
    role = Role[name]
    if role is Role.SYS:
        return Reach()
    limits = limits_of(connection, within)
    if role in REGION_ROLES and region:
        return _regions(connection, [region], limits)
    if role in UNIT_ROLES and unit and _lives(connection, OrgUnit, unit):
        below = _below(connection, unit, limits)
        return _regions(connection, _covered(connection, unit), limits, units=(unit,), below=below)
    if role is Role.COMM and committee and _lives(connection, held_at(COMMITTEE).model, committee):
        return _committees(connection, [committee], limits)
    if role is Role.MEDR and mediator and _lives(connection, held_at(MEDIATOR).model, mediator):
        return _committees(connection, _appointed_to(connection, mediator), limits, mediators=(mediator,))
    return None


def limits_of(connection: Connection, within: Sequence[Mapping[str, Any]] | None) -> tuple[Range, ...]:
    """The subtrees of the regions that a grant states as its limits; all there is where it states none."""
    if within is None:
        return EVERYWHERE
    known = [parsed[1] for region in within if (parsed := parse_global_id(region["id"]))]
    return tuple(outermost(found for key in known for found in ranges_of(connection, key)))


def _committees(connection: Connection, committees: list[str], limits: tuple[Range, ...], **more: Any) -> Reach:
    table = held_at(COMMITTEE).table
    rows = connection.execute(
        sa.select(table.c.id, table.c.region_id, table.c.scope_path).where(table.c.id.in_(committees))
    )
    reached = [row for row in rows.all() if inside(subtree(row.scope_path), limits)]
    keys = tuple(sorted(row.id for row in reached))
    return _regions(connection, sorted({row.region_id for row in reached}), limits, committees=keys, **more)


def _regions(connection: Connection, regions: Iterable[str], limits: tuple[Range, ...], **more: Any) -> Reach:
    ranges: set[Range] = set()
    paths: set[str] = set()
    for region in regions:
        if found := common(ranges_of(connection, region), limits):
            ranges.update(found)
            paths.update(above(connection, region))
    return Reach(tuple(outermost(ranges)), tuple(sorted(paths)), limits=limits, **more)


def _covered(connection: Connection, unit: str) -> list[str]:
    coverage = OrgUnitCoverage
    today_only = _holds_today(coverage, coverage.valid_from, coverage.valid_to)
    return list(connection.scalars(sa.select(coverage.region_id).where(coverage.org_unit_id == unit, *today_only)))


def _below(connection: Connection, unit: str, limits: tuple[Range, ...]) -> tuple[str, ...]:
    """A unit and those below it that stand within the limits; nothing below one that was deleted."""
    one = OrgUnit.__table__
    found = sa.select(one.c.id, one.c.scope_path).where(one.c.id == unit, one.c.deleted_at.is_(None))
    tree = found.cte("below", recursive=True)
    child = one.alias("child")
    further = sa.select(child.c.id, child.c.scope_path).where(
        child.c.parent_id == tree.c.id, child.c.deleted_at.is_(None)
    )
    tree = tree.union(further)  # a union ends where units were made each other's parents
    rows = connection.execute(sa.select(tree.c.id, tree.c.scope_path))
    return tuple(sorted(row.id for row in rows if inside(subtree(row.scope_path), limits)))


def _appointed_to(connection: Connection, mediator: str) -> list[str]:
    return sorted(connection.scalars(appointed(mediator)))


def _lives(connection: Connection, model: Any, key: str) -> bool:
    return connection.scalar(sa.select(model.id).where(model.id == key, model.deleted_at.is_(None))) is not None


def _holds_today(model: Any, since: Any, until: Any) -> list[sa.ColumnElement[bool]]:
    day = today()
    return [model.deleted_at.is_(None), since <= day, sa.or_(until.is_(None), until >= day)]


def _sum(reaches: list[Reach]) -> Reach:
    if len(reaches) == 1:
        return reaches[0]
    lists: dict[str, Any] = {
        part: tuple(sorted({x for reach in reaches for x in getattr(reach, part)})) for part in _LISTS
    }
    ranges: dict[str, Any] = {
        part: tuple(outermost(r for reach in reaches for r in getattr(reach, part))) for part in _RANGES
    }
    return Reach(**ranges, **lists)


_RANGES = ("ranges", "limits")
_LISTS = ("above", "committees", "mediators", "units", "below", "grids")
