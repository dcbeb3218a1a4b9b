"""Parts of a JSON document made null: ``veil`` for SQLite, whose parser takes no deeply nested statement."""

from __future__ import annotations

import sqlite3
from typing import Any

import orjson


def veil(document: str | None, tree: str, *conditions: Any) -> str | None:
    """The text of a document without what `tree` keeps.

    Its keys are keys of an object, or of each one of a list; their values 0 (always null), the number of the condition
    under which the value is shown, the tree of what lies below, or a number and a tree.
    """
    if document is None:
        return None
    return orjson.dumps(_under(orjson.loads(document), orjson.loads(tree), conditions)).decode()


def add_function(connection: sqlite3.Connection) -> None:
    """Let statements of a connection call it."""
    connection.create_function("veil", -1, veil, deterministic=True)


def _under(value: Any, tree: dict[str, Any], conditions: tuple[Any, ...]) -> Any:
    if isinstance(value, list):
        return [_under(item, tree, conditions) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _member(item, tree.get(key), conditions) for key, item in value.items()}


def _member(value: Any, kept: int | list[Any] | dict[str, Any] | None, conditions: tuple[Any, ...]) -> Any:
    if kept is None:
        return value
    if isinstance(kept, list):
        number, below = kept
        return _under(value, below, conditions) if conditions[number - 1] else None
    if isinstance(kept, dict):
        return _under(value, kept, conditions)
    return value if kept and conditions[kept - 1] else None
