"""Where passwords are kept: the hash of the present one, and of those before it, so that none comes back soon."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db import door
from db.engine import Database
from db.identity import new_key
from db.models.system.audit_log import AuditAction
from db.models.system.user_account import UserAccount
from db.technical import FormerPassword
from permissions.accounts import Account, account_by_id
from permissions.events import record
from permissions.hands import release
from permissions.sessions import close_sessions_of
from settings import get_settings

_TABLE: sa.Table = UserAccount.__table__  # type: ignore[assignment]
_MOST_FORMER = 10
"""As many former passwords as the settings may ask for."""


async def former(database: Database, account_id: str) -> list[str]:
    """The hashes of passwords used of late, but the present one."""
    most = max(0, get_settings().password_history - 1)
    mine = sa.select(FormerPassword.password_hash).where(FormerPassword.account_id == account_id)
    return await database.look(lambda c: list(c.scalars(mine.order_by(FormerPassword.id.desc()).limit(most))))


def set_password(
    connection: Connection,
    account_id: str,
    hashed: str,
    *,
    by: str | None,
    ip: str | None = None,
    keep: str | None = None,
    must_change: bool = False,
) -> None:
    """Store a new password's hash, unlock the account and end its sessions but `keep`. Raises LookupError.

    A program's account has none (LookupError).
    """
    account = account_by_id(connection, account_id, hold=True)
    if account is None:
        raise LookupError(account_id)
    if account.is_service:
        raise LookupError(f"{account_id} is a program's: it has no password")
    _remember(connection, account)
    door.note(
        connection,
        _TABLE,
        account_id,
        password_hash=hashed,
        must_change_password=must_change,
        failed_sign_ins=0,
        locked_until=None,
    )
    if by == account_id and account.mfa_enabled and not must_change:
        release(connection, account_id)
    close_sessions_of(connection, account_id, but=keep)
    record(connection, AuditAction.UPDATE, "修改口令", about=account, by=by, ip=ip)


def _remember(connection: Connection, account: Account) -> None:
    """Keep the present password's hash among the former ones, as many as the settings allow at most."""
    if account.password_hash is None:
        return
    mine = FormerPassword.account_id == account.id
    values = {"id": new_key(), "account_id": account.id, "password_hash": account.password_hash}
    connection.execute(sa.insert(FormerPassword).values(values))
    kept = sa.select(FormerPassword.id).where(mine).order_by(FormerPassword.id.desc()).limit(_MOST_FORMER)
    connection.execute(sa.delete(FormerPassword).where(mine, FormerPassword.id.not_in(kept)))
