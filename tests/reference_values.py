"""Single values of the reference: how they print, which condition they meet, which period they belong to."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from db.clock import SHANGHAI
from db.entity_info import Field

MICRO = 1_000_000


def printed(value: Any, field: Field, prefix: str) -> Any:
    """A value as JSON holds it in the answer."""
    if value is None:
        return None
    if field.kind == "id":
        return f"{prefix}_{value}"
    if field.kind == "decimal":
        return f"{value:.{field.facts.scale}f}"
    if field.kind == "date":
        return value.isoformat()
    if field.kind == "datetime":
        return value.astimezone(SHANGHAI).isoformat(timespec="milliseconds")
    return value


# --- conditions ----------------------------------------------------------------------------------------------------

# A null meets these alone: they speak of what is not there.
ON_NULLS: dict[str, Callable[[Any, Any], bool]] = {
    "isNull": lambda stored, wanted: (stored is None) == wanted,
    "neq": lambda stored, wanted: stored is None or stored != wanted,
    "notIn": lambda stored, wanted: stored is None or stored not in wanted,
    "hasEvery": lambda stored, wanted: all(stored is not None and item in stored for item in wanted),
}
ON_VALUES: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda stored, wanted: stored == wanted,
    "gt": lambda stored, wanted: stored > wanted,
    "gte": lambda stored, wanted: stored >= wanted,
    "lt": lambda stored, wanted: stored < wanted,
    "lte": lambda stored, wanted: stored <= wanted,
    "in": lambda stored, wanted: stored in wanted,
    "between": lambda stored, wanted: wanted[0] <= stored <= wanted[1],
    "contains": lambda stored, wanted: wanted in stored,
    "startsWith": lambda stored, wanted: stored.startswith(wanted),
    "endsWith": lambda stored, wanted: stored.endswith(wanted),
    "has": lambda stored, wanted: wanted in stored,
    "hasSome": lambda stored, wanted: any(item in stored for item in wanted),
    "inPeriod": lambda stored, wanted: wanted in periods_of(stored),
}


def compares(stored: Any, operator: str, wanted: Any, field: Field | None, prefix: str) -> bool:
    """One operator over one value."""
    if field is not None and field.kind == "id" and stored is not None:
        stored = printed(stored, field, prefix)
    if field is not None and field.kind == "period" and stored is not None:
        return _compares_periods(stored, operator, wanted)
    if operator in ON_NULLS:
        return ON_NULLS[operator](stored, wanted)
    return stored is not None and ON_VALUES[operator](stored, wanted)


def ends(written: str) -> tuple[dt.date, dt.date]:
    """The first and the last day of a period: its place in the order of periods."""
    days = days_in(written)
    return days[0], days[-1]


def _compares_periods(stored: str, operator: str, wanted: Any) -> bool:
    if operator == "inPeriod":
        return set(days_in(stored)) <= set(days_in(wanted))
    if operator not in ("gt", "gte", "lt", "lte", "between"):
        return (ON_NULLS if operator in ON_NULLS else ON_VALUES)[operator](stored, wanted)
    asked = [ends(item) for item in wanted] if isinstance(wanted, list) else ends(wanted)
    return ON_VALUES[operator](ends(stored), asked)


# --- periods -------------------------------------------------------------------------------------------------------

GRANULARITIES = ("DAY", "WEEK", "HALF_MONTH", "MONTH", "QUARTER", "HALF_YEAR", "YEAR")


def period(value: dt.date | dt.datetime, granularity: str, zone: str = "Asia/Shanghai") -> str:
    """The period that a day belongs to, or a moment as the clocks of `zone` show it."""
    day = value.astimezone(ZoneInfo(zone)).date() if isinstance(value, dt.datetime) else value
    year, month, iso = f"{day.year:04}", f"{day.year:04}-{day.month:02}", day.isocalendar()
    return {
        "DAY": day.isoformat(), "WEEK": f"{iso.year:04}-W{iso.week:02}",
        "HALF_MONTH": f"{month}{'A' if day.day <= 15 else 'B'}", "MONTH": month,
        "QUARTER": f"{year}Q{(day.month + 2) // 3}", "HALF_YEAR": f"{year}H{1 if day.month <= 6 else 2}", "YEAR": year,
    }[granularity]  # fmt: skip


def periods_of(value: dt.date | dt.datetime) -> set[str]:
    """Every period that a day or moment belongs to (in China)."""
    return {period(value, granularity) for granularity in GRANULARITIES}


def days_in(written: str) -> list[dt.date]:
    """The days of a period, found by trying all days from a little before its year until a little after."""
    start = dt.date(int(written[:4]) - 1, 12, 25)
    return [day for n in range(385) if written in periods_of(day := start + dt.timedelta(days=n))]


# --- numbers -------------------------------------------------------------------------------------------------------


def average(values: Sequence[int | decimal.Decimal]) -> decimal.Decimal:
    """The mean to six decimals; halves go away from zero."""
    mean = sum((Fraction(value) for value in values), Fraction()) / len(values)
    tenths = abs(mean) * MICRO
    whole = tenths.numerator // tenths.denominator
    micros = whole + (1 if tenths - whole >= Fraction(1, 2) else 0)
    return decimal.Decimal(-micros if mean < 0 else micros).scaleb(-6)


def statistical(column: Field) -> list[str]:
    """The statistical columns of a column's codes, each once, in the order of the codes."""
    return list(dict.fromkeys(member.stat for member in column.facts.members or () if member.stat))


def median(values: list[Any]) -> decimal.Decimal:
    """The value in the middle, or the mean of the two there, with one digit more than they have."""
    ordered, half = sorted(values), len(values) // 2
    middle = ordered[half] + ordered[half - 1 if len(values) % 2 == 0 else half]
    return decimal.Decimal(middle) * decimal.Decimal("0.5")
