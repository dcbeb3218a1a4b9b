"""Host units: which of them must have a committee (BR-11)."""

from __future__ import annotations

from db.models.register.host_unit import HostUnitKind, HostUnitStatus
from resolvers.acting import prepares
from resolvers.commands.work import Draft

STAFF = 500


def must_have_committee(kind: str | None, status: str | None, employees: int | None) -> bool:
    """Whether a unit must have a committee: an active enterprise of at least 500 employees."""
    return kind == HostUnitKind.ENTERPRISE.name and status == HostUnitStatus.ACTIVE.name and (employees or 0) >= STAFF


@prepares()
def prepare(draft: Draft) -> None:
    row = draft.row
    row["must_have_committee"] = must_have_committee(row.get("kind"), row.get("status"), row.get("employee_count"))
