"""Whether two accounts work for the same unit: what one began the other may finish (DOMAIN 3.1, "same unit")."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.clock import today
from db.facts import Role
from db.models.places.region import Region
from db.models.system.role_grant import RoleGrant
from permissions.viewer import Viewer


def same_units(connection: Connection, viewer: Viewer, accounts: Collection[str]) -> frozenset[str]:
    """Those of `accounts` that are the viewer's own or hold, or held, a role of the viewer's for the same unit.

    What somebody began for a unit before they left it, the others of the unit go on with.
    """
    others = sorted(set(accounts) - {viewer.account_id})
    grants = _grants(connection, others) if others else ()
    shared = {grant[0] for grant in grants if _shared(viewer, grant[1:])}
    return frozenset(shared | (set(accounts) & {viewer.account_id}))


def _grants(connection: Connection, accounts: Sequence[str]) -> Sequence[sa.Row[str, str, str | None, str | None, str]]:
    grant = RoleGrant
    statement = (
        sa.select(grant.account_id, grant.role, grant.committee_id, grant.org_unit_id, Region.path)
        .outerjoin(Region, Region.id == grant.region_id)
        .where(grant.account_id.in_(accounts), grant.deleted_at.is_(None), grant.valid_from <= today())
    )
    return connection.execute(statement).all()


def _shared(viewer: Viewer, grant: Sequence[Any]) -> bool:
    role, committee, unit, path = grant
    reach = viewer.reaches.get(Role[role])
    if reach is None:
        return False
    bureau = path is not None and any(low == path for low, _ in reach.ranges)
    return committee in reach.committees or unit in reach.units or bureau
