"""Fields and steps of an entity in the shape of the contract's EntityInfo, until ``entities`` of the API answers."""

from __future__ import annotations

from typing import Any

from admin.desk.documents import Documents
from db.entity_info import EntityInfo

Words = dict[str, Any]


def info(documents: Documents, entity: EntityInfo) -> Words:
    fields = {name: field(documents, entity, name) for name in documents.columns(entity)}
    steps: dict[str, Words] = {}
    for step in entity.facts.steps:
        known = steps.setdefault(
            step.verb,
            {
                "verb": step.verb,
                "label": step.zh,
                "from": [],
                "to": step.target,
                "reason": step.reason,
                "takes": [
                    fields[_public(entity, t.column)] | {"required": t.required, "writable": True} for t in step.taken
                ],
                "rules": [],
                "undo": step.undo,
            },
        )
        known["from"] += [s for s in step.sources if s not in known["from"]]
    return {
        "name": entity.name,
        "label": entity.facts.zh,
        "description": None,
        "area": None,
        "prefix": entity.facts.prefix,
        "fields": list(fields.values()),
        "steps": list(steps.values()),
        "operations": [],
    }


def _public(entity: EntityInfo, column: str) -> str:
    return entity.fields[column].public if column in entity.fields else entity.reference(column).public


def field(documents: Documents, entity: EntityInfo, name: str) -> Words:
    own = entity.public_fields.get(name)
    relation = entity.public_relations.get(name)
    one_of = entity.public_one_ofs.get(name)
    facts = own.facts if own else relation.facts if relation else None
    if one_of is not None:
        kind = "ONE_OF"
    else:
        kind = "REF" if own is None else {"TEXT": "TEXT"}.get(str(own.kind).upper(), str(own.kind).upper())
    nullable = True
    if own is not None:
        nullable = own.nullable
    elif relation is not None and relation.near in entity.table.c:
        nullable = bool(entity.table.c[relation.near].nullable)
    stored = own is None or own.stored
    writable = bool(facts and not facts.computed and stored) or one_of is not None
    if name in ("createdAt", "updatedAt", "createdBy", "updatedBy"):
        writable = False
    if relation is not None and relation.through is not None:
        writable = False
    return {
        "name": name,
        "label": own.facts.zh if own else relation.zh if relation else one_of.zh,
        "description": None,
        "kind": kind,
        "required": not nullable and writable and (facts is None or facts.default is None),
        "default": _default(facts.default) if facts else None,
        "maxLength": facts.length if facts else None,
        "pattern": facts.pattern if facts else None,
        "minimum": None,
        "maximum": None,
        "section": None,
        "target": relation.target if relation else None,
        "targets": [entity.reference(c).target for c in one_of.columns] if one_of else None,
        "writable": writable,
        "fixed": bool(facts and facts.fixed),
        "long": bool(facts and facts.long),
        "when": facts.required_when.zh("") if facts and facts.required_when else None,
        "values": [{"name": m.name, "label": m.zh} for m in facts.members] if facts and facts.members else None,
    }


def _default(value: Any) -> Any:
    value = getattr(value, "name", value)
    return value if value is None or isinstance(value, str | int | bool) else str(value)
