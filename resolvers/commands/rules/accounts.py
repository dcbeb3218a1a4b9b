"""Accounts: nobody changes the account of somebody who may do more (DOMAIN 5.2)."""

from __future__ import annotations

from db.facts import Role
from resolvers.commands.rules import Rules
from resolvers.commands.rules.grants import may_grant
from resolvers.commands.work import Draft, Work
from resolvers.faults import forbidden


def may_manage(work: Work, account_id: str) -> bool:
    """Whether the viewer may change an account: their own, or one whose every grant they could give.

    The technical administrator manages all accounts. Holds for passwords and second factors as well.
    """
    if Role.SYS in work.viewer.reaches or account_id == work.viewer.account_id:
        return True
    grant = work.table("RoleGrant")
    return all(may_grant(work, row) for row in work.living("RoleGrant", grant.c.account_id == account_id))


def _allow(draft: Draft) -> None:
    if not draft.new and not may_manage(draft.work, draft.row["id"]):
        raise forbidden("该账号的权限高于您，不能修改。", "The account holds more rights than yours.")


RULES = Rules(allow=_allow)
