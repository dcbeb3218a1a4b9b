"""Sign in, sign out, change a password; too many failures lock an account for a while, restart or not.

Nothing here tells whether a login exists: the answers, the work and the lock-out are the same where there is none.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.clock import now
from db.engine import Database
from db.enums import AuditAction
from db.identity import new_key
from db.models.user_account import UserAccount
from db.technical import FormerPassword
from permissions import passwords, second_factor
from permissions.accounts import Account, account_by_id, account_by_login, viewer_of_account
from permissions.addresses import may_come_from
from permissions.attempts import Attempts
from permissions.events import record
from permissions.hands import release
from permissions.sessions import close_session, close_sessions_of, open_session, purge_sessions
from permissions.viewer import Viewer
from settings import get_settings

ADDRESS_FACTOR = 10
"""An office of many people may stand behind one address."""
_MOST_FORMER = 10
"""As many former passwords as the settings may ask for."""
addresses = Attempts()
strangers = Attempts()
"""Logins without an account."""


@dataclass(frozen=True)
class SignedIn:
    """A new session; the tokens are told only here."""

    token: str
    csrf: str
    viewer: Viewer


@dataclass(frozen=True)
class Refusal:
    """Why not, as a code of API.md and in words for people; `retry_after` seconds where waiting helps.

    `at` names the input that can be mended, and `details` stand beside the code.
    """

    code: str
    zh: str
    en: str
    retry_after: int | None = None
    at: str | None = None
    details: dict[str, Any] | None = None


WRONG = Refusal("UNAUTHENTICATED", "登录名或口令不正确。", "The login or the password is wrong.")
WRONG_PASSWORD = Refusal("BAD_INPUT", "当前口令不正确。", "The password is wrong.", at="password")
NEEDS_OTP = Refusal(
    "UNAUTHENTICATED", "请输入动态验证码或恢复码。", "A one-time code or a recovery code is needed.",
    at="otp", details={"otpRequired": True},
)  # fmt: skip
WRONG_OTP = Refusal(
    "UNAUTHENTICATED", "动态验证码或恢复码不正确，或者已经用过。", "The one-time code is wrong or was used already.",
    at="otp", details={"otpRequired": True},
)  # fmt: skip


def locked(seconds: int) -> Refusal:
    """The refusal of whoever has to wait."""
    minutes = math.ceil(seconds / 60)
    return Refusal(
        "RATE_LIMITED",
        f"失败次数过多，请 {minutes} 分钟后再试。",
        f"Too many failures; try again in {minutes} minutes.",
        seconds,
    )


async def sign_in(
    database: Database, login: str, password: str, ip: str | None, agent: str | None, otp: str | None = None
) -> SignedIn | Refusal:
    """A session for who knows the password of an active account that is not locked, and has its second factor.

    A program's account has no password and opens no session.
    """
    login = login.strip().lower()
    if seconds := addresses.wait(ip or ""):
        return locked(seconds)
    account = await database.look(lambda connection: account_by_login(connection, login))
    right = False
    if not _wait(account, login):
        stored = account.password_hash if account and account.is_active and not account.is_service else None
        right = await passwords.matches_in_thread(password, stored)
    seen = account.password_hash if account and right else None
    return await database.write(lambda connection: _decide(connection, login, seen, ip, agent, otp))


async def sign_out(database: Database, hashed: str, ip: str | None) -> None:
    """End the session of a token's hash, if there is one."""

    def end(connection: Connection) -> None:
        account_id = close_session(connection, hashed)
        account = account_by_id(connection, account_id) if account_id else None
        if account:
            record(connection, AuditAction.SIGN_OUT, "退出", about=account, by=account.id, ip=ip)

    await database.write(end)


async def prove(database: Database, account_id: str, password: str, ip: str | None) -> Account | Refusal:
    """The account, if this is its password. A wrong one counts as a failed sign-in: a stolen session is no place to
    guess it."""
    account = await database.look(lambda connection: account_by_id(connection, account_id))
    if account is None:
        return WRONG
    if seconds := _wait(account, account.login):
        return locked(seconds)
    stored = None if account.is_service else account.password_hash
    if not await passwords.matches_in_thread(password, stored):
        await database.write(lambda connection: count_failure(connection, account.login, ip))
        return WRONG_PASSWORD
    return account


