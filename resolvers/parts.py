"""Parts of a JSON document as JSON text, in the statement that reads its row.

On PostgreSQL by its own functions, on SQLite by one of ours (``db.veil``), as the veils of documents are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement

Tree = Sequence[tuple[str, str | None, Any]]
"""What is selected of an object: response key, key in the document, and the tree of what lies below (None: all of it);
without a key in the document the third is a constant text of ours."""


class Parts(FunctionElement[str]):
    """The selected parts of a document, of each one of a list; null where there is no document."""

    type = sa.Text()
    inherit_cache = False

    def __init__(self, document: ColumnElement[Any], tree: Tree) -> None:
        super().__init__(document)
        self.tree = tree


@compiles(Parts, "sqlite")
def _(element: Parts, compiler: Any, **kw: Any) -> str:
    tree = orjson.dumps(element.tree).decode().replace("'", "''")
    return f"parts({compiler.process(element.clauses.clauses[0], **kw)}, '{tree}')"


@compiles(Parts, "postgresql")
def _(element: Parts, compiler: Any, **kw: Any) -> str:
    document = compiler.process(element.clauses.clauses[0], **kw)
    return (
        f"(SELECT {_value('p0.value', element.tree, 1)} FROM (SELECT CAST({document} AS json) AS value) AS p0"
        " WHERE p0.value IS NOT NULL)"
    )


def _value(at: str, tree: Tree, depth: int) -> str:
    many = f"q{depth}"
    listed = (
        f"(SELECT '[' || coalesce(string_agg(CASE json_typeof({many}.value) WHEN 'object'"
        f" THEN {_object(f'{many}.value', tree, depth + 1)} ELSE 'null' END, ',' ORDER BY {many}.n), '') || ']'"
        f" FROM json_array_elements({at}) WITH ORDINALITY AS {many}(value, n))"
    )
    return (
        f"CASE json_typeof({at}) WHEN 'object' THEN {_object(at, tree, depth + 1)} WHEN 'array' THEN {listed}"
        " ELSE 'null' END"
    )


def _object(at: str, tree: Tree, depth: int) -> str:
    pieces = []
    for i, (shown, key, below) in enumerate(tree):
        lead = _text(("{" if i == 0 else ",") + orjson.dumps(shown).decode() + ":")
        if key is None:
            value = _text(orjson.dumps(below).decode())
        elif below is None:
            value = f"coalesce(({at} -> {_text(key)})::text, 'null')"
        else:
            value = f"coalesce({_value(f'({at} -> {_text(key)})', below, depth)}, 'null')"
        pieces.append(f"{lead} || {value}")
    return f"({' || '.join(pieces)} || '}}')"


def _text(constant: str) -> str:
    return "'" + constant.replace("'", "''") + "'"
