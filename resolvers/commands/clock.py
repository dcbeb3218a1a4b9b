"""What the clock does: the jobs, and what one of them gets to see (DESIGN 11.8).

A job is a function of one period. It runs in one transaction with the row that says that it ran, so it happens once or
not at all, however many processes there are; its rules are judged as of the day it fell due, not of the day it ran.
"""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from db.entity_info import EntityInfo
from db.mistakes import ModelMistake
from db.registry import Registry
from db.timetable import Period, Timer
from resolvers.acting import acts_of
from resolvers.commands import rows
from resolvers.commands.work import Work, public_id


@dataclass
class Clock:
    """One period of a job under way. `work` acts as the server, on the day the period fell due."""

    work: Work
    period: Period
    due_at: dt.datetime
    made: int = 0
    """How many rows it made, changed or removed: what the list of jobs tells of a run."""

    @property
    def day(self) -> dt.date:
        """The day the period fell due on, in Shanghai: its first."""
        return self.period.first

    def once(self, entity: str, **columns: Any) -> str | None:
        """Make a row of `entity` from stored values by column, unless there was ever one of the same key; its key.

        The key is whatever the model declares ``unique``; a row that was deleted is not made again. Raises Refused as
        a create does, and ModelMistake where the columns hold no unique key.
        """
        info = self.work.entities[entity]
        key = next((names for names in info.facts.unique if set(names) <= columns.keys()), None)
        if key is None:
            raise ModelMistake(entity, "the clock makes rows of it, but no unique key tells them apart",
                               "Declare unique=((…),) in its Entity, of columns that clock.once is given.")  # fmt: skip
        table = info.table
        mine = sa.select(table.c.id).where(*(table.c[name] == columns[name] for name in key))
        if self.work.row(mine) is not None:
            return None
        made = rows.create(self.work, info, dict(_input(self.work.entities, info, n, v) for n, v in columns.items()))
        self.made += 1
        return made


def _input(entities: Registry, info: EntityInfo, column: str, value: Any) -> tuple[str, Any]:
    """A stored value as an input says it: ``committee_id`` -> ``("committee", {"id": "mc_…"})``."""
    if column in info.fields:
        plain = isinstance(value, dt.date | dt.datetime)
        printed = value.isoformat() if plain else str(value) if isinstance(value, decimal.Decimal) else value
        return info.fields[column].public, printed
    relation = info.reference(column)
    return relation.public, None if value is None else {"id": public_id(entities[relation.target], value)}


@dataclass(frozen=True)
class Job:
    """A timer with what it does; `name` is ``Entity.timer``, or ``Server.timer`` for the house's own."""

    name: str
    zh: str
    timer: Timer
    act: Callable[[Clock], None]


def jobs_of(entities: Registry) -> list[Job]:
    """The jobs that the models declare."""
    return [
        Job(f"{info.name}.{each.name}", f"{info.facts.zh}：{each.zh or each.name}", each, done[each.name])
        for info in entities.values()
        for done in [acts_of(info.model).timers]
        for each in info.facts.timers
    ]
