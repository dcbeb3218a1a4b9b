"""The command that brings the register of regions to an official file, and to a mapping of old to new codes.

A file is checked whole before anything is written, and a faulty one is refused whole. It speaks for the provinces it
names, and there for what it lists (``region_scope``): what it leaves out of that is closed, never deleted. Everything
happens in the caller's transaction. A file for a day to come is kept until then (``region_pending``).
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from sqlalchemy.engine import Connection

from db.clock import today
from db.engine import Database
from resolvers.commands.region_apply import Counts, Source, apply, silent
from resolvers.commands.region_changes import check_mapping, stated_parents
from resolvers.commands.region_files import Progress, digest, read_mapping, read_regions
from resolvers.commands.region_pending import must_still_fit, rehearsed, schedule
from resolvers.commands.region_tree import Node, derive
from resolvers.faults import Refused
from settings import Settings

CUT_OFF = dt.date(2023, 6, 30)
"""The day of the codes that the project ships: what a region is valid from where nobody says otherwise."""
CLOSE_AT_MOST = 20
"""How many regions a file may close without a successor and without ``--close-at-most``: a county in a year, and less
than any county has."""


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
    connection: Connection, source: Source, valid_from: dt.date | None = None, *, actor_id: str | None = None,
    progress: Progress = silent, close_at_most: int = CLOSE_AT_MOST,
) -> Counts:  # fmt: skip
    """Make the regions of the source's provinces those of the source, from a day on; what is changed.

    A day to come changes nothing before it. Nothing is written where nothing differs. Raises Refused where the days or
    the mapping contradict the register or a list that waits, or where too many regions would end without a successor.
    """
    day = valid_from or CUT_OFF
    if day > today():
        return schedule(connection, source, day, close_at_most, actor_id)
    run = apply(connection, source, day, actor_id=actor_id, progress=progress, close_at_most=close_at_most)
    if run.counts.changed:
        must_still_fit(connection)
    return run.counts


def import_regions(
    url: str, file: Path, mapping: Path | None = None, valid_from: dt.date | None = None, *,
    close_at_most: int = CLOSE_AT_MOST, dry_run: bool = False,
) -> str:  # fmt: skip
    """What ``./run regions import`` does: both files into the database at `url`, with progress; a line that says it.

    With `dry_run` what it would do, as a table; nothing is written.
    """
    day = valid_from or CUT_OFF

    def write(connection: Connection, source: Source, progress: Progress) -> str:
        if dry_run:
            counts, table = rehearsed(connection, source, day)
            return f"{table}\n{file.name} 自 {day} 起：{counts}{_limit(counts, close_at_most)}。没有写入任何内容"
        counts = write_regions(connection, source, valid_from, progress=progress, close_at_most=close_at_most)
        if day > today() and counts.changed:
            return f"已登记 {file.name}，自 {day} 起生效（用 ./run regions pending 查看）：{counts}"
        return f"已导入 {file.name}：{counts}"

    async def run() -> str:
        database = Database(Settings(database_url=url, row_level_security=False))
        try:
            with _shown() as progress:
                source = read_source(file, mapping, progress)
                return await database.write(lambda c: write(c, source, progress), bulk=True)
        finally:
            await database.stop()

    return asyncio.run(run())


def _limit(counts: Counts, most: int) -> str:
    over = counts.given_up > most
    return f"；停用没有承继的 {counts.given_up} 个，导入时须加上 --close-at-most {counts.given_up}" if over else ""


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
