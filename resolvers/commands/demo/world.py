"""What the parts of a load share: the day it hangs on, chance, ids, serial numbers and the places it fills."""

from __future__ import annotations

import datetime as dt
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.base import Base
from db.clock import SHANGHAI
from db.identity import seeded_keys
from db.models.places.region import Region, RegionLevel
from resolvers.commands.demo.rows import Rows

_FIRST_ID = int(dt.datetime(2023, 1, 1, tzinfo=dt.UTC).timestamp() * 1000)
"""Ids begin here, so that whatever people enter later sorts after them."""


@dataclass(frozen=True, slots=True)
class Place:
    """A region, as much as the load needs of it."""

    id: str
    code: str
    name: str
    level: str
    kind: str
    path: str
    parent_id: str | None
    multi_ethnic: bool


@dataclass(frozen=True, slots=True)
class Office:
    """A judicial office (or the bureau itself, for what works in the whole district) with its bureau."""

    id: str
    place: Place
    bureau_id: str

    @property
    def over(self) -> str | None:
        """The judicial office over the place; None over a whole district."""
        return None if self.id == self.bureau_id else self.id


@dataclass
class World:
    """The state of one load. Parts are made one after another, so the same seed always meets the same state."""

    seed: int
    today: dt.date
    years: int
    accounts: dict[str, str]
    """Login -> id."""
    chance: Random = field(init=False)
    keys: Iterator[str] = field(init=False)
    series: Counter[str] = field(default_factory=Counter)
    """The number series of the server, as far as the load has used them."""
    counts: Counter[str] = field(default_factory=Counter)
    guests: deque[Any] = field(default_factory=lambda: deque(maxlen=12))
    """People of the last committees, who will serve in a later one too."""
    own_committee: str = ""
    """The committee of the account `committee`."""
    unit_names: dict[str, str] = field(default_factory=dict)
    """Unit id -> its name."""
    office_logins: dict[str, str] = field(default_factory=dict)
    """Office id -> the login of the account that works there."""
    rows: Rows = field(init=False)

    def __post_init__(self) -> None:
        self.keys = seeded_keys(_FIRST_ID, self.seed)
        self.begin("load")

    def begin(self, part: str) -> None:
        """Start a part with chance of its own: what one part draws never moves another."""
        self.chance = Random(f"{self.seed}/{part}")

    @property
    def last(self) -> dt.date:
        """The last day on which something happened: yesterday, so that nothing lies in the future."""
        return self.today - dt.timedelta(days=1)

    @property
    def first(self) -> dt.date:
        """The first day of the cases."""
        return self.today - dt.timedelta(days=round(365.25 * self.years))

    @property
    def loaded_at(self) -> dt.datetime:
        """When the units were entered, before anything happened."""
        return moment(self.ago(4_500), 8, 0)

    def ago(self, days: int) -> dt.date:
        """The day `days` before today."""
        return self.today - dt.timedelta(days=days)

    def number(self, column: Any, **values: str) -> str:
        """The next number of a column's series, as the server gives it; the dots of its parts are underlines here."""
        series = column.info["facts"].series
        parts = {name: values[name.replace(".", "_")] for name in series.needs}
        counter = series.counter(parts)
        self.series[counter] += 1
        return str(series.written(parts, self.series[counter]))

    def count(self, what: str) -> int:
        """How many of something there are, with this one."""
        self.counts[what] += 1
        return self.counts[what]

    def add(
        self,
        model: type[Base],
        place: Place,
        office_id: str | None,
        at: dt.datetime | None = None,
        by: str | None = None,
        **values: Any,
    ) -> dict[str, Any]:
        """Add a row that belongs to `place` and is guided by an office; returns it."""
        row = self.row(place, office_id, at, by, **values)
        self.rows.add(model, row)
        return row

    def row(
        self, place: Place, office_id: str | None, at: dt.datetime | None = None, by: str | None = None, **values: Any
    ) -> dict[str, Any]:
        """Such a row, still to be added."""
        at = at or self.loaded_at
        return {
            "id": next(self.keys), "created_at": at, "updated_at": at, "created_by_id": by, "updated_by_id": by,
            "scope_path": place.path, "region_id": place.id, "org_scope_id": office_id, **values,
        }  # fmt: skip


def moment(day: dt.date, hour: int, minute: int) -> dt.datetime:
    """A time of a day in China."""
    return dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=SHANGHAI)


# --- places ----------------------------------------------------------------------------------------------------------

TABLE: sa.Table = Region.__table__  # type: ignore[assignment]
_COLUMNS = [TABLE.c[name] for name in Place.__slots__]
_LIVING = sa.and_(TABLE.c.valid_to.is_(None), TABLE.c.deleted_at.is_(None))


def places(connection: Connection, *conditions: sa.ColumnElement[bool]) -> list[Place]:
    """The regions of today that meet the conditions, in the order of their codes."""
    statement = sa.select(*_COLUMNS).where(_LIVING, *conditions).order_by(TABLE.c.code, TABLE.c.path)
    return [Place(*row) for row in connection.execute(statement)]


def below(place: Place) -> sa.ColumnElement[bool]:
    """The subtree of a place, itself included."""
    return sa.and_(TABLE.c.path >= place.path, TABLE.c.path < place.path[:-1] + "0")


def at_level(*levels: RegionLevel) -> sa.ColumnElement[bool]:
    """Regions of one of the levels."""
    return TABLE.c.level.in_([level.name for level in levels])


def with_ids(ids: set[str]) -> sa.ColumnElement[bool]:
    """Regions by id."""
    return TABLE.c.id.in_(ids)


def parents_of_streets(connection: Connection, area: Place | None) -> list[tuple[Place, int]]:
    """The districts of an area with their number of streets and villages.

    A district is whatever streets hang on: Dongguan is a city, and its own district.
    """
    inside = [below(area)] if area else []
    streets = places(connection, at_level(RegionLevel.STREET), *inside)
    ids = {street.parent_id for street in streets if street.parent_id}
    districts = [p for chunk in _chunks(sorted(ids)) for p in places(connection, with_ids(set(chunk)))]
    sized = []
    for district in sorted(districts, key=lambda p: p.code):
        count = sa.select(sa.func.count()).where(
            _LIVING, below(district), at_level(RegionLevel.STREET, RegionLevel.VILLAGE)
        )
        sized.append((district, connection.execute(count).scalar_one()))
    return sized


def _chunks(items: list[str], size: int = 500) -> Iterator[list[str]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
