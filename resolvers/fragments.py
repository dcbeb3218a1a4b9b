"""Pieces of SQL that print JSON or search text, each rendered for its database.

PostgreSQL prints with ``concat``/``string_agg`` and SQLite with ``||``/``group_concat``: half the cost of the JSON
builders, in the order of the selection, and nested values are never parsed again (study/performance 4).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.sql.type_api import TypeEngine

from db.facts import Kind
from db.types import Number


class _Text(FunctionElement[str]):
    type: TypeEngine[str] = sa.Text()
    inherit_cache = False


class Concat(_Text):
    """The texts of its arguments in a row. PostgreSQL skips a null, SQLite becomes null: print nulls first."""


@compiles(Concat, "postgresql")
def _(element: Concat, compiler: Any, **kw: Any) -> str:
    parts = [compiler.process(e, **kw) for e in element.clauses]
    while len(parts) > 90:  # concat takes at most a hundred arguments
        parts = [f"concat({', '.join(parts[i : i + 90])})" for i in range(0, len(parts), 90)]
    return f"concat({', '.join(parts)})"


@compiles(Concat, "sqlite")
def _(element: Concat, compiler: Any, **kw: Any) -> str:
    # No brackets: || binds tightest but for COLLATE, and SQLite's parser holds a hundred open symbols at most.
    return " || ".join(compiler.process(e, **kw) for e in element.clauses)


class Joined(_Text):
    """The texts of a group of rows, parted by commas; the empty text for no rows. Optionally only rows that meet
    a condition (second argument)."""


def _joined(function: str) -> Any:
    def render(element: Joined, compiler: Any, **kw: Any) -> str:
        item, *condition = [compiler.process(e, **kw) for e in element.clauses]
        only = f" FILTER (WHERE {condition[0]})" if condition else ""
        return f"coalesce({function}({item}, ','){only}, '')"

    return render


compiles(Joined, "postgresql")(_joined("string_agg"))
compiles(Joined, "sqlite")(_joined("group_concat"))


class Ahead(_Text):
    """The texts of a group of rows, each with a comma behind it; the empty text for no rows."""


@compiles(Ahead, "postgresql")
def _(element: Ahead, compiler: Any, **kw: Any) -> str:
    return f"coalesce(string_agg({compiler.process(element.clauses.clauses[0], **kw)}, ',') || ',', '')"


@compiles(Ahead, "sqlite")
def _(element: Ahead, compiler: Any, **kw: Any) -> str:
    return f"coalesce(group_concat({compiler.process(element.clauses.clauses[0], **kw)}, ',') || ',', '')"


class _Printed(_Text):
    """A column as JSON text, or SQL null for null."""

    postgresql = sqlite = "{}"

    def __init__(self, value: ColumnElement[Any], **more: Any) -> None:
        super().__init__(value)
        self.more = more


@compiles(_Printed, "postgresql")
def _(element: _Printed, compiler: Any, **kw: Any) -> str:
    return element.postgresql.format(compiler.process(element.clauses.clauses[0], **kw), **element.more)


@compiles(_Printed, "sqlite")
def _(element: _Printed, compiler: Any, **kw: Any) -> str:
    return element.sqlite.format(compiler.process(element.clauses.clauses[0], **kw), **element.more)


class PrintText(_Printed):
    """Text, with all escapes."""

    postgresql, sqlite = "to_json({}::text)::text", "json_quote({})"


class PrintPlain(_Printed):
    """Values that need quotes but no escapes: enum names, days, keys."""

    postgresql, sqlite = "'\"' || {}::text || '\"'", "'\"' || {} || '\"'"


class PrintKey(_Printed):
    """A row's key as global id."""

    postgresql, sqlite = "'\"{prefix}_' || {}::text || '\"'", "'\"{prefix}_' || {} || '\"'"


class PrintInt(_Printed):
    """A whole number."""

    postgresql, sqlite = "{}::text", "CAST({} AS TEXT)"


class PrintRaw(_Printed):
    """Text that is JSON already."""


class PrintBool(_Printed):
    """true or false."""

    postgresql, sqlite = "({})::text", "CASE {} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"


class PrintMoment(_Printed):
    """A point in time as ISO 8601 in Asia/Shanghai, to the millisecond."""

    sqlite = "strftime('\"%Y-%m-%dT%H:%M:%f+08:00\"', {}, '+8 hours')"


