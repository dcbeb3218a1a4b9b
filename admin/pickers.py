"""How a picker finds rows: every word in the name, or in what else people search the entity by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from admin.labels import named_by
from admin.tables import Table, Tables
from db.registry import Field
from permissions.columns import conditionable
from permissions.viewer import Viewer
from resolvers.orderings import Sort

MOST_WORDS = 8


def found_by(
    tables: Tables, table: Table, search: str, viewer: Viewer
) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    """Condition and order for what was typed into the picker of `table`."""
    info = table.info
    fields = [f for f in info.fields.values() if _searched(table, f) and conditionable(info, f, viewer)]
    words = search.split()[:MOST_WORDS]
    parts = [{"or": [_holds(field, word) for field in fields]} for word in words] if fields else []
    # A region that was renumbered or closed is chosen no more.
    current = [{"validTo": {"isNull": True}}] if info.name == "Region" else []
    every = [*parts, *current]
    return {"and": every} if every else {}, _order(table, viewer)


def _searched(table: Table, field: Field) -> bool:
    return field.kind == "text" and (field.facts.search or field.name == named_by(table.info))


def _holds(field: Field, word: str) -> Mapping[str, Any]:
    return {field.public: {"startsWith" if field.name == "code" else "contains": word}}


def _order(table: Table, viewer: Viewer) -> list[Mapping[str, Any]]:
    name = "code" if table.info.name == "Region" else named_by(table.info)
    field = table.info.fields.get(name)
    plain = field is not None and field.kind in ("text", "int") and conditionable(table.info, field, viewer)
    return [{field.public: Sort.ASC}] if field is not None and plain else []
