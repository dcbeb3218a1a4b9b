"""Rows of signed-in browsers. A token is 32 random bytes; the database knows its SHA-256 only."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.clock import now
from db.technical import LoginSession
from settings import Settings, get_settings

RENEW_AFTER = dt.timedelta(minutes=1)


@dataclass(frozen=True)
class Listed:
    """A living session as its list shows it; `id` stands for it and opens nothing."""

    id: str
    created_at: dt.datetime
    seen_at: dt.datetime
    ip: str | None
    agent: str | None
    token_hash: str


@dataclass(frozen=True)
class Session:
    """A session that is alive; `stale` says that its idle end should be put off again."""

    account_id: str
    csrf_hash: str
    stale: bool


def token_hash(token: str) -> str:
    """How a session, CSRF or bearer token is stored."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def name_of(hashed: str) -> str:
    """What a stored session or token is called where people choose one: it leads back to neither."""
    return hashlib.sha256(hashed.encode()).hexdigest()[:24]


def open_session(connection: Connection, account_id: str, ip: str | None, agent: str | None) -> tuple[str, str]:
    """A new session of the account: its token and its CSRF token, both told only here."""
    token, csrf, at = secrets.token_urlsafe(32), secrets.token_urlsafe(32), now()
    connection.execute(
        sa.insert(LoginSession).values(
            token_hash=token_hash(token),
            account_id=account_id,
            csrf_hash=token_hash(csrf),
            created_at=at,
            seen_at=at,
            expires_at=at + dt.timedelta(hours=get_settings().session_hours),
            ip=ip,
            agent=agent and agent[:200],
        )
    )
    return token, csrf


def find_session(connection: Connection, hashed: str) -> Session | None:
    """The living session of a token's hash."""
    row = connection.execute(
        sa.select(LoginSession.account_id, LoginSession.csrf_hash, LoginSession.seen_at).where(
            LoginSession.token_hash == hashed, sa.not_(_ended(get_settings()))
        )
    ).one_or_none()
    return None if row is None else Session(row[0], row[1], row[2] <= now() - RENEW_AFTER)


def renew_session(connection: Connection, hashed: str) -> None:
    """Count the idle end from now."""
    connection.execute(sa.update(LoginSession).where(LoginSession.token_hash == hashed).values(seen_at=now()))


def close_session(connection: Connection, hashed: str) -> str | None:
    """End a session; the account it belonged to, None where there was none."""
    account_id = connection.scalar(sa.select(LoginSession.account_id).where(LoginSession.token_hash == hashed))
    connection.execute(sa.delete(LoginSession).where(LoginSession.token_hash == hashed))
    return account_id


def close_sessions_of(connection: Connection, account_id: str, but: str | None = None) -> None:
    """End every session of an account, `but` the one with this hash."""
    connection.execute(
        sa.delete(LoginSession).where(LoginSession.account_id == account_id, LoginSession.token_hash != (but or ""))
    )


def sessions_of(connection: Connection, account_id: str) -> list[Listed]:
    """The living sessions of an account, the one used last first."""
    columns = (LoginSession.created_at, LoginSession.seen_at, LoginSession.ip, LoginSession.agent)
    mine = sa.select(*columns, LoginSession.token_hash).where(
        LoginSession.account_id == account_id, sa.not_(_ended(get_settings()))
    )
    rows = connection.execute(mine.order_by(LoginSession.seen_at.desc()))
    return [Listed(name_of(row[-1]), *row) for row in rows]


def close_named(connection: Connection, account_id: str, identity: str) -> bool:
    """End the account's session that `identity` (``Listed.id``) stands for; whether there was one."""
    for session in sessions_of(connection, account_id):
        if session.id == identity:
            close_session(connection, session.token_hash)
            return True
    return False


def purge_sessions(connection: Connection) -> None:
    """Delete the rows of sessions that have ended."""
    # Rows that another transaction is busy with are left to it: two that wait for each other's rows would both fail.
    ended = sa.select(LoginSession.token_hash).where(_ended(get_settings())).with_for_update(skip_locked=True)
    connection.execute(sa.delete(LoginSession).where(LoginSession.token_hash.in_(ended)))


def _ended(settings: Settings) -> sa.ColumnElement[bool]:
    idle_since = now() - dt.timedelta(minutes=settings.session_idle_minutes)
    return sa.or_(LoginSession.expires_at <= now(), LoginSession.seen_at <= idle_since)
