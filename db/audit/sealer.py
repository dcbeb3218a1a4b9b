"""Seals what waits, all the time: a task of every server process, of which one at a time finds something to do."""

from __future__ import annotations

import asyncio
import contextlib

import structlog

from db.audit.chain import BATCH, is_waiting, seal_waiting
from db.engine import Database

PAUSE = 0.4
"""Seconds between two looks; a record is to be sealed within one second."""
log = structlog.get_logger()


class Sealer:
    """The sealing of one process. ``start`` it when the server starts; ``stop`` seals what is left."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._task: asyncio.Task[None] | None = None
        self._failing = False

    def start(self) -> None:
        """Begin; must be called within the event loop."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End, with everything sealed that can be."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            await self._round()

    async def _run(self) -> None:
        while True:
            await self._round()
            await asyncio.sleep(PAUSE)

    async def _round(self) -> None:
        """One look; a database that is away or busy is asked again the next time."""
        try:
            if await self._database.look(is_waiting):
                await seal_all(self._database)
            self._failing = False
        except Exception as problem:
            if not self._failing:
                log.warning("audit_not_sealed", error=type(problem).__name__)
            self._failing = True


async def seal_all(database: Database) -> int:
    """Seal every record that waits, a batch a transaction; how many."""
    done = 0
    while sealed := await database.write(seal_waiting):
        done += sealed
        if sealed < BATCH:
            break
    return done
