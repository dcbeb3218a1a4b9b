"""New accounts with their first grant, for the command line: the first account of an installation has no creator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db import door
from db.clock import now, today
from db.facts import Role
from db.identity import global_id, new_key, parse_global_id
from db.models.places.region import Region
from db.models.system.audit_log import AuditAction
from db.models.system.role_grant import RoleGrant
from db.models.system.user_account import UserAccount
from permissions.accounts import LOGIN, account_by_id, account_by_login
from permissions.addresses import tidy
from permissions.anchors import COMMITTEE, MEDIATOR, UNIT, held_at
from permissions.events import record
from permissions.reaches import REGION_ROLES, UNIT_ROLES

_ACCOUNT: sa.Table = UserAccount.__table__  # type: ignore[assignment]
_GRANT: sa.Table = RoleGrant.__table__  # type: ignore[assignment]


class CannotEnrol(Exception):
    """The account cannot be made; the message says what to do."""


@dataclass(frozen=True)
class Enrolment:
    """Whom to enrol as what; the anchor is the one that the role needs, by its code or its global id."""

    login: str
    name: str
    role: str
    region: str | None = None
    unit: str | None = None
    committee: str | None = None
    mediator: str | None = None
    service: str | None = None
    """The networks of a program's account, which has no password."""


@dataclass(frozen=True)
class _Anchor:
    column: str | None
    key: str | None
    region_id: str
    scope_path: str
    org_scope_id: str | None


def enrol(connection: Connection, wanted: Enrolment, password_hash: str | None, *, must_change: bool = True) -> str:
    """Make the account and its grant from today on; the account's id. Raises CannotEnrol.

    A program's account has no password.
    """
    if wanted.role not in Role.__members__:
        raise CannotEnrol(f"没有角色 {wanted.role}，可用的有 {' '.join(Role.__members__)}")
    if not LOGIN.fullmatch(wanted.login):
        raise CannotEnrol("登录名须以小写字母开头，由 2 至 50 个小写字母、数字、点、横线组成")
    if account_by_login(connection, wanted.login) is not None:
        raise CannotEnrol(f"登录名 {wanted.login} 已存在，请换一个")
    if not 1 <= len(wanted.name) <= 50:
        raise CannotEnrol("姓名须有 1 至 50 个字")
    try:
        networks = tidy(wanted.service)
    except ValueError as problem:
        raise CannotEnrol(f"{problem} 不是来源地址，应写成 10.32.0.5 或 10.32.0.0/16") from None
    anchor = _anchor(connection, wanted)
    common = {
        "created_at": now(),
        "updated_at": now(),
        "version": 1,
        "scope_path": anchor.scope_path,
        "org_scope_id": anchor.org_scope_id,
    }
    account_id = new_key()
    door.insert(
        connection,
        _ACCOUNT,
        dict(
            id=account_id,
            login_name=wanted.login,
            person_name=wanted.name,
            region_id=anchor.region_id,
            password_hash=None if networks else password_hash,
            must_change_password=must_change and not networks,
            is_service=bool(networks),
            addresses=networks,
            **common,
        ),
    )
    given = {anchor.column: anchor.key} if anchor.column else {}
    door.insert(
        connection,
        _GRANT,
        dict(id=new_key(), account_id=account_id, role=wanted.role, valid_from=today(), **given, **common),
    )
    account = account_by_id(connection, account_id)
    summary = f"新建账号 {wanted.login}（{Role[wanted.role].zh}）"
    record(connection, AuditAction.CREATE, summary, about=account, by=None, ip=None)
    return global_id("ua", account_id)


def _anchor(connection: Connection, wanted: Enrolment) -> _Anchor:
    role = Role[wanted.role]
    if role is Role.SYS:
        region = _region(connection, wanted.region) if wanted.region else _root(connection)
        return _Anchor(None, None, region.id, region.path, None)
    if role in REGION_ROLES:
        region = _region(connection, _given(wanted.region, role, "--region 区划代码"))
        return _Anchor("region_id", region.id, region.id, region.path, None)
    if role in UNIT_ROLES:
        return _held(connection, UNIT, _given(wanted.unit, role, "--unit 机构名称或编号"))
    if role is Role.COMM:
        return _held(connection, COMMITTEE, _given(wanted.committee, role, "--committee 调委会编码或编号"))
    return _held(connection, MEDIATOR, _given(wanted.mediator, role, "--mediator 调解员编号"))


def _held(connection: Connection, column: str, key: str) -> _Anchor:
    """The row that a grant names in `column`: by its id, or by its number, or where it has none by its name."""
    info = held_at(column)
    table, zh, prefix = info.table, info.facts.zh, info.facts.prefix
    named = next((field.column for field in info.by_keys if field.name != "id"), info.facts.label)
    parsed = parse_global_id(key)
    condition = table.c.id == parsed[1] if parsed and parsed[0] == prefix else table.c[named] == key
    columns = (table.c.id, table.c.region_id, table.c.scope_path, table.c.org_scope_id)
    rows = connection.execute(sa.select(*columns).where(condition, table.c.deleted_at.is_(None)).limit(2)).all()
    if not rows:
        raise CannotEnrol(f"没有{zh} {key}，请核对")
    if len(rows) > 1:
        raise CannotEnrol(f"名为 {key} 的{zh}不止一个，请改用编号（{prefix}_…）")
    unit = rows[0].id if column == UNIT else rows[0].org_scope_id
    return _Anchor(column, rows[0].id, rows[0].region_id, rows[0].scope_path, unit)


def _given(value: str | None, role: Role, option: str) -> str:
    if not value:
        raise CannotEnrol(f"角色 {role.name}（{role.zh}）须用 {option} 指明管辖范围")
    return value


def _region(connection: Connection, code: str) -> Any:
    living = sa.select(Region.id, Region.path).where(Region.deleted_at.is_(None))
    found = connection.execute(living.where(Region.code == code, Region.valid_to.is_(None))).one_or_none()
    if found is None:
        raise CannotEnrol(f"没有区划 {code}；区划用 ./run regions import 导入，代码为 12 位数字")
    return found


def _root(connection: Connection) -> Any:
    root = sa.select(Region.id, Region.path).where(Region.parent_id.is_(None), Region.deleted_at.is_(None))
    found = connection.execute(root.order_by(Region.path).limit(1)).one_or_none()
    if found is None:
        raise CannotEnrol("还没有行政区划，请先执行 ./run regions import 或 ./run seed demo")
    return found
