"""Yes or no."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from db.kinds.kind import Bad, Kind

if TYPE_CHECKING:
    from db.columns import Facts

_TRUE, _FALSE = {"true", "1", "on", "yes", "是"}, {"false", "0", "off", "no", "否"}


class Flag(Kind):
    """``bool``."""

    key, stores, use = "bool", sa.Boolean, "flag"
    dimension = finite = True

    def read(self, facts: Facts, value: Any, today: dt.date) -> bool:
        if isinstance(value, bool):
            return value
        word = str(value).lower()
        if word not in _TRUE | _FALSE:
            raise Bad("PATTERN", "须为是或否", "must be true or false")
        return word in _TRUE
