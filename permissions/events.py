"""Audit records of sign-ins, tokens and accounts, written in the transaction of the act.

The commands have a writer of their own above this layer; both write the same table, and the sealer links both.
"""

from __future__ import annotations

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from db.clock import now
from db.enums import AuditAction
from db.identity import global_id, new_key
from db.models.audit_log import AuditLog
from db.models.region import Region
from permissions.accounts import Account

log = structlog.get_logger()


def record(
    connection: Connection, action: AuditAction, summary: str, *, about: Account | None, by: str | None, ip: str | None
) -> None:
    """Write one technical record. What is about no account stands at the root region."""
    owner = (about.region_id, about.scope_path) if about else _root(connection)
    if owner is None:
        # Without a region there is no account either, and no row could be owned.
        log.warning("audit_without_region", action=action.name)
        return
    at, (region_id, scope_path) = now(), owner
    connection.execute(
        sa.insert(AuditLog).values(
            id=new_key(),
            created_at=at,
            updated_at=at,
            created_by_id=by,
            updated_by_id=by,
            region_id=region_id,
            scope_path=scope_path,
            org_scope_id=about.org_scope_id if about else None,
            actor_id=by,
            action=action.name,
            entity="UserAccount",
            entity_id=global_id("ua", about.id) if about else None,
            summary=summary,
            at=at,
            ip=ip,
            technical=True,
        )
    )


def _root(connection: Connection) -> tuple[str, str] | None:
    root = sa.select(Region.id, Region.path).where(Region.parent_id.is_(None)).order_by(Region.path).limit(1)
    row = connection.execute(root).one_or_none()
    return None if row is None else (row[0], row[1])
