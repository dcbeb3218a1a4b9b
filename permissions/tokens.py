"""Bearer tokens for programs. The database knows their SHA-256 only."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.clock import now
from db.models.system.audit_log import AuditAction
from db.technical import ApiToken
from permissions.accounts import account_by_id
from permissions.events import record
from permissions.sessions import name_of, token_hash
from settings import get_settings

PREFIX = "fq_"


class NoToken(Exception):
    """The account gets no token; the message says what to do, in Chinese, `en` in English."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(zh)
        self.zh, self.en = zh, en


@dataclass(frozen=True)
class Token:
    """A living token as its list shows it; `id` stands for it and opens nothing."""

    id: str
    name: str
    created_at: dt.datetime
    expires_at: dt.datetime | None


def create_token(
    connection: Connection,
    account_id: str,
    name: str,
    days: int | None = None,
    *,
    by: str | None = None,
    ip: str | None = None,
) -> str:
    """A new token of the account, told only here; it ends after `days` (None: as late as the settings allow).

    Raises LookupError, and NoToken where the settings allow fewer days or a program has no addresses.
    """
    account = account_by_id(connection, account_id)
    if account is None:
        raise LookupError(account_id)
    most = get_settings().token_days
    if days is not None and not 1 <= days <= most:
        raise NoToken(f"令牌最长有效 {most} 天。", f"A token is valid for 1 to {most} days.")
    if account.is_service and not account.addresses:
        raise NoToken("系统对接账号须先填写来源地址。", "A program's account needs its addresses first.")
    token, at = PREFIX + secrets.token_urlsafe(32), now()
    connection.execute(
        sa.insert(ApiToken).values(
            token_hash=token_hash(token),
            account_id=account_id,
            name=name[:100],
            created_at=at,
            expires_at=at + dt.timedelta(days=days or most),
        )
    )
    record(connection, AuditAction.TOKEN, f"签发访问令牌：{name[:100]}", about=account, by=by, ip=ip)
    return token


def find_token(connection: Connection, hashed: str) -> str | None:
    """The account that a token's hash stands for; None where it has expired, was revoked or never given."""
    return connection.scalar(sa.select(ApiToken.account_id).where(ApiToken.token_hash == hashed, _alive()))


def tokens_of(connection: Connection, account_id: str) -> list[Token]:
    """The living tokens of an account, the newest first."""
    columns = (ApiToken.token_hash, ApiToken.name, ApiToken.created_at, ApiToken.expires_at)
    mine = sa.select(*columns).where(ApiToken.account_id == account_id, _alive()).order_by(ApiToken.created_at.desc())
    return [Token(name_of(row[0]), *row[1:]) for row in connection.execute(mine)]


def revoke_token(connection: Connection, hashed: str) -> bool:
    """End a token; whether there was one to end."""
    ended = sa.update(ApiToken).where(ApiToken.token_hash == hashed, ApiToken.revoked_at.is_(None))
    return connection.execute(ended.values(revoked_at=now())).rowcount == 1


def revoke_named(
    connection: Connection, account_id: str, identity: str, *, by: str | None, ip: str | None = None
) -> bool:
    """End the account's token that `identity` (``Token.id``) stands for; whether there was one."""
    mine = connection.scalars(sa.select(ApiToken.token_hash).where(ApiToken.account_id == account_id, _alive()))
    hashed = next((each for each in mine if name_of(each) == identity), None)
    if hashed is None or not revoke_token(connection, hashed):
        return False
    account = account_by_id(connection, account_id)
    record(connection, AuditAction.TOKEN, "收回访问令牌", about=account, by=by, ip=ip)
    return True


def _alive() -> sa.ColumnElement[bool]:
    unended = sa.or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > now())
    # What was given for longer than the settings allow by now has ended too.
    young = ApiToken.created_at > now() - dt.timedelta(days=get_settings().token_days)
    return sa.and_(ApiToken.revoked_at.is_(None), unended, young)
