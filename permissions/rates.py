"""How often somebody did of late what is limited. The audit log is the count: of all workers, restart or not."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.clock import now
from db.models.system.audit_log import AuditAction, AuditLog

HOUR = dt.timedelta(hours=1)


def wait_of(connection: Connection, account_id: str, most: int, *actions: AuditAction) -> float:
    """The seconds until the account left fewer than `most` records of these actions within an hour; 0 where it has."""
    log, moment = AuditLog.__table__, now()
    mine = (log.c.actor_id == account_id, log.c.at > moment - HOUR, log.c.action.in_([a.name for a in actions]))
    if most <= 0:
        return HOUR.total_seconds()
    # The one that has to grow old: of `most` records the first, of more the one `most` before the end.
    found = connection.scalar(sa.select(log.c.at).where(*mine).order_by(log.c.at.desc()).offset(most - 1).limit(1))
    return max(1.0, (found + HOUR - moment).total_seconds()) if found is not None else 0.0
