"""Seals what waits, all the time: a task of every server process, of which one at a time finds something to do."""

from __future__ import annotations

from db.audit.chain import BATCH, is_waiting, seal_waiting
from db.engine import Database
from db.rounds import Rounds


class Sealer(Rounds):
    """The sealing of one process; ``stop`` seals what is left."""

    pause, trouble = 0.4, "audit_not_sealed"  # a record is to be sealed within one second

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    async def look(self) -> None:
        if await self._database.look(is_waiting):
            await seal_all(self._database)

    async def stop(self) -> None:
        """End, with everything sealed that can be."""
        if self._task is not None:
            await super().stop()
            await self.round()


async def seal_all(database: Database) -> int:
    """Seal every record that waits, a batch a transaction; how many."""
    done = 0
    while sealed := await database.write(seal_waiting):
        done += sealed
        if sealed < BATCH:
            break
    return done
