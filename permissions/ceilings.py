"""Never more than oneself has: which grants somebody may give, and whose accounts they may take over (DOMAIN 5.2).

A grant lies below the ceiling of a giver where one of the giver's own grants of today is of a role that gives such
roles (``GRANTABLE``), reaches all that the grant could reach, and, for a grant still to be given, holds on all its
days. A grant for a unit reaches what the unit covers now or later: a unit at home in one's district that covers
another one too is no grant of the district's.

What a grant names may reach further some day: a mediator is appointed elsewhere, a unit gets another street. So each
grant states the regions of who gave it and never reaches beyond them (``permissions.reaches``). They are those of that
day: a successor in office, or a new coverage of the giver's unit, changes nothing. Whoever has the days of a grant
changed or takes an account over vouches for it from then on, so its regions become those that both have.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.clock import today
from db.facts import Role
from db.identity import global_id
from db.models.places.org_unit_coverage import OrgUnitCoverage
from db.models.places.region import Region
from db.models.system.role_grant import RoleGrant
from permissions.anchors import appointed, held_at
from permissions.reaches import Held, held_by, limits_of
from permissions.regions import Range, common, inside, ranges_of
from permissions.viewer import Viewer, subtree

_LOW = frozenset({Role.COMM, Role.MEDR})
_DISTRICT = _LOW | {
    Role.DIST, Role.DHR, Role.SECT, Role.FINA, Role.OFFC, Role.CENT, Role.COURT, Role.PART, Role.AUDT
}  # fmt: skip
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
    **dict.fromkeys((Role.PROV, Role.CITY, Role.DIST, Role.DHR, Role.FINA, Role.AUDT), "region_id"),
    **dict.fromkeys((Role.SECT, Role.OFFC, Role.CENT, Role.COURT, Role.PART), "org_unit_id"),
    Role.COMM: "committee_id", Role.MEDR: "mediator_id", Role.SYS: None,
    Role.GRID: None,  # no entity is a grid yet, so nobody gives the role and it reaches nothing
}  # fmt: skip
"""Role -> the one column of a grant that says where it is held."""


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

    def over(self, grant: Mapping[str, Any], *, new: bool = False) -> list[Held]:
        """The viewer's grants by which they may give (`new`), change or end this one, its days aside."""
        role = Role[grant["role"]]
        givers = [held for held in self._held if role in GRANTABLE.get(held.role, frozenset())]
        column = ANCHORS[role]
        if not givers or column is None:
            return givers
        ranges = _ranges(self._connection, column, grant, new)
        return [held for held in givers if ranges and all(inside(each, held.reach.ranges) for each in ranges)]

    def covers(self, grant: Mapping[str, Any], *, new: bool = False) -> bool:
        """Whether the viewer could give a grant of this role for this place."""
        return bool(self.over(grant, new=new))

    def vouched(self, grant: Mapping[str, Any], *, days: bool = True) -> list[dict[str, str]] | None:
        """The regions beyond which a grant reaches nothing when the viewer gives it, or stands in for who did.

        Those of the viewer's grants that give its role, with `days` on all its days, within those it states already.
        None where nothing limits it: it is the server that gives it, or a role that is held nowhere.
        """
        role = Role[grant["role"]]
        stated: list[dict[str, str]] | None = grant.get("within")
        if ANCHORS[role] is None or not self._viewer.reaches:
            return stated
        givers = [held for held in self._held if role in GRANTABLE.get(held.role, frozenset())]
        givers = [held for held in givers if not days or _lasts(held, grant)]
        own = _told(self._connection, {region for held in givers for region in held.regions})
        return own if stated is None else _narrower(self._connection, own, stated)

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


def _ranges(connection: Connection, column: str, grant: Mapping[str, Any], new: bool) -> list[Range]:
    """All that a grant could reach from today on; empty where there is no such place as it names."""
    key = grant.get(column)
    place = held_at(column)
    table = place.table
    stands = table.c[place.scope_column or "scope_path"]
    path = connection.scalar(sa.select(stands).where(table.c.id == key)) if key else None
    if path is None:
        return []
    regions: list[str | None] = []
    match column:
        case "region_id":
            regions = [key]
        case "org_unit_id":
            regions = [*_covered(connection, key)]
        case "mediator_id":
            regions = [row.region_id for row in connection.execute(appointed(key, to_come=True))]
    reached = [each for region in regions if region for each in ranges_of(connection, region)]
    # A new grant for a unit is for all of it; what was given for a part, or becomes more later, stays a part.
    whole = new and column == "org_unit_id"
    return [subtree(path), *(reached if whole else common(reached, limits_of(connection, grant.get("within"))))]


def _covered(connection: Connection, unit: str | None) -> list[str]:
    coverage = OrgUnitCoverage.__table__
    not_over = sa.or_(coverage.c.valid_to.is_(None), coverage.c.valid_to >= today())
    mine = (coverage.c.org_unit_id == unit, coverage.c.deleted_at.is_(None), not_over)
    return list(connection.scalars(sa.select(coverage.c.region_id).where(*mine)))


def _lasts(held: Held, grant: Mapping[str, Any]) -> bool:
    """Whether a giver's grant holds on all days of another."""
    until = grant.get("valid_to")
    return held.until is None or (until is not None and until <= held.until)


def _told(connection: Connection, regions: Iterable[str]) -> list[dict[str, str]]:
    """Regions as a grant states them."""
    table = Region.__table__
    rows = connection.execute(
        sa.select(table.c.id, table.c.code, table.c.name).where(table.c.id.in_(sorted(regions))).order_by(table.c.code)
    )
    return [{"id": global_id("rg", row.id), "code": row.code, "name": row.name} for row in rows]


def _narrower(
    connection: Connection, some: Sequence[dict[str, str]], others: Sequence[dict[str, str]]
) -> list[dict[str, str]]:
    """Those of two lists of regions that lie inside the other list."""

    def kept(these: Sequence[dict[str, str]], those: Sequence[dict[str, str]]) -> list[dict[str, str]]:
        around = limits_of(connection, those)
        return [one for one in these if all(inside(each, around) for each in limits_of(connection, [one]))]

    stay = kept(others, some)
    return [*stay, *(one for one in kept(some, others) if one["id"] not in {other["id"] for other in stay})]
