"""Which rules belong to which entity; an entity that is not listed has none beyond its columns."""

from __future__ import annotations

from collections.abc import Mapping

from db.registry import EntityInfo
from resolvers.commands.inputs import needed
from resolvers.commands.rules import (
    Rules,
    accounts,
    appointments,
    cases,
    committees,
    court_notifications,
    coverages,
    filings,
    grants,
    host_units,
    mediators,
    org_units,
    partners,
    regions,
    studios,
    terms,
)

REGISTERED: Mapping[str, Rules] = {
    "CommitteeFiling": filings.RULES,
    "CommitteeTerm": terms.RULES,
    "CourtNotification": court_notifications.RULES,
    "HostUnit": host_units.RULES,
    "MediationCase": cases.RULES,
    "MediationCommittee": committees.RULES,
    "Mediator": mediators.RULES,
    "MediatorAppointment": appointments.RULES,
    "OrgUnit": org_units.RULES,
    "OrgUnitCoverage": coverages.RULES,
    "PartnerInstitution": partners.RULES,
    "Region": regions.RULES,
    "RoleGrant": grants.RULES,
    "Studio": studios.RULES,
    "UserAccount": accounts.RULES,
}
_NONE = Rules()


def rules_of(info: EntityInfo) -> Rules:
    """The rules of an entity."""
    return REGISTERED.get(info.name, _NONE)


def must_be_sent(info: EntityInfo) -> frozenset[str]:
    """Columns without which no row can be created: what neither has a default nor is supplied by the server."""
    table, supplied = info.table, rules_of(info).supplied
    return frozenset(
        column for column in needed(info)
        if column not in supplied and (column not in table.c or table.c[column].default is None)
    )  # fmt: skip
