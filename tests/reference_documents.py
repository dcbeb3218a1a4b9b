"""Documents of the reference: what of the rows they copy is told to some roles, key by key over the whole document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from db.entity_info import EntityInfo
from db.facts import Grant, Role, Shape
from db.registry import Registry
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
    return bool(_grants(info, role, key))


def _grants(info: EntityInfo, role: Role, key: str) -> list[Grant]:
    """The role's grants that say so of every row: of a copy it is not known what row it was."""
    some = [grant for held, grant in info.grants.items() if held is role]
    return [grant for grant in some if not grant.where and _lets(info, grant, key)]


def _lets(info: EntityInfo, grant: Grant, key: str) -> bool:
    if "R" not in grant.operations or grant.aggregate_only:
        return False
    field = info.public_fields.get(key)
    column = field.name if field else info.public_relations[key].near
    return "R" not in grant.columns or column in {"id", "version", *grant.columns["R"]}


def _in_clear(info: EntityInfo, role: Role, key: str) -> bool:
    """Whether the role reads the column of other people's rows, and without a mask."""
    field = info.public_fields.get(key)
    personal = field is not None and field.facts.personal is not None
    return any(grant.scope != "O" and not (grant.masked and personal) for grant in _grants(info, role, key))
