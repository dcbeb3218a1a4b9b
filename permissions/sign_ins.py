"""Sign in, sign out, change a password; too many failures make strangers wait for a while, restart or not.

Who comes with a device that the account has used before, or with its second factor beside the password, is not shut
out by what others guessed; who is signed in proves their password against a count of their own. Nothing here tells
whether a login exists: the answers, the work and the wait are the same where there is none.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db import door
from db.clock import now
from db.engine import Database
from db.models.system.audit_log import AuditAction
from db.models.system.user_account import UserAccount
from db.texts import clean
from permissions import attempts, devices, passwords, second_factor
from permissions.accounts import Account, account_by_id, account_by_login, viewer_of_account
from permissions.addresses import may_come_from
from permissions.events import record
from permissions.kept_passwords import former, set_password
from permissions.sessions import close_session, open_session, purge_sessions
from permissions.viewer import Viewer
from settings import get_settings

_TABLE: sa.Table = UserAccount.__table__  # type: ignore[assignment]

ADDRESS_FACTOR = 10
"""An office of many people may stand behind one address."""
_TOLD_AGAIN = 60
"""Seconds in which who comes while they have to wait leaves one record, not one each time."""


@dataclass(frozen=True)
class SignedIn:
    """A new session; the tokens are told only here."""

    token: str
    csrf: str
    viewer: Viewer
    device: str
    """What the browser is known by from now on (``permissions.devices``)."""


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


@dataclass(frozen=True)
class Caller:
    """Who wants to sign in: the login as typed, from where, with what beside the password."""

    login: str
    ip: str | None = None
    agent: str | None = None
    otp: str | None = None
    device: str | None = None

    @property
    def address(self) -> str:
        """The count of failures from the same address."""
        return attempts.key("address", self.ip)

    @property
    def stranger(self) -> str:
        """The count of failures with a login that has no account."""
        return attempts.key("login", self.login)

    @property
    def codes(self) -> str:
        """The count of wrong codes beside the right password."""
        return attempts.key("code", self.login)

    @property
    def door(self) -> str:
        """The count of failures with a code while strangers have to wait, from one address with one login."""
        return attempts.key("door", f"{self.ip} {self.login}")

    @property
    def browser(self) -> str:
        """The count of failures of the device."""
        return attempts.key("device", self.device)


@dataclass(frozen=True)
class Standing:
    """How a caller stands: the account, whether it knows the device, and how long strangers have to wait."""

    account: Account | None
    known: bool
    shut: int
    by_address: bool
    """Whether it is the address that has to wait."""
    is_heard: bool
    """Whether the password is looked at."""


async def sign_in(
    database: Database, login: str, password: str, ip: str | None, agent: str | None, otp: str | None = None,
    device: str | None = None,
) -> SignedIn | Refusal:  # fmt: skip
    """A session for who knows the password of an active account, and has its second factor, when they need not wait.

    A program's account has no password and opens no session. Raises Overloaded where too many sign in at a time.
    """
    caller = Caller(clean(login).strip().lower(), ip, agent, otp, device)
    is_ours = devices.owner(device) is not None
    passwords.check_room(is_ours)
    standing = await database.look(lambda connection: _standing(connection, caller))
    account, right = standing.account, False
    if standing.is_heard:
        stored = account.password_hash if account and account.is_active and not account.is_service else None
        right = await passwords.matches_in_thread(password, stored, is_ours)
    elif await database.look(lambda connection: attempts.waits(connection, _told(caller, standing))[0]):
        return locked(standing.shut)
    seen = account.password_hash if account and right else None
    return await database.write(lambda connection: _decide(connection, caller, seen))


async def sign_out(database: Database, hashed: str, ip: str | None) -> None:
    """End the session of a token's hash, if there is one."""

    def end(connection: Connection) -> None:
        account_id = close_session(connection, hashed)
        account = account_by_id(connection, account_id) if account_id else None
        if account:
            record(connection, AuditAction.SIGN_OUT, "退出", about=account, by=account.id, ip=ip)

    await database.write(end)


async def prove(database: Database, account_id: str, password: str, ip: str | None) -> Account | Refusal:
    """The account, if this is its password. A wrong one counts as a failed sign-in, too: a stolen session is no place
    to guess it. What strangers guessed elsewhere keeps nobody from proving theirs."""
    account = await database.look(lambda connection: account_by_id(connection, account_id))
    if account is None:
        return WRONG
    if seconds := await database.look(lambda connection: own_wait(connection, account)):
        return locked(seconds)
    stored = None if account.is_service else account.password_hash
    if not await passwords.matches_in_thread(password, stored):
        await database.write(lambda connection: count_own_failure(connection, account, ip))
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
    if not wrong and (new == old or await passwords.matches_any(new, await former(database, account_id))):
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


def _standing(connection: Connection, caller: Caller, *, hold: bool = False) -> Standing:
    """With `hold` nobody else may change what is counted against the login before the transaction ends."""
    account = account_by_login(connection, caller.login, hold=hold)
    if hold and account is None:
        attempts.hold(connection, caller.stranger)
    keys = (caller.address, caller.stranger, caller.codes, caller.door, caller.browser)
    address, stranger, codes, door, browser = attempts.waits(connection, *keys)
    known = account is not None and devices.owner(caller.device) == account.id and not browser
    shut = max(address, stranger if account is None else seconds_locked(account))
    by_code = bool(caller.otp) and not codes and not door
    return Standing(account, known, shut, address > 0, known or not shut or by_code)


def _told(caller: Caller, standing: Standing) -> str:
    return attempts.key("told", caller.ip if standing.by_address else caller.login)


