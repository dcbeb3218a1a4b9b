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
    states: Mapping[str, str] = field(default_factory=dict)
    """Verb -> the column of the state that it moves."""
    kept: bool = True
    """Whether people keep such rows, not the server alone."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Stored column -> wire name, of what the steps move and take."""

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
            "__states": {s.verb: self.columns[self.states[s.verb]] for s in self.steps},
            "__takes": {s.verb: [self.columns[take.column] for take in s.taken] for s in self.steps},
        }

    def step(self, table: Table, body: Mapping[str, Any], row: Mapping[str, Any]) -> Step | None:
        """The step the form asks for: its verb or its target stands where a state was; None where none is changed.

        Raises Refused for what the viewer was not offered, and for two steps at once.
        """
        asked: list[Step] = []
        for machine in table.info.facts.machines:
            state = table.of(machine.column)
            wanted = body.get(state.wire)
            if wanted in (None, "", row.get(state.public)):
                continue
            found = [step for step in machine.moves if step in self.steps and wanted in (step.verb, step.target)]
            if len(found) != 1 or asked:
                zh = "一次只能办理一步。" if asked else "现在不能这样办理。"
                raise Refused([Fault((state.public,), "STATE", zh, "This step cannot be taken now.")])
            asked = found
        return asked[0] if asked else None


class Rights:
    """What viewers may do; asks the permissions, holds nothing."""

    def __init__(self, services: Services, tables: Tables) -> None:
        self.services, self.tables = services, tables

    def states(self, table: Table) -> list[Column]:
        """The columns that hold its states."""
        return [table.of(machine.column) for machine in table.info.facts.machines]

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
        states = {step.verb: m.column for m in info.facts.machines for step in m.moves}
        named = {*states.values(), *(take.column for step in steps for take in step.taken)}
        wires = {name: table.of(name).wire for name in named}
        kept = not info.facts.written_by_commands
        return Allowed(writable, steps, delete, masked, states, kept, wires)


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
