"""How a picker finds rows: by the search of the entity, or where it has none, every word in the name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from admin.labels import named_by
from admin.tables import Table
from db.kinds import INT
from permissions.columns import conditionable
from permissions.viewer import Viewer
from resolvers.orderings import Sort
from resolvers.search import LONGEST, MOST_WORDS, searchable


def found_by(table: Table, typed: str, viewer: Viewer) -> dict[str, Any]:
    """The arguments of a list for what was typed into the picker of `table`."""
    info = table.info
    words = " ".join(typed.split()[:MOST_WORDS])[:LONGEST].split()
    # A region that was renumbered or closed is chosen no more.
    ends = info.fields.get("valid_to") if info.name == "Region" else None
    parts: list[Mapping[str, Any]] = []
    if ends is not None and conditionable(info, ends, viewer):
        parts.append({ends.public: {"isNull": True}})
    asked: dict[str, Any] = {"order": _order(table, viewer)}
    if words and any(conditionable(info, field, viewer) for field in searchable(info)):
        asked["search"] = " ".join(words)
    else:
        parts += _in_the_name(table, words, viewer)
    return asked | ({"where": {"and": parts}} if parts else {})


def _in_the_name(table: Table, words: list[str], viewer: Viewer) -> list[Mapping[str, Any]]:
    field = table.info.fields.get(named_by(table.info))
    if field is None or not field.kind.textual or not conditionable(table.info, field, viewer):
        return []
    return [{field.public: {"contains": word}} for word in words]


def _order(table: Table, viewer: Viewer) -> list[Mapping[str, Any]]:
    name = "code" if table.info.name == "Region" else named_by(table.info)
    field = table.info.fields.get(name)
    plain = field is not None and (field.kind.textual or field.kind == INT) and conditionable(table.info, field, viewer)
    return [{field.public: Sort.ASC}] if field is not None and plain else []
