"""The front end's query strings -> conditions, orders and pages of a request.

The filter form sends an operator for every column, also without a value; those mean nothing. What names an unknown
column, or one the viewer may not filter or sort by, is refused, never ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import QueryParams

from admin.conditions import condition, filterable, order_path
from admin.tables import Column, Table, Tables
from permissions.columns import conditionable
from permissions.viewer import Viewer
from resolvers.faults import Denied, bad_input
from resolvers.orderings import Sort

PAGE, LARGEST_PAGE, EXPORT_PAGE = 15, 100, 1000
"""The front end's page menu ends at 100; 1000 is what its export asks for, and nothing else does."""
_CONTROLS = frozenset({"__readable", "__page", "__page_size", "__order", "__visible_fields"})
_SUFFIXES = ("__operator", "__match")


@dataclass(frozen=True)
class Listing:
    """What a query string asks of a table."""

    where: Mapping[str, Any]
    order: list[Mapping[str, Any]]
    first: int = PAGE
    offset: int = 0
    columns: list[str] = field(default_factory=list)
    """The columns an export was asked for; empty: those of the list."""

    @property
    def exported(self) -> bool:
        """Whether it is a page of an export."""
        return self.first == EXPORT_PAGE


def listing(tables: Tables, table: Table, params: QueryParams, viewer: Viewer) -> Listing:
    """Raises Denied (BAD_INPUT) with what cannot be done."""
    visible = {column.wire: column for column in tables.visible(table, viewer)}
    size = _number(params, "__page_size", PAGE)
    if not (1 <= size <= LARGEST_PAGE or size == EXPORT_PAGE):
        raise bad_input(f"每页最多 {LARGEST_PAGE} 条。", f"At most {LARGEST_PAGE} rows a page.")
    page = _number(params, "__page", 1)
    wanted = list(filter(None, params.get("__visible_fields", "").split(",")))
    for name in wanted:
        if name not in visible:
            raise _refused(name, "导出")
    order = _order(tables, table, params, viewer, visible)
    return Listing(_where(table, params, viewer, visible), order, size, max(0, page - 1) * size, wanted)


def _where(table: Table, params: QueryParams, viewer: Viewer, visible: Mapping[str, Column]) -> Mapping[str, Any]:
    filters: dict[str, Any] = {}
    parts: list[Mapping[str, Any]] = []
    for key, value in params.multi_items():
        if key in _CONTROLS or key == "__order[]":
            continue
        name, operator = _split(key)
        column = visible.get(name)
        if column is None or not filterable(column, viewer, table.info):
            raise _refused(name, "筛选")
        if operator is None:
            filters.setdefault(name, []).append(value)
        elif value in ("is_null", "not_null"):
            filters[name] = []
    for name, values in filters.items():
        operator, match = params.get(f"{name}__operator"), params.get(f"{name}__match")
        given = [value for value in values if value not in ("", "all")]
        if given or operator in ("is_null", "not_null"):
            several = f"{name}[]" in params
            parts.append(condition(visible[name], operator, match, given if several else "".join(given[-1:])))
    return {"and": parts} if parts else {}


def _split(key: str) -> tuple[str, str | None]:
    for suffix in _SUFFIXES:
        if key.endswith(suffix):
            return key.removesuffix(suffix), suffix
    return key.removesuffix("[]"), None


def _order(
    tables: Tables, table: Table, params: QueryParams, viewer: Viewer, visible: Mapping[str, Column]
) -> list[Mapping[str, Any]]:
    asked = ",".join(text for key in ("__order", "__order[]") for text in params.getlist(key))
    if not asked:
        return [_own(table, name) for name in own_order(table, viewer)]
    keys = []
    for name in filter(None, asked.split(",")):
        column = visible.get(name.removeprefix("-"))
        path = order_path(tables.entities, column, viewer, table.info) if column else None
        if path is None:
            raise _refused(name.removeprefix("-"), "排序")
        keys.append(_nested(path, Sort.DESC_NULLS_LAST if name.startswith("-") else Sort.ASC))
    return keys


def own_order(table: Table, viewer: Viewer) -> list[str]:
    """The entity's own ordering, as far as the viewer may order by it; without any, rows come as they were made."""
    fields = table.info.fields
    return [name for name in table.info.facts.order if conditionable(table.info, fields[name.lstrip("-")], viewer)]


def _own(table: Table, name: str) -> Mapping[str, Any]:
    """The entity's own ordering, such as ``-due_on``."""
    field = table.info.fields[name.removeprefix("-")]
    return {field.public: Sort.DESC_NULLS_LAST if name.startswith("-") else Sort.ASC}


def _nested(path: list[str], direction: Sort) -> Mapping[str, Any]:
    tree: Any = direction
    for name in reversed(path):
        tree = {name: tree}
    return tree  # type: ignore[no-any-return]


def _number(params: QueryParams, name: str, default: int) -> int:
    text = params.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise bad_input("页码不正确。", "The page is no number.")
    return int(text)


def _refused(name: str, what: str) -> Denied:
    return bad_input(f"不能按“{name[:40]}”{what}。", "This column takes no condition or order, and is not exported.")
