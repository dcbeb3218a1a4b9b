"""AuditLine 逐行记录."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Record
from db.facts import Code, Entity, Facts, Shape, choice, document, flag, integer, ref, text
from db.types import Text


class LineChange(Code):
    """变动. What became of a row."""

    CREATED = "CREATED", "新建"
    CHANGED = "CHANGED", "修改"
    REMOVED = "REMOVED", "删除"


_TOLD = Shape(about="entity")


class AuditLine(Record):
    """逐行记录：一次操作动了哪些行，每行一条，与操作记录一并封存。

    One line for each row that an act touched, with the masks of the act's record. Written with it; never changed.
    Of the row that the act itself tells of (``AuditLog.before``, ``after``) the line has no second copy. Where an act
    touched more than 500 rows, one line tells for each entity how many were made, changed or removed (``rows``).
    """

    __entity__ = Entity(
        zh="逐行记录",
        prefix="an",
        label="entity",
        owner=None,
        mediator="audit_log.actor",
        about="entity",
        menu="系统",
        listed=("audit_log_id", "no", "entity", "entity_id", "change", "version"),
        order=("-id",),
        written_by_commands=True,
        history=False,
        matrix=dict(
            PROV="R P", CITY="R C", DIST="R D", OFFC="R S", MEDR="R O", AUDT="R D", SYS="R T",
        ),
    )  # fmt: skip

    __table_args__ = (sa.Index(None, "entity_id"),)

    audit_log_id: Mapped[str] = ref("AuditLog", "操作", "The act.", computed=True, fixed=True, reverse="lines")
    no: Mapped[int] = integer("序号", "1, 2, 3, … within the act.", low=1, computed=True)
    entity: Mapped[str] = text("对象类型", "Type of the row.", 60, computed=True)
    entity_id: Mapped[str | None] = text("对象编号", "Global id of the row; of many rows none.", 60, computed=True)
    version: Mapped[int] = integer("版本", "Version of the row since; of many rows 0.", computed=True)
    change: Mapped[str] = choice(LineChange, "变动", "What became of the row.", computed=True)
    rows: Mapped[int] = integer("行数", "Of how many rows it tells: 1.", low=1, computed=True)
    changed: Mapped[list[str] | None] = document(
        "变更项目", "Names of the fields that were changed; null where all of it is new or gone.", copies=Shape()
    )
    before: Mapped[dict[str, Any] | None] = document("变更前", "Values before, masked.", copies=_TOLD)
    after: Mapped[dict[str, Any] | None] = document("变更后", "Values after, masked.", copies=_TOLD)
    technical: Mapped[bool] = flag("技术记录", "About accounts, grants, regions or sign-ins.", computed=True)
    scope_path: Mapped[str] = mapped_column(
        Text(80), index=True,
        info={"facts": Facts("text", "管辖路径", "Path of the region that owns the row.", computed=True, length=80)},
    )  # fmt: skip
