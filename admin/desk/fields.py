"""Fields and steps of an entity as forms draw them, in the words of the contract's EntityInfo and some of its own.

They are the same for everybody. What a viewer may write, ``entities`` of the public API tells, and the pages lay it
over these.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from admin.desk.documents import Documents
from admin.desk.shapes import shape, terms
from admin.schemas import help_text
from db.entity_info import EntityInfo, Field, Relation
from db.facts import Facts

Words = dict[str, Any]
SYSTEM = frozenset({"createdAt", "createdBy", "updatedAt", "updatedBy"})


def info(documents: Documents, entity: EntityInfo) -> Words:
    """One entity."""
    fields = {name: field(documents, entity, name) for name in documents.columns(entity)}
    return {
        "name": entity.name,
        "label": entity.facts.zh,
        "fields": list(fields.values()),
        "steps": steps(documents, entity),
    }


def steps(documents: Documents, entity: EntityInfo) -> list[Words]:
    """The steps of its life, a line a verb."""
    found: dict[str, Words] = {}
    for step in entity.facts.steps:
        takes = [field(documents, entity, _public(entity, take.column)) for take in step.taken]
        needs = [{"required": take.required, "writable": True} for take in step.taken]
        told = found.setdefault(
            step.verb,
            {
                "verb": step.verb,
                "label": step.zh,
                "from": [],
                "to": step.target,
                "takes": [one | need for one, need in zip(takes, needs, strict=True)],
                "reason": step.reason,
                "undo": step.undo,
            },
        )
        told["from"] += [state for state in step.sources if state not in told["from"]]
    return list(found.values())


def field(documents: Documents, entity: EntityInfo, name: str) -> Words:
    """One column: a scalar, a reference, or a one-of reference."""
    if name in entity.public_one_ofs:
        one_of = entity.public_one_ofs[name]
        targets = [documents.entities[entity.reference(column).target] for column in one_of.columns]
        ways = [{"name": target.name, "label": target.facts.zh} for target in targets]
        facts = entity.reference(one_of.columns[0]).facts
        told = _told(name, one_of.zh, "ONE_OF", facts, one_of.required)
        return told | {"targets": ways}
    if name in entity.public_fields:
        own = entity.public_fields[name]
        return _scalar(documents, own)
    return _reference(entity, entity.public_relations[name])


def _scalar(documents: Documents, own: Field) -> Words:
    facts = own.facts
    told = _told(own.public, facts.zh, str(own.kind).upper(), facts, not own.nullable and facts.default is None)
    return told | {
        "writable": told["writable"] and own.writable and own.stored,
        "maxLength": facts.length,
        "pattern": facts.pattern,
        "long": facts.long,
        "default": _plain(facts.default),
        "values": terms(facts.members) if facts.members else None,
        "fields": shape(documents.entities, facts) or None,
        "hint": help_text(own) if own.writable else None,
    }


def _reference(entity: EntityInfo, relation: Relation) -> Words:
    column = entity.table.c.get(relation.near)
    facts = relation.facts if column is not None and relation.through is None else None
    required = facts is not None and column is not None and not column.nullable
    told = _told(relation.public, relation.zh, "REF", facts, required)
    return told | {"target": relation.target}


def _told(name: str, label: str, kind: str, facts: Facts | None, required: bool) -> Words:
    writable = facts is not None and not facts.computed and name not in SYSTEM
    return {
        "name": name,
        "label": label,
        "kind": kind,
        "required": required and writable,
        "writable": writable,
        "fixed": facts is not None and facts.fixed,
        "personal": facts is not None and facts.personal is not None,
    }


def _public(entity: EntityInfo, column: str) -> str:
    return entity.fields[column].public if column in entity.fields else entity.reference(column).public


def _plain(value: Any) -> Any:
    value = getattr(value, "name", value)
    return str(value) if isinstance(value, Decimal) else value if isinstance(value, str | int | bool) else None
