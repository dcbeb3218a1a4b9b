"""Never more than oneself has: which grants somebody may give, and whose accounts they may take over (DOMAIN 5.2).

A grant lies below the ceiling of a giver where one of the giver's own grants of today is of a role that gives such
roles (``GRANTABLE``), reaches all that the grant could reach, and, for a grant still to be given, holds on all its
days. A grant for a unit reaches what the unit covers now or later: a unit at home in one's district that covers
another one too is no grant of the district's.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.clock import today
from db.facts import Role
from db.models.mediation_committee import MediationCommittee
from db.models.mediator import Mediator
from db.models.org_unit import OrgUnit
from db.models.org_unit_coverage import OrgUnitCoverage
from db.models.region import Region
from db.models.role_grant import RoleGrant
from permissions.reaches import Held, held_by
from permissions.regions import Range, ranges_of
from permissions.viewer import Viewer, subtree

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
"""Giver's role -> roles it gives, within what it reaches."""
ANCHORS: dict[Role, str | None] = {
    **dict.fromkeys((Role.PROV, Role.CITY, Role.DIST, Role.DHR, Role.AUDT), "region_id"),
    **dict.fromkeys((Role.OFFC, Role.CENT, Role.COURT, Role.PART), "org_unit_id"),
    Role.COMM: "committee_id", Role.MEDR: "mediator_id", Role.SYS: None,
}  # fmt: skip
"""Role -> the one column of a grant that says where it is held."""
_PLACES: dict[str, sa.ColumnElement[str]] = {
    "region_id": Region.__table__.c.path, "org_unit_id": OrgUnit.__table__.c.scope_path,
    "committee_id": MediationCommittee.__table__.c.scope_path, "mediator_id": Mediator.__table__.c.scope_path,
}  # fmt: skip


class Ceiling:
    """What a viewer's own grants of today let them give; asked of stored grants, or of columns like theirs."""

    def __init__(self, connection: Connection, viewer: Viewer) -> None:
        self._connection, self._viewer = connection, viewer

    @functools.cached_property
    def _held(self) -> list[Held]:
        if not self._viewer.reaches:
            return []  # nobody, or the server itself, which has no account
        found = held_by(self._connection, self._viewer.account_id)
        return [held for held in found if held.role in self._viewer.reaches]

    def over(self, grant: Mapping[str, Any]) -> list[Held]:
        """The viewer's grants by which they may give, change or end this one, its days aside."""
        role = Role[grant["role"]]
        givers = [held for held in self._held if role in GRANTABLE.get(held.role, frozenset())]
        column = ANCHORS[role]
        if not givers or column is None:
            return givers
        ranges = _ranges(self._connection, column, grant.get(column))
        return [held for held in givers if ranges and all(_inside(each, held.reach.ranges) for each in ranges)]

    def covers(self, grant: Mapping[str, Any]) -> bool:
        """Whether the viewer could give a grant of this role for this place."""
        return bool(self.over(grant))

    def givable(self) -> dict[Role, dt.date | None]:
        """The roles the viewer may give somewhere, and the last day on which such a grant may end (None: open)."""
        found = {role: [h for h in self._held if role in GRANTABLE.get(h.role, frozenset())] for role in Role}
        return {role: last_day(held) for role, held in found.items() if held}

    def covers_account(self, account_id: str, until: dt.date | None = None) -> bool:
        """Whether the viewer could give all that an account holds, or is to hold; with `until`, up to that day."""
        return all(
            any(until is None or held.until is None or until <= held.until for held in self.over(grant))
            for grant in unended(self._connection, account_id)
        )


def unended(connection: Connection, account_id: str) -> list[dict[str, Any]]:
    """The grants of an account that count today or are to count some day, as they are stored."""
    grant = RoleGrant.__table__
    mine = (grant.c.account_id == account_id, grant.c.deleted_at.is_(None))
    not_over = sa.or_(grant.c.valid_to.is_(None), grant.c.valid_to >= today())
    rows = connection.execute(sa.select(grant).where(*mine, not_over).order_by(grant.c.id))
    return [dict(row) for row in rows.mappings()]


def first_day(held: Iterable[Held]) -> dt.date:
    """The first day on which what one gives by these grants may begin."""
    return min(each.since for each in held)


def last_day(held: Iterable[Held]) -> dt.date | None:
    """The last day on which what one gives by these grants may end; None: it need not."""
    days = [each.until for each in held]
    return None if None in days else max(day for day in days if day is not None)


def _ranges(connection: Connection, column: str, key: str | None) -> list[Range]:
    """All that a grant for this place could reach; empty where there is no such place."""
    place = _PLACES[column]
    path = connection.scalar(sa.select(place).where(place.table.c.id == key)) if key else None
    if path is None:
        return []
    ranges = [subtree(path)]
    regions = [key] if column == "region_id" else _covered(connection, key) if column == "org_unit_id" else []
    return [*ranges, *(each for region in regions if region for each in ranges_of(connection, region))]


def _covered(connection: Connection, unit: str | None) -> list[str]:
    coverage = OrgUnitCoverage.__table__
    not_over = sa.or_(coverage.c.valid_to.is_(None), coverage.c.valid_to >= today())
    mine = (coverage.c.org_unit_id == unit, coverage.c.deleted_at.is_(None), not_over)
    return list(connection.scalars(sa.select(coverage.c.region_id).where(*mine)))


def _inside(one: Range, ranges: Iterable[Range]) -> bool:
    return any(low <= one[0] and one[1] <= high for low, high in ranges)
