"""How often somebody did of late what is limited. The audit log is the count: of all workers, restart or not."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.clock import now
from db.enums import AuditAction
from db.models.audit_log import AuditLog

HOUR = dt.timedelta(hours=1)


def acts_of_late(connection: Connection, account_id: str, *actions: AuditAction) -> int:
    """How many records of these actions the account left within the last hour."""
    log = AuditLog.__table__
    mine = (log.c.actor_id == account_id, log.c.at > now() - HOUR, log.c.action.in_([a.name for a in actions]))
    return connection.scalar(sa.select(sa.func.count()).select_from(log).where(*mine)) or 0
