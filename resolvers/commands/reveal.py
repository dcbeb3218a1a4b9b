"""Looks at personal data: the clear text of one masked value, and the row that a number belongs to.

Both need the right E (``db.facts.OPERATIONS``) on the column and the row, and a reason; both are limited per hour and
leave one record, which holds the field and the reason and never the value.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from db import crypto
from db.audit.telling import plain
from db.entity_info import EntityInfo, Field
from db.facts import Facts, Grant, Role
from db.identity import parse_global_id
from db.kinds import TEXT
from db.models.system.audit_log import AuditAction
from db.texts import clean
from permissions.rates import wait_of
from permissions.scopes import grants_of, role_condition, scope
from permissions.viewer import Viewer
from resolvers.commands.audit import record_sight
from resolvers.commands.references import not_found
from resolvers.commands.values import Bad, converted
from resolvers.commands.work import Row, Work
from resolvers.faults import Fault, Refused, bad_input, forbidden, rate_limited

_SHORTEST = 5
_REASON = Facts(TEXT, "理由", "Why.", length=500, long=True)


@dataclass(frozen=True)
class Revealed:
    """A value in clear (None: there is none), and until when it may be shown."""

    value: str | None
    expires_at: dt.datetime


def reveal(work: Work, info: EntityInfo, identity: str, name: str, reason: str | None) -> Revealed:
    """The value of a masked field. Raises Refused: REQUIRED, TOO_LONG, RANGE at ``reason``, NOT_FOUND at ``id``."""
    field = info.public_fields.get(name)
    if field is None or not (field.kind.sealed or field.maskable):
        raise bad_input(f"{info.facts.zh}没有被遮盖的“{name[:60]}”。", f"{info.name} has no masked field of that name.")
    grants, said = _asked(work, info, field, reason)
    row = _row(work, info, identity, grants)
    if not row.pop("may_see"):
        raise forbidden(
            f"没有权限查看这条{info.facts.zh}的{field.facts.zh}。", f"You may not reveal {name} of this row."
        )
    _count(work)
    record_sight(work, AuditAction.REVEAL, info, field, row, said)
    return Revealed(_clear(info, field, row), work.now + dt.timedelta(minutes=work.settings.reveal_minutes))


def find(work: Work, info: EntityInfo, name: str, value: str, reason: str | None) -> str | None:
    """The key of the row with this value of an encrypted field that is unique; None where there is none in reach.

    A value that is none at all (a wrong check digit) is looked up like any other, and a row out of reach is not
    looked at: neither is to be told from a number that nobody has.
    """
    field = info.public_fields.get(name)
    if field is None or not field.kind.sealed or not field.facts.unique:
        raise bad_input(f"{info.facts.zh}不能按“{name[:60]}”查找。", f"{info.name} has no identity of that name.")
    grants, said = _asked(work, info, field, reason, value)
    _count(work)
    table = info.table.alias("t")
    digests = crypto.digests(_as_stored(work, field, value), f"{info.key}.{field.name}")
    mine = (_scope(work, info, table), _within(work, info, table, grants))
    found = work.row(sa.select(table).where(table.c[f"{field.name}_digest"].in_(digests), *mine))
    record_sight(work, AuditAction.LOOKUP, info, field, found, said)
    return None if found is None else str(found["id"])


# --- who may, and why -------------------------------------------------------------------------------------------------


def may_reveal(info: EntityInfo, field: Field, viewer: Viewer) -> list[tuple[Role, Grant]]:
    """The viewer's grants that open a masked field of some rows."""

    def opens(grant: Grant) -> bool:
        named = grant.columns.get("E")
        return named is None or field.name in named

    return [(role, grant) for role, grant in grants_of(info, viewer, "E") if opens(grant)]


def _asked(
    work: Work, info: EntityInfo, field: Field, reason: str | None, value: str | None = None
) -> tuple[list[tuple[Role, Grant]], str]:
    """The grants by which the viewer may look, and the reason. Raises FORBIDDEN, and Refused for what it lacks."""
    grants = may_reveal(info, field, work.viewer)
    if not grants:
        what = f"{info.facts.zh}的{field.facts.zh}"
        raise forbidden(f"没有权限查看{what}。", f"You may not reveal {field.public} of {info.name}.")
    faults, number = [], clean(value or "").strip().upper()
    if value is not None and not number:
        faults.append(_fault("value", "REQUIRED", "必须填写要查找的号码", "is required"))
    try:
        said = _said(work, reason)
        if number and number in said.upper():
            faults.append(_fault("reason", "PATTERN", "理由里不要写号码本身：理由会被记录", "must not hold the number"))
    except Bad as bad:
        faults.append(_fault("reason", bad.code, f"“理由”{bad.zh}", bad.en))
    if faults:
        raise Refused(faults)
    return grants, said


def _said(work: Work, reason: str | None) -> str:
    said: str | None = converted(_REASON, reason, work.today)
    if said is None:
        raise Bad("REQUIRED", "必须填写", "is required")
    if len(said) < _SHORTEST:
        raise Bad("RANGE", f"至少 {_SHORTEST} 个字", f"must have at least {_SHORTEST} characters")
    return said


def _fault(at: str, code: str, zh: str, en: str) -> Fault:
    return Fault((at,), code, f"{zh}。", f"{at} {en}.")


def _count(work: Work) -> None:
    """Raise RATE_LIMITED where the viewer looked as often as they may within the hour."""
    most = work.settings.reveals_per_hour
    work.hold("UserAccount", work.viewer.account_id)  # two looks at once are counted one after the other
    wait = wait_of(work.connection, work.viewer.account_id, most, AuditAction.REVEAL, AuditAction.LOOKUP)
    if wait:
        zh, en = f"一小时内最多查看 {most} 次，请稍后再试。", f"At most {most} looks an hour; try again later."
        raise rate_limited(zh, en, wait)


# --- rows -------------------------------------------------------------------------------------------------------------


def _row(work: Work, info: EntityInfo, identity: str, grants: list[tuple[Role, Grant]]) -> dict[str, Any]:
    """The visible row, with ``may_see``: whether the viewer's right to look holds on it."""
    parsed = parse_global_id(identity)
    found = None
    if parsed is not None and parsed[0] == info.facts.prefix:
        table = info.table.alias("t")
        may_see = _within(work, info, table, grants).label("may_see")
        found = work.row(sa.select(table, may_see).where(table.c.id == parsed[1], _scope(work, info, table)))
    if found is None:
        raise Refused([replace(not_found(info), path=("id",))])
    return dict(found)


def _scope(work: Work, info: EntityInfo, table: sa.FromClause) -> sa.ColumnElement[bool]:
    return scope(work.entities, info, table, work.viewer)


def _within(
    work: Work, info: EntityInfo, table: sa.FromClause, grants: list[tuple[Role, Grant]]
) -> sa.ColumnElement[bool]:
    conditions = (role_condition(work.entities, info, table, work.viewer, role, grant, "E") for role, grant in grants)
    return sa.or_(sa.false(), *conditions)


def _clear(info: EntityInfo, field: Field, row: Row) -> str | None:
    if not field.kind.sealed:
        value = plain(row[field.column])
        return None if value is None else str(value)
    cipher = row[f"{field.name}_cipher"]
    return None if cipher is None else crypto.decrypt(cipher, f"{info.key}.{field.name}")


def _as_stored(work: Work, field: Field, value: str) -> str:
    try:
        return str(converted(field.facts, value, work.today))
    except Bad:
        return value
