"""One step with many rows: each by itself, and a result for each (API 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from db.entity_info import EntityInfo
from permissions.actions import OpenRow
from resolvers.commands.bulk import check_at_most, held_rows, too_many
from resolvers.commands.rows import held
from resolvers.commands.steps import must_take, take_with
from resolvers.commands.upsert import Result, by_itself
from resolvers.commands.work import Work, public_id
from resolvers.faults import Fault, bad_input


def take_many(
    work: Work, info: EntityInfo, where: Mapping[str, Any] | None, by: Sequence[Mapping[str, Any]] | None, verb: str,
    at_most: int, reason: str | None, takes: Mapping[str, Any],
) -> list[Result]:  # fmt: skip
    """Take the step with each of the rows that `where` selects or `by` names; what became of each.

    A row that is refused keeps none of the others back. Its result has its key all the same, unless there is no such
    row. Raises Refused for more rows than `at_most`, and then nothing is written.
    """
    if (where is None) == (by is None):
        raise bad_input("where 和 by 须写且只写一个。", "Give either where or by.")
    must_take(work, info, verb)
    check_at_most(work, at_most)

    def go(row: OpenRow) -> str:
        take_with(work, info, row, verb, None, reason, takes)
        return row.key

    if where is not None:
        found = held_rows(work, info, where, at_most, "update")
        results = [by_itself(work, number, partial(go, row)) for number, row in enumerate(found)]
        return [_told(info, result, row.key, ()) for result, row in zip(results, found, strict=True)]
    if by is None or len(by) > at_most:
        raise too_many(len(by or ()), at_most)
    return [_named(work, info, number, each, go) for number, each in enumerate(by)]


def _named(work: Work, info: EntityInfo, number: int, by: Mapping[str, Any], go: Any) -> Result:
    known: list[str] = []

    def act() -> str:
        row = held(work, info, by, "update")
        known.append(row.key)
        return go(row)  # type: ignore[no-any-return]

    result = by_itself(work, number, act)
    return _told(info, result, known[0] if known else None, ("by", str(number)))


def _told(info: EntityInfo, result: Result, key: str | None, at: tuple[str, ...]) -> Result:
    """The result with the row it is about; what is wrong with the row itself stands where the row is named."""
    row = public_id(info, key) if key else None
    return Result(result.index, key, [_placed(fault, row, at) for fault in result.faults])


def _placed(fault: Fault, row: str | None, at: tuple[str, ...]) -> Fault:
    return replace(fault, row=row, path=(*at, *fault.path[1:]) if fault.path[:1] == ("by",) else fault.path or at)
