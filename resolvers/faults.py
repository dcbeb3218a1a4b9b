"""What a command may refuse, in words for people."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from db.codes import ErrorCode, FaultCode, kind_of

Severity = Literal["ERROR", "WARN"]
"""An ERROR has to be mended; a WARN goes away once its code is acknowledged."""
RETRY = "retryAfter"
"""Beside the code in ``extensions``: the seconds after which it is worth while to ask again, as in Retry-After."""


@dataclass(frozen=True)
class Fault:
    """One thing the user can mend: where, a code of API.md, a sentence in Chinese and in English."""

    path: tuple[str, ...]
    code: str
    zh: str
    en: str
    row: str | None = None
    """The global id of the row that has it, where a write is about several."""
    severity: Severity = "ERROR"

    @property
    def kind(self) -> FaultCode:
        """What kind of fault it is. Raises KeyError for a code that ``db.codes`` does not list."""
        return kind_of(self.code)

    def __post_init__(self) -> None:
        kind_of(self.code)

    def under(self, *head: str) -> Fault:
        """The same fault below an argument: ``("name",)`` -> ``("input", "name")``."""
        return replace(self, path=(*head, *self.path))


class Refused(Exception):
    """The input was refused, nothing was written; `faults` are all of it at once.

    In a conflict of versions `details` say who changed what meanwhile, and `row` is the global id of the row as it is.
    """

    def __init__(self, faults: Sequence[Fault], details: dict[str, Any] | None = None, row: str | None = None) -> None:
        super().__init__("; ".join(f.zh for f in faults))
        self.faults, self.details, self.row = list(faults), details or {}, row


class Denied(Exception):
    """A request that cannot be answered at all; becomes a top-level error with `code` of API.md.

    `details` stand beside the code in its ``extensions``: a ``path``, a price and its limit. `about` names the entity
    whose rows or columns somebody asked for without the right to them: of that a record is still to be written.
    """

    def __init__(
        self, code: str, zh: str, en: str, details: dict[str, Any] | None = None, about: str | None = None
    ) -> None:
        super().__init__(zh)
        self.code = ErrorCode[code].name
        self.zh, self.en, self.details, self.about = zh, en, details or {}, about


def forbidden(zh: str = "没有权限。", en: str = "You may not do this.", about: str | None = None) -> Denied:
    """The viewer has no right to this at all."""
    return Denied("FORBIDDEN", zh, en, about=about)


def rate_limited(zh: str, en: str, seconds: float) -> Denied:
    """Somebody did of late what is limited as often as they may; in so many seconds they may again."""
    return Denied("RATE_LIMITED", zh, en, {RETRY: max(1, math.ceil(seconds))})


def too_large() -> Denied:
    """The request asks for more parts than one statement should have."""
    return Denied(
        "TOO_EXPENSIVE", "查询过大，请减少内容或分几次查询。", "The query is too large; ask for less or in several."
    )


def bad_input(zh: str, en: str, about: str | None = None) -> Denied:
    """The request itself is wrong."""
    return Denied("BAD_INPUT", zh, en, about=about)
