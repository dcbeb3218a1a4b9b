"""Periods, such as a month or a half-year: one column, with its first and last day kept beside it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from db.kinds.kind import Bad, Kind
from db.periods import EXAMPLES, ends_of, granularity_of
from db.types import Text

if TYPE_CHECKING:
    from db.columns import Facts

_YEARS = range(1900, 2200)


class Period(Kind):
    """``period``: text of the one syntax of periods, of the lengths that ``Facts.lengths`` allows.

    It is ordered by its first day, of those with one first day the shortest first.
    """

    key, stores, use = "period", Text, "period"
    bucketed = spanning = True
    companions = ("start", "end")

    def read(self, facts: Facts, value: Any, today: dt.date) -> str:
        allowed = "、".join(EXAMPLES[length] for length in facts.lengths)
        written = value.upper() if isinstance(value, str) else ""
        try:
            (first, _), length = ends_of(written), granularity_of(written)
        except ValueError:
            raise Bad("PATTERN", f"不是期间，应如 {allowed}", "is no period") from None
        if length not in facts.lengths:
            english = ", ".join(one.name for one in facts.lengths)
            raise Bad("PATTERN", f"应如 {allowed}", f"must be a period of the length {english}")
        if first.year not in _YEARS:
            raise Bad("RANGE", "须在 1900 年与 2199 年之间", "must lie between 1900 and 2199")
        if not facts.future and first > today:
            raise Bad("RANGE", "还没有开始", "has not begun")
        return written

    def beside(self, value: Any) -> tuple[Any, ...]:
        return (None, None) if value is None else ends_of(value)

    def mistake(self, column: sa.Column[Any], facts: Facts) -> tuple[str, str] | None:
        if not facts.lengths:
            return "a period of no length", "Say which it may have: period((Granularity.MONTH,), …)."
        return super().mistake(column, facts)
