"""Which columns a viewer may filter and sort by, and what one filter of the front end means as a condition."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from admin.kinds import SHOWN
from admin.labels import named_by
from admin.tables import Column
from db.clock import SHANGHAI
from db.entity_info import EntityInfo, Field
from db.registry import Registry
from permissions.columns import conditionable
from permissions.viewer import Viewer
from resolvers.faults import Denied, bad_input

_MATCHES = {"contains": "contains", "exact": "eq", "ne": "neq", "starts": "startsWith", "ends": "endsWith"}
_OPERATORS = {"e": "eq", "ne": "neq", "lt": "lt", "lte": "lte", "gt": "gt", "gte": "gte"}
_NULLS = {"is_null": True, "not_null": False}
DAY = dt.timedelta(days=1)


def filterable(column: Column, viewer: Viewer, info: EntityInfo) -> bool:
    """Whether the viewer may filter the entity by the column: never by what is masked to them."""
    field = column.scalar
    return field is None or (
        field.name != "version"
        and (SHOWN[field.kind].filters or field.kind.listing)
        and conditionable(info, field, viewer)
    )


def order_path(entities: Registry, column: Column, viewer: Viewer, info: EntityInfo) -> list[str] | None:
    """The public path an order by the column takes; None where the viewer may not sort by it."""
    field = column.scalar
    if field is not None:
        return [field.public] if SHOWN[field.kind].filters and conditionable(info, field, viewer) else None
    assert column.reference is not None
    target = entities[column.reference.target]
    label = target.fields.get("code" if target.name == "Region" else named_by(target))
    return [column.public, label.public] if label is not None and conditionable(target, label, viewer) else None


def condition(column: Column, operator: str | None, match: str | None, value: str | list[str]) -> Mapping[str, Any]:
    """The condition of one filter, as ``where`` takes it. Raises Denied for a value of another kind."""
    if column.reference is not None:
        return {column.public: _reference(column.reference.target, operator, value)}
    assert column.scalar is not None
    return {column.public: _scalar(column.scalar, operator, match, value)}


def _reference(target: str, operator: str | None, value: str | list[str]) -> Mapping[str, Any]:
    if operator in _NULLS:
        return {"id": {"isNull": _NULLS[operator]}}
    if operator not in (None, "e", "ne"):
        raise bad_input("引用只能用“等于”“不等于”来筛选。", "References are filtered by equals and not equals.")
    # Whoever picks a region means what lies in it.
    inside = {"descendantOf": {"id": value}} if target == "Region" else {"id": {"eq": value}}
    return {"not": inside} if operator == "ne" else inside


def _scalar(field: Field, operator: str | None, match: str | None, value: str | list[str]) -> Mapping[str, Any]:
    if operator in _NULLS:
        return {"isNull": _NULLS[operator]}
    if field.kind.listing:
        return {"hasEvery": [_parsed(field, v) for v in (value if isinstance(value, list) else [value])]}
    if isinstance(value, list):
        raise _unreadable(field)
    if field.kind.textual and (match or not operator):
        return {_known(field, _MATCHES, match or "contains"): value}
    name = _known(field, _OPERATORS, operator or "e")
    if field.kind.instant:
        return _moments(name, _parsed(field, value))
    if not SHOWN[field.kind].compared and name not in ("eq", "neq"):
        raise _unreadable(field)
    return {name: _parsed(field, value)}


def _moments(operator: str, day: dt.date) -> Mapping[str, Any]:
    """A moment compared with a whole day in China."""
    start = dt.datetime.combine(day, dt.time(), SHANGHAI)
    match operator:
        case "lt" | "gte":
            return {operator: start}
        case "lte":
            return {"lt": start + DAY}
        case "gt":
            return {"gte": start + DAY}
        case "neq":
            raise bad_input("时间不能按“不等于”筛选。", "A moment takes no 'not equal'.")
    return {"gte": start, "lt": start + DAY}


def _parsed(field: Field, value: str) -> Any:
    try:
        return SHOWN[field.kind].parse(field.facts, value)
    except ValueError:
        raise _unreadable(field) from None


def _known(field: Field, names: Mapping[str, str], name: str) -> str:
    if name not in names:
        raise _unreadable(field)
    return names[name]


def _unreadable(field: Field) -> Denied:
    return bad_input(f"“{field.facts.zh}”的筛选条件不正确。", f"The filter on {field.public} is wrong.")
