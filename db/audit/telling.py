"""What a record tells of a row: what differs, under the names of the API, personal data as masks only (PIPL 51)."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Mapping
from typing import Any

from db.entity_info import EntityInfo, Field
from db.identity import global_id
from db.registry import Registry, registry

Row = Mapping[str, Any]
_NOT_TOLD = frozenset(
    {"id", "created_at", "updated_at", "created_by_id", "updated_by_id", "scope_path", "org_scope_id"}
)


def told(
    info: EntityInfo, row: Row | None, other: Row | None, entities: Registry | None = None
) -> dict[str, Any] | None:
    """The values of `row` that differ from those of `other`; of a row without another, those it has."""
    if row is None:
        return None
    found: dict[str, Any] = {}
    for field in info.fields.values():
        if field.name not in _NOT_TOLD and _differs(field.column, row, other):
            found[field.public] = _masked(field, row.get(field.column))
    for relation in info.references:
        if relation.near not in _NOT_TOLD and _differs(relation.near, row, other):
            target = (entities or registry())[relation.target]
            value = row.get(relation.near)
            found[relation.public] = None if value is None else global_id(target.facts.prefix, value)
    # An encrypted value may change behind the same mask.
    hidden = [f for f in info.fields.values() if f.kind.sealed and _differs(f"{f.name}_digest", row, other)]
    return found | {f.public: row.get(f.column) for f in hidden}


def is_technical(info: EntityInfo) -> bool:
    """Whether what is told of the entity's rows is for those who look after the system."""
    return info.facts.technical or info.facts.owner == "self"


def plain(value: Any) -> Any:
    """A stored value as JSON holds it: decimals and days as text."""
    if isinstance(value, decimal.Decimal | dt.date) and not isinstance(value, dt.datetime):
        return str(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value


def _differs(column: str, row: Row, other: Row | None) -> bool:
    return row.get(column) is not None if other is None else row.get(column) != other.get(column)


def _masked(field: Field, value: Any) -> Any:
    if value is None or field.kind.sealed:
        return value
    if field.maskable:
        return f"{value[:1]}某某" if field.facts.personal == "surname" else "***"
    return plain(value)
