"""Rows that migrations make: a partner institution for every partner unit that is there already."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

_MAKE = sa.text(
    # The id is that of the unit, so that the committees it supervises go on naming the right one.
    "INSERT INTO partner_institution (id, created_at, updated_at, deleted_at, version, scope_path, region_id, "
    "org_scope_id, org_unit_id, name, partner_kind, level, contact_name, contact_phone, has_mediation_org, "
    "data_interface) "
    "SELECT unit.id, unit.created_at, unit.updated_at, unit.deleted_at, 1, unit.scope_path, unit.region_id, "
    "unit.org_scope_id, unit.id, unit.name, "
    "CASE WHEN unit.name LIKE '%法庭' THEN 'TRIBUNAL' WHEN unit.name LIKE '%法院' THEN 'COURT' ELSE 'OTHER' END, "
    "region.level, '待补录', COALESCE(unit.phone, '00000'), FALSE, 'NONE' "
    "FROM org_unit unit JOIN region ON region.id = unit.region_id "
    "WHERE unit.kind = 'PARTNER' OR unit.id IN (SELECT supervising_dept_id FROM mediation_committee)"
)


def make_partners(connection: Connection) -> None:
    """A partner institution for every partner unit, and for any other that supervises a committee."""
    connection.execute(_MAKE)


def name_units_again(connection: Connection) -> None:
    """The way back: a committee names the unit of the institution that supervises it."""
    connection.execute(_BACK)


_BACK = sa.text(
    "UPDATE mediation_committee SET supervising_dept_id = (SELECT org_unit_id FROM partner_institution "
    "WHERE partner_institution.id = mediation_committee.supervising_dept_id) WHERE supervising_dept_id IS NOT NULL"
)
