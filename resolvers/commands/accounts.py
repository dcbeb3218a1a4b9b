"""What is done with an account beyond its row: its first password, a fresh one, and a leaver's rights for a stand-in.

A password that the server makes up is told once, to who asked for it, has to be changed at the first sign-in, and
stands in no record and in no remembered answer: of two requests with one ``Idempotency-Key`` the later tells none.
Whoever takes over what an account can do, by its password, its second factor or its grants, could give all of it
(``permissions.ceilings``); the technical administrator, who has no business data, cannot.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from db import door
from db.entity_info import EntityInfo
from db.facts import Role
from permissions import second_factor
from permissions.accounts import Account, account_by_id
from permissions.actions import OpenRow, open_row
from permissions.ceilings import ANCHORS, unended
from permissions.hands import hold
from permissions.kept_passwords import set_password
from permissions.sessions import close_sessions_of
from resolvers.acts.system.role_grant import KINDS, LEVELS
from resolvers.acts.system.user_account import may_manage
from resolvers.commands import rows
from resolvers.commands.references import target_key
from resolvers.commands.versions import refuse_stale
from resolvers.commands.work import Row, Work, public_id
from resolvers.faults import Fault, Refused, forbidden

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """The days of a stand-in, both included; `leaves`: the other does not come back, their own rights end before."""

    since: dt.date | None
    until: dt.date
    leaves: bool = False


def enrol(work: Work, data: Mapping[str, Any], hashed: str) -> str:
    """The key of a new account, made with the grants in `data`; `hashed` is its first password's: programs get none."""
    key = rows.create(work, work.entities["UserAccount"], data)
    account = work.get("UserAccount", key)
    if account is not None and not account["is_service"]:
        door.note(work.connection, work.table("UserAccount"), key, password_hash=hashed, must_change_password=True)
    hold(work.connection, key, work.actor)
    return key


def reset_password(work: Work, by: Mapping[str, Any], if_version: int | None, hashed: str) -> str:
    """Give an account a password to be changed at the next sign-in and end its sessions; its key."""
    row = held_below(work, by)
    refuse_stale(work, work.entities["UserAccount"], row, if_version)
    if row["is_service"]:
        zh, en = "系统对接账号没有口令，请签发令牌。", "A program's account has no password; give it a token."
        raise Refused([Fault(("by",), "STATE", zh, en)])
    take_over(work, row.key)
    set_password(work.connection, row.key, hashed, by=work.actor, ip=work.viewer.ip, must_change=True)
    return row.key


def reset_second_factor(work: Work, by: Mapping[str, Any], if_version: int | None) -> str:
    """Take the second factor of an account away, whose owner lost it, and end its sessions; its key."""
    row = held_below(work, by)
    refuse_stale(work, work.entities["UserAccount"], row, if_version)
    take_over(work, row.key)
    if not second_factor.remove(work.connection, stored(work, row.key), by=work.actor, ip=work.viewer.ip):
        zh, en = "该账号没有启用两步验证。", "The account has no second factor."
        raise Refused([Fault(("by",), "STATE", zh, en)])
    close_sessions_of(work.connection, row.key)
    return row.key


def take_over(work: Work, key: str) -> None:
    """Note that the viewer can act as an account: it reaches no more than they could give, its acts are theirs."""
    hold(work.connection, key, work.actor)
    for grant in unended(work.connection, key):
        if (within := work.ceiling.vouched(grant, days=False)) != grant["within"]:
            work.change("RoleGrant", grant["id"], within=within)


# --- stand-ins --------------------------------------------------------------------------------------------------------


def hand_over(work: Work, by: Mapping[str, Any], to: Mapping[str, Any], period: Period) -> list[str]:
    """Give a stand-in each right that an account has within the period, for those days of it; the keys of the grants.

    What the stand-in has already for all of them is not given again. Raises Refused at ``by``, ``to``, ``validFrom``
    and ``validTo``.
    """
    leaver, stand_in = held_below(work, by), _stand_in(work, to)
    since = period.since or work.today
    _check_period(work, leaver, stand_in, since, period.until)
    grants = unended(work.connection, leaver.key)
    wanted = (_for_days(work, grant, stand_in, since, period.until) for grant in grants)
    given = [_given(work, data) for data in wanted if data is not None]
    if period.leaves:
        for grant in grants:
            _end_before(work, grant, since)
    elif not given:
        zh, en = "在此期间没有需要移交的授权。", "There is nothing to hand over on these days."
        raise Refused([Fault(("by",), "STATE", zh, en)])
    return given


def _stand_in(work: Work, to: Mapping[str, Any]) -> str:
    info = work.entities["UserAccount"]
    try:
        key = target_key(work, info, to)
    except Refused as refused:
        raise Refused([replace(fault, path=("to",)) for fault in refused.faults]) from None
    account = work.get("UserAccount", key)
    if account is None or not account["is_active"]:
        raise Refused([Fault(("to",), "STATE", "代管人的账号已停用。", "The stand-in's account is disabled.")])
    return key


