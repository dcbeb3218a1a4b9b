"""What grants that people gave before their limits were stored are limited to (migration 0008)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db import types

_GRANT = sa.table(
    "role_grant", sa.column("id", types.Key()), sa.column("account_id", types.Key()), sa.column("role"),
    sa.column("region_id", types.Key()), sa.column("org_unit_id", types.Key()), sa.column("scope_path"),
    sa.column("created_by_id", types.Key()), sa.column("within", types.Json()),
)  # fmt: skip
_REGION = sa.table(
    "region", sa.column("id", types.Key()), sa.column("code"), sa.column("name"), sa.column("path"), sa.column("level")
)
_COVERAGE = sa.table(
    "org_unit_coverage", sa.column("org_unit_id", types.Key()), sa.column("region_id", types.Key()),
    sa.column("deleted_at"),
)  # fmt: skip
_GIVERS = ("PROV", "CITY", "DIST", "OFFC")


def given_within(connection: Connection) -> None:
    """Write the limits of every grant that an account gave.

    They are the regions of all grants the giver ever had that give roles; of a giver who has none, the district where
    the grant is held. Who gave more than that on purpose gives it anew.
    """
    given = sa.select(_GRANT).where(_GRANT.c.created_by_id.is_not(None), _GRANT.c.role != "SYS")
    for grant in connection.execute(given).all():
        keys = _regions_of(connection, grant.created_by_id)
        regions = _living(connection, _REGION.c.id.in_(keys)) if keys else []
        regions = [row for row in regions if grant.scope_path.startswith(row.path)] or _around(connection, grant)
        within = [{"id": f"rg_{row.id}", "code": row.code, "name": row.name} for row in regions]
        connection.execute(sa.update(_GRANT).where(_GRANT.c.id == grant.id).values(within=within))


def _regions_of(connection: Connection, giver: str) -> list[str]:
    held = sa.select(_GRANT.c.region_id, _GRANT.c.org_unit_id).where(
        _GRANT.c.account_id == giver, _GRANT.c.role.in_(_GIVERS)
    )
    rows = connection.execute(held).all()
    units = [row.org_unit_id for row in rows if row.org_unit_id]
    covered = sa.select(_COVERAGE.c.region_id).where(
        _COVERAGE.c.org_unit_id.in_(units), _COVERAGE.c.deleted_at.is_(None)
    )
    return [*(row.region_id for row in rows if row.region_id), *(connection.scalars(covered) if units else ())]


def _around(connection: Connection, grant: Any) -> Sequence[Any]:
    """The district in which a grant is held; above it, its own region."""
    signs = [at + 1 for at, sign in enumerate(grant.scope_path) if sign == "/"]
    rows = _living(connection, _REGION.c.path.in_([grant.scope_path[:end] for end in signs]))
    return [row for row in rows if row.level == "DISTRICT"] or rows[-1:]


def _living(connection: Connection, condition: sa.ColumnElement[bool]) -> Sequence[Any]:
    return connection.execute(sa.select(_REGION).where(condition).order_by(_REGION.c.path)).all()
