"""Applies lists of regions when their day comes: a task of every server process, of which one finds something to do.

A day begins at midnight in Shanghai. Within a second after it the list is applied, in one transaction: a request sees
the register of yesterday or that of today, never a mixture. No request is held up for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt

import structlog

from db.clock import today
from db.engine import Database
from resolvers.commands.region_pending import apply_due, is_due

PAUSE = 0.5
"""Seconds between two looks at the clock; the database is asked once a day."""
log = structlog.get_logger()


class RegionCalendar:
    """The calendar of one process. ``start`` it when the server starts, ``stop`` it at the end."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._task: asyncio.Task[None] | None = None
        self._day: dt.date | None = None
        self._failing = False

    async def start(self) -> None:
        """Apply what became due while no server ran, and begin; must be called within the event loop."""
        await self._round()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End; what is not applied yet is applied by the next process that starts."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(PAUSE)
            await self._round()

    async def _round(self) -> None:
        """One look; a database that is away or busy is asked again the next time."""
        day = today()
        if day == self._day:
            return
        try:
            await bring_regions_up_to_date(self._database)
            self._day, self._failing = day, False
        except Exception as problem:
            if not self._failing:
                log.warning("regions_not_applied", error=type(problem).__name__)
            self._failing = True


async def bring_regions_up_to_date(database: Database) -> int:
    """Apply every list whose day has come; how many."""
    return await database.write(apply_due, bulk=True) if await database.look(is_due) else 0