@compiles(PrintMoment, "postgresql")
def _(element: PrintMoment, compiler: Any, **kw: Any) -> str:
    value = compiler.process(element.clauses.clauses[0], **kw)
    return f"""'"' || to_char({value} AT TIME ZONE INTERVAL '8 hours', 'YYYY-MM-DD"T"HH24:MI:SS.MS"+08:00"') || '"'"""


class PrintNumber(_Printed):
    """An exact decimal as a string with all its digits."""

    postgresql = "'\"' || {}::text || '\"'"
    sqlite = (
        "'\"' || CASE WHEN {0} < 0 THEN '-' ELSE '' END || CAST(abs({0}) / {unit} AS TEXT)"
        " || '.' || substr('{zeros}' || (abs({0}) % {unit}), -{scale}) || '\"'"
    )


Pieces = list[str | ColumnElement[Any]]
"""JSON text in pieces: constant text of ours, and expressions that print the rest."""

Member = tuple[str, str | ColumnElement[Any] | Pieces]
"""One member of a JSON object: its key, and its value as JSON text."""


def _number(value: ColumnElement[Any]) -> PrintNumber:
    scale = value.type.scale if isinstance(value.type, Number) else 0
    return PrintNumber(value, unit=10**scale, zeros="0" * scale, scale=scale)


PRINTERS: Mapping[str, Callable[[ColumnElement[Any]], ColumnElement[str]]] = {
    "id": PrintKey, "ref": PrintKey, "int": PrintInt, "bool": PrintBool, "enum": PrintPlain, "date": PrintPlain,
    "period": PrintPlain, "datetime": PrintMoment, "enums": PrintRaw, "json": PrintRaw, "shape": PrintRaw,
    "decimal": _number, "text": PrintText, "encrypted": PrintText,
}  # fmt: skip
"""Kind -> how SQL prints its values."""


def printed(value: ColumnElement[Any], kind: Kind, prefix: str = "") -> ColumnElement[str]:
    """A value of a kind as JSON text; SQL null where it is null."""
    printer = PRINTERS[kind]
    return PrintKey(value, prefix=prefix) if printer is PrintKey else printer(value)


def pieces(value: ColumnElement[Any], kind: Kind, prefix: str = "") -> Pieces:
    """A value that is never null as pieces, so that its quotes join the constant text around it."""
    printer = PRINTERS[kind]
    if printer is PrintKey:
        return [f'"{prefix}_', value, '"']
    if printer is PrintPlain:
        return ['"', value, '"']
    return [value] if printer in (PrintInt, PrintRaw) else [printed(value, kind, prefix)]


def concat(parts: Pieces) -> ColumnElement[str]:
    """The text of pieces, constants next to each other made one."""
    merged: Pieces = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        else:
            merged.append(part)
    elements = [literal(part) if isinstance(part, str) else part for part in merged]
    return elements[0] if len(elements) == 1 else Concat(*elements)


def braced(members: Sequence[Member]) -> Pieces:
    """``{"key":value,…}`` from members whose values are JSON text of ours, expressions or pieces."""
    parts: Pieces = ["{"]
    for i, (key, value) in enumerate(members):
        parts.append(("," if i else "") + json.dumps(key) + ":")
        parts.extend(value if isinstance(value, list) else [value])
    return [*parts, "}"]


def literal(text: str) -> ColumnElement[str]:
    """A constant text of ours inside the statement; never a value from outside."""
    quoted = text.replace("'", "''")
    return sa.literal_column(f"'{quoted}'", sa.Text())


class Position(FunctionElement[int]):
    """Where a text first holds another, from 1; 0 where it does not. By code point, case counts."""

    type: TypeEngine[int] = sa.Integer()
    inherit_cache = False


@compiles(Position, "postgresql")
def _(element: Position, compiler: Any, **kw: Any) -> str:
    return f"strpos({', '.join(compiler.process(e, **kw) for e in element.clauses)})"


@compiles(Position, "sqlite")
def _(element: Position, compiler: Any, **kw: Any) -> str:
    return f"instr({', '.join(compiler.process(e, **kw) for e in element.clauses)})"


class Hex(_Text):
    """The bytes of a text as hexadecimal digits."""


@compiles(Hex, "postgresql")
def _(element: Hex, compiler: Any, **kw: Any) -> str:
    return f"encode(convert_to({compiler.process(element.clauses.clauses[0], **kw)}, 'UTF8'), 'hex')"


@compiles(Hex, "sqlite")
def _(element: Hex, compiler: Any, **kw: Any) -> str:
    return f"lower(hex({compiler.process(element.clauses.clauses[0], **kw)}))"
