"""The past of a world in plain Python: the rows it began with, the log of what was written since, and any moment of it.

Nothing here knows of shadow tables: a moment is what the log makes of the first rows.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from db import door
from db.clock import SHANGHAI
from db.engine import Database
from db.entity_info import EntityInfo
from settings import Settings
from tests.databases import owner_of
from tests.places import Place
from tests.reference import Reference
from tests.world import TODAY, Row, Rows

BEGUN = dt.datetime.combine(TODAY - dt.timedelta(400), dt.time(9), SHANGHAI)
"""When every row of the world was made."""


def settled(world: Rows) -> Rows:
    """The world with all rows made at one moment and unchanged since."""
    for row in (row for rows in world.by_entity.values() for row in rows):
        row |= {"created_at": BEGUN.astimezone(dt.UTC), "updated_at": BEGUN.astimezone(dt.UTC)}
    return world


@dataclass(frozen=True)
class Written:
    """One change of one row."""

    at: dt.datetime
    entity: str
    key: str
    values: dict[str, Any]


@dataclass
class Log:
    """What was written, in its order, and the rows before it."""

    first: dict[str, list[Row]]
    written: list[Written] = field(default_factory=list)

    def rows(self, at: dt.datetime) -> dict[str, list[Row]]:
        """The rows as they stood at a moment."""
        rows = {entity: {row["id"]: dict(row) for row in rows} for entity, rows in self.first.items()}
        for write in self.written:
            if write.at <= at:
                row = rows[write.entity][write.key]
                row |= {**write.values, "version": row["version"] + 1, "updated_at": write.at, "updated_by_id": None}
        return {entity: list(found.values()) for entity, found in rows.items()}

    def reference(self, now: Reference, as_of: str) -> Reference:
        """The answers as of a day or a moment, by the rights of `now`."""
        at = dt.datetime.fromisoformat(as_of)
        if len(as_of) == 10:
            at = at.replace(hour=23, minute=59, second=59, microsecond=999_000, tzinfo=SHANGHAI)
        return Reference(now.entities, self.rows(at), at.astimezone(SHANGHAI).date(), now=now)

    def moments(self) -> list[str]:
        """Moments at which something changes, those just before, and days."""
        told = [at.isoformat(timespec="milliseconds") for write in self.written for at in _around(write.at)]
        return [*told, *(str(write.at.astimezone(SHANGHAI).date()) for write in self.written)]


def _around(at: dt.datetime) -> Iterator[dt.datetime]:
    yield at
    yield at - dt.timedelta(milliseconds=1)


def month_ends() -> list[str]:
    """The last days of the months since then, as who may only count asks for them."""
    firsts = {(BEGUN.date() + dt.timedelta(n)).replace(day=1) for n in range(31, 400)}
    return sorted(str(first - dt.timedelta(1)) for first in firsts if first <= TODAY)


def scribble(
    places: list[Place], first: dict[str, list[Row]], count: int, seed: int, only: frozenset[str] | None = None
) -> Log:
    """Write at random through the door, the same into every place: columns, references, owners and deletions."""
    dice, log = random.Random(seed), Log(first)
    moments = sorted(BEGUN + dt.timedelta(minutes=dice.randrange(60 * 24, 60 * 24 * 399)) for _ in range(count))
    entities = places[0].services.entities
    known = [info for info in entities.values() if info.facts.history and first[info.name]]
    known = [info for info in known if only is None or info.name in only]
    for at in dict.fromkeys(moment.astimezone(dt.UTC) for moment in moments):
        info = dice.choice(known)
        rows = log.rows(at)[info.name]
        row, other = dice.choice(rows), dice.choice(rows)
        values = _change(info, other, dice, at)
        write = Written(at, info.name, row["id"], values)
        if all([_do(place, info.table, write) for place in places]):
            log.written.append(write)
    return log


def _change(info: EntityInfo, other: Row, dice: random.Random, at: dt.datetime) -> dict[str, Any]:
    """What a row takes over from another one of its kind, or that it is deleted."""
    if info.name == "Region":
        return {name: other[name] for name in dice.sample(("name", "short_name", "population"), 2)}
    match dice.randrange(6):
        case 0:
            return {"deleted_at": at}
        case 1 if info.owner is not None:
            moved = {"scope_path", "region_id", info.owner.near} & set(info.table.c.keys())
            return {name: other[name] for name in sorted(moved)}
    unique = {column for together in info.facts.unique for column in together}
    free = [
        column.name for column in info.table.c
        if (facts := column.info.get("facts")) is not None and not facts.computed and not facts.hidden
        and not facts.unique and column.name not in {*unique, "region_id", info.owner.near if info.owner else ""}
    ]  # fmt: skip
    return {name: other[name] for name in sorted(dice.sample(free, 2))}


def _do(place: Place, table: sa.Table, write: Written) -> bool:
    """Whether the database took it; one that a constraint forbids is forbidden on all databases alike."""

    def change(connection: sa.Connection) -> None:
        assert door.change(connection, table, write.key, write.values, at=write.at, by=None) == 1

    async def write_it() -> None:
        # As who owns the tables: behind the wall the server itself moves no row to another region.
        url = place.services.database.url.render_as_string(hide_password=False)
        owner = Database(Settings(database_url=owner_of(url)))
        try:
            await owner.write(change)
        finally:
            await owner.stop()

    try:
        place.runner.run(write_it())
    except IntegrityError:
        return False
    return True
