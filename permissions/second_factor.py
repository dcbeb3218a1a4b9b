"""The second factor: one-time codes of an authenticator app (RFC 6238), and recovery codes for a lost telephone.

Plain functions over the connection of the caller, who holds the account's row and counts failures (``sign_ins``).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time

import pyotp
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db import crypto, door
from db.clock import now
from db.identity import new_key
from db.models.system.audit_log import AuditAction
from db.models.system.user_account import UserAccount
from db.technical import RecoveryCode, SecondFactor
from db.texts import clean
from permissions.accounts import Account
from permissions.events import record
from permissions.hands import release
from permissions.sessions import close_sessions_of

_TABLE: sa.Table = UserAccount.__table__  # type: ignore[assignment]

ISSUER = "枫桥"
STEP, DRIFT = 30, 1
"""Seconds a code counts for, and how many steps the clock of a telephone may be off."""
CODES = 10
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without look-alikes: sixteen of these are 78 random bits."""
_CONTEXT = "second_factor.secret"


def begin(connection: Connection, account: Account) -> tuple[str, str]:
    """A new secret of the account and its ``otpauth:`` URI; it counts once a code of it is shown to ``confirm``.

    Raises ValueError where a factor counts already: that one has to be removed first.
    """
    if _row(connection, account.id, confirmed=True) is not None:
        raise ValueError("there is a second factor")
    connection.execute(sa.delete(SecondFactor).where(SecondFactor.account_id == account.id))
    secret = pyotp.random_base32()
    sealed = crypto.encrypt(secret, _CONTEXT)
    connection.execute(
        sa.insert(SecondFactor).values(id=new_key(), account_id=account.id, secret_cipher=sealed, last_step=0)
    )
    return secret, pyotp.TOTP(secret).provisioning_uri(name=account.login, issuer_name=ISSUER)


def confirm(connection: Connection, account: Account, code: str, ip: str | None) -> list[str] | None:
    """The factor begun counts from now on: its recovery codes, told only here. None for a wrong code."""
    row = _row(connection, account.id, confirmed=False)
    if row is None or not _take(connection, row, code):
        return None
    connection.execute(sa.update(SecondFactor).where(SecondFactor.id == row.id).values(confirmed_at=now()))
    _set_enabled(connection, account.id, True)
    if not account.must_change_password:
        release(connection, account.id)
    record(connection, AuditAction.UPDATE, "启用两步验证", about=account, by=account.id, ip=ip)
    return renew_codes(connection, account.id)


def accepts(connection: Connection, account: Account, code: str, ip: str | None) -> bool:
    """Whether `code` is a fresh one-time code or an unused recovery code; either is used up by this."""
    row = _row(connection, account.id, confirmed=True)
    if row is None:
        return False
    return _take(connection, row, code) or _take_recovery(connection, account, code, ip)


def remove(connection: Connection, account: Account, *, by: str | None, ip: str | None) -> bool:
    """Take the account's factor and its recovery codes away; whether there was one.

    What was opened with it ends, unless its owner did this.
    """
    had = account.mfa_enabled
    connection.execute(sa.delete(SecondFactor).where(SecondFactor.account_id == account.id))
    connection.execute(sa.delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
    if had:
        _set_enabled(connection, account.id, False)
        what = "停用两步验证" if by == account.id else "重置两步验证"
        if by != account.id:
            close_sessions_of(connection, account.id)
        record(connection, AuditAction.UPDATE, what, about=account, by=by, ip=ip)
    return had


def renew_codes(connection: Connection, account_id: str) -> list[str]:
    """Fresh recovery codes in the place of those there are; told only here."""
    codes = ["-".join(_group() for _ in range(4)) for _ in range(CODES)]
    connection.execute(sa.delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    rows = [{"id": new_key(), "account_id": account_id, "code_hash": _hash(code)} for code in codes]
    connection.execute(sa.insert(RecoveryCode), rows)
    return codes


def codes_left(connection: Connection, account_id: str) -> int:
    """How many recovery codes are unused."""
    count = sa.select(sa.func.count()).select_from(RecoveryCode).where(RecoveryCode.account_id == account_id)
    return connection.scalar(count) or 0


# --- codes ------------------------------------------------------------------------------------------------------------


def _row(connection: Connection, account_id: str, *, confirmed: bool) -> sa.Row[str, str, int] | None:
    columns = sa.select(SecondFactor.id, SecondFactor.secret_cipher, SecondFactor.last_step)
    state = SecondFactor.confirmed_at.is_not(None) if confirmed else SecondFactor.confirmed_at.is_(None)
    return connection.execute(columns.where(SecondFactor.account_id == account_id, state)).one_or_none()


def _take(connection: Connection, row: sa.Row[str, str, int], code: str) -> bool:
    """Whether the code is one of now, of a later step than any before; no code counts twice."""
    totp = pyotp.TOTP(crypto.decrypt(row.secret_cipher, _CONTEXT))
    given, present = "".join(clean(code).split()).encode("utf-8", "replace"), int(time.time()) // STEP
    for step in range(max(present - DRIFT, row.last_step + 1), present + DRIFT + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), given):
            taken = sa.update(SecondFactor).where(SecondFactor.id == row.id, SecondFactor.last_step < step)
            return connection.execute(taken.values(last_step=step)).rowcount == 1
    return False


def _take_recovery(connection: Connection, account: Account, code: str, ip: str | None) -> bool:
    used = sa.delete(RecoveryCode).where(RecoveryCode.account_id == account.id, RecoveryCode.code_hash == _hash(code))
    if connection.execute(used).rowcount == 0:
        return False
    left = codes_left(connection, account.id)
    record(connection, AuditAction.UPDATE, f"使用恢复码，还剩 {left} 个", about=account, by=account.id, ip=ip)
    return True


def _group() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(4))


def _hash(code: str) -> str:
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()


def _set_enabled(connection: Connection, account_id: str, enabled: bool) -> None:
    door.note(connection, _TABLE, account_id, mfa_enabled=enabled)
