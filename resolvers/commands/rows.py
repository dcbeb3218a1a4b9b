"""Create, update and delete of any entity: the order of checks is the same, what differs is in its acts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import sqlalchemy as sa

from db import door
from db.entity_info import EntityInfo
from db.identity import new_key
from db.machines import Machine
from db.models.system.audit_log import AuditAction
from permissions.actions import (
    OpenRow,
    at_start,
    may_create,
    may_delete,
    may_update,
    open_in,
    open_row,
    start_of,
)
from permissions.scopes import open_by_columns, scope
from resolvers.acting import Acts, DraftAct, acts_of
from resolvers.commands import audit, deletion, inputs, nested, parts, places, uniqueness
from resolvers.commands.labels import printed
from resolvers.commands.numbers import numbers
from resolvers.commands.references import not_found, target_key
from resolvers.commands.versions import conflict, refuse_stale
from resolvers.commands.work import Draft, Row, Work, fault_at
from resolvers.faults import Denied, Fault, Refused, forbidden

_NOT_ALLOWED = "42501"
"""PostgreSQL's code of a row that no policy lets be written."""


def create(work: Work, info: EntityInfo, data: Mapping[str, Any]) -> str:
    """The key of a new row, made with all the rows that its input brings along."""
    if nested.brings(data):
        nested.check_size(data)
        if faults := work.unanswered(_faults_before(work, info, data)):
            raise Refused(faults)
    return _create(work, info, data)


def _create(work: Work, info: EntityInfo, data: Mapping[str, Any]) -> str:
    _must_create(work, info)
    draft, acts = Draft(work, info), acts_of(info.model)
    draft.row["id"] = new_key()
    given = nested.split(work.entities, info, data, new=True)
    inputs.read(draft, nested.make_before(draft, given, partial(_create, work)))
    inputs.fill_defaults(draft)
    _judge(draft)
    draft.refuse()
    run(acts.allow, draft)
    run(acts.finish, draft)
    row = draft.row = draft.row | work.made() | numbers(work, info, draft.row)
    with within_the_wall(draft):
        work.insert(info.table, row)
    _still_in_scope(draft, "C")
    run(acts.follow, draft)
    with within_the_wall(draft):
        parts.take(draft, given.children, _hands(work))
    draft.refuse()
    # After the children, which the record's lines tell of too.
    audit.record(work, AuditAction.CREATE, info, row["id"], None, row, start_of(info), acknowledged=draft.acknowledged)
    nested.make_after(draft, given, partial(_create, work))
    return str(row["id"])


def _faults_before(work: Work, info: EntityInfo, data: Mapping[str, Any], owner: str | None = None) -> list[Fault]:
    """What is wrong with an input and with all it brings along, as far as that can be said before anything is made.

    `owner` is the column in which the server will put the row that this one is a part of.
    """
    _must_create(work, info)
    given = nested.split(work.entities, info, data, new=True)
    draft = Draft(work, info, row={"id": new_key()}, faults=list(given.faults), early=True)
    draft.broken.update(nested.columns_to_come(info, given))
    if owner is not None:
        nested.refuse_owner(draft, given, owner)
    inputs.read(draft, given.own)
    inputs.fill_defaults(draft)
    _judge(draft)
    parts.take(draft, given.children, _hands(work))
    for target, item, column, place in nested.brought(work.entities, given):
        draft.faults.extend(fault.under(*place) for fault in _faults_before(work, target, item, column))
    return draft.faults


def _must_create(work: Work, info: EntityInfo) -> None:
    if not may_create(info, work.viewer):
        raise forbidden(f"没有权限新建{info.facts.zh}。", f"You may not create {info.name} rows.")


def update(
    work: Work, info: EntityInfo, by: Mapping[str, Any], patch: Mapping[str, Any], if_version: int | None
) -> str:
    """The key of the changed row."""
    must_update(work, info)
    row = held(work, info, by, "update")
    change(work, info, row, patch, if_version)
    return row.key


def must_update(work: Work, info: EntityInfo) -> None:
    """Raise FORBIDDEN where the viewer may change no row of the entity."""
    if not may_update(info, work.viewer):
        raise forbidden(f"没有权限修改{info.facts.zh}。", f"You may not change {info.name} rows.")


def change(work: Work, info: EntityInfo, row: OpenRow, patch: Mapping[str, Any], if_version: int | None = None) -> bool:
    """Change a row that is held; whether there was anything to change."""
    if not row.roles("U"):
        raise forbidden(f"没有权限修改这条{info.facts.zh}。", "You may not change this row.")
    refuse_stale(work, info, row, if_version)
    if closed := [machine for machine in info.facts.machines if not open_in(machine, row)]:
        raise Refused([state_fault(info, row, machine, "修改", "changed") for machine in closed])
    draft, acts = Draft(work, info, row, dict(row.values)), acts_of(info.model)
    given = nested.split(work.entities, info, patch, new=False)
    if given.children:
        nested.check_size(patch)
    inputs.read(draft, nested.make_before(draft, given, partial(create, work)))
    _judge(draft)
    with within_the_wall(draft):
        touched = parts.take(draft, given.children, _hands(work))
    draft.refuse()
    run(acts.allow, draft)
    if not draft.changes() and not touched:
        return False
    run(acts.finish, draft)
    with within_the_wall(draft):
        after = store(work, info, row, draft.changes())
        places.carry(draft)
    _still_in_scope(draft, "U")
    run(acts.follow, draft)
    audit.record(work, AuditAction.UPDATE, info, row.key, row.values, after, acknowledged=draft.acknowledged)
    return True


