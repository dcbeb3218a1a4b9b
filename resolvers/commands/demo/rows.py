"""Rows on their way into the database: buffered, and written table by table in the order of their references."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db import door
from db.base import Base
from db.bulk import BATCH
from db.models.cases.mediation_case import MediationCase
from db.models.people.mediator import Mediator
from db.models.people.mediator_appointment import MediatorAppointment
from db.models.places.org_unit import OrgUnit
from db.models.places.org_unit_coverage import OrgUnitCoverage
from db.models.places.partner_institution import PartnerInstitution
from db.models.register.committee_filing import CommitteeFiling
from db.models.register.committee_term import CommitteeTerm
from db.models.register.court_notification import CourtNotification
from db.models.register.host_unit import HostUnit
from db.models.register.mediation_committee import MediationCommittee
from db.models.register.studio import Studio
from db.models.system.audit_log import AuditLog
from db.models.system.parameter import Parameter
from db.models.system.role_grant import RoleGrant
from db.models.system.user_account import UserAccount
from db.technical import NumberSeries

# Each table stands after those that its rows refer to.
ORDER: tuple[type[Base], ...] = (
    UserAccount, OrgUnit, OrgUnitCoverage, PartnerInstitution, HostUnit, MediationCommittee, CommitteeTerm, Mediator,
    MediatorAppointment, Studio, CourtNotification, CommitteeFiling, MediationCase, RoleGrant, Parameter, AuditLog,
    NumberSeries,
)  # fmt: skip


class Rows:
    """A buffer of rows of all tables; `flush` writes them, and `add` does it by itself when there are many."""

    def __init__(self, connection: Connection) -> None:
        self.counts: dict[str, int] = {}
        self._connection = connection
        self._waiting: dict[type[Base], list[dict[str, Any]]] = {model: [] for model in ORDER}
        self._size = 0

    def add(self, model: type[Base], row: dict[str, Any]) -> None:
        """Take one row; columns that are left out get their default."""
        self._waiting[model].append(row)
        self._size += 1
        if self._size >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        for model, waiting in self._waiting.items():
            if waiting:
                self._write(model, waiting)
                self.counts[model.__name__] = self.counts.get(model.__name__, 0) + len(waiting)
                waiting.clear()
        self._size = 0

    def _write(self, model: type[Base], waiting: list[dict[str, Any]]) -> None:
        table = model.__table__
        assert isinstance(table, sa.Table)
        defaults = {column.name: _default(column) for column in table.c}
        unknown = {name for row in waiting for name in row} - defaults.keys()
        if unknown:
            raise KeyError(f"{model.__name__} has no column {sorted(unknown)}")
        values = itemgetter(*defaults)
        door.load(self._connection, table, list(defaults), (values({**defaults, **row}) for row in waiting))


def _default(column: sa.Column[Any]) -> Any:
    return column.default.arg if isinstance(column.default, sa.ColumnDefault) else None
