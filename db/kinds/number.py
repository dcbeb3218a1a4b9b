"""Exact decimals."""

from __future__ import annotations

import datetime as dt
import decimal
import re
from typing import TYPE_CHECKING, Any

from db.kinds.kind import Bad, Kind, within
from db.types import Number

if TYPE_CHECKING:
    from db.columns import Facts


class Decimal(Kind):
    """``decimal``."""

    key, stores, use = "decimal", Number, "number"
    ranged = summable = True

    def read(self, facts: Facts, value: Any, today: dt.date) -> decimal.Decimal:
        if isinstance(value, str) and not re.fullmatch(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?", value):
            raise Bad("PATTERN", "须为数字", "must be a number")
        if isinstance(value, bool) or not isinstance(value, str | int | float | decimal.Decimal):
            raise Bad("PATTERN", "须为数字", "must be a number")
        exact = decimal.Decimal(str(value))
        if not exact.is_finite():
            raise Bad("RANGE", "须为有限的数字", "must be a finite number")
        within(facts, exact)
        step = decimal.Decimal(1).scaleb(-facts.scale)
        with decimal.localcontext(prec=100):
            rounded = exact.quantize(step)
        if rounded != exact:
            raise Bad("RANGE", f"最多 {facts.scale} 位小数", f"has more than {facts.scale} decimals")
        return abs(rounded) if rounded == 0 else rounded

    def parsed(self, printed: Any) -> decimal.Decimal:
        return decimal.Decimal(printed)
