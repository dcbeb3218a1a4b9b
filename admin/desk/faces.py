"""What the pages know of every entity before they ask: how it is called, what its list shows, what belongs to it.

It is the same for everybody and says nothing of a row; what a viewer may do with a field, ``entities`` of the public
API tells.
"""

from __future__ import annotations

from typing import Any

from admin.desk.documents import Documents
from admin.labels import beside, named_by
from admin.tables import MENUS
from db.entity_info import EntityInfo, Field, Relation
from db.kinds import INT

Words = dict[str, Any]
ELSEWHERE = frozenset({"AuditLog", "AuditLine", "UserAccount", "RoleGrant"})
"""What the menu leads to by a page of its own."""


def faces(documents: Documents) -> Words:
    """Everything, by entity."""
    return {
        "menus": MENUS,
        "search": documents.search,
        "counts": documents.counts,
        "info": documents.entities_of,
        "searched": [info.name for info in documents.searched],
        "entities": {name: face(documents, info) for name, info in documents.entities.items()},
    }


def face(documents: Documents, info: EntityInfo) -> Words:
    """One entity."""
    columns = documents.columns(info)
    listed = [_public(info, name) for name in info.facts.listed]
    return {
        "label": info.facts.zh,
        "single": info.single,
        "plural": info.plural,
        "prefix": info.facts.prefix,
        "menu": None if info.part_of or info.name in ELSEWHERE else info.facts.menu,
        "partOf": info.part_of,
        "call": call(documents, info),
        "columns": list(columns),
        "listed": [name for name in listed if name in columns],
        "order": [_order(info, name) for name in info.facts.order],
        "sortable": {name: path for name in columns if (path := _sorting(documents, info, name))},
        "search": info in documents.searched,
        "within": within(documents, info),
        "states": [info.fields[machine.column].public for machine in info.facts.machines],
        "asOf": "asOf" in documents.queries[info.single].args,
        "parts": [{"name": r.public, "entity": child.name} for r, child in documents.entities.parts_of(info)],
        "lists": [_list(relation, target) for relation, target in documents.lists(info)],
        "system": info.facts.technical,
    }


def call(documents: Documents, info: EntityInfo) -> Words:
    """How a row is called: by columns of its own, or as the row that it names."""
    if info.name == "Region":
        return {"region": True}
    name = named_by(info)
    if name not in info.fields:
        relation = info.reference(name)
        return {"through": relation.public, "to": relation.target}
    own = info.fields[name]
    return {**_named(own), "counted": own.kind == INT, "beside": [_named(info.fields[n]) for n in beside(info)]}


def within(documents: Documents, info: EntityInfo) -> list[str] | None:
    """The relations from a row to the region that it lies in; None where it lies in none."""
    if info.name == "Region":
        return []
    path: list[str] = []
    at, seen = info, {info.name}
    while at.owner is not None:
        path.append(at.owner.public)
        at = documents.entities[at.owner.target]
        if at.name == "Region":
            return path
        if at.name in seen:
            return None
        seen.add(at.name)
    return None


def _named(field: Field) -> Words:
    terms = {member.name: member.zh for member in field.facts.members} if field.facts.members else None
    return {"name": field.public, "label": field.facts.zh, "terms": terms}


def _list(relation: Relation, target: EntityInfo) -> Words:
    back = None
    if relation.through is None and relation.near == "id":
        back = next((r.public for r in target.references if r.near == relation.far), None)
    return {"name": relation.public, "label": relation.zh, "entity": target.name, "back": back}


def _sorting(documents: Documents, info: EntityInfo, name: str) -> list[str] | None:
    """The way of an ordering by a column: itself, or for a reference what the row there is called by."""
    field = info.public_fields.get(name)
    if field is not None:
        return [name] if field.kind.sortable else None
    relation = info.public_relations.get(name)
    if relation is None:
        return None
    target = documents.entities[relation.target]
    label = "code" if target.name == "Region" else named_by(target)
    inner = target.fields.get(label)
    return [name, inner.public] if inner is not None and inner.kind.sortable else None


def _order(info: EntityInfo, name: str) -> list[str]:
    return [_public(info, name.removeprefix("-")), "DESC" if name.startswith("-") else "ASC"]


def _public(info: EntityInfo, name: str) -> str:
    if name in info.fields:
        return info.fields[name].public
    relation = info.relations.get(name.removesuffix("_id"))
    return relation.public if relation else name
