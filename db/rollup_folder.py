"""Folds rollups while the server runs: a task of every server process, of which one at a time finds something to do."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial

import structlog

from db.base import Base
from db.engine import Database
from db.rollup_upkeep import fold, waiting
from db.rollups import stored_rollups

PAUSE = 5.0
"""Seconds between two looks."""
ENOUGH = 500
"""Summands that make a fold worth its transaction: numbers are exact without it, it only keeps reading short."""
log = structlog.get_logger()


class Folder:
    """The folding of one process. ``start`` it when the server starts, ``stop`` it at the end."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._task: asyncio.Task[None] | None = None
        self._failing = False

    def start(self) -> None:
        """Begin; must be called within the event loop."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End; what waits is folded another time."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            await self._round()
            await asyncio.sleep(PAUSE)

    async def _round(self) -> None:
        """One look; a database that is away or busy is asked again the next time."""
        try:
            await fold_all(self._database, ENOUGH)
            self._failing = False
        except Exception as problem:
            if not self._failing:
                log.warning("rollups_not_folded", error=type(problem).__name__)
            self._failing = True


async def fold_all(database: Database, enough: int = 1) -> int:
    """Fold every rollup in which `enough` summands wait, some cells a transaction; how many cells."""
    done = 0
    for stored in stored_rollups(Base.metadata):
        if await database.look(partial(waiting, stored=stored, most=enough)) < enough:
            continue
        while folded := await database.write(partial(fold, stored=stored)):
            done += folded
    return done
