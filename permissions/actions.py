"""Entity, viewer and row -> what the viewer may do with it.

The commands refuse by the same functions by which the admin and the schema offer, so nothing is offered that is then
refused for want of a right, and nothing is refused that was never offered. A row is judged as an OpenRow: its values
and the operations that the viewer's roles hold on it, which the scopes decided in SQL.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.entity_info import EntityInfo
from db.facts import Grant, Machine, Role, Step
from db.machines import verbs
from db.registry import Registry
from permissions.columns import Sight, sight
from permissions.hands import all_hands
from permissions.kin import same_units
from permissions.scopes import grants_of, may, role_condition, scope
from permissions.viewer import Viewer

WRITES = "CUSV"
_STAMPS = frozenset(
    {"id", "version", "created_at", "created_by", "updated_at", "updated_by", "scope_path", "org_scope"}
)
"""What no input ever says, also of the server itself: the write path fills it."""


@dataclass(frozen=True)
class OpenRow:
    """A row the viewer may read: its stored values and what the viewer's roles hold on it."""

    values: Mapping[str, Any]
    held: frozenset[tuple[str, Role, Grant]] = frozenset()
    """Operations with the role and the grant that hold the row for them."""
    masked: frozenset[str] = frozenset()
    """Fields the viewer sees masked in this row."""
    kin: frozenset[str] = frozenset()
    """Accounts of the viewer's units among those that the row's steps name; the viewer's own among them."""

    own: frozenset[str] = frozenset()
    """Columns of accounts that its steps keep apart whose act counts as the viewer's own (``permissions.hands``)."""

    def __getitem__(self, column: str) -> Any:
        return self.values[column]

    @property
    def key(self) -> str:
        """Its primary key."""
        return str(self.values["id"])

    def roles(self, operation: str) -> frozenset[Role]:
        """The viewer's roles that hold `operation` on the row."""
        return frozenset(role for letter, role, _ in self.held if letter == operation)

    def grants(self, operation: str) -> list[Grant]:
        """The viewer's grants that hold `operation` on the row."""
        return [grant for letter, _, grant in self.held if letter == operation]


def open_row(
    connection: Connection, entities: Registry, info: EntityInfo, viewer: Viewer, key: str, *, hold: str | None = None
) -> OpenRow | None:
    """The row as the viewer may read it, or None. With `hold` ("update", "delete") nobody else may change it first."""
    table = info.table.alias("t")
    found = open_rows(connection, entities, info, viewer, table, table.c.id == key, {}, hold=hold, most=1)
    return found[0] if found else None


def open_rows(
    connection: Connection, entities: Registry, info: EntityInfo, viewer: Viewer, table: sa.FromClause,
    chosen: sa.ColumnElement[bool], values: Mapping[str, Any], *, hold: str | None, most: int,
) -> list[OpenRow]:  # fmt: skip
    """At most `most` rows of `table` (an alias) that the viewer may read and `chosen` holds of, by their ids.

    `values` are those of the condition's parameters; `hold` as in ``open_row``.
    """
    columns: dict[str, sa.ColumnElement[Any]] = {f"c_{c.name}": c for c in table.c}
    rights = {
        f"may_{letter}_{role.name}_{i}": (letter, role, grant)
        for letter in WRITES for i, (role, grant) in enumerate(grants_of(info, viewer, letter))
    }  # fmt: skip
    for name, (letter, role, grant) in rights.items():
        columns[name] = role_condition(entities, info, table, viewer, role, grant, letter)
    masks = {f.name: sight(entities, info, f, table, viewer) for f in info.fields.values() if f.maskable or f.withheld}
    columns |= {f"see_{name}": shown for name, shown in masks.items() if isinstance(shown, sa.ColumnElement)}
    statement = (
        sa.select(*(column.label(name) for name, column in columns.items()))
        .where(chosen, scope(entities, info, table, viewer))
        .select_from(table)
        .order_by(table.c.id)
        .limit(most)
    )
    if hold:
        # A change does not disturb who merely refers to the row; a deletion has to wait for them.
        statement = statement.with_for_update(of=table, key_share=hold == "update")
    rows = [dict(row) for row in connection.execute(statement, {**viewer.binds, **values}).mappings()]
    stored = [{c.name: row[f"c_{c.name}"] for c in table.c} for row in rows]
    hands = _Hands(connection, info, viewer, stored)
    return [_open(info, found, masks, rights, row, hands) for found, row in zip(stored, rows, strict=True)]