def delete(work: Work, info: EntityInfo, by: Mapping[str, Any], if_version: int | None) -> str:
    """The key of the row that is deleted now."""
    must_delete(work, info)
    row = held(work, info, by, "delete")
    remove(work, info, row, if_version)
    return row.key


def must_delete(work: Work, info: EntityInfo) -> None:
    """Raise FORBIDDEN where the viewer may delete no row of the entity."""
    if not may_delete(info, work.viewer):
        raise forbidden(f"没有权限删除{info.facts.zh}。", f"You may not delete {info.name} rows.")


def remove(work: Work, info: EntityInfo, row: OpenRow, if_version: int | None = None) -> None:
    """Mark a row deleted that is held against deletion and reference."""
    if not row.roles("C"):
        raise forbidden(f"没有权限删除这条{info.facts.zh}。", "You may not delete this row.")
    refuse_stale(work, info, row, if_version)
    begun = [machine for machine in info.facts.machines if not at_start(info, machine, row)]
    faults = [state_fault(info, row, machine, "删除", "deleted") for machine in begun]
    if referring := deletion.referring(work, info, row.key):
        faults.append(deletion.fault_of(info, referring))
    if faults:
        raise Refused(faults)
    draft, acts = Draft(work, info, row, {**row.values, "deleted_at": work.now}), acts_of(info.model)
    run(acts.allow, draft)
    parts.remove(draft)
    store(work, info, row, {"deleted_at": work.now})
    run(acts.follow, draft)
    audit.record(work, AuditAction.DELETE, info, row.key, row.values, None)


def held(work: Work, info: EntityInfo, by: Mapping[str, Any], purpose: str) -> OpenRow:
    """The visible row that `by` names; nobody else changes it before this transaction ends. Raises NOT_FOUND."""
    return held_by_key(work, info, target_key(work, info, by), purpose)


def held_by_key(work: Work, info: EntityInfo, key: str, purpose: str) -> OpenRow:
    """As ``held``, by the row's key."""
    row = open_row(work.connection, work.entities, info, work.viewer, key, hold=purpose)
    if row is None:
        raise Refused([not_found(info)])
    return row


def store(work: Work, info: EntityInfo, row: OpenRow, changes: Mapping[str, Any]) -> Row:
    """Write `changes` over the version that was read, and no other; the row as it stands now."""
    seen = row["version"]
    work.forget(info.name)
    done = door.change(
        work.connection, info.table, row.key, changes, at=work.now, by=work.actor, version=seen, before=row.values
    )
    if done != 1:
        raise conflict(work, info, row, seen)
    return {**row.values, **changes, "updated_at": work.now, "updated_by_id": work.actor, "version": seen + 1}


def allowed(work: Work, info: EntityInfo, row: OpenRow) -> bool:
    """Whether the entity's rules let the viewer touch the row at all: what ``permissions.actions`` cannot tell."""
    try:
        run(acts_of(info.model).allow, Draft(work, info, row, dict(row.values)))
    except Denied:
        return False
    return True


def state_fault(info: EntityInfo, row: OpenRow, machine: Machine, zh: str, en: str) -> Fault:
    """The refusal of what the row's state in a machine does not let happen."""
    column = machine.column
    state = printed(info, column, row[column])
    return Fault(
        ("by",), "STATE", f"{info.facts.zh}现处于“{state}”，不能{zh}。", f"A row that is {row[column]} cannot be {en}."
    )


def _judge(draft: Draft) -> None:
    """Complete the draft and note every fault it has."""
    acts = acts_of(draft.info.model)
    run(acts.prepare, draft)
    inputs.require(draft, acts.supplied)
    places.place(draft)
    run(acts.check, draft)
    judge(acts, draft.info.facts.rules, draft)
    uniqueness.check(draft)


def run(acts: Iterable[DraftAct], draft: Draft) -> None:
    """One phase of an entity's acts."""
    for act in acts:
        act(draft)


def judge(acts: Acts, codes: Iterable[str], draft: Draft) -> None:
    """The faults of the rules of these codes, into the draft."""
    for code in codes:
        acts.rules[code].check(draft)


def _hands(work: Work) -> parts.Hands:
    return parts.Hands(partial(_create, work), _judge, partial(_faults_before, work))


def _still_in_scope(draft: Draft, letter: str) -> None:
    """Refuse a row that its own writer could not have touched where it stands now."""
    work, info = draft.work, draft.info
    known = open_by_columns(work.entities, info, work.viewer, draft.row, letter)
    if known is True:
        return
    table = info.table.alias("t")
    mine = scope(work.entities, info, table, work.viewer, letter)
    if known is False or work.row(sa.select(table.c.id).where(table.c.id == draft.row["id"], mine)) is None:
        raise Refused([_outside(info, draft.row)])


@contextlib.contextmanager
def within_the_wall(draft: Draft) -> Iterator[None]:
    """Where the database guards rows as well, it refuses first what lies outside: the same fault (docs/wall.md)."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _NOT_ALLOWED:
            raise
        raise Refused([_outside(draft.info, draft.row)]) from None


def _outside(info: EntityInfo, row: Row) -> Fault:
    column = next((owner.near for owner in info.owners if row.get(owner.near)), "id")
    return fault_at(info, column, "RANGE", "超出您的管辖范围", "lies outside what you may write")
