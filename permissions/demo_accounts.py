"""Accounts that came with the demo data: one password for all of them, told on a screen and known to many."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db import door
from db.clock import now
from db.models.system.audit_log import AuditAction
from db.models.system.user_account import UserAccount
from db.technical import ApiToken, DemoAccount
from permissions.accounts import account_by_id
from permissions.events import record
from permissions.sessions import close_sessions_of

_ACCOUNT: sa.Table = UserAccount.__table__  # type: ignore[assignment]


def usable(connection: Connection) -> list[str]:
    """The logins of those that may still sign in; by their ids, so that a new name hides none."""
    open_ones = sa.select(_ACCOUNT.c.login_name).join(DemoAccount, DemoAccount.account_id == _ACCOUNT.c.id)
    living = open_ones.where(_ACCOUNT.c.is_active, _ACCOUNT.c.deleted_at.is_(None))
    return list(connection.scalars(living.order_by(_ACCOUNT.c.login_name)))


def retire(connection: Connection) -> list[str]:
    """Nobody uses them any more: inactive, without sessions and tokens, a record for each; their logins.

    The rows stay, since others refer to them.
    """
    found = sa.select(DemoAccount.account_id).join(_ACCOUNT, _ACCOUNT.c.id == DemoAccount.account_id)
    keys = connection.scalars(found.where(_ACCOUNT.c.is_active, _ACCOUNT.c.deleted_at.is_(None))).all()
    retired = []
    for key in keys:
        account = account_by_id(connection, key, hold=True)
        if account is None:
            continue
        door.change(connection, _ACCOUNT, key, {"is_active": False}, at=now(), by=None)
        close_sessions_of(connection, key)
        live = ApiToken.account_id == key, ApiToken.revoked_at.is_(None)
        connection.execute(sa.update(ApiToken).where(*live).values(revoked_at=now()))
        record(connection, AuditAction.UPDATE, f"停用演示账号：{account.login}", about=account, by=None, ip=None)
        retired.append(account.login)
    return sorted(retired)
