"""Bearer tokens for programs. The database knows their SHA-256 only."""

from __future__ import annotations

import datetime as dt
import secrets

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.clock import now
from db.enums import AuditAction
from db.technical import ApiToken
from permissions.accounts import account_by_id
from permissions.events import record
from permissions.sessions import token_hash

PREFIX = "fq_"
DAYS = 365


def create_token(
    connection: Connection,
    account_id: str,
    name: str,
    days: int | None = DAYS,
    *,
    by: str | None = None,
    ip: str | None = None,
) -> str:
    """A new token of the account, told only here; it ends after `days` (None: never). Raises LookupError."""
    account = account_by_id(connection, account_id)
    if account is None:
        raise LookupError(account_id)
    token, at = PREFIX + secrets.token_urlsafe(32), now()
    connection.execute(
        sa.insert(ApiToken).values(
            token_hash=token_hash(token),
            account_id=account_id,
            name=name[:100],
            created_at=at,
            expires_at=None if days is None else at + dt.timedelta(days=days),
        )
    )
    record(connection, AuditAction.TOKEN, f"签发访问令牌：{name[:100]}", about=account, by=by, ip=ip)
    return token


def find_token(connection: Connection, hashed: str) -> str | None:
    """The account that a token's hash stands for; None where it has expired, was revoked or never given."""
    return connection.scalar(
        sa.select(ApiToken.account_id).where(
            ApiToken.token_hash == hashed,
            ApiToken.revoked_at.is_(None),
            sa.or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > now()),
        )
    )


def revoke_token(connection: Connection, hashed: str) -> bool:
    """End a token; whether there was one to end."""
    ended = sa.update(ApiToken).where(ApiToken.token_hash == hashed, ApiToken.revoked_at.is_(None))
    return connection.execute(ended.values(revoked_at=now())).rowcount == 1
