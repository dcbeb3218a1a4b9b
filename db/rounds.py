"""A task of every server process that looks for something to do, again and again: of all of them one finds it."""

from __future__ import annotations

import asyncio
import contextlib

import structlog

log = structlog.get_logger()


class Rounds:
    """One process's rounds: ``start`` when the server starts, ``stop`` at its end. A subclass says what a look does."""

    pause: float
    """Seconds between two looks."""
    trouble: str
    """The event of the log when a look fails: told once, until one goes well."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._failing = False

    async def look(self) -> None:
        """Find what there is to do, and do it."""
        raise NotImplementedError

    def start(self) -> asyncio.Future[None]:
        """Begin, within the event loop; who awaits what it returns goes on after the first look."""
        first = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run(first))
        return first

    async def stop(self) -> None:
        """End; what is left is found another time."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def round(self) -> None:
        """One look; a database that is away or busy is asked again the next time."""
        try:
            await self.look()
            self._failing = False
        except Exception as problem:
            if not self._failing:
                log.warning(self.trouble, error=type(problem).__name__)
            self._failing = True

    async def _run(self, first: asyncio.Future[None]) -> None:
        while True:
            await self.round()
            if not first.done():
                first.set_result(None)
            await asyncio.sleep(self.pause)
