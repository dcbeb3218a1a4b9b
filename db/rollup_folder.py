"""Folds rollups while the server runs: a task of every server process, of which one at a time finds something to do."""

from __future__ import annotations

from functools import partial

from db.base import Base
from db.engine import Database
from db.rollup_upkeep import fold, waiting
from db.rollups import stored_rollups
from db.rounds import Rounds

ENOUGH = 500
"""Summands that make a fold worth its transaction: numbers are exact without it, it only keeps reading short."""


class Folder(Rounds):
    """The folding of one process."""

    pause, trouble = 5.0, "rollups_not_folded"

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    async def look(self) -> None:
        await fold_all(self._database, ENOUGH)


async def fold_all(database: Database, enough: int = 1) -> int:
    """Fold every rollup in which `enough` summands wait, some cells a transaction; how many cells."""
    done = 0
    for stored in stored_rollups(Base.metadata):
        if await database.look(partial(waiting, stored=stored, most=enough)) < enough:
            continue
        while folded := await database.write(partial(fold, stored=stored)):
            done += folded
    return done
