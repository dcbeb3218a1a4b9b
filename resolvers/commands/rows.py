"""Create, update and delete of any entity: the order of checks is the same for all, what differs is in ``rules``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from db.enums import AuditAction
from db.identity import new_key
from db.registry import EntityInfo
from permissions.actions import OpenRow, deletable, editable, may_create, may_delete, may_update, open_row, start_of
from permissions.scopes import scope
from resolvers.commands import audit, deletion, inputs, places, uniqueness
from resolvers.commands.labels import printed
from resolvers.commands.references import not_found, target_key
from resolvers.commands.rules.registered import rules_of
from resolvers.commands.versions import conflict, refuse_stale
from resolvers.commands.work import Draft, Row, Work, fault_at
from resolvers.faults import Denied, Fault, Refused, forbidden


def create(work: Work, info: EntityInfo, data: Mapping[str, Any]) -> str:
    """The key of a new row."""
    if not may_create(info, work.viewer):
        raise forbidden(f"没有权限新建{info.facts.zh}。", f"You may not create {info.name} rows.")
    draft, rules = Draft(work, info), rules_of(info)
    draft.row["id"] = new_key()
    inputs.read(draft, data)
    inputs.fill_defaults(draft)
    _judge(draft)
    rules.allow(draft)
    rules.finish(draft)
    work.connection.execute(sa.insert(info.table).values(**draft.row | _made(work)))
    _still_in_scope(draft, "C")
    rules.after(draft)
    audit.record(
        work.connection,
        work.viewer,
        AuditAction.CREATE,
        info,
        draft.row["id"],
        None,
        draft.row | {"version": 1},
        start_of(info),
    )
    return str(draft.row["id"])


def update(
    work: Work, info: EntityInfo, by: Mapping[str, Any], patch: Mapping[str, Any], if_version: int | None
) -> str:
    """The key of the changed row."""
    if not may_update(info, work.viewer):
        raise forbidden(f"没有权限修改{info.facts.zh}。", f"You may not change {info.name} rows.")
    row = held(work, info, by, "update")
    if not row.roles("U"):
        raise forbidden(f"没有权限修改这条{info.facts.zh}。", "You may not change this row.")
    refuse_stale(work, info, row, if_version)
    if not editable(info, row):
        raise Refused([state_fault(info, row, "修改", "changed")])
    draft, rules = Draft(work, info, row, dict(row.values)), rules_of(info)
    inputs.read(draft, patch)
    _judge(draft)
    rules.allow(draft)
    if not draft.changes():
        return row.key
    rules.finish(draft)
    after = store(work, info, row, draft.changes())
    _still_in_scope(draft, "U")
    rules.after(draft)
    audit.record(work.connection, work.viewer, AuditAction.UPDATE, info, row.key, row.values, after)
    return row.key


def delete(work: Work, info: EntityInfo, by: Mapping[str, Any], if_version: int | None) -> str:
    """The key of the row that is deleted now."""
    if not may_delete(info, work.viewer):
        raise forbidden(f"没有权限删除{info.facts.zh}。", f"You may not delete {info.name} rows.")
    row = held(work, info, by, "delete")
    if not row.roles("C"):
        raise forbidden(f"没有权限删除这条{info.facts.zh}。", "You may not delete this row.")
    refuse_stale(work, info, row, if_version)
    faults = [] if deletable(info, row) else [state_fault(info, row, "删除", "deleted")]
    if referring := deletion.referring(work, info, row.key):
        faults.append(deletion.fault_of(info, referring))
    if faults:
        raise Refused(faults)
    draft, rules = Draft(work, info, row, {**row.values, "deleted_at": work.now}), rules_of(info)
    rules.allow(draft)
    store(work, info, row, {"deleted_at": work.now})
    rules.after(draft)
    audit.record(work.connection, work.viewer, AuditAction.DELETE, info, row.key, row.values, None)
    return row.key


def held(work: Work, info: EntityInfo, by: Mapping[str, Any], purpose: str) -> OpenRow:
    """The visible row that `by` names; nobody else changes it before this transaction ends. Raises NOT_FOUND."""
    key = target_key(work, info, by)
    row = open_row(work.connection, work.entities, info, work.viewer, key, hold=purpose)
    if row is None:
        raise Refused([not_found(info)])
    return row


def store(work: Work, info: EntityInfo, row: OpenRow, changes: Mapping[str, Any]) -> Row:
    """Write `changes` over the version that was read, and no other; the row as it stands now."""
    stamp = {"updated_at": work.now, "updated_by_id": work.actor, "version": row["version"] + 1}
    table = info.table
    where = (table.c.id == row.key, table.c.version == row["version"])
    done = work.connection.execute(sa.update(table).where(*where).values(**changes, **stamp))
    if done.rowcount != 1:
        raise conflict(work, info, row, row["version"])
    return {**row.values, **changes, **stamp}


def allowed(work: Work, info: EntityInfo, row: OpenRow) -> bool:
    """Whether the entity's rules let the viewer touch the row at all: what ``permissions.actions`` cannot tell."""
    try:
        rules_of(info).allow(Draft(work, info, row, dict(row.values)))
    except Denied:
        return False
    return True


def state_fault(info: EntityInfo, row: OpenRow, zh: str, en: str) -> Fault:
    """The refusal of what the row's state does not let happen."""
    column = info.facts.machine.column if info.facts.machine else ""
    state = printed(info, column, row[column])
    return Fault(
        ("by",), "STATE", f"{info.facts.zh}现处于“{state}”，不能{zh}。", f"A row that is {row[column]} cannot be {en}."
    )


def _judge(draft: Draft) -> None:
    """Complete the draft and raise every fault it has."""
    rules = rules_of(draft.info)
    rules.prepare(draft)
    inputs.require(draft, rules.supplied)
    places.place(draft)
    rules.check(draft)
    uniqueness.check(draft)
    if draft.faults:
        raise Refused(draft.faults)


def _made(work: Work) -> dict[str, Any]:
    stamp = {"created_at": work.now, "updated_at": work.now, "created_by_id": work.actor, "updated_by_id": work.actor}
    return stamp | {"version": 1}


def _still_in_scope(draft: Draft, letter: str) -> None:
    """Refuse a row that its own writer could not have touched where it stands now."""
    work, info = draft.work, draft.info
    table = info.table.alias("t")
    mine = scope(work.entities, info, table, work.viewer, letter)
    if work.row(sa.select(table.c.id).where(table.c.id == draft.row["id"], mine)) is None:
        column = info.owner.near if info.owner else "id"
        raise Refused([fault_at(info, column, "RANGE", "超出您的管辖范围", "lies outside what you may write")])