def _decide(connection: Connection, caller: Caller, seen: str | None) -> SignedIn | Refusal:
    """The answer, from the account as it is now: `seen` is the hash that the password met, None where it met none."""
    purge_sessions(connection)
    attempts.purge(connection)
    standing = _standing(connection, caller, hold=True)
    account, ip = standing.account, caller.ip
    wait = None if standing.known or not standing.shut else locked(standing.shut)
    if not standing.is_heard:
        attempts.shut(connection, _told(caller, standing), _TOLD_AGAIN)
        record(connection, AuditAction.SIGN_IN_FAILED, "登录失败：锁定期间再次尝试", about=account, by=None, ip=ip)
        return locked(standing.shut)
    if account is None or seen is None or seen != account.password_hash:
        return _fail(connection, caller, standing, wait)
    viewer = viewer_of_account(connection, account, ip)
    if viewer is None:
        return _fail(connection, caller, standing, wait)
    if not may_come_from(account.addresses, ip):
        return _fail(connection, caller, standing, wait, "来源地址不在该账号允许的范围")
    if account.mfa_enabled:
        if not caller.otp:
            record(
                connection, AuditAction.SIGN_IN_FAILED, "登录未完成：须输入动态验证码", about=account, by=None, ip=ip
            )
            return NEEDS_OTP
        if not second_factor.accepts(connection, account, caller.otp, ip):
            limit, seconds = _limits()
            attempts.fail(connection, caller.codes, limit, seconds)
            _fail(connection, caller, standing, wait, "动态验证码或恢复码不正确")
            return wait or WRONG_OTP
    elif wait:
        return _fail(connection, caller, standing, wait)  # a code beside a password that needs none proves nothing
    attempts.forget(connection, caller.codes, *([caller.browser] if standing.known else [caller.address]))
    if wait is None and not standing.known and (account.failed_sign_ins or account.locked_until):
        _change(connection, account, failed_sign_ins=0, locked_until=None)
    record(connection, AuditAction.SIGN_IN, "登录", about=account, by=account.id, ip=ip)
    return SignedIn(*open_session(connection, account.id, ip, caller.agent), viewer, devices.issue(account.id))


def seconds_locked(account: Account) -> int:
    """Seconds before a password of the account is looked at that comes from a stranger."""
    return max(0, math.ceil((account.locked_until - now()).total_seconds())) if account.locked_until else 0


def _fail(
    connection: Connection, caller: Caller, standing: Standing, wait: Refusal | None, why: str | None = None
) -> Refusal:
    """Count a failure against who made it, and the answer that tells nothing.

    A device that is known counts for itself alone; while strangers have to wait the account is not counted on.
    """
    limit, seconds = _limits()
    if standing.known:
        attempts.fail(connection, caller.browser, limit, seconds)
        _record_failure(connection, standing.account, caller.ip, why)
    elif wait:
        attempts.fail(connection, caller.door, limit, seconds)
        shut = attempts.fail(connection, caller.address, limit * ADDRESS_FACTOR, seconds)
        _record_failure(connection, standing.account, caller.ip, why, shut=shut)
    else:
        count_failure(connection, caller.login, caller.ip, why)
    return wait or WRONG


def count_failure(connection: Connection, login: str, ip: str | None, why: str | None = None) -> None:
    """Count a failure against the login and the address, and keep a record of it."""
    limit, seconds = _limits()
    account = account_by_login(connection, login, hold=True)
    if account is None:
        wait = attempts.fail(connection, Caller(login).stranger, limit, seconds)
    else:
        wait = _count(connection, account, limit, seconds)
    # The address comes last, here and everywhere: who waits for somebody else's count of it holds nobody up in turn.
    shut = attempts.fail(connection, Caller(login, ip).address, limit * ADDRESS_FACTOR, seconds)
    _record_failure(connection, account, ip, why, wait, shut)


def own_wait(connection: Connection, account: Account) -> int:
    """Seconds before who is signed in may show their password or a code again."""
    return attempts.waits(connection, attempts.key("own", account.id))[0]


def count_own_failure(connection: Connection, account: Account, ip: str | None, why: str | None = None) -> None:
    """Count a wrong password or code of who is signed in: against them, and as a failed sign-in."""
    account_by_id(connection, account.id, hold=True)  # first, as everywhere
    attempts.fail(connection, attempts.key("own", account.id), *_limits())
    count_failure(connection, account.login, ip, why)


def _record_failure(
    connection: Connection, account: Account | None, ip: str | None, why: str | None, wait: int = 0, shut: int = 0
) -> None:
    minutes = get_settings().lock_minutes
    # Not the login as typed: people type their password there.
    what = "登录失败：" + (why or ("登录名不存在" if account is None else "口令不正确或账号停用"))
    more = f"，锁定 {minutes} 分钟" if wait else ""
    more += f"，来源地址停用 {minutes} 分钟" if shut else ""
    record(connection, AuditAction.SIGN_IN_FAILED, what + more, about=account, by=None, ip=ip)


def _limits() -> tuple[int, int]:
    """Failures in a row, and the seconds to wait after them."""
    settings = get_settings()
    return settings.lock_after, settings.lock_minutes * 60


def _count(connection: Connection, account: Account, limit: int, seconds: int) -> int:
    count = account.failed_sign_ins + 1
    if count < limit:
        _change(connection, account, failed_sign_ins=count)
        return 0
    _change(connection, account, failed_sign_ins=0, locked_until=now() + dt.timedelta(seconds=seconds))
    return seconds


def _change(connection: Connection, account: Account, **values: object) -> None:
    door.note(connection, _TABLE, account.id, **values)
