"""One record for each write, in its transaction (PIPL 51): who did what to which row, with masks only."""

from __future__ import annotations

import datetime as dt
import decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.clock import now
from db.enums import AuditAction
from db.facts import Step
from db.identity import new_key
from db.registry import EntityInfo, Field, registry
from permissions.viewer import Viewer
from resolvers.commands.labels import label_of
from resolvers.commands.work import Row, public_id

_NOT_TOLD = frozenset(
    {"id", "created_at", "updated_at", "created_by_id", "updated_by_id", "scope_path", "org_scope_id"}
)


def record(
    connection: Connection, viewer: Viewer, action: AuditAction, info: EntityInfo, key: str, before: Row | None,
    after: Row | None, verb: Step | str | None = None, reason: str | None = None,
) -> None:  # fmt: skip
    """Write the record of one act on one row; `before` and `after` are stored rows, of which the changed is told."""
    row = after or before or _stored(connection, info, key)
    region_id, path = _region(connection, info, row)
    zh = verb.zh if isinstance(verb, Step) else action.zh
    at = now()
    connection.execute(
        sa.insert(registry()["AuditLog"].table).values(
            id=new_key(), created_at=at, updated_at=at, created_by_id=viewer.account_id or None,
            updated_by_id=viewer.account_id or None, version=1, scope_path=path, region_id=region_id,
            org_scope_id=row.get("org_scope_id"), actor_id=viewer.account_id or None, action=action.name,
            verb=verb.verb if isinstance(verb, Step) else verb, entity=info.name, entity_id=public_id(info, key),
            summary=f"{zh} {info.facts.zh}：{label_of(connection, registry(), info, row)}"[:300],
            before=_told(info, before, after), after=_told(info, after, before), reason=reason, at=at, ip=viewer.ip,
            technical=info.facts.technical or info.name == "Region",
        )
    )  # fmt: skip


def _stored(connection: Connection, info: EntityInfo, key: str) -> Row:
    return dict(connection.execute(sa.select(info.table).where(info.table.c.id == key)).mappings().one())


def _region(connection: Connection, info: EntityInfo, row: Row) -> tuple[str, str]:
    if info.name == "Region":
        return row["id"], row["path"]
    region = registry()["Region"].table
    path = row["scope_path"]
    # By the path, not by a column of the row: a case's region is the place of the dispute, a grant's may be none.
    return connection.execute(sa.select(region.c.id).where(region.c.path == path)).scalar_one(), path


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
