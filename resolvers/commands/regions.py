"""The command that brings the register of regions to an official file, and to a mapping of old to new codes.

A file is checked whole before anything is written, and a faulty one is refused whole. It speaks for the provinces it
names: what it leaves out there is closed, never deleted; other provinces are not touched. Everything happens in the
caller's transaction.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import sqlalchemy as sa
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from sqlalchemy.engine import Connection

from db.audit import records as audit
from db.clock import SHANGHAI
from db.engine import Database, analyze
from db.enums import AuditAction
from db.identity import seeded_keys
from db.levels import fill_levels
from db.models.region import Region
from resolvers.commands.region_changes import Counts, Current, check_mapping, stated_parents
from resolvers.commands.region_files import Change, Progress, digest, read_mapping, read_regions
from resolvers.commands.region_register import Run
from resolvers.commands.region_tree import Node, derive
from resolvers.faults import Refused
from settings import Settings

CUT_OFF = dt.date(2023, 6, 30)
"""The day of the codes that the project ships: what a region is valid from where nobody says otherwise."""


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


def read_source(file: Path, mapping: Path | None = None, progress: Progress = silent) -> Source:
    """What the files say. Raises Refused with every faulty line of both."""
    lines, faults = read_regions(file, progress)
    changes, wrong = read_mapping(mapping) if mapping else ([], [])
    faults += wrong
    stated = stated_parents(changes)
    provinces: dict[str, list[Node]] = {}
    for number, province in enumerate(sorted(lines), 1):
        # Popped, so that the nation is held once only.
        provinces[province], wrong = derive(lines.pop(province), stated)
        faults += wrong
        progress(number, number + len(lines), "核对")
    if changes and not faults:
        faults += check_mapping(changes, {node.code: node for nodes in provinces.values() for node in nodes})
    if faults:
        raise Refused(faults)
    return Source(file.name, digest(file), provinces, changes, digest(mapping) if mapping else None)


def write_regions(
    connection: Connection, source: Source, valid_from: dt.date | None = None, *,
    actor_id: str | None = None, progress: Progress = silent,
) -> Counts:  # fmt: skip
    """Make the regions of the source's provinces those of the source, from a day on; what was changed.

    Nothing is written where nothing differs. Raises Refused where the days or the mapping contradict the register.
    """
    day = valid_from or CUT_OFF
    # The same file from the same day makes the same ids everywhere, so that two registers can be compared.
    # How many rows there are counts too: a second import must not make the ids of the first.
    start = int(dt.datetime.combine(day, dt.time(), SHANGHAI).timestamp() * 1000)
    known = connection.execute(sa.select(sa.func.count()).select_from(Region)).scalar_one()
    keys = seeded_keys(start, int(source.sha256[:16], 16) + known)
    run = Run(connection, source.provinces, source.mapping, day, actor_id, progress, keys)
    counts = run.do()
    if counts.changed:
        fill_levels(connection)
        _audit(connection, source, counts, run.root, actor_id)
        analyze(connection)
    return counts


def import_regions(url: str, file: Path, mapping: Path | None = None, valid_from: dt.date | None = None) -> str:
    """What ``./run regions import`` does: both files into the database at `url`, with progress; a line that says it."""

    async def run() -> Counts:
        database = Database(Settings(database_url=url))
        try:
            with _shown() as progress:
                source = read_source(file, mapping, progress)
                return await database.write(
                    lambda c: write_regions(c, source, valid_from, progress=progress), bulk=True
                )
        finally:
            await database.stop()

    return f"已导入 {file.name}：{asyncio.run(run())}"


def listed(refused: Refused, most: int = 20) -> str:
    """The faults of a refused import for a terminal: the first of them, and how many more there are."""
    shown = [fault.zh for fault in refused.faults[:most]]
    if len(refused.faults) > most:
        shown.append(f"……另有 {len(refused.faults) - most} 处")
    return "\n  ".join([f"文件有 {len(refused.faults)} 处问题，没有导入任何内容；请改正之后再执行一次", *shown])


@contextmanager
def _shown() -> Iterator[Progress]:
    """A progress with one bar a stage."""
    with Bars(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()) as bars:
        stages: dict[str, TaskID] = {}

        def show(done: int, total: int, stage: str) -> None:
            if stage not in stages:
                stages[stage] = bars.add_task(stage, total=None)
            bars.update(stages[stage], completed=done, total=total or None)

        yield show


def _audit(connection: Connection, source: Source, counts: Counts, root: Current, actor_id: str | None) -> None:
    """One record of the whole import, with what was imported to the byte."""
    audit.add(
        connection,
        {
            **audit.stamped(actor_id, None), "region_id": root.id, "scope_path": root.path,
            "action": AuditAction.IMPORT.name, "entity": "Region",
            "summary": f"导入行政区划 {source.name[:100]}：{counts}", "technical": True,
            "after": {"sha256": source.sha256, "mappingSha256": source.mapping_sha256, **asdict(counts)},
        },
    )  # fmt: skip
