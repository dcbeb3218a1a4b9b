"""Rows that clients name: ``{"id": "mc_…"}`` or ``{"code": "…"}`` -> the row's key.

A row that does not exist and one that the viewer may not see are the same: nothing is found, and what is said is the
same to the byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from db.entity_info import EntityInfo, Field, Relation
from db.identity import parse_global_id
from db.texts import clean
from permissions.columns import conditionable
from permissions.scopes import scope
from resolvers.commands.values import Bad
from resolvers.commands.work import Work
from resolvers.faults import Fault, Refused, bad_input


def target_key(work: Work, info: EntityInfo, by: Mapping[str, Any]) -> str:
    """The key of the visible row that `by` names. Raises Refused with NOT_FOUND at ``by``."""
    found = _find(work, info, by)
    if found is None:
        raise Refused([not_found(info)])
    return str(found["id"])


def not_found(info: EntityInfo) -> Fault:
    """What is said of a row that is not there or not visible."""
    return Fault(
        ("by",), "NOT_FOUND", f"没有找到{info.facts.zh}，或无权查看。", "There is no such row, or you may not see it."
    )


def referred_key(work: Work, relation: Relation, value: Any) -> str:
    """The key of the visible row that a reference names; it cannot be deleted before this write is done. Raises Bad."""
    info = work.entities[relation.target]
    by = {"id": value} if isinstance(value, str) else value
    found = _find(work, info, by, hold=True) if isinstance(by, Mapping) else None
    if found is None:
        raise Bad("NOT_FOUND", "没有找到，或无权查看", "does not exist, or you may not see it")
    if info.name == "Region" and found["valid_to"] is not None and found["valid_to"] < work.today:
        raise Bad("RANGE", "是已停用的区划", "is a region that is no longer valid")
    return str(found["id"])


def same_reference(work: Work, relation: Relation, value: Any, key: str | None) -> bool:
    """Whether `value` names the row that is stored already."""
    if value is None or key is None:
        return value is None and key is None
    by = {"id": value} if isinstance(value, str) else value
    if not isinstance(by, Mapping):
        return False
    if set(by) == {"id"}:
        return parse_global_id(str(by["id"])) == (work.entities[relation.target].facts.prefix, key)
    found = _find(work, work.entities[relation.target], by)
    return found is not None and found["id"] == key


def _find(work: Work, info: EntityInfo, by: Mapping[str, Any], hold: bool = False) -> Mapping[str, Any] | None:
    given = {name: value for name, value in by.items() if value is not None}
    viewer = work.viewer
    keys = {f.public: f for f in info.by_keys if f.kind.identity or conditionable(info, f, viewer)}
    if len(given) != 1 or not given.keys() <= keys.keys():
        raise bad_input(f"请用 {'、'.join(keys)} 之一指明{info.facts.zh}。", f"Name one of {', '.join(keys)}.")
    [(name, value)] = given.items()
    value = clean(value).strip() if isinstance(value, str) else value
    if not isinstance(value, str) or not value.isprintable():
        return None
    if name == "id":
        parsed = parse_global_id(value)
        if parsed is None or parsed[0] != info.facts.prefix:
            return None
        value = parsed[1]
    kind = ("find", info.name, name, hold, work.viewer.kind)
    found = work.found(kind, lambda: _by(work, info, keys[name], hold), {"key": value})
    return work.learn(info.name, found[0]) if found else None


def _by(work: Work, info: EntityInfo, field: Field, hold: bool) -> sa.Select[Any]:
    """The visible row that has the value `key` in a unique column; with `hold` it cannot be deleted any more."""
    table, unique = info.table.alias("t"), field.facts.unique
    column = table.c[field.column]
    condition = sa.and_(
        column == sa.bindparam("key", type_=column.type), sa.text(unique) if isinstance(unique, str) else sa.true()
    )
    found = sa.select(table).where(condition, scope(work.entities, info, table, work.viewer)).limit(1)
    return found.with_for_update(of=table, read=True, key_share=True) if hold else found
