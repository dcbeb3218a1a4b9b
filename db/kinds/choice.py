"""One of an enumeration, and several."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from db.enumeration import Code
from db.kinds.kind import Bad, Kind
from db.types import Choice, Json

if TYPE_CHECKING:
    from db.columns import Facts


def _member(facts: Facts, value: Any) -> str:
    members = facts.members.__members__ if facts.members else {}
    name = value.name if isinstance(value, Code) else value
    if not isinstance(name, str) or name not in members:
        raise Bad("PATTERN", "不是可选的值", "is none of the values to choose from")
    return name


class One(Kind):
    """``enum``."""

    key, stores, use = "enum", Choice, "choice"
    dimension = finite = True

    def read(self, facts: Facts, value: Any, today: dt.date) -> str:
        return _member(facts, value)

    def mistake(self, column: sa.Column[Any], facts: Facts) -> tuple[str, str] | None:
        wrong = super().mistake(column, facts)
        return wrong and ("an enum column without its check", wrong[1])


class Some(Kind):
    """``enums``: each at most once, in the order of the enumeration."""

    key, stores, use = "enums", Json, "choices"
    sortable = groupable = defaulted = False
    listing = True

    def read(self, facts: Facts, value: Any, today: dt.date) -> list[str]:
        if isinstance(value, str):
            try:
                value = json.loads(value) if value.startswith("[") else [part.strip() for part in value.split(",")]
            except ValueError:
                raise Bad("PATTERN", "不是可选的值", "is none of the values to choose from") from None
        if not isinstance(value, list | tuple | set | frozenset):
            raise Bad("PATTERN", "须为一组可选的值", "must be a list of values to choose from")
        names = [_member(facts, item) for item in value]
        if len(set(names)) != len(names):
            raise Bad("PATTERN", "有重复的值", "names a value twice")
        order = list(facts.members.__members__) if facts.members else []
        return sorted(names, key=order.index)
