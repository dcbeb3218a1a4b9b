"""Applies lists of regions when their day comes: a task of every server process, of which one finds something to do.

A day begins at midnight in Shanghai. Within a second after it the list is applied, in one transaction: a request sees
the register of yesterday or that of today, never a mixture. No request is held up for it.
"""

from __future__ import annotations

import datetime as dt

from db.clock import today
from db.engine import Database
from db.rounds import Rounds
from resolvers.commands.region_pending import apply_due, is_due


class RegionCalendar(Rounds):
    """The calendar of one process."""

    pause, trouble = 0.5, "regions_not_applied"  # the clock is looked at; the database is asked once a day

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        self._day: dt.date | None = None

    async def look(self) -> None:
        day = today()
        if day != self._day:
            await bring_regions_up_to_date(self._database)
            self._day = day


async def bring_regions_up_to_date(database: Database) -> int:
    """Apply every list whose day has come; how many."""
    return await database.write(apply_due, bulk=True) if await database.look(is_due) else 0
