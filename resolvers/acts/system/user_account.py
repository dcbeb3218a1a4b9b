"""Accounts: nobody changes the account of somebody who may do more (DOMAIN 5.2)."""

from __future__ import annotations

from db.facts import Role
from permissions.addresses import tidy
from permissions.sessions import close_sessions_of
from resolvers.acting import allows, checks, follows
from resolvers.commands.work import Draft, Work
from resolvers.faults import forbidden


def may_manage(work: Work, account_id: str) -> bool:
    """Whether the viewer may change an account: their own, or one all of whose rights they could give.

    The technical administrator manages all accounts, but takes none over (``Ceiling.covers_account``).
    """
    if Role.SYS in work.viewer.reaches or account_id == work.viewer.account_id:
        return True
    return work.ceiling.covers_account(account_id)


@checks
def check(draft: Draft) -> None:
    if not draft.whole("addresses"):
        return
    try:
        draft.row["addresses"] = tidy(draft.row["addresses"])
    except ValueError as problem:
        zh = f"里的 {problem} 不是地址或网段，应写成 10.32.0.5 或 10.32.0.0/16"
        draft.fault("addresses", "PATTERN", zh, f"holds {problem}, which is no network")


@allows
def allow(draft: Draft) -> None:
    if not draft.new and not may_manage(draft.work, draft.row["id"]):
        raise forbidden("该账号的权限高于您，不能修改。", "The account holds more rights than yours.")
    if draft.row["id"] == draft.work.viewer.account_id and _ended(draft):
        raise forbidden("不能停用或删除本人的账号。", "You may not disable your own account.")
    if not draft.new and draft.row["id"] == draft.work.actor and draft.changed("addresses"):
        raise forbidden("本人账号的来源地址由上级设置。", "One's own addresses are set by who manages the account.")


def _ended(draft: Draft) -> bool:
    """Whether the write disables or deletes the account."""
    disabled = draft.changed("is_active") and not draft.row["is_active"]
    return not draft.new and (disabled or draft.row["deleted_at"] is not None)


@follows
def follow(draft: Draft) -> None:
    """Who may not sign in any more is not signed in any more, and does not come back with the account."""
    if _ended(draft):
        close_sessions_of(draft.work.connection, draft.row["id"])
