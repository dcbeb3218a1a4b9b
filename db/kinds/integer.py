"""Whole numbers."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from db.kinds.kind import Bad, Kind, within

if TYPE_CHECKING:
    from db.columns import Facts


class Integer(Kind):
    """``int``."""

    key, stores, use = "int", sa.Integer, "integer"
    ranged = summable = True

    def read(self, facts: Facts, value: Any, today: dt.date) -> int:
        if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,20}", value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise Bad("PATTERN", "须为整数", "must be a whole number")
        return int(within(facts, value))
