"""One change of many rows: all of them, each by the checks of a single change, or none (API 4).

The rows are those a list with the same ``where`` shows to the viewer: the condition is the read path's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from db.engine import plan_anew
from db.entity_info import EntityInfo
from permissions.actions import OpenRow, open_rows
from permissions.scopes import scope
from resolvers.binds import Call
from resolvers.commands import rows
from resolvers.commands.work import Work, public_id
from resolvers.compiler import Compiler
from resolvers.conditions import where as condition
from resolvers.faults import Denied, Fault, Refused, bad_input

MOST_TOLD = 200
"""Faults that one refusal tells: who wants to mend more begins with these."""


def update_many(work: Work, info: EntityInfo, where: Mapping[str, Any], patch: Mapping[str, Any], at_most: int) -> int:
    """Change all rows that `where` selects; how many were changed."""
    rows.must_update(work, info)
    found = held_rows(work, info, where, at_most, "update")
    return _each(work, info, found, lambda row: rows.change(work, info, row, patch))


def delete_many(work: Work, info: EntityInfo, where: Mapping[str, Any], at_most: int) -> int:
    """Delete all rows that `where` selects; how many were deleted."""
    rows.must_delete(work, info)

    def remove(row: OpenRow) -> bool:
        rows.remove(work, info, row)
        return True

    return _each(work, info, held_rows(work, info, where, at_most, "delete"), remove)


def _each(work: Work, info: EntityInfo, found: list[OpenRow], act: Callable[[OpenRow], bool]) -> int:
    """Act on each row; how many changed by it. Raises Refused with the faults of all rows, each naming its row."""
    done, faults = 0, []
    for row in found:
        try:
            done += act(row)
        except Refused as refused:
            faults += [_at(fault, public_id(info, row.key)) for fault in refused.faults]
        except Denied as denied:
            faults.append(_denied(denied, public_id(info, row.key)))
        if len(faults) >= MOST_TOLD:
            break
    if faults:
        raise Refused(faults[:MOST_TOLD])
    return done


def _at(fault: Fault, row: str) -> Fault:
    # What is wrong with a row itself is told of a single one at "by"; here nobody named it.
    path = fault.path[1:] if fault.path[:1] == ("by",) else fault.path
    return replace(fault, path=path, row=row)


def _denied(denied: Denied, row: str) -> Fault:
    if denied.code != "FORBIDDEN":
        raise denied
    return Fault((), "FORBIDDEN", denied.zh, denied.en, row)


def check_at_most(work: Work, at_most: int) -> None:
    """Raise Refused for a bound that is none."""
    most = work.settings.bulk_rows
    if not 1 <= at_most <= most:
        said = f"须在 1 与 {most} 之间。", f"atMost must lie between 1 and {most}."
        raise Refused([Fault(("atMost",), "RANGE", f"“atMost”{said[0]}", said[1])])


def too_many(found: int, at_most: int) -> Refused:
    """The refusal of a write of more than the client expected."""
    zh, en = (
        f"共有 {found} 条，多于 atMost 的 {at_most} 条，没有写入。",
        f"There are {found} rows, more than {at_most}.",
    )
    return Refused([Fault(("atMost",), "RANGE", zh, en)])


def held_rows(work: Work, info: EntityInfo, where: Mapping[str, Any], at_most: int, purpose: str) -> list[OpenRow]:
    """The visible rows that meet `where`, held against `purpose` of others, in the order of their ids."""
    _must_say(where, "where")
    check_at_most(work, at_most)
    plan_anew(work.connection)
    c = Compiler(work.entities, work.viewer, work.settings.suppress_below)
    c.rows_allowed(info, info.plural)
    table = info.table.alias("t")
    chosen = condition(c, info, table, where, "where")
    values = c.binds.named(Call(None, work.viewer.binds, lambda _number: b""))
    found = open_rows(
        work.connection, work.entities, info, work.viewer, table, chosen, values, hold=purpose, most=at_most + 1
    )
    if len(found) > at_most:
        count = sa.select(sa.func.count()).select_from(table)
        count = count.where(chosen, scope(work.entities, info, table, work.viewer))
        raise too_many(work.connection.execute(count, {**work.viewer.binds, **values}).scalar_one(), at_most)
    return found


def _must_say(where: Any, at: str) -> None:
    """Raise BAD_INPUT for a condition, or a part of one, that is empty: left to itself it would mean all rows."""
    if not isinstance(where, Mapping):
        return
    if not where:
        raise bad_input(f"{at} 是空的；请写明是哪些。", f"{at} is empty; say which rows you mean.")
    for name, part in where.items():
        if name not in ("some", "none"):  # any row at all, no row at all: that says something
            _must_say(part, f"{at}.{name}")
