"""Runs the jobs while the server runs: a task of every server process, of which one at a time finds something to do."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt

import structlog

from db.clock import now
from resolvers.commands.job_runs import Jobs

PAUSE = 1.0
"""Seconds between two looks at the clock."""
_ASK = dt.timedelta(seconds=30)
"""The database is asked when something falls due, and this often: for what failed and is to be tried again."""
log = structlog.get_logger()


class JobRunner:
    """The jobs of one process. ``start`` it when the server starts, ``stop`` it at the end."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._task: asyncio.Task[None] | None = None
        self._rests_until: dt.datetime | None = None
        self._failing = False

    def start(self) -> None:
        """Begin, with what fell due while no server ran; must be called within the event loop."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End; a job under way is taken back and done by the next process that starts."""
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
        moment = now()
        if self._rests_until is not None and moment < self._rests_until:
            return
        try:
            await self._jobs.round(moment)
            self._rests_until, self._failing = min(self._jobs.rests_until(moment), moment + _ASK), False
        except Exception as problem:
            if not self._failing:
                log.warning("jobs_not_run", error=type(problem).__name__)
            self._failing = True
