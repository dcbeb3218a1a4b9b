"""Accounts: looked up by login or id, and what one amounts to today as a Viewer."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.models.system.user_account import UserAccount
from permissions.addresses import may_come_from
from permissions.reaches import reaches_of
from permissions.viewer import Viewer
from settings import get_settings

LOGIN = re.compile(r"[a-z][a-z0-9._\-]{1,49}")


@dataclass(frozen=True)
class Account:
    """A living account, as sign-in needs to know it."""

    id: str
    login: str
    name: str
    region_id: str
    scope_path: str
    org_scope_id: str | None
    is_active: bool
    password_hash: str | None
    must_change_password: bool
    failed_sign_ins: int
    locked_until: dt.datetime | None
    mfa_enabled: bool
    is_service: bool
    addresses: str | None


def account_by_login(connection: Connection, login: str, *, hold: bool = False) -> Account | None:
    """The living account of a login; with `hold` nobody else may change its row before the transaction ends."""
    # What cannot be a login is not sent to the database: PostgreSQL takes no NUL in a text.
    return _account(connection, UserAccount.login_name == login, hold) if LOGIN.fullmatch(login) else None


def account_by_id(connection: Connection, account_id: str, *, hold: bool = False) -> Account | None:
    """The living account of an id."""
    return _account(connection, UserAccount.id == account_id, hold)


def has_accounts(connection: Connection) -> bool:
    """Whether there has ever been an account."""
    return connection.scalar(sa.select(UserAccount.id).limit(1)) is not None


def load_viewer(connection: Connection, account_id: str, ip: str | None = None) -> Viewer | None:
    """The account with its rights of today; None where it is inactive, deleted or was never there."""
    account = account_by_id(connection, account_id)
    return None if account is None else viewer_of_account(connection, account, ip)


def viewer_of_account(connection: Connection, account: Account, ip: str | None) -> Viewer | None:
    """A living account with its rights of today; None where it is inactive."""
    if not account.is_active:
        return None
    reaches = reaches_of(connection, account.id)
    required = {role.name for role in reaches} & set(get_settings().second_factor_roles)
    return Viewer(
        account.id,
        account.login,
        account.name,
        reaches,
        account.must_change_password and not account.is_service,
        ip,
        bool(required) and not account.mfa_enabled and not account.is_service,
    )


def present_viewer(
    connection: Connection, account_id: str, ip: str | None, session: str | None = None
) -> Viewer | None:
    """Who a credential of the account stands for, shown from the address `ip`; None where it may not be used there.

    Whoever has a duty to do first reaches nothing meanwhile.
    """
    account = account_by_id(connection, account_id)
    if account is None or not may_come_from(account.addresses, ip, needs_list=account.is_service):
        return None
    viewer = viewer_of_account(connection, account, ip)
    if viewer is None:
        return None
    return replace(viewer, session=session, reaches={} if viewer.duty else viewer.reaches)


def _account(connection: Connection, condition: sa.ColumnElement[bool], hold: bool) -> Account | None:
    columns: list[Any] = [
        UserAccount.id,
        UserAccount.login_name,
        UserAccount.person_name,
        UserAccount.region_id,
        UserAccount.scope_path,
        UserAccount.org_scope_id,
        UserAccount.is_active,
        UserAccount.password_hash,
        UserAccount.must_change_password,
        UserAccount.failed_sign_ins,
        UserAccount.locked_until,
        UserAccount.mfa_enabled,
        UserAccount.is_service,
        UserAccount.addresses,
    ]
    found = sa.select(*columns).where(condition, UserAccount.deleted_at.is_(None))
    # Not the full lock: what only refers to the account, such as an audit record, need not wait.
    row = connection.execute(found.with_for_update(key_share=True) if hold else found).one_or_none()
    return None if row is None else Account(*row)
