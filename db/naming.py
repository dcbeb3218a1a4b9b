"""The one place where names are made: Python, database, GraphQL and the plural of an entity."""

from __future__ import annotations

import re


def snake(name: str) -> str:
    """``MediationCommittee`` -> ``mediation_committee``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def camel(name: str) -> str:
    """``founded_on`` -> ``foundedOn``."""
    head, *tail = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in tail)


def lower_first(name: str) -> str:
    """``MediationCommittee`` -> ``mediationCommittee``."""
    return name[:1].lower() + name[1:]


def plural(name: str) -> str:
    """The English plural of an entity's name: ``AuditLog`` -> ``AuditLogs``, ``Facility`` -> ``Facilities``."""
    if re.search(r"[^aeiou]y$", name):
        return name[:-1] + "ies"
    if re.search(r"(s|x|ch|sh)$", name):
        return name + "es"
    return name + "s"
