"""What a stored document holds, as fields inside of fields: what its keys are called, for pages to print and edit."""

from __future__ import annotations

from typing import Any

from admin.wording import OWN
from db.facts import Code, Facts, Shape
from db.kinds.shape import LEAVES, Shaped, parts_of
from db.registry import Registry

INTERNAL = frozenset({"id", "version", "path", "scopePath", "orgScope"})
"""What of a row is nobody's business."""
Fields = list[dict[str, Any]]


def shape(entities: Registry, facts: Facts) -> Fields:
    """The fields of a document; none where it is a plain list."""
    if facts.model is not None:
        return _typed(facts.model)
    return _copied(entities, facts.copies) if facts.copies else []


def _typed(model: type[Shaped]) -> Fields:
    return [
        {
            "name": part.key,
            "label": part.zh,
            "kind": "SHAPE" if part.model else "ENUM" if issubclass(part.holds, Code) else LEAVES[part.holds].upper(),
            "many": part.many,
            "required": not part.optional,
            "values": terms(part.holds) if issubclass(part.holds, Code) else None,
            "fields": _typed(part.model) if part.model else None,
        }
        for part in parts_of(model).values()
    ]


def _copied(entities: Registry, told: Shape) -> Fields:
    found: dict[str, dict[str, Any]] = {}
    for copy in told.copies:
        info = entities[copy.entity]
        for field in info.fields.values():
            if not copy.names or field.public in copy.names:
                members = field.facts.members
                found[field.public] = {
                    "name": field.public,
                    "label": field.facts.zh,
                    "kind": str(field.kind).upper(),
                    "values": terms(members) if members else None,
                }
        for relation in info.references:
            found[relation.public] = {"name": relation.public, "label": relation.zh, "kind": "TEXT"}
    for name, part in told.parts.items():
        label = part.parts.get("to", part).zh or found.get(name, {}).get("label", "")
        found[name] = {"name": name, "label": label, "kind": "SHAPE", "fields": _copied(entities, part)}
    for name in told.own:
        found[name] = {"name": name, "label": OWN.get(name, ""), "kind": "TEXT"}
    return [field for name, field in found.items() if name not in INTERNAL]


def terms(members: type[Code]) -> Fields:
    """The members of an enumeration."""
    return [{"name": member.name, "label": member.zh} for member in members]
