"""How much a load makes: the planning figures of DOMAIN 7.2."""

from __future__ import annotations

from dataclasses import dataclass

HOME = "320102000000"
"""The district of the accounts."""
HOME_STREET = "320102002000"


@dataclass(frozen=True)
class Scale:
    """One size: the region that is filled, and how much of everything it gets.

    `committees` is a target: every street and village has one, and units make up what is missing.
    """

    area: str
    committees: int
    cases: int
    """A year; demo: in all years together."""
    years: int
    nation: bool = False


SCALES = {
    "demo": Scale(HOME, 90, 1_000, 3),
    "district": Scale(HOME, 280, 10_000, 3),
    "city": Scale("320100000000", 2_200, 100_000, 3),
    "province": Scale("320000000000", 35_000, 850_000, 5),
    "nation": Scale("", 696_000, 15_000_000, 1, nation=True),
}
