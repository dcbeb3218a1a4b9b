"""Columns of typed documents: what they copy follows from their model."""

from __future__ import annotations

from typing import Any

from db.columns import Copy, Facts, Shape, _column
from db.kinds import SHAPE
from db.kinds.shape import Shaped, parts_of
from db.types import Json


def shape_of(model: type[Shaped]) -> Shape:
    """What a typed document copies: the rights of each field are those of the column it names."""
    parts = parts_of(model).values()
    copied: dict[str, list[str]] = {}
    for part in parts:
        if part.copies is not None:
            copied.setdefault(part.copies, []).append(part.key)
    return Shape(
        tuple(Copy(entity, tuple(names)) for entity, names in copied.items()),
        {part.key: shape_of(part.model) for part in parts if part.model is not None and part.copies is None},
        own=tuple(part.key for part in parts if part.model is None and part.copies is None),
    )


def shape(model: type[Shaped], zh: str, en: str, **more: Any) -> Any:
    """A JSON document of the form of `model`: a type of its own in GraphQL, checked at every write."""
    return _column(Json(), Facts(SHAPE, zh, en, model=model, copies=shape_of(model), **more))
