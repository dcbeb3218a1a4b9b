"""Chinese for what is stored under the API's names: documents, and entities and steps in audit records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from db.entity_info import EntityInfo
from db.facts import Code, Shape
from db.machines import ACKNOWLEDGE
from db.naming import camel
from db.registry import Registry

SITE_NAME = "枫桥基层司法行政平台"
OWN = {"asOf": "截至日期", "filedOn": "备案日期", ACKNOWLEDGE: "已知悉的提醒"}


def names(entities: Registry, info: EntityInfo, column: str) -> dict[str, str] | None:
    """The terms of a text column that holds names of ours; None for every other column."""
    if info.name != "AuditLog":
        return None
    if column == "entity":
        return {other.name: other.facts.zh for other in entities.values()}
    if column == "verb":
        return {step.verb: step.zh for other in entities.values() for step in other.facts.steps}
    return None


def subject(entities: Registry, info: EntityInfo, row: Mapping[str, Any]) -> tuple[EntityInfo, ...]:
    """Whose names the keys of a row's documents are."""
    if info.name == "AuditLog":
        told = entities.get(str(row.get("entity")))
        return (told,) if told else ()
    owner = info.owner
    return (entities[owner.target], info) if owner else (info,)


def document(entities: Registry, about: tuple[EntityInfo, ...], shape: Shape | None, value: Any) -> str:
    """A stored document, a line for each thing it says."""
    if isinstance(value, list):
        return "、".join(_brief(entities, about, None, item) for item in value)
    if not isinstance(value, Mapping):
        return str(value)
    return "\n".join(
        _line(entities, about, shape or Shape(), key, item)
        for key, item in value.items()
        if key != "id" and item not in (None, "", [], {})
    )


def _line(entities: Registry, about: tuple[EntityInfo, ...], shape: Shape, key: str, value: Any) -> str:
    label, inner = _known(entities, about, shape, key)
    if isinstance(value, Mapping) and set(value) == {"from", "to"}:
        was, now = (_brief(entities, inner or about, _members(about, key), value[end]) for end in ("from", "to"))
        return f"{label}：由“{was}”改为“{now}”"
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return "\n".join([f"{label}：", *(f"　{_brief(entities, inner, None, item)}" for item in value)])
    return f"{label}：{_brief(entities, inner or about, _members(about, key), value)}"


def _brief(entities: Registry, about: tuple[EntityInfo, ...], members: type[Code] | None, value: Any) -> str:
    """A value on one line."""
    if value is None:
        return "无"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(_brief(entities, about, members, item) for item in value)
    if isinstance(value, Mapping):
        said = (_brief(entities, about, _members(about, key), item) for key, item in value.items() if item is not None)
        return "，".join(said)
    return members[value].zh if members is not None and value in members.__members__ else str(value)


def _known(
    entities: Registry, about: tuple[EntityInfo, ...], shape: Shape, key: str
) -> tuple[str, tuple[EntityInfo, ...]]:
    """The label of a key, and whose names stand inside of it."""
    for info in about:
        if key in info.public_fields:
            return info.public_fields[key].facts.zh, ()
        if key in info.public_relations:
            relation = info.public_relations[key]
            return relation.zh, (entities[relation.target],)
    if (part := shape.parts.get(key)) is not None:
        part = part.parts.get("to", part)
        return part.zh or key, tuple(entities[copy.entity] for copy in part.copies)
    return OWN.get(key, key), ()


def _members(about: tuple[EntityInfo, ...], key: str) -> type[Code] | None:
    fields = (info.public_fields.get(camel(key)) for info in about)
    return next((field.facts.members for field in fields if field is not None), None)
