"""One record for each write, in its transaction (PIPL 51): who did what to which row, with masks only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.audit import records as audit
from db.audit.telling import is_technical, told
from db.entity_info import EntityInfo, Field
from db.facts import Step
from db.machines import ACKNOWLEDGE
from db.models.system.audit_log import AuditAction
from db.models.system.user_account import UserAccount
from permissions.viewer import Viewer
from resolvers.commands.labels import label_of
from resolvers.commands.work import Row, Work, public_id


def _stamped(work: Work) -> dict[str, Any]:
    viewer = work.viewer
    return audit.stamped(work.actor, viewer.ip, viewer.name if viewer.server else audit.COMMAND_LINE)


def record(
    work: Work, action: AuditAction, info: EntityInfo, key: str, before: Row | None, after: Row | None,
    step: Step | None = None, reason: str | None = None, acknowledged: Sequence[str] = (), server: bool = False,
) -> None:  # fmt: skip
    """Write the record of one act on one row; `before` and `after` are stored rows, of which the changed is told.

    `acknowledged` are the warnings in spite of which it was done; what the `server` does by itself is recorded as of
    the moment of the work.
    """
    row = after or before or {}
    path = row["path" if info.name == "Region" else "scope_path"]
    own = key if info.name == "Region" else row.get("region_id")
    zh = step.zh if step else action.zh
    audit.add(
        work.connection,
        {
            **(audit.by_clock(work.now) if server else _stamped(work)),
            "scope_path": path, "own_region": own,
            "org_scope_id": row.get("org_scope_id"), "action": action.name, "verb": step.verb if step else None,
            "entity": info.name, "entity_id": public_id(info, key),
            "summary": f"{zh} {info.facts.zh}：{label_of(work, info, row)}"[:300],
            "before": told(info, before, after, work.entities),
            "after": _acknowledging(told(info, after, before, work.entities), acknowledged),
            "reason": reason, "technical": is_technical(info),
        },
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
            **_stamped(work), **placed,
            "action": action.name, "entity": info.name, "reason": reason, "after": {"field": field.public},
            "summary": f"{action.zh} {info.facts.zh}的{field.facts.zh}{named}"[:300], "technical": is_technical(info),
        },
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
            "entity": info.name, "summary": summary[:300], "after": told, "technical": is_technical(info),
        },
    )  # fmt: skip


def _home(connection: Connection, viewer: Viewer) -> dict[str, Any]:
    account = UserAccount.__table__
    owner = sa.select(account.c.region_id, account.c.scope_path, account.c.org_scope_id)
    return dict(connection.execute(owner.where(account.c.id == viewer.account_id)).mappings().one())


def _acknowledging(told: dict[str, Any] | None, codes: Sequence[str]) -> dict[str, Any] | None:
    return {**(told or {}), ACKNOWLEDGE: list(codes)} if codes else told
