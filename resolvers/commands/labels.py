"""How people call a row: in audit records and in refusals."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.registry import EntityInfo, Registry
from resolvers.commands.work import Row


def label_of(connection: Connection, entities: Registry, info: EntityInfo, row: Row) -> str:
    """The row's own label, after that of its owner where it is a part of something: ``和平社区调委会 2``."""
    owner = info.owner
    parts = []
    if owner is not None and owner.target != "Region" and info.facts.label != owner.near:
        parts.append(_label_of_key(connection, entities, owner.target, row.get(owner.near)))
    parts.append(_own_label(connection, entities, info, row))
    return " ".join(part for part in parts if part)


def _own_label(connection: Connection, entities: Registry, info: EntityInfo, row: Row) -> str:
    name = info.facts.label
    if name in info.fields:
        return printed(info, name, row.get(info.fields[name].column))
    relation = info.relations[name.removesuffix("_id")]
    return _label_of_key(connection, entities, relation.target, row.get(relation.near))


def _label_of_key(connection: Connection, entities: Registry, entity: str, key: str | None) -> str:
    if key is None:
        return ""
    info = entities[entity]
    row = connection.execute(sa.select(info.table).where(info.table.c.id == key)).mappings().one_or_none()
    return "" if row is None else label_of(connection, entities, info, dict(row))


def printed(info: EntityInfo, name: str, value: Any) -> str:
    """A value as people read it: an enumeration by its Chinese name."""
    members = info.fields[name].facts.members
    if value is None:
        return ""
    return members[value].zh if members is not None and isinstance(value, str) else str(value)
