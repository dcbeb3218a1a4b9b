"""Rows of the read path -> rows of the front end: labels as keys, references by name, values as people write them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from admin import wording
from admin.kinds import SHOWN
from admin.labels import label_pick, label_text, term
from admin.tables import INVISIBLE, KEY, Column, Table, Tables
from db.clock import SHANGHAI
from db.entity_info import Field
from db.identity import parse_global_id
from db.kinds import BOOL
from resolvers.requests import One, Pick

Row = dict[str, Any]
# A cell that begins so is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
# What a spreadsheet takes for a number, a day or a truth: it would keep 15 digits of a code, drop its zeros, or make
# 3-4 the third of April. Nothing here can do harm as a formula.
_CONVERTED = re.compile(
    r"(?=.*[0-9])(?:[0-9\s.,:/+()%$¥€年月日时分秒-]|E(?=[+-]?[0-9])|[AP]M$)+|TRUE|FALSE|真|假"
    r"|(?=.*[0-9])([0-9]{1,2}[-/ ])?"
    r"(JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)[A-Z]*[-/ .]*[0-9]*([-/, ]+[0-9]+)?",
    re.IGNORECASE,
)


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
        _put(tables, table, found, column, row, whole=False)
    # The front end prints the linking column as it is: no term, no reference.
    if table.link in columns:
        found[table.link.wire] = shown(tables, table, table.link, row) or "（打开）"
    return found


def detailed(tables: Tables, table: Table, columns: Iterable[Column], row: Mapping[str, Any]) -> Row:
    """A row as the form takes it."""
    found: Row = {KEY: row["id"]}
    for column in columns:
        _put(tables, table, found, column, row, whole=True)
    return found


def exported(tables: Tables, table: Table, columns: Iterable[Column], row: Mapping[str, Any]) -> Row:
    """A row of an export: terms and names only; in a spreadsheet numbers and days are such, and text stays text."""
    return {column.wire: _as_text(column, shown(tables, table, column, row)) for column in columns}


def _as_text(column: Column, value: Any) -> str:
    """A cell so that a spreadsheet keeps it (docs/decisions.md): a tab before text that it would convert, which
    programs strip like any blank, and an apostrophe before text that it would compute."""
    text = str(value)
    if column.scalar is not None and SHOWN[column.scalar.kind].cell:
        return text
    if _CONVERTED.fullmatch(text):
        return f"\t{text}"
    return f"'{text}" if text.startswith(_FORMULA) else text


def shown(tables: Tables, table: Table, column: Column, row: Mapping[str, Any]) -> str:
    """A value as a reader sees it."""
    value = row.get(column.public)
    if column.reference is not None:
        target = tables.entities[column.reference.target]
        if value is not None:
            return label_text(tables.entities, target, value, whole=False)
        return "" if table.info.table.c[column.reference.near].nullable else INVISIBLE
    assert column.scalar is not None
    value = _printed(tables, table, column.scalar, row)
    if value is None:
        return ""
    if column.scalar.kind == BOOL:
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(term(column.scalar, item) for item in value)
    named = wording.names(tables.entities, table.info, column.name)
    return named.get(value, value) if named else term(column.scalar, value)


def _put(tables: Tables, table: Table, found: Row, column: Column, row: Mapping[str, Any], *, whole: bool) -> None:
    if column.scalar is not None:
        found[column.wire] = _printed(tables, table, column.scalar, row)
    if column.reference is None:
        return
    value, readable = row.get(column.public), f"{column.wire}_readable"
    if value is not None:
        target = tables.entities[column.reference.target]
        name = label_text(tables.entities, target, value, whole=whole)
        found[column.wire], found[readable] = value["id"], name
    elif table.info.table.c[column.reference.near].nullable:
        found[column.wire], found[readable] = None, None
    else:
        # A list prints the cell, a form the name beside the empty reference.
        found[column.wire], found[readable] = (None, INVISIBLE) if whole else (INVISIBLE, None)


def _printed(tables: Tables, table: Table, field: Field, row: Mapping[str, Any]) -> Any:
    """A scalar as the front end prints it: moments and documents are text by then."""
    value = row.get(field.public)
    if value is not None and field.kind.instant:
        return moment(value)
    if value is not None and field.kind.typed and field.writable:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    if value is not None and field.kind.structured:
        about = wording.subject(tables.entities, table.info, row)
        return wording.document(tables.entities, about, field.facts.copies, value)
    return value


def moment(value: str) -> str:
    """``2026-05-03T04:00:00.000Z`` -> ``2026-05-03 12:00``, in China."""
    return dt.datetime.fromisoformat(value).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


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


def choices(terms: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """An enumeration as the front end takes it."""
    return {name: {"display_name": zh, "value": name} for name, zh in terms.items()}
