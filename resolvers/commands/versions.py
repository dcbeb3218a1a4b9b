"""What a client is told when the row has changed since it was read (API 4, Versions)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from db.entity_info import EntityInfo
from db.kinds import ENUM
from permissions.actions import OpenRow
from resolvers.commands.work import Work, public_id
from resolvers.faults import Fault, Refused


def refuse_stale(work: Work, info: EntityInfo, row: OpenRow, if_version: int | None) -> None:
    """Raise CONFLICT unless the row is still in the version the client has seen; None asks for no check."""
    if if_version is not None and row["version"] != if_version:
        raise conflict(work, info, row, if_version)


def conflict(work: Work, info: EntityInfo, row: OpenRow, if_version: int) -> Refused:
    """The refusal, with who changed the row last and which fields have changed since."""
    who = work.get("UserAccount", row["updated_by_id"])
    fault = Fault(
        ("ifVersion",), "CONFLICT",
        f"{info.facts.zh}已被他人修改（现为第 {row['version']} 版，您的是第 {if_version} 版），请刷新后再改。",
        f"The row was changed since you read it: it is at version {row['version']}, yours is {if_version}.",
    )  # fmt: skip
    fields = _changed_since(work, info, row, if_version)
    changed_by = who["person_name"] if who else None
    return Refused([fault], {"changedBy": changed_by, "changedFields": fields}, public_id(info, row.key))


def _changed_since(work: Work, info: EntityInfo, row: OpenRow, if_version: int) -> list[str]:
    log = work.table("AuditLog")
    told = work.rows(
        sa.select(log.c.after)
        .where(log.c.entity_id == public_id(info, row.key), log.c.after.is_not(None))
        .order_by(log.c.id.desc())
        .limit(max(1, min(row["version"] - if_version, 200)))
    )
    changes: list[dict[str, Any]] = [t["after"] for t in told if (t["after"] or {}).get("version", 0) > if_version]
    fields = {name for after in changes for name in after} - {"version"}
    if len(changes) < row["version"] - if_version:
        # Effects of a write on another row have their record there; what they touch is what commands compute.
        fields |= {f.public for f in info.fields.values() if f.facts.computed and f.kind == ENUM}
    return [name for name in (*info.public_fields, *info.public_relations) if name in fields]
