"""Rows on their way into the database: set-based, in the order of foreign keys, with bounded memory.

PostgreSQL takes them by COPY, SQLite by one prepared INSERT per table; both inside the transaction of the connection.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.util import await_only

from db import types
from db.base import Base
from db.models.audit_log import AuditLog
from db.models.committee_filing import CommitteeFiling
from db.models.committee_term import CommitteeTerm
from db.models.host_unit import HostUnit
from db.models.mediation_case import MediationCase
from db.models.mediation_committee import MediationCommittee
from db.models.mediator import Mediator
from db.models.mediator_appointment import MediatorAppointment
from db.models.org_unit import OrgUnit
from db.models.org_unit_coverage import OrgUnitCoverage
from db.models.role_grant import RoleGrant
from db.models.user_account import UserAccount
from db.technical import NumberSeries

# Each table stands after those that its rows refer to.
ORDER: tuple[type[Base], ...] = (
    UserAccount, OrgUnit, OrgUnitCoverage, HostUnit, MediationCommittee, CommitteeTerm, Mediator, MediatorAppointment,
    CommitteeFiling, MediationCase, RoleGrant, AuditLog, NumberSeries,
)  # fmt: skip
BATCH = 20_000
Convert = Callable[[Any], Any]


class Rows:
    """A buffer of rows of all tables; `flush` writes them, and `add` does it by itself when there are many."""

    def __init__(self, connection: Connection) -> None:
        self.counts: dict[str, int] = {}
        self._connection = connection
        self._waiting: dict[type[Base], list[tuple[Any, ...]]] = {model: [] for model in ORDER}
        self._shapes = {model: _shape(_table(model), connection.dialect) for model in ORDER}
        self._size = 0

    def add(self, model: type[Base], row: dict[str, Any]) -> None:
        """Take one row; columns that are left out get their default."""
        names, converters, defaults = self._shapes[model]
        if row.keys() - defaults.keys():
            raise KeyError(f"{model.__name__} has no column {sorted(row.keys() - defaults.keys())}")
        full = {**defaults, **row}
        values = [full[name] for name in names]
        for i, convert in converters:
            if values[i] is not None:
                values[i] = convert(values[i])
        self._waiting[model].append(tuple(values))
        self._size += 1
        if self._size >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        for model, waiting in self._waiting.items():
            if waiting:
                self._write(_table(model), self._shapes[model][0], waiting)
                self.counts[model.__name__] = self.counts.get(model.__name__, 0) + len(waiting)
                waiting.clear()
        self._size = 0

    def _write(self, table: sa.Table, names: list[str], rows: list[tuple[Any, ...]]) -> None:
        if self._connection.dialect.name == "sqlite":
            statement = sa.insert(table).compile(dialect=self._connection.dialect, column_keys=names)
            self._connection.exec_driver_sql(str(statement), rows)
            return
        # The driver opens its transaction at the first statement; COPY goes round SQLAlchemy and would not.
        self._connection.exec_driver_sql("SELECT 1")
        driver: Any = self._connection.connection.driver_connection
        await_only(driver.copy_records_to_table(table.name, records=rows, columns=names))


def _table(model: type[Base]) -> sa.Table:
    table = model.__table__
    assert isinstance(table, sa.Table)
    return table


def _shape(
    table: sa.Table, dialect: sa.Dialect
) -> tuple[list[str], list[tuple[int, Convert]], dict[str, Any]]:
    """Column names, the columns whose values need another form, and the values of columns that are left out."""
    names = [column.name for column in table.c]
    converters = [(i, convert) for i, column in enumerate(table.c) if (convert := _converter(column, dialect))]
    defaults = {c.name: None if c.default is None else getattr(c.default, "arg", None) for c in table.c}
    return names, converters, defaults


def _converter(column: sa.Column[Any], dialect: sa.Dialect) -> Convert | None:
    """What turns a value into the driver's form; None where it is that already."""
    kind = column.type
    if isinstance(kind, types.Day):
        # The same text as SQLAlchemy's own, at a tenth of the time.
        return dt.date.isoformat if dialect.name == "sqlite" else None
    if isinstance(kind, types.Moment | types.Number | types.Json):
        return lambda value: kind.process_bind_param(value, dialect)
    return None
