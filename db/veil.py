"""Parts of a JSON document made null, or picked: ``veil`` and ``parts`` for SQLite, whose parser takes no deeply nested
statement."""

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


def parts(document: str | None, tree: str) -> str | None:
    """The text of the parts of a document that `tree` names (``resolvers.parts``)."""
    return None if document is None else orjson.dumps(_picked(orjson.loads(document), orjson.loads(tree))).decode()


def _picked(value: Any, tree: list[Any]) -> Any:
    if isinstance(value, list):
        return [_picked(item, tree) if isinstance(item, dict) else None for item in value]
    if not isinstance(value, dict):
        return None
    return {
        shown: below if key is None else value.get(key) if below is None else _picked(value.get(key), below)
        for shown, key, below in tree
    }


def add_function(connection: sqlite3.Connection) -> None:
    """Let statements of a connection call them."""
    connection.create_function("parts", 2, parts, deterministic=True)
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