def _check_period(work: Work, leaver: OpenRow, stand_in: str, since: dt.date, until: dt.date) -> None:
    faults = []
    if stand_in == leaver.key:
        faults.append(Fault(("to",), "RANGE", "代管人不能是本人。", "The stand-in is the same account."))
    if since < work.today:
        zh, en = "代管的起始日期不能早于今天。", "validFrom must not lie in the past."
        faults.append(Fault(("validFrom",), "RANGE", zh, en))
    if until < since:
        faults.append(Fault(("validTo",), "RANGE", "“终止日期”早于起始日期。", "validTo is before validFrom."))
    if faults:
        raise Refused(faults)


def _given(work: Work, data: Mapping[str, Any]) -> str:
    """The key of a grant that is made as any other; what is wrong with what it is held for is the leaver's."""
    try:
        return rows.create(work, work.entities["RoleGrant"], data)
    except Refused as refused:
        days = ("validFrom", "validTo")
        raise Refused(
            [f if f.path[:1] and f.path[0] in days else replace(f, path=("by",)) for f in refused.faults]
        ) from None


def _for_days(work: Work, grant: Row, account: str, since: dt.date, until: dt.date) -> dict[str, Any] | None:
    """The input of the same grant for another account on those days; None where there is nothing to give."""
    first, last = max(grant["valid_from"], since), min(grant["valid_to"] or until, until)
    if first > last or _has(work, account, grant, first, last):
        return None
    info = work.entities["RoleGrant"]
    data = {"role": grant["role"], "validFrom": first, "validTo": last, "account": {"id": _id(work, account)}}
    column = ANCHORS[Role[grant["role"]]]
    if column is not None:
        relation = info.reference(column)
        held_for = work.get(relation.target, grant[column])
        if held_for is None or held_for["deleted_at"] is not None:
            return None  # it reaches nothing any more
        data[relation.public] = {"id": public_id(work.entities[relation.target], grant[column])}
    return data


def _has(work: Work, account: str, grant: Row, first: dt.date, last: dt.date) -> bool:
    """Whether an account has the same right on all these days by a grant of its own."""
    same = ("role", *(column for column in ANCHORS.values() if column))
    return any(
        all(own[column] == grant[column] for column in same)
        and own["valid_from"] <= first
        and (own["valid_to"] is None or last <= own["valid_to"])
        for own in unended(work.connection, account)
    )


def _end_before(work: Work, grant: Row, day: dt.date) -> None:
    """Let a grant count until the day before; one that would only begin later never will."""
    info: EntityInfo = work.entities["RoleGrant"]
    last = day - _DAY
    if grant["valid_from"] > last:
        rows.remove(work, info, rows.held_by_key(work, info, grant["id"], "delete"))
    elif grant["valid_to"] is None or grant["valid_to"] > last:
        rows.change(work, info, rows.held_by_key(work, info, grant["id"], "update"), {"validTo": last})


# --- what is open -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Givable:
    """A role that the viewer may give: by which reference of the grant, of what level or kind, and until when."""

    role: Role
    anchor: str | None
    level: str | None
    kind: str | None
    until: dt.date | None


def givable(work: Work) -> list[Givable]:
    """The roles the viewer may give somewhere, in the order of the roles."""
    found = []
    for role, until in work.ceiling.givable().items():
        column, level, kind = ANCHORS[role], LEVELS.get(role), KINDS.get(role)
        anchor = work.entities["RoleGrant"].reference(column).public if column else None
        found.append(Givable(role, anchor, level and level.name, kind and kind.name, until))
    return found


def acts(work: Work, by: Mapping[str, Any]) -> list[str]:
    """What the viewer may do with an account they see: MANAGE (its columns, grants and sessions), DISABLE, TAKE_OVER.

    To take over is to reset its password or second factor, to hand its rights on, and to give it tokens.
    """
    info = work.entities["UserAccount"]
    key = target_key(work, info, by)
    row = open_row(work.connection, work.entities, info, work.viewer, key)
    if row is None or not row.roles("U"):
        return []
    found = {
        "MANAGE": may_manage(work, key),
        "DISABLE": key != work.viewer.account_id and may_manage(work, key),
        "TAKE_OVER": key != work.viewer.account_id and work.ceiling.covers_account(key),
    }
    return [act for act, may in found.items() if may]


# --- which accounts ---------------------------------------------------------------------------------------------------


def held_below(work: Work, by: Mapping[str, Any], until: dt.date | None = None) -> OpenRow:
    """Another's account all of whose rights the viewer could give (`until` that day), held for the transaction.

    Raises NOT_FOUND for one out of sight, and FORBIDDEN.
    """
    info = work.entities["UserAccount"]
    rows.must_update(work, info)
    row = rows.held(work, info, by, "update")
    if row.key == work.viewer.account_id:
        raise forbidden("不能用于本人的账号：本人的口令和两步验证在登录后自行设置。", "Not for one's own account.")
    if not row.roles("U") or not work.ceiling.covers_account(row.key, until):
        raise forbidden("该账号的权限高于您，不能接管。", "The account holds more rights than you could give.")
    return row


def stored(work: Work, key: str) -> Account:
    """The account as the sign-in knows it. Raises LookupError."""
    account = account_by_id(work.connection, key)
    if account is None:
        raise LookupError(key)
    return account


def _id(work: Work, key: str) -> str:
    return public_id(work.entities["UserAccount"], key)
