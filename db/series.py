"""Number series: the form of the numbers that the server gives, declared on the text column that holds them.

``series("case", "{committee.code}{year}{serial:6}")`` is the code of the row's committee, the year of the day it is
given on, and the next number of the committee's year. Between the braces:

- ``serial:n``: the number, in at least n digits; exactly one;
- ``year``: of the day it is given on;
- ``district.code``: a column of the district that the row lies in;
- ``check``: two check digits over all before them (``db.checksums.mod97``);
- anything else: a column, over references where dots part them; of a choice its code.

``name:n`` takes the first n characters. A series counts for each set of the parts beside the number by itself: its
counter is called by its name and those parts, or by what `per` says. Numbers have gaps and are never given twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from db.checksums import mod97

SERIAL, YEAR, DISTRICT, CHECK = "serial", "year", "district", "check"
_PART = re.compile(r"\{([a-z_.]+)(?::([0-9]+))?\}")


@dataclass(frozen=True)
class Series:
    """One series of numbers: `steps` name the steps that give one; none: a row gets its number when it is made."""

    name: str
    form: str
    per: str = ""
    steps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.parts.count(SERIAL) != 1 or re.search(r"[{}]", _PART.sub("", self.form + self.per)):
            raise ValueError(f"{self.form!r} is no form of a number with one {{serial:n}}")

    @property
    def parts(self) -> list[str]:
        """The names between the braces, each once but for the number."""
        return [found[1] for found in _PART.finditer(self.form)]

    @property
    def needs(self) -> list[str]:
        """The parts that come from the row and the day."""
        named = (found[1] for found in _PART.finditer(self.form + self.per))
        return [name for name in dict.fromkeys(named) if name not in (SERIAL, CHECK)]

    def counter(self, values: Mapping[str, str]) -> str:
        """The name under which it counts for these values of its parts."""
        own = "".join(map(str, _filled(self.per, values))) if self.per else "/".join(self._parted(values))
        return f"{self.name}/{own}"

    def written(self, values: Mapping[str, str], serial: int) -> str:
        """The number as it is stored."""
        number = ""
        for piece in _filled(self.form, values, serial):
            number += mod97(number) if piece is None else piece
        return number

    def _parted(self, values: Mapping[str, str]) -> Iterator[str]:
        for found in _PART.finditer(self.form):
            if found[1] not in (SERIAL, CHECK):
                yield _cut(values[found[1]], found[2])


def _cut(value: str, length: str | None) -> str:
    return value[: int(length)] if length else value


def _filled(form: str, values: Mapping[str, str], serial: int = 0) -> Iterator[str | None]:
    """The pieces of a form; None for check digits."""
    end = 0
    for found in _PART.finditer(form):
        yield form[end : found.start()]
        end = found.end()
        if found[1] == SERIAL:
            yield f"{serial:0{found[2] or 1}d}"
        else:
            yield None if found[1] == CHECK else _cut(values[found[1]], found[2])
    yield form[end:]


def series(name: str, form: str, *, per: str = "", steps: tuple[str, ...] = ()) -> Series:
    """A number series. Raises ValueError where the form has not exactly one number."""
    return Series(name, form, per, steps)
