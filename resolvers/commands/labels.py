"""How people call a row: in audit records and in refusals."""

from __future__ import annotations

from typing import Any

from db.entity_info import EntityInfo
from resolvers.commands.work import Row, Work


def label_of(work: Work, info: EntityInfo, row: Row) -> str:
    """The row's own label, after that of its owner where it is a part of something: ``和平社区调委会 2``."""
    owner = info.owner
    parts = []
    if owner is not None and owner.target != "Region" and info.facts.label != owner.near:
        parts.append(_label_of_key(work, owner.target, row.get(owner.near)))
    parts.append(_own_label(work, info, row))
    return " ".join(part for part in parts if part)


def _own_label(work: Work, info: EntityInfo, row: Row) -> str:
    name = info.facts.label
    if name in info.fields:
        return printed(info, name, row.get(info.fields[name].column))
    relation = info.relations[name.removesuffix("_id")]
    return _label_of_key(work, relation.target, row.get(relation.near))


def _label_of_key(work: Work, entity: str, key: str | None) -> str:
    row = work.get(entity, key)
    return "" if row is None else label_of(work, work.entities[entity], row)


def printed(info: EntityInfo, name: str, value: Any) -> str:
    """A value as people read it: an enumeration by its Chinese name."""
    members = info.fields[name].facts.members
    if value is None:
        return ""
    return members[value].zh if members is not None and isinstance(value, str) else str(value)