async def change_password(
    database: Database, account_id: str, old: str, new: str, ip: str | None, keep: str | None = None
) -> list[Refusal]:
    """Take the account's own new password and end its sessions but the one whose token's hash is `keep`.

    Everything that is wrong; empty where it was taken.
    """
    account = await prove(database, account_id, old, ip)
    if isinstance(account, Refusal):
        return [account]
    wrong = list(passwords.problems(new, account.login))
    if not wrong and (new == old or await passwords.matches_any(new, await _former(database, account_id))):
        most = get_settings().password_history
        zh, en = f"新口令不能与最近 {most} 个用过的口令相同。", f"It must differ from the last {most} passwords."
        if new == old:
            zh, en = "新口令不能与原口令相同。", "The new password must differ from the old one."
        wrong = [passwords.Problem("NOT_UNIQUE", zh, en)]
    if wrong:
        return [Refusal("BAD_INPUT", p.zh, p.en, at="newPassword", details={"fault": p.code}) for p in wrong]
    hashed = await passwords.hash_in_thread(new)
    await database.write(
        lambda connection: set_password(connection, account_id, hashed, by=account_id, ip=ip, keep=keep)
    )
    return []


async def _former(database: Database, account_id: str) -> list[str]:
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
    _change(
        connection,
        account,
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


def _decide(
    connection: Connection, login: str, seen: str | None, ip: str | None, agent: str | None, otp: str | None
) -> SignedIn | Refusal:
    """The answer, from the account as it is now: `seen` is the hash that the password met, None where it met none."""
    purge_sessions(connection)
    account = account_by_login(connection, login, hold=True)
    if seconds := _wait(account, login):
        record(connection, AuditAction.SIGN_IN_FAILED, "登录失败：锁定期间再次尝试", about=account, by=None, ip=ip)
        return locked(seconds)
    if account is None or seen is None or seen != account.password_hash:
        return _fail(connection, login, ip)
    viewer = viewer_of_account(connection, account, ip)
    if viewer is None:
        return _fail(connection, login, ip)
    if not may_come_from(account.addresses, ip):
        return _fail(connection, login, ip, "来源地址不在该账号允许的范围")
    if account.mfa_enabled:
        if not otp:
            record(
                connection, AuditAction.SIGN_IN_FAILED, "登录未完成：须输入动态验证码", about=account, by=None, ip=ip
            )
            return NEEDS_OTP
        if not second_factor.accepts(connection, account, otp, ip):
            _fail(connection, login, ip, "动态验证码或恢复码不正确")
            return WRONG_OTP
    addresses.forget(ip or "")
    if account.failed_sign_ins or account.locked_until:
        _change(connection, account, failed_sign_ins=0, locked_until=None)
    record(connection, AuditAction.SIGN_IN, "登录", about=account, by=account.id, ip=ip)
    return SignedIn(*open_session(connection, account.id, ip, agent), viewer)


def _wait(account: Account | None, login: str) -> int:
    """Seconds before a sign-in with this login is looked at."""
    return strangers.wait(login[:100]) if account is None else seconds_locked(account)


def seconds_locked(account: Account) -> int:
    """Seconds before a password or a code of the account is looked at."""
    return max(0, math.ceil((account.locked_until - now()).total_seconds())) if account.locked_until else 0


def _fail(connection: Connection, login: str, ip: str | None, why: str | None = None) -> Refusal:
    """``count_failure``, and the answer that tells nothing."""
    count_failure(connection, login, ip, why)
    return WRONG


def count_failure(connection: Connection, login: str, ip: str | None, why: str | None = None) -> None:
    """Count a failure against the login and the address, and keep a record of it."""
    settings = get_settings()
    seconds = settings.lock_minutes * 60
    shut = addresses.fail(ip or "", settings.lock_after * ADDRESS_FACTOR, seconds)
    account = account_by_login(connection, login, hold=True)
    if account is None:
        wait = strangers.fail(login[:100], settings.lock_after, seconds)
    else:
        wait = _count(connection, account, settings.lock_after, seconds)
    # Not the login as typed: people type their password there.
    what = "登录失败：" + (why or ("登录名不存在" if account is None else "口令不正确或账号停用"))
    more = f"，锁定 {settings.lock_minutes} 分钟" if wait else ""
    # The last record of this address for a while: what comes meanwhile is not even looked at.
    more += f"，来源地址停用 {settings.lock_minutes} 分钟" if shut else ""
    record(connection, AuditAction.SIGN_IN_FAILED, what + more, about=account, by=None, ip=ip)


def _count(connection: Connection, account: Account, limit: int, seconds: int) -> int:
    count = account.failed_sign_ins + 1
    if count < limit:
        _change(connection, account, failed_sign_ins=count)
        return 0
    _change(connection, account, failed_sign_ins=0, locked_until=now() + dt.timedelta(seconds=seconds))
    return seconds


def _change(connection: Connection, account: Account, **values: object) -> None:
    connection.execute(sa.update(UserAccount).where(UserAccount.id == account.id).values(**values))
