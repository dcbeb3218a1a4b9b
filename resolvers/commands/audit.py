"""One record for each write, in its transaction (PIPL 51): who did what to which row, with masks only."""

from __future__ import annotations

import datetime as dt
import decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.audit import records as audit
from db.facts import Step
from db.models.places.region import Region
from db.models.system.audit_log import AuditAction, AuditLog
from db.models.system.user_account import UserAccount
from db.registry import EntityInfo, Field, registry
from permissions.viewer import Viewer
from resolvers.commands.labels import label_of
from resolvers.commands.work import Row, Work, public_id

_NOT_TOLD = frozenset(
    {"id", "created_at", "updated_at", "created_by_id", "updated_by_id", "scope_path", "org_scope_id"}
)


def _stamped(work: Work) -> dict[str, Any]:
    viewer = work.viewer
    return audit.stamped(work.actor, viewer.ip, viewer.name if viewer.server else audit.COMMAND_LINE)


_LOG, _REGION = AuditLog.__table__, Region.__table__
_INSERT = sa.insert(_LOG).values(  # type: ignore[arg-type]
    # By the path, not by a column of the row: a case's region is the place of the dispute, a grant's may be none.
    # Of the living ones, for those the index knows; a region that is deleted itself, its own record names.
    region_id=sa.func.coalesce(
        sa.select(_REGION.c.id)
        .where(_REGION.c.path == sa.bindparam("path_of_region"), _REGION.c.deleted_at.is_(None))
        .scalar_subquery(),
        sa.bindparam("own_region", type_=_REGION.c.id.type),
    )
)


def record(
    work: Work, action: AuditAction, info: EntityInfo, key: str, before: Row | None, after: Row | None,
    step: Step | None = None, reason: str | None = None,
) -> None:  # fmt: skip
    """Write the record of one act on one row; `before` and `after` are stored rows, of which the changed is told."""
    row = after or before or {}
    path = row["path" if info.name == "Region" else "scope_path"]
    own = key if info.name == "Region" else row.get("region_id")
    zh = step.zh if step else action.zh
    audit.add(
        work.connection,
        {
            **_stamped(work), "scope_path": path, "path_of_region": path,
            "own_region": own,
            "org_scope_id": row.get("org_scope_id"), "action": action.name, "verb": step.verb if step else None,
            "entity": info.name, "entity_id": public_id(info, key),
            "summary": f"{zh} {info.facts.zh}：{label_of(work, info, row)}"[:300],
            "before": _told(info, before, after), "after": _told(info, after, before), "reason": reason,
            "technical": _is_technical(info),
        },
        _INSERT,
    )  # fmt: skip


def record_sight(work: Work, action: AuditAction, info: EntityInfo, field: Field, row: Row | None, reason: str) -> None:
    """Write the record of a look at personal data of `row`, or of one in vain: which field, never the value."""
    if row is not None:
        placed = {"scope_path": row["scope_path"], "org_scope_id": row.get("org_scope_id")}
        placed |= {"entity_id": public_id(info, row["id"]), "own_region": row.get("region_id")}
        named = f"：{label_of(work, info, row)}"
    else:
        home = _home(work.connection, work.viewer)
        placed, named = {"scope_path": home["scope_path"], "own_region": home["region_id"]}, "：没有找到"
    audit.add(
        work.connection,
        {
            **_stamped(work), **placed, "path_of_region": placed["scope_path"],
            "action": action.name, "entity": info.name, "reason": reason, "after": {"field": field.public},
            "summary": f"{action.zh} {info.facts.zh}的{field.facts.zh}{named}"[:300], "technical": _is_technical(info),
        },
        _INSERT,
    )  # fmt: skip


def record_export(connection: Connection, viewer: Viewer, info: EntityInfo, told: dict[str, Any]) -> None:
    """Write the record of an export, at the region of whose it is; `told` says what left: ``rows``, ``filter``, …

    One that only begins has no ``rows`` yet; ``export`` is the same in the record of its end.
    """
    left = "开始" if "rows" not in told else f"{told['rows']} 条" + ("" if told["complete"] else "，未完成")
    summary = f"导出{info.facts.zh}：{left}"
    record_at_home(connection, viewer, AuditAction.EXPORT, info, summary, told)


def record_at_home(
    connection: Connection, viewer: Viewer, action: AuditAction, info: EntityInfo, summary: str, told: dict[str, Any]
) -> None:
    """Write the record of an act that is about no single row, where the viewer's account stands."""
    audit.add(
        connection,
        {
            **audit.stamped(viewer.account_id, viewer.ip), **_home(connection, viewer), "action": action.name,
            "entity": info.name, "summary": summary[:300], "after": told, "technical": _is_technical(info),
        },
    )  # fmt: skip


def _home(connection: Connection, viewer: Viewer) -> dict[str, Any]:
    account = UserAccount.__table__
    owner = sa.select(account.c.region_id, account.c.scope_path, account.c.org_scope_id)
    return dict(connection.execute(owner.where(account.c.id == viewer.account_id)).mappings().one())


def _is_technical(info: EntityInfo) -> bool:
    return info.facts.technical or info.name == "Region"


def _told(info: EntityInfo, row: Row | None, other: Row | None) -> dict[str, Any] | None:
    if row is None:
        return None
    told: dict[str, Any] = {}
    for field in info.fields.values():
        if field.name not in _NOT_TOLD and _differs(field.column, row, other):
            told[field.public] = _masked(field, row.get(field.column))
    for relation in info.references:
        if relation.near not in _NOT_TOLD and _differs(relation.near, row, other):
            target = registry()[relation.target]
            value = row.get(relation.near)
            told[relation.public] = None if value is None else public_id(target, value)
    # An encrypted value may change behind the same mask.
    hidden = [f for f in info.fields.values() if f.kind == "encrypted" and _differs(f"{f.name}_digest", row, other)]
    return told | {f.public: row.get(f.column) for f in hidden}


def _differs(column: str, row: Row, other: Row | None) -> bool:
    return row.get(column) is not None if other is None else row.get(column) != other.get(column)


def _masked(field: Field, value: Any) -> Any:
    if value is None or field.kind == "encrypted":
        return value
    if field.maskable:
        return f"{value[:1]}某某" if field.facts.personal == "surname" else "***"
    return plain(value)


def plain(value: Any) -> Any:
    """A stored value as JSON holds it: decimals and days as text."""
    if isinstance(value, decimal.Decimal | dt.date) and not isinstance(value, dt.datetime):
        return str(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value
