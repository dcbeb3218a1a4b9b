"""What people do with their own account: its second factor, its sessions, its tokens (``sign_ins`` has the password).

Everything here is about the viewer's own account and nobody else's, so it needs no right; what weakens the account
needs its password again, and every act leaves its record in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.engine import Connection

from db.engine import Database
from db.models.system.audit_log import AuditAction
from permissions import second_factor
from permissions.accounts import Account, account_by_id
from permissions.events import record
from permissions.identities import forget
from permissions.sessions import Listed, close_named, close_sessions_of, sessions_of
from permissions.sign_ins import WRONG_OTP, Refusal, count_own_failure, locked, own_wait, prove
from permissions.tokens import NoToken, Token, create_token, revoke_named, tokens_of
from permissions.viewer import Viewer
from settings import get_settings

T = TypeVar("T")
THERE_IS_ONE = Refusal(
    "STATE", "两步验证已经启用；要换一部手机，请先停用。", "A second factor is set up already; remove it first."
)
THERE_IS_NONE = Refusal("STATE", "没有启用两步验证。", "There is no second factor.")


@dataclass(frozen=True)
class Standing:
    """The viewer's own account as its page shows it."""

    second_factor: bool
    second_factor_required: bool
    recovery_codes_left: int
    sessions: list[Listed]
    tokens: list[Token]


async def standing(database: Database, viewer: Viewer) -> Standing:
    """The state of the viewer's account."""

    def look(connection: Connection) -> Standing:
        account = _mine(connection, viewer)
        required = viewer.must_enrol or bool({r.name for r in viewer.reaches} & set(get_settings().second_factor_roles))
        return Standing(
            account.mfa_enabled,
            required,
            second_factor.codes_left(connection, account.id),
            sessions_of(connection, account.id),
            tokens_of(connection, account.id),
        )

    return await database.look(look)


# --- the second factor ------------------------------------------------------------------------------------------------


async def enrol(database: Database, viewer: Viewer, password: str) -> tuple[str, str] | Refusal:
    """The secret of a new second factor and its ``otpauth:`` URI; it counts once ``confirm`` has seen a code of it."""
    proven = await prove(database, viewer.account_id, password, viewer.ip)
    if isinstance(proven, Refusal):
        return proven

    def begin(connection: Connection) -> tuple[str, str] | Refusal:
        account = _mine(connection, viewer, hold=True)
        return THERE_IS_ONE if account.mfa_enabled else second_factor.begin(connection, account)

    return await database.write(begin)


async def confirm(database: Database, viewer: Viewer, otp: str) -> list[str] | Refusal:
    """The factor begun counts from now on; its recovery codes. The account's other sessions end."""

    def work(connection: Connection) -> list[str] | Refusal:
        account = _mine(connection, viewer, hold=True)
        if seconds := own_wait(connection, account):
            return locked(seconds)
        if account.mfa_enabled:
            return THERE_IS_ONE
        codes = second_factor.confirm(connection, account, otp, viewer.ip)
        if codes is None:
            count_own_failure(connection, account, viewer.ip, "动态验证码不正确")
            return WRONG_OTP
        close_sessions_of(connection, account.id, but=viewer.session)
        return codes

    return await _written(database, viewer, work)


async def renew_codes(database: Database, viewer: Viewer, password: str, otp: str) -> list[str] | Refusal:
    """New recovery codes; the old ones end."""

    def work(connection: Connection, account: Account) -> list[str]:
        record(connection, AuditAction.UPDATE, "更换恢复码", about=account, by=account.id, ip=viewer.ip)
        return second_factor.renew_codes(connection, account.id)

    return await _with_both(database, viewer, password, otp, work)


async def disable(database: Database, viewer: Viewer, password: str, otp: str) -> bool | Refusal:
    """Take the second factor away."""

    def work(connection: Connection, account: Account) -> bool:
        return second_factor.remove(connection, account, by=account.id, ip=viewer.ip)

    return await _with_both(database, viewer, password, otp, work)


async def _with_both(
    database: Database, viewer: Viewer, password: str, otp: str, act: Callable[[Connection, Account], T]
) -> T | Refusal:
    """`act` of whoever shows the password and the second factor: a phished password alone must not remove it."""
    proven = await prove(database, viewer.account_id, password, viewer.ip)
    if isinstance(proven, Refusal):
        return proven

    def work(connection: Connection) -> T | Refusal:
        account = _mine(connection, viewer, hold=True)
        if seconds := own_wait(connection, account):
            return locked(seconds)
        if not account.mfa_enabled:
            return THERE_IS_NONE
        if not second_factor.accepts(connection, account, otp, viewer.ip):
            count_own_failure(connection, account, viewer.ip, "动态验证码或恢复码不正确")
            return WRONG_OTP
        return act(connection, account)

    return await _written(database, viewer, work)


# --- sessions and tokens ----------------------------------------------------------------------------------------------


async def close_session(database: Database, viewer: Viewer, identity: str) -> bool:
    """End one of the viewer's sessions (``Listed.id``); whether there was such a one."""

    def work(connection: Connection) -> bool:
        closed = close_named(connection, viewer.account_id, identity)
        if closed:
            _tell(connection, viewer, "退出一处登录")
        return closed

    return await _written(database, viewer, work)


async def close_other_sessions(database: Database, viewer: Viewer) -> None:
    """End every session of the viewer but the present one."""

    def work(connection: Connection) -> None:
        close_sessions_of(connection, viewer.account_id, but=viewer.session)
        _tell(connection, viewer, "退出其他各处登录")

    await _written(database, viewer, work)


async def make_token(database: Database, viewer: Viewer, password: str, name: str, days: int | None) -> str | Refusal:
    """A new token of the viewer, told only here."""
    proven = await prove(database, viewer.account_id, password, viewer.ip)
    if isinstance(proven, Refusal):
        return proven

    def work(connection: Connection) -> str:
        return create_token(connection, viewer.account_id, name, days, by=viewer.account_id, ip=viewer.ip)

    try:
        return await database.write(work)
    except NoToken as problem:
        return Refusal("RANGE", problem.zh, problem.en, at="days")


async def revoke_token(database: Database, viewer: Viewer, identity: str) -> bool:
    """End one of the viewer's tokens (``Token.id``); whether there was such a one."""
    me, ip = viewer.account_id, viewer.ip
    return await database.write(lambda connection: revoke_named(connection, me, identity, by=me, ip=ip))


def _mine(connection: Connection, viewer: Viewer, *, hold: bool = False) -> Account:
    account = account_by_id(connection, viewer.account_id, hold=hold)
    if account is None:
        raise LookupError(viewer.account_id)
    return account


def _tell(connection: Connection, viewer: Viewer, what: str) -> None:
    about = _mine(connection, viewer)
    record(connection, AuditAction.SIGN_OUT, what, about=about, by=viewer.account_id, ip=viewer.ip)


async def _written(database: Database, viewer: Viewer, work: Callable[[Connection], T]) -> T:
    """What `work` returns; whatever it changed of the viewer's standing is seen by its next request."""
    found = await database.write(work)
    forget(viewer.session)
    return found
