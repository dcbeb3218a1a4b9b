"""How a row is called in a list, a form and a picker: its label, told apart from its namesakes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from db.entity_info import EntityInfo, Field
from db.facts import Code
from db.kinds import ENUM, INT
from db.registry import Registry
from resolvers.requests import One, Pick

UNNUMBERED = "（未编号）"


def label_pick(entities: Registry, info: EntityInfo) -> Pick:
    """What must be read of a row to call it by name; the id is always among it."""
    pick = Pick(info).add("id")
    if info.name == "Region":
        parent = info.relations["parent"]
        pick.add("code", "name").items.append((parent.public, One(parent, Pick(info).add("name"))))
        return pick
    name = named_by(info)
    if name in info.fields:
        pick.add(name, *beside(info))
    else:
        relation = info.reference(name)
        pick.items.append((relation.public, One(relation, label_pick(entities, entities[relation.target]))))
    return pick


def label_text(entities: Registry, info: EntityInfo, row: Mapping[str, Any], *, whole: bool = True) -> str:
    """The name of a row that was read by ``label_pick``; `whole` tells a region from its namesakes."""
    if info.name == "Region" and not whole:
        return str(row["name"])
    if info.name == "Region":
        above = row.get("parent")
        return f"{row['name']}（{above['name']}，{row['code']}）" if above else f"{row['name']}（{row['code']}）"
    name = named_by(info)
    if name not in info.fields:
        relation = info.reference(name)
        target = row.get(relation.public)
        return label_text(entities, entities[relation.target], target, whole=whole) if target else UNNUMBERED
    before = " ".join(term(info.fields[n], row[info.fields[n].public]) for n in beside(info))
    own = _own(info.fields[name], row.get(info.fields[name].public))
    return f"{before} {own}".strip()


def named_by(info: EntityInfo) -> str:
    """The column a row is called by: its label, or where some may not read that, the first plain one of the list."""
    label = info.fields.get(info.facts.label)
    if label is None or not label.maskable:
        return info.facts.label
    plain = (name for name in info.facts.listed if name in info.fields and not info.fields[name].nullable)
    return next(plain, info.facts.label)


def term(field: Field, value: Any) -> str:
    """The Chinese term of an enumeration's member."""
    members: type[Code] | None = field.facts.members
    return members[value].zh if members is not None and value else str(value or "")


def _own(field: Field, value: Any) -> str:
    if value is None:
        return UNNUMBERED
    if field.kind == INT:
        return f"{field.facts.zh}{value}"
    return term(field, value)


def beside(info: EntityInfo) -> list[str]:
    """Enumerations of the list that stand beside a label which may still be missing."""
    label = info.fields[named_by(info)]
    if not label.nullable:
        return []
    return [name for name in info.facts.listed if name in info.fields and info.fields[name].kind == ENUM]
