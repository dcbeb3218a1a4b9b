"""Values on their way into a statement: public form -> what the column stores."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from db.clock import SHANGHAI, WholeDay
from db.entity_info import Field
from db.facts import Kind
from db.identity import parse_global_id
from db.kinds import DECIMAL
from db.texts import clean
from db.types import Number
from resolvers.binds import Call
from resolvers.faults import bad_input
from resolvers.periods import RANKED, days_of, normal, rank_of

NO_KEY = "00000000-0000-7000-8000-000000000000"
"""Names no row: what an id of another entity, or of none, turns into."""

MAX_LIST = 1000


def key_of(prefix: str) -> Callable[[Any, Call], Any]:
    """Global id -> key; a text that is no id of the entity names no row."""

    def convert(value: Any, _call: Call) -> Any:
        if value is None:
            return None
        found = parse_global_id(str(value))
        return found[1] if found and found[0] == prefix else NO_KEY

    return convert


_WIDE = 18
"""Digits of a decimal in a condition: more than any column has, and whole in SQLite's 64 bits."""
_DOWN, _UP = decimal.ROUND_FLOOR, decimal.ROUND_CEILING
_ROUNDING = {"gt": _DOWN, "lte": _DOWN, "gte": _UP, "lt": _UP}


def wide(kind: sa.types.TypeEngine[Any]) -> sa.types.TypeEngine[Any]:
    """The type of a condition's value: the column's, or for a decimal one that holds more than the column may."""
    return Number(_WIDE, kind.scale) if isinstance(kind, Number) else kind


def stored_form(field: Field, prefix: str, operator: str) -> Callable[[Any, Call], Any]:
    """How a condition's value becomes what the column stores."""
    if field.kind.identity:
        return key_of(prefix)
    if field.kind.spanning:
        return (lambda value, _call: rank_of(value)) if operator in RANKED else (lambda value, _call: normal(value))
    if field.kind == DECIMAL:
        return _fitted(field.facts.scale, _ROUNDING.get(operator))
    return checked_lines if field.facts.long else checked_text


def _fitted(scale: int, rounding: str | None) -> Callable[[Any, Call], Any]:
    """A decimal with the column's digits that stands to every stored value as the given one does.

    Without a `rounding` only equal values will do; what the column cannot hold turns into what it never holds.
    """
    unit = decimal.Decimal(1).scaleb(-scale)
    never = decimal.Decimal(10) ** (_WIDE - scale) - unit

    def convert(value: decimal.Decimal, _call: Call) -> decimal.Decimal:
        near = value.quantize(unit, rounding or decimal.ROUND_FLOOR)
        return never if rounding is None and near != value else max(-never, min(never, near))

    return convert


def midnight(day: dt.date) -> dt.datetime:
    """The first moment of a day in China."""
    return dt.datetime.combine(day, dt.time(), SHANGHAI)


def period_edge(edge: int, kind: Kind) -> Callable[[Any, Call], Any]:
    """Period -> its first day (`edge` 0) or the day after its last (1), as a moment for datetime columns."""

    def convert(value: Any, _call: Call) -> Any:
        day = days_of(value)[edge]
        return midnight(day) if kind.instant else day

    return convert


def no_day(at: str) -> Callable[[Any, Call], None]:
    """Refuse a day where a moment is compared: whether its start or its end is meant nobody could tell."""

    def refuse(value: Any, _call: Call) -> None:
        if isinstance(value, WholeDay):
            raise bad_input(
                f"{at}：时间应写成 2026-05-03T09:30:00+08:00。", f"{at}: a DateTime reads 2026-05-03T09:30:00+08:00."
            )

    return refuse


def checked_text(value: Any, _call: Call | None = None) -> Any:
    """The text as lines are stored; NUL and half characters are refused, because the databases disagree about them."""
    return _checked(value, lines=False)


def checked_lines(value: Any, _call: Call | None = None) -> Any:
    """The same of a text of several lines."""
    return _checked(value, lines=True)


def _checked(value: Any, *, lines: bool) -> Any:
    if isinstance(value, str) and (
        "\0" in value or (not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value))
    ):
        raise bad_input("条件中有不能使用的字符。", "The condition holds a character that cannot be used.")
    if isinstance(value, str) and len(value) > MAX_LIST:
        raise bad_input(
            f"条件文字过长，最多 {MAX_LIST} 个字。", f"The text of a condition is limited to {MAX_LIST} characters."
        )
    return clean(value, lines=lines) if isinstance(value, str) else value


def from_cursor(printed: Any, kind: Kind) -> Any:
    """A key as a cursor holds it (JSON) -> what the column stores."""
    return None if printed is None else kind.parsed(printed)
