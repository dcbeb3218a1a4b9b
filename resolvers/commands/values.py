"""Text, numbers, days and choices as clients send them -> what a column stores, or what is wrong with them.

The same on both databases, because nothing is left to them. A form sends text for everything; GraphQL has coerced
already. Spaces around a text and what nobody sees in it are dropped (``db.texts``), empty text is no value; anything
else is taken as it is or refused.
"""

from __future__ import annotations

import datetime as dt
import decimal
import json
import re
import unicodedata
from collections.abc import Callable
from typing import Any

from db.checksums import holds_citizen_number, is_citizen_number, is_credit_code
from db.clock import SHANGHAI
from db.facts import Code, Facts
from db.texts import clean

CHECKSUMS: dict[str, Callable[[str], bool]] = {"citizen_number": is_citizen_number, "credit_code": is_credit_code}
_TRUE, _FALSE = {"true", "1", "on", "yes", "是"}, {"false", "0", "off", "no", "否"}
_FIRST, _LAST = dt.datetime(1900, 1, 1, tzinfo=dt.UTC), dt.datetime(2200, 1, 1, tzinfo=dt.UTC)


class Bad(Exception):
    """A value cannot be stored: the code of API.md, and what to say after the name of the field."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(en)
        self.code, self.zh, self.en = code, zh, en


def converted(facts: Facts, value: Any, today: dt.date) -> Any:
    """What the column stores for `value`; None where it is empty. Raises Bad."""
    if isinstance(value, str):
        value = clean(value, lines=facts.long).strip()
    if value is None or value == "":
        return None
    return _CONVERT[facts.kind](facts, value, today)


def _text(facts: Facts, value: Any, _today: dt.date) -> str:
    if not isinstance(value, str):
        raise Bad("PATTERN", "须为文字", "must be text")
    value = value.replace("\r\n", "\n") if facts.long else value
    allowed = "\n\t" if facts.long else ""
    for character in value:
        # Controls, and lone halves of surrogate pairs.
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") and character not in allowed:
            raise Bad("PATTERN", "含有不能使用的控制字符", "holds a control character")
    if facts.checksum:
        value = value.upper()
    if facts.length is not None and len(value) > facts.length:
        raise Bad(
            "TOO_LONG",
            f"不能超过 {facts.length} 个字（现有 {len(value)} 个）",
            f"is longer than {facts.length} characters",
        )
    if facts.checksum and not CHECKSUMS[facts.checksum](value):
        raise Bad("CHECKSUM", "有误：位数、日期或校验码不对", "is wrong: its length, date or check digit")
    if facts.pattern and not re.fullmatch(facts.pattern, value):
        raise Bad("PATTERN", f"格式不对，应为{facts.pattern_zh or facts.pattern}", "is not of the right form")
    if not (facts.personal or facts.mask) and holds_citizen_number(value):
        raise Bad("PATTERN", "不能含有身份证号：这一栏不遮盖", "must not hold a citizen number: it is not masked")
    return str(value)


def _int(facts: Facts, value: Any, _today: dt.date) -> int:
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,20}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Bad("PATTERN", "须为整数", "must be a whole number")
    return int(_within(facts, value))


def _decimal(facts: Facts, value: Any, _today: dt.date) -> decimal.Decimal:
    if isinstance(value, str) and not re.fullmatch(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?", value):
        raise Bad("PATTERN", "须为数字", "must be a number")
    if isinstance(value, bool) or not isinstance(value, str | int | float | decimal.Decimal):
        raise Bad("PATTERN", "须为数字", "must be a number")
    exact = decimal.Decimal(str(value))
    if not exact.is_finite():
        raise Bad("RANGE", "须为有限的数字", "must be a finite number")
    _within(facts, exact)
    step = decimal.Decimal(1).scaleb(-facts.scale)
    with decimal.localcontext(prec=100):
        rounded = exact.quantize(step)
    if rounded != exact:
        raise Bad("RANGE", f"最多 {facts.scale} 位小数", f"has more than {facts.scale} decimals")
    return abs(rounded) if rounded == 0 else rounded


def _within(facts: Facts, value: Any) -> Any:
    if (facts.low is not None and value < facts.low) or (facts.high is not None and value > facts.high):
        raise Bad("RANGE", f"须在 {facts.low} 与 {facts.high} 之间", f"must lie between {facts.low} and {facts.high}")
    return value


def _bool(_facts: Facts, value: Any, _today: dt.date) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).lower()
    if word not in _TRUE | _FALSE:
        raise Bad("PATTERN", "须为是或否", "must be true or false")
    return word in _TRUE


def _date(facts: Facts, value: Any, today: dt.date) -> dt.date:
    if isinstance(value, str):
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            raise Bad("PATTERN", "须为日期，如 2026-05-03", "must be a date such as 2026-05-03")
        try:
            value = dt.date.fromisoformat(value)
        except ValueError:
            raise Bad("PATTERN", "不是存在的日期", "is no day of the calendar") from None
    if isinstance(value, dt.datetime) or not isinstance(value, dt.date):
        raise Bad("PATTERN", "须为日期，如 2026-05-03", "must be a date such as 2026-05-03")
    _within(facts, value)
    if not facts.future and value > today:
        raise Bad("RANGE", "不能晚于今天", "must not lie in the future")
    return value


def _datetime(facts: Facts, value: Any, today: dt.date) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        moment = None
    if not isinstance(moment, dt.datetime):
        raise Bad(
            "PATTERN", "须为时间，如 2026-05-03T09:30:00+08:00", "must be a time such as 2026-05-03T09:30:00+08:00"
        )
    # A form knows no zone: its clock is China's.
    moment = moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)
    if not _FIRST <= moment < _LAST:
        raise Bad("RANGE", "须在 1900 年与 2199 年之间", "must lie between 1900 and 2199")
    if not facts.future and moment.astimezone(SHANGHAI).date() > today:
        raise Bad("RANGE", "不能晚于今天", "must not lie in the future")
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _enum(facts: Facts, value: Any, _today: dt.date) -> str:
    members = facts.members.__members__ if facts.members else {}
    name = value.name if isinstance(value, Code) else value
    if not isinstance(name, str) or name not in members:
        raise Bad("PATTERN", "不是可选的值", "is none of the values to choose from")
    return name


def _enums(facts: Facts, value: Any, today: dt.date) -> list[str]:
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.startswith("[") else [part.strip() for part in value.split(",")]
        except ValueError:
            raise Bad("PATTERN", "不是可选的值", "is none of the values to choose from") from None
    if not isinstance(value, list | tuple | set | frozenset):
        raise Bad("PATTERN", "须为一组可选的值", "must be a list of values to choose from")
    names = [_enum(facts, item, today) for item in value]
    if len(set(names)) != len(names):
        raise Bad("PATTERN", "有重复的值", "names a value twice")
    order = list(facts.members.__members__) if facts.members else []
    return sorted(names, key=order.index)


def _never(_facts: Facts, _value: Any, _today: dt.date) -> Any:
    raise Bad("READ_ONLY", "由系统填写，不能修改", "is written by the server")


_CONVERT: dict[str, Callable[[Facts, Any, dt.date], Any]] = {
    "id": _never, "text": _text, "encrypted": _text, "int": _int, "decimal": _decimal, "bool": _bool, "date": _date,
    "datetime": _datetime, "enum": _enum, "enums": _enums, "json": _never, "ref": _never,
}  # fmt: skip
