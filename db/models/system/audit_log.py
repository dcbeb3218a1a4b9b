"""AuditLog 审计日志."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from db.base import Scoped
from db.facts import Code, Entity, Shape, choice, document, flag, moment, ref, text
from db.machines import ACKNOWLEDGE


class AuditAction(Code):
    """操作. What an audit record tells of."""

    CREATE = "CREATE", "新建"
    UPDATE = "UPDATE", "修改"
    DELETE = "DELETE", "删除"
    VERB = "VERB", "办理"
    IMPORT = "IMPORT", "导入"
    EXPORT = "EXPORT", "导出"
    SIGN_IN = "SIGN_IN", "登录"
    SIGN_IN_FAILED = "SIGN_IN_FAILED", "登录失败"
    SIGN_OUT = "SIGN_OUT", "退出"
    TOKEN = "TOKEN", "签发令牌"
    REFUSED = "REFUSED", "拒绝"
    REVEAL = "REVEAL", "查看原文"
    LOOKUP = "LOOKUP", "按证件查找"
    PRUNE = "PRUNE", "到期清理"
    ROTATE = "ROTATE", "更换密钥"


_TOLD = Shape(about="entity", own=(ACKNOWLEDGE,))


class AuditLog(Scoped):
    """审计日志：谁、何时、从何处、对什么、做了什么；个人信息只留掩码（个人信息保护法第五十一条）。

    One record per act (who, when, from where, what, before and after with masks). Written in the transaction of the
    act; never changed.
    """

    __entity__ = Entity(
        zh="审计日志",
        prefix="al",
        label="summary",
        mediator="actor",
        about="entity",
        menu="系统",
        listed=("at", "actor_name", "action", "entity", "summary", "ip"),
        order=("-id",),
        written_by_commands=True,
        history=False,
        matrix=dict(
            PROV="R P", CITY="R C", DIST="R D", OFFC="R S", MEDR="R O", AUDT="R D", SYS="R T",
        ),
    )  # fmt: skip

    # How much somebody looked at, or was refused, of late (``resolvers.commands.rates``).
    __table_args__ = (sa.Index(None, "actor_id", "at"),)

    actor_id: Mapped[str | None] = ref("UserAccount", "操作人", "Who acted.", computed=True)
    actor_login: Mapped[str | None] = text(
        "操作人登录名", "Login of who acted, as it was then; of a failed sign-in, that of the account tried.", 50,
        computed=True,
    )  # fmt: skip
    actor_name: Mapped[str | None] = text(
        "操作人姓名", "Name of who acted, as it was then; 命令行 where it was done on the server itself.", 50,
        computed=True,
    )  # fmt: skip
    action: Mapped[str] = choice(AuditAction, "操作", "What was done.", computed=True)
    verb: Mapped[str | None] = text("动作", "Verb of a workflow step.", 32, computed=True)
    entity: Mapped[str | None] = text("对象类型", "Type of the row.", 60, computed=True)
    entity_id: Mapped[str | None] = text("对象编号", "Global id of the row.", 60, computed=True)
    summary: Mapped[str] = text("摘要", "In one sentence.", 300, computed=True)
    before: Mapped[dict[str, Any] | None] = document("变更前", "Values before, masked.", copies=_TOLD)
    after: Mapped[dict[str, Any] | None] = document("变更后", "Values after, masked.", copies=_TOLD)
    reason: Mapped[str | None] = text("理由", "Reason given.", 1000, computed=True)
    at: Mapped[dt.datetime] = moment("时间", "When.", computed=True)
    ip: Mapped[str | None] = text("来源地址", "From where.", 64, computed=True)
    technical: Mapped[bool] = flag("技术记录", "About accounts, grants, regions or sign-ins.", computed=True)
    lines_digest: Mapped[str | None] = text("逐行记录摘要", "Digest of the act's lines.", 64, hidden=True)
