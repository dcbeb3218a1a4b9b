"""Text: a line, or several where ``Facts.long`` says so."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from db.checksums import holds_citizen_number, is_citizen_number, is_credit_code
from db.kinds.kind import Bad, Kind
from db.types import Text

if TYPE_CHECKING:
    from db.columns import Facts

CHECKSUMS: dict[str, Callable[[str], bool]] = {"citizen_number": is_citizen_number, "credit_code": is_credit_code}


class Textual(Kind):
    """``text``."""

    key, stores, use = "text", Text, "text"
    textual = True

    def read(self, facts: Facts, value: Any, today: dt.date) -> str:
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