class _Hands:
    """What the accounts that the steps of some rows name are to the viewer: asked once for all of the rows."""

    def __init__(
        self, connection: Connection, info: EntityInfo, viewer: Viewer, rows: Collection[Mapping[str, Any]]
    ) -> None:
        steps = info.facts.steps
        self._makers = {column for step in steps if step.same_unit for column in step.by}
        self._apart = {column for step in steps for column in step.apart}
        named = {row[column] for row in rows for column in self._makers} - {None}
        self._kin = same_units(connection, viewer, named) if named else frozenset()
        acts = {self._act(row, column) for row in rows for column in self._apart if row[column]}
        hands = all_hands(connection, [(viewer.account_id, None), *acts]) if acts else {}
        mine = hands.get((viewer.account_id, None), frozenset())
        # One hand could act as both accounts, now and then.
        self._own = {act for act in acts if act[0] in mine or mine & hands[act]}

    def _act(self, row: Mapping[str, Any], column: str) -> tuple[str, dt.datetime | None]:
        return row[column], row.get(column.removesuffix("_by_id") + "_at")

    def kin(self, row: Mapping[str, Any]) -> frozenset[str]:
        """The accounts of the viewer's units among those that the row's steps name."""
        return frozenset(row[column] for column in self._makers if row[column] in self._kin)

    def own(self, row: Mapping[str, Any]) -> frozenset[str]:
        """The columns whose act counts as the viewer's own."""
        return frozenset(column for column in self._apart if row[column] and self._act(row, column) in self._own)


def _open(
    info: EntityInfo, values: Mapping[str, Any], masks: Mapping[str, Sight],
    rights: Mapping[str, tuple[str, Role, Grant]], row: Mapping[str, Any], hands: _Hands,
) -> OpenRow:  # fmt: skip
    held = {right for name, right in rights.items() if row[name]}
    hidden = {
        name for name, shown in masks.items() if shown == "masked" or (shown != "shown" and not row[f"see_{name}"])
    }
    return OpenRow(values, frozenset(held), frozenset(hidden), hands.kin(values), hands.own(values))


# --- columns ----------------------------------------------------------------------------------------------------------


def writable_columns(info: EntityInfo, viewer: Viewer, row: OpenRow | None = None) -> frozenset[str]:
    """Names of the fields, references and lists of child rows that the viewer may write: in `row`, or in a new row."""
    if viewer.server:
        # What is computed it may say as well, but for the region that follows from the row's owner.
        placed = {r.name for r in info.references if r.near == "region_id" and r.facts and r.facts.computed}
        return frozenset({*info.fields, *(r.name for r in info.references)}) - _STAMPS - placed
    letter = "C" if row is None else "U"
    grants = [grant for _, grant in grants_of(info, viewer, letter)] if row is None else row.grants(letter)
    named = [grant.columns.get(letter) for grant in grants]
    names = {f.name for f in info.fields.values() if f.writable and not (row and f.facts.fixed)}
    names |= {r.name for r in info.references if r.facts and not r.facts.computed and not (row and r.facts.fixed)}
    names |= {r.name for r, _ in info.parts or ()}
    if not grants:
        return frozenset()
    if any(columns is None for columns in named):
        return frozenset(names)
    allowed = {column.removesuffix("_id") for columns in named if columns for column in columns}
    return frozenset(names & allowed)


# --- whole rows -------------------------------------------------------------------------------------------------------


def may_create(info: EntityInfo, viewer: Viewer) -> bool:
    """Whether the viewer may make rows of the entity at all, somewhere."""
    if info.facts.written_by_commands:
        return False
    if viewer.server:
        return True
    first = start_of(info)
    roles = {role for role, _ in grants_of(info, viewer, "C")}
    return bool(roles & set(first.roles)) if first else bool(roles)


