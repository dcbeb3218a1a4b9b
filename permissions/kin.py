"""Whether two accounts work for the same unit: what one began the other may finish (DOMAIN 3.1, "same unit")."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.clock import today
from db.facts import Role
from db.models.places.region import Region
from db.models.system.role_grant import RoleGrant
from permissions.viewer import Viewer


def same_unit(connection: Connection, viewer: Viewer, account_id: str) -> bool:
    """Whether `account_id` is the viewer's own or holds, or held, a role of the viewer's for the same unit.

    What somebody began for a unit before they left it, the others of the unit go on with.
    """
    return account_id == viewer.account_id or any(_shared(viewer, row) for row in _grants(connection, account_id))


def _grants(connection: Connection, account_id: str) -> list[sa.Row[str, str | None, str | None, str | None]]:
    grant = RoleGrant
    statement = (
        sa.select(grant.role, grant.committee_id, grant.org_unit_id, Region.path)
        .outerjoin(Region, Region.id == grant.region_id)
        .where(grant.account_id == account_id, grant.deleted_at.is_(None), grant.valid_from <= today())
    )
    return list(connection.execute(statement).all())


def _shared(viewer: Viewer, grant: sa.Row[str, str | None, str | None, str | None]) -> bool:
    role, committee, unit, path = grant
    reach = viewer.reaches.get(Role[role])
    if reach is None:
        return False
    bureau = path is not None and any(low == path for low, _ in reach.ranges)
    return committee in reach.committees or unit in reach.units or bureau
