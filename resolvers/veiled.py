"""A document as JSON text without what is kept from the viewer: parts of it are printed as null, in the same statement.

Only documents of which something is kept are taken apart and put together again, in the order of their keys: on
PostgreSQL by its own functions, on SQLite by one of ours (``db.veil``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import ColumnElement, case
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement

from permissions.veils import Veil

_Tree = dict[str, "int | _Tree | tuple[int, _Tree]"]
"""Keys that are null: unless the argument of that number holds; 0: always. Or what is null in them, or both."""


def veiled(
    document: ColumnElement[Any], told: ColumnElement[Any] | None, veils: Mapping[str, Veil]
) -> ColumnElement[str]:
    """The text of `document`, whose row tells of the entity `told`, under the veils by entity ("": of any)."""
    parts = {name: _Veiled.under(document, found) for name, found in veils.items()}
    if told is None:
        return parts[""]
    names = [(told == sa.literal_column(f"'{name}'", sa.Text()), part) for name, part in parts.items() if name]
    return case(*names, else_=parts.get("", sa.type_coerce(document, sa.Text())))


class _Veiled(FunctionElement[str]):
    type = sa.Text()
    inherit_cache = False

    def __init__(self, tree: _Tree, *arguments: ColumnElement[Any]) -> None:
        super().__init__(*arguments)
        self.tree = tree

    @classmethod
    def under(cls, document: ColumnElement[Any], veil: Veil) -> _Veiled:
        conditions: list[ColumnElement[bool]] = []
        numbers: dict[int, int] = {}

        def number(condition: ColumnElement[bool]) -> int:
            if id(condition) not in numbers:
                conditions.append(condition)
                numbers[id(condition)] = len(conditions)
            return numbers[id(condition)]

        def numbered(some: Veil) -> _Tree:
            tree: _Tree = {}
            for key, kept in some.items():
                if isinstance(kept, dict):
                    tree[key] = numbered(kept)
                elif isinstance(kept, tuple):
                    tree[key] = (number(kept[0]), numbered(kept[1]))
                elif isinstance(kept, str):
                    tree[key] = 0
                else:
                    tree[key] = number(kept)
            return tree

        tree = numbered(veil)
        return cls(tree, document, *conditions)


def _value(at: str, tree: _Tree, conditions: list[str], depth: int) -> str:
    """The text of the value of the item `at`: each object in it under the veil."""
    one, many, raw = f"o{depth}", f"l{depth}", f"{at}.value::text"
    inner = f"CASE json_typeof({many}.value) WHEN 'object' THEN {_object(many, tree, conditions, depth, one)}"
    listed = (
        f"(SELECT '[' || coalesce(string_agg({inner} ELSE {many}.value::text END, ',' ORDER BY {many}.n), '') || ']'"
        f" FROM json_array_elements({at}.value) WITH ORDINALITY AS {many}(value, n))"
    )
    return (
        f"CASE json_typeof({at}.value) WHEN 'object' THEN {_object(at, tree, conditions, depth, one)}"
        f" WHEN 'array' THEN {listed} ELSE {raw} END"
    )


def _object(at: str, tree: _Tree, conditions: list[str], depth: int, one: str) -> str:
    raw, cases = f"{one}.value::text", []
    for key, kept in tree.items():
        if isinstance(kept, dict):
            shown = _value(one, kept, conditions, depth + 1)
        elif isinstance(kept, tuple):
            inner = _value(one, kept[1], conditions, depth + 1)
            shown = f"CASE WHEN {conditions[kept[0] - 1]} THEN {inner} ELSE 'null' END"
        else:
            shown = f"CASE WHEN {conditions[kept - 1]} THEN {raw} ELSE 'null' END" if kept else "'null'"
        cases.append(f"WHEN '{key}' THEN {shown}")
    member = f"to_json({one}.key)::text || ':' || CASE {one}.key {' '.join(cases)} ELSE {raw} END"
    return (
        f"(SELECT '{{' || coalesce(string_agg({member}, ',' ORDER BY {one}.n), '') || '}}'"
        f" FROM json_each({at}.value) WITH ORDINALITY AS {one}(key, value, n))"
    )


@compiles(_Veiled, "sqlite")
def _(element: _Veiled, compiler: Any, **kw: Any) -> str:
    document, *conditions = (compiler.process(e, **kw) for e in element.clauses)
    return f"veil({', '.join((document, _literal(element.tree), *conditions))})"


@compiles(_Veiled, "postgresql")
def _(element: _Veiled, compiler: Any, **kw: Any) -> str:
    document, *conditions = (compiler.process(e, **kw) for e in element.clauses)
    root = f"(SELECT {document}::json AS value) AS d0"
    return f"(SELECT {_value('d0', element.tree, conditions, 0)} FROM {root} WHERE d0.value IS NOT NULL)"


def _literal(tree: _Tree) -> str:
    return f"'{orjson.dumps(tree).decode()}'"
