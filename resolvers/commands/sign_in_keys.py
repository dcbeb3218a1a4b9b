"""Sessions and tokens of the accounts one manages; tokens for programs that serve below oneself.

What stands for a session or token is its account and a name that leads back to neither (``permissions.sessions``).
Another's account out of sight and a session that is over are the same: nothing is found.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from db.facts import Facts
from db.identity import global_id, parse_global_id
from db.kinds import TEXT
from db.models.system.audit_log import AuditAction
from permissions.actions import open_row
from permissions.events import record
from permissions.sessions import close_named, close_sessions_of, name_of, sessions_of, token_hash
from permissions.tokens import NoToken, create_token, revoke_named, tokens_of
from resolvers.acts.system.user_account import may_manage
from resolvers.commands import rows
from resolvers.commands.accounts import held_below, stored, take_over
from resolvers.commands.references import target_key
from resolvers.commands.values import Bad, converted
from resolvers.commands.work import Work
from resolvers.faults import Fault, Refused, forbidden

SESSION, TOKEN = "ls", "at"
"""Prefixes of ids."""
_NAME = Facts(TEXT, "用途", "What for.", length=100)


@dataclass(frozen=True)
class SessionShown:
    """A signed-in browser of an account; `current` is the one that asks."""

    id: str
    created_at: dt.datetime
    seen_at: dt.datetime
    ip: str | None
    agent: str | None
    current: bool


@dataclass(frozen=True)
class TokenShown:
    """A token that counts."""

    id: str
    name: str
    created_at: dt.datetime
    expires_at: dt.datetime | None


def sessions(work: Work, by: Mapping[str, Any]) -> list[SessionShown]:
    """The living sessions of an account, the one used last first."""
    key = _managed(work, by)
    return [
        SessionShown(
            _id(SESSION, key, each.id), each.created_at, each.seen_at, each.ip, each.agent,
            each.token_hash == work.viewer.session,
        )
        for each in sessions_of(work.connection, key)
    ]  # fmt: skip


def tokens(work: Work, by: Mapping[str, Any]) -> list[TokenShown]:
    """The living tokens of an account, the newest first."""
    key = _managed(work, by)
    found = tokens_of(work.connection, key)
    return [TokenShown(_id(TOKEN, key, each.id), each.name, each.created_at, each.expires_at) for each in found]


def end_session(work: Work, identity: str) -> str:
    """End one session; its id."""
    key, name = _named(work, SESSION, identity)
    if not close_named(work.connection, key, name):
        raise Refused([_gone("会话", "session")])
    _record_end(work, key, "结束一个登录会话")
    return identity


def end_sessions(work: Work, by: Mapping[str, Any]) -> int:
    """End all sessions of an account, but the one that asks; how many."""
    key = _managed(work, by)
    count = sum(not each.current for each in sessions(work, by))
    close_sessions_of(work.connection, key, but=work.viewer.session)
    _record_end(work, key, f"结束全部登录会话（{count} 个）")
    return count


def issue_token(work: Work, by: Mapping[str, Any], name: str, until: dt.date) -> tuple[str, str]:
    """A token for a program's account that counts for the days up to `until`: its id and itself, told only here."""
    said = _check_token(work, name, until)
    row = held_below(work, by, until)
    if not row["is_service"] or not row["is_active"]:
        zh, en = "令牌只签发给启用的系统对接账号。", "Tokens are given to active accounts of programs only."
        raise Refused([Fault(("by",), "STATE", zh, en)])
    days = (until - work.today).days
    take_over(work, row.key)
    try:
        token = create_token(work.connection, row.key, said, days, by=work.actor, ip=work.viewer.ip)
    except NoToken as none:
        raise Refused([Fault(("by",), "STATE", none.zh, none.en)]) from None
    return _id(TOKEN, row.key, name_of(token_hash(token))), token


def revoke_token(work: Work, identity: str) -> str:
    """End one token; its id."""
    key, name = _named(work, TOKEN, identity)
    if not revoke_named(work.connection, key, name, by=work.actor, ip=work.viewer.ip):
        raise Refused([_gone("令牌", "token")])
    return identity


# --- details ----------------------------------------------------------------------------------------------------------


def _check_token(work: Work, name: str, until: dt.date) -> str:
    faults: list[Fault] = []
    said, most = "", work.settings.token_days
    try:
        said = converted(_NAME, name, work.today) or ""
        if not said:
            raise Bad("REQUIRED", "必须填写", "is required")
    except Bad as bad:
        faults.append(Fault(("name",), bad.code, f"“用途”{bad.zh}。", f"name {bad.en}."))
    if not work.today < until <= work.today + dt.timedelta(days=most):
        zh = f"“有效期至”须在明天至 {most} 天之内。"
        faults.append(Fault(("validTo",), "RANGE", zh, f"validTo must lie within {most} days from tomorrow."))
    if faults:
        raise Refused(faults)
    return said


def _managed(work: Work, by: Mapping[str, Any]) -> str:
    """The key of an account that the viewer manages. Raises NOT_FOUND and FORBIDDEN."""
    info = work.entities["UserAccount"]
    rows.must_update(work, info)
    key = target_key(work, info, by)
    _must_manage(work, key)
    return key


def _must_manage(work: Work, key: str) -> None:
    row = open_row(work.connection, work.entities, work.entities["UserAccount"], work.viewer, key)
    if row is None:
        raise Refused([_gone("账号", "account")])
    if not row.roles("U") or not may_manage(work, key):
        raise forbidden("该账号不归您管理。", "The account is not yours to manage.")


def _named(work: Work, prefix: str, identity: str) -> tuple[str, str]:
    """The account and the name that an id stands for."""
    place, _, name = identity.partition(".")
    parsed = parse_global_id(place)
    if parsed is None or parsed[0] != prefix:
        raise Refused([_gone("会话或令牌", "session or token")])
    _must_manage(work, parsed[1])
    return parsed[1], name


def _id(prefix: str, key: str, name: str) -> str:
    return f"{global_id(prefix, key)}.{name}"


def _gone(zh: str, en: str) -> Fault:
    return Fault(("id",), "NOT_FOUND", f"没有找到这个{zh}，或无权查看。", f"There is no such {en}, or it is not yours.")


def _record_end(work: Work, key: str, what: str) -> None:
    record(work.connection, AuditAction.SIGN_OUT, what, about=stored(work, key), by=work.actor, ip=work.viewer.ip)
