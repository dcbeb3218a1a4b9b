"""A list of regions applied to the register, in the caller's transaction: today, or on a day to come.

Whoever only wants to see what would happen applies it, looks, and takes it back (``undone``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.audit import records as audit
from db.clock import SHANGHAI
from db.engine import analyze
from db.identity import seeded_keys
from db.levels import fill_levels
from db.models.places.region import Region
from db.models.system.audit_log import AuditAction
from resolvers.commands.region_changes import Counts
from resolvers.commands.region_files import Change, Progress
from resolvers.commands.region_register import Run
from resolvers.commands.region_tree import Node


@dataclass(frozen=True)
class Source:
    """A file, and perhaps a mapping, that were read and found sound."""

    name: str
    sha256: str
    provinces: dict[str, list[Node]]
    mapping: list[Change] = field(default_factory=list)
    mapping_sha256: str | None = None


def silent(_done: int, _total: int, _stage: str) -> None:
    """A progress that nobody watches."""


def apply(
    connection: Connection, source: Source, day: dt.date, *, actor_id: str | None = None, progress: Progress = silent,
    close_at_most: int | None = None, rehearsal: bool = False,
) -> Run:  # fmt: skip
    """Make the regions of the source's provinces those of the source, from `day` on; the run that did it.

    Nothing is written where nothing differs. Raises Refused where the days or the mapping contradict the register, or
    where more regions than `close_at_most` would end without a successor.
    """
    # The same file from the same day makes the same ids everywhere, so that two registers can be compared.
    # How many rows there are counts too: a second import must not make the ids of the first.
    start = int(dt.datetime.combine(day, dt.time(), SHANGHAI).timestamp() * 1000)
    known = connection.execute(sa.select(sa.func.count()).select_from(Region)).scalar_one()
    keys = seeded_keys(start, int(source.sha256[:16], 16) + known)
    run = Run(connection, source.provinces, source.mapping, day, actor_id, progress, keys, close_at_most, rehearsal)
    counts = run.do()
    if counts.changed and not rehearsal:
        fill_levels(connection)
        told = {"sha256": source.sha256, "mappingSha256": source.mapping_sha256, "validFrom": str(day)}
        note(connection, f"导入行政区划 {source.name[:100]}：{counts}", told | asdict(counts), actor_id)
        analyze(connection)
    return run


@contextmanager
def undone(connection: Connection) -> Iterator[None]:
    """Work that is taken back when it ends, whatever comes of it."""
    savepoint = connection.begin_nested()
    try:
        yield
    finally:
        savepoint.rollback()


def note(connection: Connection, summary: str, after: dict[str, object], actor_id: str | None) -> None:
    """One record of what was done to the register as a whole."""
    root = connection.execute(
        sa.select(Region.id, Region.path).where(Region.parent_id.is_(None), Region.deleted_at.is_(None)).limit(1)
    ).one()
    audit.add(
        connection,
        {
            **audit.stamped(actor_id, None), "region_id": root.id, "scope_path": root.path,
            "action": AuditAction.IMPORT.name, "entity": "Region", "summary": summary[:300], "technical": True,
            "after": after,
        },
    )  # fmt: skip


__all__ = ["Counts", "Source", "apply", "note", "silent", "undone"]
