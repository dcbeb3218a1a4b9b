"""What a viewer may do now with many rows at once, what is missing and until when: a number of statements that does not
grow with the rows, as far as the rules ask by ``Work.together``, ``parts`` and ``get``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.engine import Connection

from db.entity_info import EntityInfo
from db.facts import Step
from db.registry import Registry
from permissions.actions import OpenRow, allowed_steps, open_rows
from permissions.viewer import Viewer
from resolvers.commands.steps import missing
from resolvers.commands.work import Work
from resolvers.deadlines import due_days
from resolvers.faults import Fault
from settings import Settings


@dataclass(frozen=True)
class OpenStep:
    """A step that is open on a row: the last day to take it in time, and what stands in its way yet."""

    step: Step
    due_on: dt.date | None = None
    missing: list[Fault] = field(default_factory=list)


def open_steps(
    connection: Connection, entities: Registry, viewer: Viewer, settings: Settings, info: EntityInfo,
    keys: Sequence[str], *, judged: bool,
) -> dict[str, list[OpenStep]]:  # fmt: skip
    """The steps open on each of the rows; `judged`: with what is missing. Of rows one may not see there are none."""
    table = info.table.alias("t")
    chosen = table.c.id.in_(keys)
    rows = open_rows(connection, entities, info, viewer, table, chosen, {}, hold=None, most=len(keys))
    steps = {row.key: allowed_steps(info, viewer, row) for row in rows}
    due = due_days(connection, info, [key for key, open_ in steps.items() if any(step.due for step in open_)])
    work = Work(connection, entities, viewer, settings)
    work.look_at(info.name, [row.values for row in rows])

    def told(row: OpenRow, step: Step) -> OpenStep:
        return OpenStep(step, due.get((row.key, step.verb)), missing(work, info, row, step) if judged else [])

    return {row.key: [told(row, step) for step in steps[row.key]] for row in rows}
