"""Check digits: GB 11643 citizen numbers, GB 32100 credit codes, and our own committee codes.

Citizen numbers are checked here because the libraries refuse residence permits (81…, 83…) and live districts
(docs/decisions.md); an unknown region code in one is never an error (rule BR-25).
"""

from __future__ import annotations

import datetime as dt

from stdnum.cn import uscc

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def citizen_check_digit(first17: str) -> str:
    """The eighteenth character of a citizen number (MOD 11-2)."""
    return "10X98765432"[sum(int(d) * w for d, w in zip(first17, _WEIGHTS, strict=True)) % 11]


def citizen_birth_date(value: str) -> dt.date | None:
    """The day of birth inside a citizen number, or None where it is no day."""
    try:
        return dt.date(int(value[6:10]), int(value[10:12]), int(value[12:14]))
    except ValueError:
        return None


def citizen_sex(value: str) -> str:
    """``MALE`` or ``FEMALE``: the seventeenth digit is odd for men."""
    return "MALE" if int(value[16]) % 2 else "FEMALE"


def is_citizen_number(value: str) -> bool:
    """Whether `value` is a well-formed citizen number with a right check digit and a real day of birth."""
    return (
        len(value) == 18
        and value.isascii()
        and value[:17].isdigit()
        and citizen_birth_date(value) is not None
        and value[17] == citizen_check_digit(value[:17])
    )


def is_credit_code(value: str) -> bool:
    """Whether `value` is a unified social credit code (GB 32100, MOD 31-3)."""
    return bool(uscc.is_valid(value)) and uscc.compact(value) == value


def mod97(digits: str) -> str:
    """Two check digits for a string of digits (ISO 7064 MOD 97-10): for committee codes."""
    return f"{98 - int(digits + '00') % 97:02d}"
