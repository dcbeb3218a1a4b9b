"""What a grant on a region reaches: its subtree, and what its regions continue.

Rows stay at the region they were written at (DESIGN 5), so whoever may see a region may see those it took the place
of, and those that the regions below it did. Rights grow with nothing else: a grant on a region that ended goes on to
its successor only where that one continues it alone, from the next day and at its level, or has its code and level:
then it is the same region. After a merger, or where the region went into another one that was there before, the grant
keeps what it had and somebody has to give a new one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.models.places.region import Region
from permissions.viewer import subtree

TABLE: sa.Table = Region.__table__  # type: ignore[assignment]
LIVING = TABLE.c.deleted_at.is_(None)
Range = tuple[str, str]


def ranges_of(connection: Connection, region_id: str) -> list[Range]:
    """The ranges of paths that a grant on a region covers, none inside another; empty where there is no such region."""
    ranges = outermost(subtree(path) for path in _continued(connection, region_id))
    while ranges and (found := _predecessors(connection, ranges)):
        ranges = outermost([*ranges, *map(subtree, found)])
    return ranges


def above(connection: Connection, region_id: str) -> list[str]:
    """The paths of the regions above one, and above the one that continues it; the nation first."""
    own = _continued(connection, region_id)
    paths = {path[: end + 1] for path in own for end in range(len(path) - 1) if path[end] == "/"}
    found = sa.select(TABLE.c.path).where(TABLE.c.path.in_(sorted(paths)), LIVING).order_by(TABLE.c.path)
    return list(connection.scalars(found)) if paths else []


def outermost(ranges: Iterable[Range]) -> list[Range]:
    """The ranges without those that lie inside another; subtrees never overlap in part."""
    kept: list[Range] = []
    for low, high in sorted(set(ranges)):
        if not kept or low >= kept[-1][1]:
            kept.append((low, high))
    return kept


def inside(one: Range, ranges: Iterable[Range]) -> bool:
    """Whether a subtree lies in one of the ranges."""
    return any(low <= one[0] and one[1] <= high for low, high in ranges)


def common(some: Iterable[Range], others: Iterable[Range]) -> list[Range]:
    """What two lists of subtrees have in common: of two that meet, the one inside the other."""
    some, others = list(some), list(others)
    return outermost([*(one for one in some if inside(one, others)), *(one for one in others if inside(one, some))])


def _continued(connection: Connection, region_id: str) -> list[str]:
    """The path of a region, and those of the regions that continue it alone, one after the other."""
    columns = (TABLE.c.code, TABLE.c.path, TABLE.c.level, TABLE.c.valid_from, TABLE.c.valid_to, TABLE.c.successor_id)
    paths: list[str] = []
    before: Any = None
    key: str | None = region_id
    while key is not None:
        row = connection.execute(sa.select(*columns).where(TABLE.c.id == key, LIVING)).one_or_none()
        if row is None or row.path in paths or (before is not None and not _alone(connection, before, row, key)):
            break
        paths.append(row.path)
        before, key = row, row.successor_id if row.valid_to is not None else None
    return paths


def _alone(connection: Connection, before: Any, after: Any, key: str) -> bool:
    """Whether a region is another one still, or began as its continuation and of no more."""
    if before.valid_to is not None and (before.code, before.level) == (after.code, after.level):
        return True
    if before.valid_to is None or before.level != after.level or after.valid_from != before.valid_to + dt.timedelta(1):
        return False
    return connection.scalar(sa.select(sa.func.count()).where(TABLE.c.successor_id == key, LIVING)) == 1


def _predecessors(connection: Connection, ranges: list[Range]) -> list[str]:
    """Paths outside the `ranges` of regions whose successor stands inside."""

    def within(path: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
        return sa.or_(*(sa.and_(path >= low, path < high) for low, high in ranges))

    found = sa.select(TABLE.c.path).where(within(TABLE.c.successor_path), sa.not_(within(TABLE.c.path)), LIVING)
    return list(connection.scalars(found))
