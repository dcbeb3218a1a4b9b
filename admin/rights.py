"""What a viewer may do with a table and a row, in the front end's words; decided by ``permissions.actions`` alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from admin.tables import Column, Table, Tables
from db.facts import Step
from db.identity import parse_global_id
from permissions.actions import OpenRow, allowed_steps, may_create, may_delete, may_update, open_row, writable_columns
from permissions.scopes import may
from permissions.viewer import Viewer
from permissions.walls import behind
from resolvers.faults import Fault, Refused
from resolvers.services import Services


@dataclass(frozen=True)
class Allowed:
    """What the viewer may do with one row now."""

    writable: list[str] = field(default_factory=list)
    """Wire names of the columns they may change."""
    steps: tuple[Step, ...] = ()
    delete: bool = False
    masked: list[str] = field(default_factory=list)
    """Wire names of the columns whose value is kept from them in this row."""
    kept: bool = True
    """Whether people keep such rows, not the server alone."""

    def answer(self) -> dict[str, Any]:
        """The part of a row's answer that ``front/fengqiao.js`` reads."""
        can = ["save"] if self.writable or self.steps else []
        missing = [*([] if can else ["UPDATE"]), *([] if self.delete else ["DELETE"])]
        return {
            "__can": [*can, *(["delete"] if self.delete else [])],
            "__missing": missing if self.kept else [],
            "__masked": self.masked,
            "__writable": self.writable,
            "__steps": [{"value": s.verb, "label": _called(s), "reason": s.reason} for s in self.steps],
        }

    def step(self, table: Table, body: Mapping[str, Any], row: Mapping[str, Any]) -> Step | None:
        """The step the form asks for: its verb or its target stands where the state was; None where that is unchanged.

        Raises Refused for what the viewer was not offered.
        """
        machine = table.info.facts.machine
        if machine is None:
            return None
        state = table.of(machine.column)
        wanted = body.get(state.wire)
        if wanted in (None, "", row.get(state.public)):
            return None
        found = [step for step in self.steps if wanted in (step.verb, step.target)]
        if len(found) != 1:
            raise Refused([Fault((state.public,), "STATE", "现在不能这样办理。", "This step cannot be taken now.")])
        return found[0]


class Rights:
    """What viewers may do; asks the permissions, holds nothing."""

    def __init__(self, services: Services, tables: Tables) -> None:
        self.services, self.tables = services, tables

    def state(self, table: Table) -> Column | None:
        """The column that holds the state."""
        machine = table.info.facts.machine
        return table.of(machine.column) if machine else None

    def creatable(self, table: Table, viewer: Viewer) -> list[Column]:
        """The columns of a new row's form; none where the viewer may make no row."""
        if not may_create(table.info, viewer):
            return []
        names = writable_columns(table.info, viewer)
        return [column for column in self.tables.visible(table, viewer) if column.name in names]

    def on_table(self, table: Table, viewer: Viewer) -> list[str]:
        """What may be done with the table as a whole."""
        can = ["create"] if self.creatable(table, viewer) else []
        return [*can, *(["export"] if may(table.info, viewer, "X") else [])]

    def missing(self, table: Table, viewer: Viewer) -> list[str]:
        """What others may do with the table and this viewer may not: ``explainAccess`` says why."""
        if table.info.facts.written_by_commands:
            return []
        can, named = self.on_table(table, viewer), {"CREATE": "create", "EXPORT": "export"}
        return [action for action, name in named.items() if name not in can]

    def history(self, table: Table, viewer: Viewer) -> bool:
        """Whether the records of what was done with a row may be there to read."""
        return not table.info.facts.written_by_commands and may(self.tables.entities["AuditLog"], viewer, "R")

    async def on_row(self, table: Table, viewer: Viewer, row: Mapping[str, Any]) -> Allowed:
        """What may be done with a row that was just read."""
        info = table.info
        parsed = parse_global_id(str(row["id"]))
        if parsed is None:
            return Allowed()
        key, entities = parsed[1], self.tables.entities
        database = behind(self.services.database, viewer, "act")
        opened = await database.look(lambda connection: open_row(connection, entities, info, viewer, key))
        if opened is None:
            return Allowed()
        names = writable_columns(info, viewer, opened) if may_update(info, viewer, opened) else frozenset()
        columns = self.tables.visible(table, viewer)
        writable = [column.wire for column in columns if column.name in names]
        masked = [column.wire for column in columns if _hidden(table, column, opened, row)]
        steps, delete = allowed_steps(info, viewer, opened), may_delete(info, viewer, opened)
        return Allowed(writable, steps, delete, masked, not info.facts.written_by_commands)


def _hidden(table: Table, column: Column, opened: OpenRow, row: Mapping[str, Any]) -> bool:
    """Whether a column's value is kept from the viewer: masked for their roles, encrypted, or out of their scope."""
    value = row.get(column.public)
    if column.reference is not None:
        # Where there may be none, nobody is told whether there is one.
        return value is None and not table.info.table.c[column.reference.near].nullable
    assert column.scalar is not None
    return column.name in opened.masked or (column.scalar.kind.sealed and value is not None)


def _called(step: Step) -> str:
    return f"{step.zh}（须写明理由）" if step.reason else step.zh
