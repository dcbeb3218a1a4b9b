"""Audit records of sign-ins, tokens and accounts, written in the transaction of the act.

The commands have a writer of their own above this layer; both write the same table, and the sealer links both.
"""

from __future__ import annotations

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from db.audit import records as audit
from db.identity import global_id
from db.models.places.region import Region
from db.models.system.audit_log import AuditAction
from permissions.accounts import Account

log = structlog.get_logger()


def record(
    connection: Connection, action: AuditAction, summary: str, *, about: Account | None, by: str | None, ip: str | None
) -> None:
    """Write one technical record. What is about no account stands at the root region.

    Who fails to sign in is nobody yet: the record has the login of the account tried, never what was typed.
    """
    owner = (about.region_id, about.scope_path) if about else _root(connection)
    if owner is None:
        # Without a region there is no account either, and no row could be owned.
        log.warning("audit_without_region", action=action.name)
        return
    region_id, scope_path = owner
    stamped = audit.stamped(by, ip)
    if action is AuditAction.SIGN_IN_FAILED:
        stamped |= {"actor_login": about.login if about else None, "actor_name": None}
    audit.add(
        connection,
        {
            **stamped,
            "region_id": region_id,
            "scope_path": scope_path,
            "org_scope_id": about.org_scope_id if about else None,
            "action": action.name,
            "entity": "UserAccount",
            "entity_id": global_id("ua", about.id) if about else None,
            "summary": summary,
            "technical": True,
        },
    )


def _root(connection: Connection) -> tuple[str, str] | None:
    root = sa.select(Region.id, Region.path).where(Region.parent_id.is_(None)).order_by(Region.path).limit(1)
    row = connection.execute(root).one_or_none()
    return None if row is None else (row[0], row[1])
