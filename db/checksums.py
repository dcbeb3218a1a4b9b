"""Check digits: GB 11643 citizen numbers, GB 32100 credit codes, and our own committee codes.

Citizen numbers are checked here because the libraries refuse residence permits (81…, 83…) and live districts
(docs/decisions.md); an unknown region code in one is never an error (rule BR-25).
"""

from __future__ import annotations

import datetime as dt
import re

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


_CREDIT_CODE = re.compile("[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_REGISTRARS = {
    "1": "1239", "2": "19", "3": "123459", "4": "19", "5": "123459", "6": "129", "7": "129", "8": "19", "9": "1239",
    "A": "19", "N": "1239", "Y": "1",
}  # fmt: skip
"""Registering departments of GB 32100 with the kinds of bodies they register; 54 and 55 are village and residents'
committees (civil affairs, 2018)."""


def is_credit_code(value: str) -> bool:
    """Whether `value` is a unified social credit code (GB 32100, MOD 31-3), of a kind that the standard names.

    A citizen number is none, though one in 31 of them has a right check digit: it would stand there unmasked.
    """
    return (
        _CREDIT_CODE.fullmatch(value) is not None
        and value[1] in _REGISTRARS.get(value[0], "")
        and value[17] == uscc.calc_check_digit(value[:17])
        and not is_citizen_number(value)
    )


_DIGITS = re.compile(r"(?<![0-9A-Za-z])[1-9][0-9]{5}(?:18|19|20)[0-9]{9}[0-9Xx](?![0-9A-Za-z])", re.ASCII)


def holds_citizen_number(text: str) -> bool:
    """Whether a citizen number stands in a text, by itself or among other words."""
    return any(is_citizen_number(found.upper()) for found in _DIGITS.findall(text))


def mod97(digits: str) -> str:
    """Two check digits for a string of digits (ISO 7064 MOD 97-10): for committee codes."""
    return f"{98 - int(digits + '00') % 97:02d}"
