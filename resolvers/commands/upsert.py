"""Rows that are created, or changed where a row with their key exists (API 4).

A key is a unique column that is not encrypted, or a set of columns unique together. It finds rows the viewer may read
and no others; what the viewer cannot see counts as not there, and is then refused as taken. An encrypted column is
never a key: it would tell whose number is registered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import sqlalchemy as sa

from db.entity_info import EntityInfo, Field, Relation
from db.naming import snake
from permissions.actions import may_create, may_update
from permissions.scopes import scope
from resolvers.commands import rows
from resolvers.commands.bulk import check_at_most, too_many
from resolvers.commands.references import referred_key
from resolvers.commands.values import Bad, converted
from resolvers.commands.work import Draft, Work, fault_at, named
from resolvers.faults import Denied, Fault, Refused, forbidden


@dataclass
class Result:
    """What became of one item: the key of its row, or its faults, relative to the item."""

    index: int
    key: str | None = None
    faults: list[Fault] = field(default_factory=list)


class Undone(Exception):
    """Nothing of a write is to be kept, but its outcome is to be told: it had faults, or was a rehearsal."""

    def __init__(self, outcome: Any) -> None:
        super().__init__("rolled back")
        self.outcome = outcome


def keys_of(info: EntityInfo) -> dict[str, tuple[str, ...]]:
    """The keys an upsert may go by: name -> columns. ``{"CREDIT_CODE": ("credit_code",)}``."""
    single = [(f.name,) for f in info.by_keys if f.name != "id"]
    return {_name(columns): columns for columns in (*single, *info.facts.unique)}


def _name(columns: Sequence[str]) -> str:
    return "_".join(snake(column.removesuffix("_id")) for column in columns).upper()


def upsert(
    work: Work, info: EntityInfo, items: Sequence[Mapping[str, Any]], key: str, at_most: int, go_on: bool
) -> list[Result]:
    """What became of each item. Raises Undone where one has faults, unless to `go_on` without it."""
    if not may_create(info, work.viewer) and not may_update(info, work.viewer):
        raise forbidden(f"没有权限新建或修改{info.facts.zh}。", f"You may not write {info.name} rows.")
    check_at_most(work, at_most)
    if len(items) > at_most:
        raise too_many(len(items), at_most)
    columns, seen = keys_of(info)[key], set[tuple[Any, ...]]()
    results = [
        by_itself(work, number, partial(write_item, work, info, item, columns, seen))
        for number, item in enumerate(items)
    ]
    if not go_on and any(result.faults for result in results):
        raise Undone([asdict(Result(result.index, None, result.faults)) for result in results])
    return results


def by_itself(work: Work, number: int, act: Callable[[], str]) -> Result:
    """What became of one of several, each in a savepoint of its own: where it is refused nothing of it stays."""
    savepoint = work.connection.begin_nested()
    try:
        made = act()
    except Refused as refused:
        faults = refused.faults
    except Denied as denied:
        if denied.code != "FORBIDDEN":
            raise
        faults = [Fault((), "FORBIDDEN", denied.zh, denied.en)]
    else:
        savepoint.commit()
        return Result(number, made)
    savepoint.rollback()
    work.forget()
    return Result(number, None, faults)


def write_item(
    work: Work, info: EntityInfo, item: Mapping[str, Any], columns: Sequence[str], seen: set[tuple[Any, ...]]
) -> str:
    """The key of the row with the item's key, changed, or of a new one. Raises Refused, also for a key seen before."""
    values = _key_values(work, info, item, columns)
    if tuple(values) in seen:
        said = "在本次输入中重复", "is given twice in this input"
        raise Refused([fault_at(info, columns[-1], "NOT_UNIQUE", *said)])
    seen.add(tuple(values))
    found = _find(work, info, columns, values)
    if found is None:
        fixed = [column for column in columns if (known := info.fields.get(column)) and not known.writable]
        if fixed:
            said = "没有找到，或无权查看；由系统给出，不能新建", "does not exist, or you may not see it"
            raise Refused([fault_at(info, fixed[0], "NOT_FOUND", *said)])
        return rows.create(work, info, item)
    rows.must_update(work, info)
    row = rows.held_by_key(work, info, found, "update")
    try:
        rows.change(work, info, row, item)
    except Refused as refused:
        # What is wrong with a row itself is told of a single one at "by"; here an item stands for it.
        faults = [replace(f, path=f.path[1:]) if f.path[:1] == ("by",) else f for f in refused.faults]
        raise Refused(faults) from None
    return found


def _key_values(work: Work, info: EntityInfo, item: Mapping[str, Any], columns: Sequence[str]) -> list[Any]:
    """The stored values of an item's key. Raises Refused where one is missing or is none."""
    draft, values = Draft(work, info), []
    for known in _known(info, columns):
        column = known.near if isinstance(known, Relation) else known.name
        try:
            value = _stored(work, known, item.get(known.public))
        except Bad as bad:
            draft.fault(column, bad.code, bad.zh, bad.en)
            continue
        if value is None:
            draft.fault(column, "REQUIRED", "必须填写：按它查找", "is required: rows are found by it")
        values.append(value)
    if draft.faults:
        raise Refused(draft.faults)
    return values


def _known(info: EntityInfo, columns: Sequence[str]) -> Iterator[Field | Relation]:
    return (named(info, column) for column in columns)


def _stored(work: Work, known: Field | Relation, value: Any) -> Any:
    if isinstance(known, Field):
        return converted(known.facts, value, work.today)
    if isinstance(value, Mapping) and "connect" in value:
        value = value["connect"]
    return None if not value or (isinstance(value, Mapping) and "create" in value) else referred_key(work, known, value)


def _find(work: Work, info: EntityInfo, columns: Sequence[str], values: Sequence[Any]) -> str | None:
    """The key of the visible row with these values."""
    table = info.table.alias("t")
    stored = [info.fields[column].column if column in info.fields else column for column in columns]
    where = [table.c[column] == value for column, value in zip(stored, values, strict=True)]
    unique = info.fields[columns[0]].facts.unique if len(columns) == 1 else True
    if isinstance(unique, str):
        where.append(sa.text(unique))
    found = work.row(sa.select(table.c.id).where(*where, scope(work.entities, info, table, work.viewer)))
    return None if found is None else str(found["id"])
