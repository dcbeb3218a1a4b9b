"""What the admin makes of each kind of column: field, filter, spreadsheet cell. Complete by a test over all kinds."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from db.facts import Facts
from db.periods import EXAMPLES, ends_of


def _text(_facts: Facts, value: str) -> Any:
    return value


def _member(facts: Facts, value: str) -> str:
    if value not in (facts.members.__members__ if facts.members else ()):
        raise ValueError(value)
    return value


def _truth(_facts: Facts, value: str) -> bool:
    if value not in ("true", "false"):
        raise ValueError(value)
    return value == "true"


def _day(_facts: Facts, value: str) -> dt.date:
    return dt.date.fromisoformat(value[:10])


# The database's own bounds: beyond them a comparison is an error on PostgreSQL and an answer on SQLite.
_WHOLE, _EXACT = 2**31 - 1, 10**15


def _whole(_facts: Facts, value: str) -> int:
    return int(_near(int(value), _WHOLE))


def _exact(_facts: Facts, value: str) -> decimal.Decimal:
    try:
        number = decimal.Decimal(value)
    except decimal.InvalidOperation:
        raise ValueError(value) from None
    _near(number, _EXACT)
    return number


def _near(number: Any, most: int) -> Any:
    if not decimal.Decimal(number).is_finite() or abs(number) > most:
        raise ValueError(number)
    return number


def _no_form(_facts: Facts) -> str:
    return ""


def _length(facts: Facts) -> str:
    return f"最多 {facts.length} 个字。" if facts.length else ""


def _lengths(facts: Facts) -> str:
    return f"期间，如 {'、'.join(EXAMPLES[length] for length in facts.lengths)}。"


def _period(_facts: Facts, value: str) -> str:
    ends_of(value.upper())
    return value.upper()


@dataclass(frozen=True)
class Shown:
    """A kind in the admin: its JSON schema, what a form says of what to fill in, whether lists filter and sort by it,
    whether a filter compares, how it reads its value (ValueError: it cannot), whether a cell computes with it."""

    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    form: Callable[[Facts], str] = _no_form
    filters: bool = True
    compared: bool = False
    parse: Callable[[Facts, str], Any] = _text
    cell: bool = False


_DAY = {"type": "string", "format": "date"}
SHOWN: Mapping[str, Shown] = {
    "id": Shown(filters=False),
    "ref": Shown(filters=False),
    "text": Shown(form=_length),
    "encrypted": Shown(form=_length, filters=False),
    "int": Shown(
        {"type": "integer"}, lambda f: f"{f.low} 至 {f.high} 的整数。", compared=True, parse=_whole, cell=True
    ),
    "decimal": Shown(
        {"type": "number"}, lambda f: f"{f.low} 至 {f.high}，小数最多 {f.scale} 位。",
        compared=True, parse=_exact, cell=True,
    ),
    "bool": Shown({"type": "boolean"}, parse=_truth),
    "date": Shown(_DAY, compared=True, parse=_day, cell=True),
    # Lists print moments as text; a filter on one takes a day.
    "datetime": Shown(_DAY, compared=True, parse=_day, cell=True),
    "period": Shown(form=_lengths, compared=True, parse=_period),
    "enum": Shown(parse=_member),
    "enums": Shown({"type": "array", "items": {"type": "string"}}, lambda _f: "可选多项。", False, parse=_member),
    "json": Shown(filters=False),
    "shape": Shown(form=lambda _f: "JSON 文档，各项见接口说明。", filters=False),
}  # fmt: skip