def may_update(info: EntityInfo, viewer: Viewer, row: OpenRow | None = None) -> bool:
    """Whether the viewer may change the row, or, without one, some row of the entity."""
    if info.facts.written_by_commands or not may(info, viewer, "U"):
        return False
    return row is None or (bool(row.roles("U")) and editable(info, row))


def may_delete(info: EntityInfo, viewer: Viewer, row: OpenRow | None = None) -> bool:
    """Whether the viewer may delete the row while nothing refers to it, or, without one, some row of the entity."""
    if info.facts.written_by_commands or not may(info, viewer, "C"):
        return False
    return row is None or (bool(row.roles("C")) and deletable(info, row))


def editable(info: EntityInfo, row: OpenRow) -> bool:
    """Whether the row's states let its columns be changed."""
    return all(open_in(machine, row) for machine in info.facts.machines)


def open_in(machine: Machine, row: OpenRow) -> bool:
    """Whether the row's state in one machine lets its columns be changed."""
    return not machine.editable or row[machine.column] in machine.editable


def deletable(info: EntityInfo, row: OpenRow) -> bool:
    """Whether the row is still where its life begins, in all its machines (DOMAIN 5.1: delete only a draft)."""
    return all(at_start(info, machine, row) for machine in info.facts.machines)


def at_start(info: EntityInfo, machine: Machine, row: OpenRow) -> bool:
    """Whether the row is in the state in which a machine begins."""
    default = info.fields[machine.column].facts.default
    first = machine.start.target if machine.start else default.name if default is not None else None
    return bool(row[machine.column] == first)


# --- steps of the state machine ---------------------------------------------------------------------------------------


class Verdict(enum.IntEnum):
    """Why a step may not be taken, the plainest reason first; OPEN: it may."""

    ROLE = 0
    STATE = 1
    APART = 2
    MAKER = 3
    OPEN = 4


def start_of(info: EntityInfo) -> Step | None:
    """The step that creates a row; None where the entity has no machine that says so."""
    return next((machine.start for machine in info.facts.machines if machine.start), None)


def judge(machine: Machine, step: Step, viewer: Viewer, row: OpenRow) -> Verdict:
    """Whether the viewer may take `step` with the row, or the first reason why not."""
    if not row.roles(step.operation) & set(step.roles):
        return Verdict.ROLE
    if row[machine.column] not in step.sources:
        return Verdict.STATE
    if row.own & set(step.apart):
        return Verdict.APART
    maker = next((row[column] for column in step.by if row[column]), None)
    # A row that nobody made came with a bulk load; its whole scope may go on with it.
    if maker and maker != viewer.account_id and not (step.same_unit and maker in row.kin):
        return Verdict.MAKER
    return Verdict.OPEN


def choose_step(info: EntityInfo, viewer: Viewer, row: OpenRow, verb: str) -> tuple[Step | None, Verdict]:
    """The step that `verb` is for this viewer and row, and how it is judged; no step where there is no such verb."""
    machine = info.facts.machine_of(verb)
    judged = [(step, judge(machine, step, viewer, row)) for step in machine.of(verb)] if machine else []
    if not judged:
        return None, Verdict.ROLE
    return max(judged, key=lambda pair: pair[1])


def allowed_steps(info: EntityInfo, viewer: Viewer, row: OpenRow) -> tuple[Step, ...]:
    """The steps the viewer may take with the row now, one for each verb, in the order of the machines."""
    moves = (step for machine in info.facts.machines for step in machine.moves)
    chosen = (choose_step(info, viewer, row, verb) for verb in verbs(moves))
    return tuple(step for step, verdict in chosen if step and verdict is Verdict.OPEN)


def may_take(info: EntityInfo, viewer: Viewer, verb: str) -> bool:
    """Whether the viewer's roles may take `verb` with some row of the entity; nobody takes a step of the server."""
    return any(
        {role for role, _ in grants_of(info, viewer, step.operation)} & set(step.roles)
        for step in info.facts.edges(verb)
    )


def server_step(info: EntityInfo, row: Mapping[str, Any], verb: str) -> Step | None:
    """The step that `verb` is for the server itself and a row as it is stored; None where it is not open."""
    machine = info.facts.machine_of(verb)
    edges = machine.of(verb) if machine else ()
    return next((step for step in edges if step.server and machine and row[machine.column] in step.sources), None)
