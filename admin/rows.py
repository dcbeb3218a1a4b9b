"""Rows of the read path -> rows of the front end: labels as keys, references by name, values as people write them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from admin.labels import label_pick, label_text, term
from admin.tables import INVISIBLE, KEY, Column, Table, Tables
from db.clock import SHANGHAI
from db.facts import Code
from db.identity import parse_global_id
from resolvers.requests import One, Pick

Row = dict[str, Any]
# A cell that begins so is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def pick(tables: Tables, table: Table, columns: Iterable[Column]) -> Pick:
    """What to read for `columns`; id and version are always among it."""
    made = Pick(table.info).add("id", "version")
    for column in columns:
        if column.reference is not None:
            target = tables.entities[column.reference.target]
            made.items.append((column.public, One(column.reference, label_pick(tables.entities, target))))
        elif column.name != "version":
            made.add(column.name)
    return made


def listed(tables: Tables, table: Table, columns: Iterable[Column], row: Mapping[str, Any]) -> Row:
    """A row of the list."""
    columns = list(columns)
    found: Row = {KEY: row["id"]}
    for column in columns:
        _put(tables, table, found, column, row.get(column.public), _for_list)
    # The front end prints the linking column as it is: no term, no reference.
    if table.link in columns:
        found[table.link.wire] = shown(tables, table, table.link, row) or "（打开）"
    return found


def detailed(tables: Tables, table: Table, columns: Iterable[Column], row: Mapping[str, Any]) -> Row:
    """A row as the form takes it."""
    found: Row = {KEY: row["id"]}
    for column in columns:
        _put(tables, table, found, column, row.get(column.public), _for_form)
    return found


def exported(tables: Tables, table: Table, columns: Iterable[Column], row: Mapping[str, Any]) -> Row:
    """A row of an export: terms and names only, nothing a spreadsheet would take for a formula."""
    cells = {column.wire: shown(tables, table, column, row) for column in columns}
    return {wire: f"'{text}" if _is_formula(text) else text for wire, text in cells.items()}


def shown(tables: Tables, table: Table, column: Column, row: Mapping[str, Any]) -> str:
    """A value as a reader sees it."""
    value = row.get(column.public)
    if column.reference is not None:
        target = tables.entities[column.reference.target]
        if value is not None:
            return label_text(tables.entities, target, value)
        return "" if table.info.table.c[column.reference.near].nullable else INVISIBLE
    value = _for_list(column, value)
    if value is None:
        return ""
    assert column.scalar is not None
    if column.scalar.kind == "bool":
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(term(column.scalar, item) for item in value)
    return term(column.scalar, value)


def _put(
    tables: Tables, table: Table, found: Row, column: Column, value: Any, form: Callable[[Column, Any], Any]
) -> None:
    if column.reference is None:
        found[column.wire] = form(column, value)
        return
    readable = f"{column.wire}_readable"
    if value is not None:
        target = tables.entities[column.reference.target]
        found[column.wire], found[readable] = value["id"], label_text(tables.entities, target, value)
    elif table.info.table.c[column.reference.near].nullable:
        found[column.wire], found[readable] = None, None
    elif form is _for_list:
        found[column.wire], found[readable] = INVISIBLE, None
    else:
        found[column.wire], found[readable] = None, INVISIBLE


def _for_list(column: Column, value: Any) -> Any:
    assert column.scalar is not None
    if value is not None and column.scalar.kind == "datetime":
        return moment(value)
    if value is not None and column.scalar.kind == "json":
        return document(value)
    return value


def _for_form(column: Column, value: Any) -> Any:
    if isinstance(value, list) and column.scalar is not None and column.scalar.kind == "enums":
        return value
    return _for_list(column, value)


def moment(value: str) -> str:
    """``2026-05-03T04:00:00.000Z`` -> ``2026-05-03 12:00``, in China."""
    return dt.datetime.fromisoformat(value).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def document(value: Any) -> str:
    """A stored document as lines of text."""
    if isinstance(value, list):
        return "、".join(str(item) for item in value)
    if isinstance(value, Mapping):
        return "\n".join(f"{key}：{_inner(item)}" for key, item in value.items())
    return str(value)


def _inner(value: Any) -> str:
    if isinstance(value, Mapping | list):
        return orjson.dumps(value).decode()
    return "" if value is None else str(value)


def form_value(column: Column, value: Any) -> Any:
    """What an unchanged field of the edit form sends back for a value that was read: text, or a list, or None."""
    if column.reference is not None:
        return value["id"] if value else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) or value is None:
        return value or None
    return str(value)


def is_id(prefix: str, text: str) -> bool:
    """Whether a text may be an id of the entity."""
    found = parse_global_id(text)
    return found is not None and found[0] == prefix


def _is_formula(text: str) -> bool:
    negative = text[:1] in "-+" and text[1:].replace(".", "", 1).isdigit()
    return text.startswith(_FORMULA) and not negative


def choices(members: type[Code]) -> dict[str, dict[str, str]]:
    """An enumeration as the front end takes it."""
    return {m.name: {"display_name": m.zh, "value": m.name} for m in members}
