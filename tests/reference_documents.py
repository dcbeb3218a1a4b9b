"""Documents of the reference: what of the rows they copy is told to some roles, key by key over the whole document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from db.facts import Role, Shape
from db.registry import EntityInfo, Registry
from tests.world import Row


def unveiled(entities: Registry, shape: Shape, row: Row, roles: Sequence[Role], value: Any) -> Any:
    """The document as roles that open its row read it: null where none of them may read what a key copies."""
    if isinstance(value, list):
        return [unveiled(entities, shape, row, roles, item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _member(entities, shape, row, roles, key, item) for key, item in value.items()}


def _member(entities: Registry, shape: Shape, row: Row, roles: Sequence[Role], key: str, item: Any) -> Any:
    if shape.about is not None:
        info = entities.get(str(row[shape.about]))
        if info is None or info.facts.technical or not _has(info, key):
            return item
        if not any(_reads(info, role, key) for role in roles):
            return None
        return _inner(entities, info, key, row, roles, item)
    for copy in shape.copies:
        info = entities[copy.entity]
        if key in copy.names or (not copy.names and _has(info, key)):
            if not any(_reads(info, role, key) and _in_clear(info, role, key) for role in roles):
                return None
            item = _inner(entities, info, key, row, roles, item)
    part = shape.parts.get(key)
    return item if part is None else unveiled(entities, part, row, roles, item)


def _has(info: EntityInfo, key: str) -> bool:
    return key in info.public_fields or key in info.public_relations


def _inner(entities: Registry, info: EntityInfo, key: str, row: Row, roles: Sequence[Role], item: Any) -> Any:
    field = info.public_fields.get(key)
    if field is None or field.facts.copies is None:
        return item
    return unveiled(entities, field.facts.copies, row, roles, item)


def _reads(info: EntityInfo, role: Role, key: str) -> bool:
    """Whether the matrix lets the role read the column, as more than a number."""
    grant = info.grants.get(role)
    if grant is None or "R" not in grant.operations or grant.aggregate_only:
        return False
    field = info.public_fields.get(key)
    column = field.name if field else info.public_relations[key].near
    return "R" not in grant.columns or column in {"id", "version", *grant.columns["R"]}


def _in_clear(info: EntityInfo, role: Role, key: str) -> bool:
    """Whether the role reads the column of other people's rows, and without a mask."""
    field, grant = info.public_fields.get(key), info.grants[role]
    masked = field is not None and grant.masked and field.facts.personal is not None
    return grant.scope != "O" and not masked
