"""Partner institutions: what a unit of kind PARTNER is to mediation (DOMAIN 2.2, 5.1); it bears the unit's name."""

from __future__ import annotations

from db.models.places.org_unit import OrgUnitKind
from resolvers.acting import allows, checks, prepares
from resolvers.acts.places.org_unit import require_maker
from resolvers.commands.work import Draft


@prepares()
def prepare(draft: Draft) -> None:
    unit = draft.work.get("OrgUnit", draft.row["org_unit_id"]) if draft.whole("org_unit_id") else None
    if unit is not None:
        draft.row["name"] = unit["name"]


@checks
def check(draft: Draft) -> None:
    unit = draft.work.get("OrgUnit", draft.row["org_unit_id"]) if draft.whole("org_unit_id") else None
    if unit is not None and unit["kind"] != OrgUnitKind.PARTNER.name:
        draft.fault("org_unit_id", "RANGE", "须为联动单位", "must be a unit of kind PARTNER")


@allows
def allow(draft: Draft) -> None:
    require_maker(draft.work, OrgUnitKind.PARTNER.name, draft.row["scope_path"])
