"""Measures: numbers of the field with a name, so that no report, page or interface writes their condition twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Counting = Literal["count", "sum", "median"]


@dataclass(frozen=True)
class Measure:
    """One number of an entity's rows, declared in ``Entity(measures=…)``: ``Measure("cases.agreed", "调解成功数", …)``.

    `says` is its definition for people, in Chinese; it is printed beside every value. `where` is a condition as the
    API reads it, in public names, enum values by name: ``{"outcome": {"eq": "AGREED"}}``. Of the rows that meet it
    `counting` takes the number, or of the `column` the sum or the median. `day` is the date column that puts a row in a
    period; without one it is a stock, counted as it stands today. `region` is the reference that puts it in a place.

    A `ratio` of two other measures has nothing of this: its value is the first over the second, null over zero.
    """

    code: str
    zh: str
    says: str
    where: Mapping[str, Any] = field(default_factory=dict)
    counting: Counting = "count"
    column: str | None = None
    day: str | None = None
    region: str = "region"
    ratio: tuple[str, str] | None = None
