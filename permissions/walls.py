"""The policies of the second wall, derived from the same cells of the matrix as ``permissions.scopes`` (docs/wall.md).

Stated a second time, as SQL over lists that a transaction is handed, and sharing no code with the conditions of the
application: where one forgets a row, the other does not. The lists are the viewer's reach, joined for the roles that
one condition is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from db.base import Base
from db.clock import today
from db.engine import Database
from db.entity_info import EntityInfo, Relation
from db.facts import REGION_SCOPES, Facts, Grant, Link, Role
from db.grants import Where
from db.history import shadowed
from db.registry import Registry, registry
from db.rollups import rollups_of
from db.walls import ACCOUNT, SCHEMA, TODAY, Mode, Wall, function, given, in_mode, listed, one_of, plan, sealed, within
from permissions.regions import outermost
from permissions.viewer import Reach, Viewer

_WRITES = frozenset("CUSV")
_LIMIT = "within"
"""Stands before the roles of a slot that holds their limits instead of their ranges."""
_STAMPS = frozenset({"id", "created_at", "created_by_id", "scope_path", "path"})
_EVERYBODY = in_mode("act")
_OWN = f"account_id = {ACCOUNT}"
_TECHNICAL = {
    "audit_log": "SELECT INSERT",
    "audit_line": "SELECT INSERT",
    "audit_seal": "SELECT INSERT",
    "audit_waiting": "SELECT INSERT UPDATE DELETE",
    "outbox_entry": "SELECT INSERT",
    "audit_checkpoint": "SELECT",
    "audit_tally": "SELECT UPDATE",
    "installation_secret": "SELECT INSERT",
    "demo_account": "SELECT",
    "kept_key": "SELECT",
}
"""Tables of which the run-time role may do less than SELECT, INSERT, UPDATE and DELETE; entities are never deleted."""
_OPEN = frozenset({"search_entry"})
"""Its index answers ``@>``, which PostgreSQL does not trust before a policy: the search would read the whole table."""


# --- what a viewer is handed ------------------------------------------------------------------------------------------


def hand(viewer: Viewer, mode: Mode = "read") -> str:
    """The sealed text of a viewer for one transaction; made once for each mode of a viewer and day."""
    day = today().isoformat()
    known = viewer.__dict__.setdefault("_handed", {})
    if (mode, day) not in known:
        slots = {slot: found for slot in _walls().slots if (found := _filled(viewer, slot)) is not None}
        known[mode, day] = sealed(mode, viewer.account_id, day, slots)
    return str(known[mode, day])


def behind(database: Database, viewer: Viewer, mode: Mode = "read") -> Database:
    """The database as it shows itself to the viewer; without the wall itself."""
    return database.acting(hand(viewer, mode)) if database.walled else database


def _filled(viewer: Viewer, slot: str) -> list[str] | None:
    """What fills a slot for the viewer; None where none of its roles is held."""
    what, *roles = slot.split()
    if any(f"!{role.name}" in roles for role in viewer.reaches):
        return None
    held = [role for role in viewer.reaches if role.name in roles]
    if what == "told":
        return _told(viewer)
    if not held:
        return None
    if what in ("account", "held"):
        return [viewer.account_id]
    reaches = [viewer.reaches[role] for role in held]
    if what == "climb":
        lows = {low for reach in reaches for low, _ in reach.ranges}
        return sorted({low[: i + 1] for low in lows for i, sign in enumerate(low) if sign == "/"})
    if what in ("low", "high"):
        some = "limits" if _LIMIT in roles else "ranges"
        ranges = sorted(outermost(pair for reach in reaches for pair in getattr(reach, some)))
        return [low if what == "low" else high for low, high in ranges]
    return _joined(reaches, what)


def _joined(reaches: Iterable[Reach], what: str) -> list[str]:
    return sorted({item for reach in reaches for item in getattr(reach, what)})


def _told(viewer: Viewer) -> list[str]:
    """The entities of which the viewer may read in rows that tell of others."""

    def readable(info: EntityInfo) -> bool:
        cells = (grant for role, grant in info.grants.items() if role in viewer.reaches and not grant.where)
        return info.facts.technical or any("R" in grant.operations and not grant.aggregate_only for grant in cells)

    return [info.name for info in registry().values() if readable(info)]


# --- policies ---------------------------------------------------------------------------------------------------------


@dataclass
class Walls:
    """The walls of all tables, the functions they ask, and the slots they look into."""

    entities: Registry
    bodies: dict[str, str] = field(default_factory=dict)
    """Names of functions by what they select."""
    slots: set[str] = field(default_factory=set)
    tables: list[Wall] = field(default_factory=list)

    def __post_init__(self) -> None:
        known = {info.table.name: info for info in self.entities.values()}
        counts = {stored.table.name: info for info in known.values() for stored in rollups_of(info.table)}
        for table in Base.metadata.sorted_tables:
            if table.name in known:
                self.tables.append(self._entity(known[table.name]))
            elif (of := shadowed(table)) is not None:
                self.tables.append(self._past(table, known[of]))
            elif table.name in counts:
                self.tables.append(self._counts(table, counts[table.name]))
            else:
                self.tables.append(_technical(table))

    def _entity(self, info: EntityInfo) -> Wall:
        table = info.table.name
        if table == "audit_log":  # who acts writes of itself, by its own name
            mine = f"SELECT a.login_name, a.person_name FROM public.user_account AS a WHERE a.id = {ACCOUNT}"
            inserts = f"{table}.actor_id = {ACCOUNT} AND ({table}.actor_login, {table}.actor_name) = ({mine})"
            return Wall(table, _TECHNICAL[table], self._reads(info), inserts)
        if table == "audit_line":
            return Wall(table, _TECHNICAL[table], self._reads(info), f"{table}.created_by_id = {ACCOUNT}")
        writers = [(role, grant) for role, grant in info.grants.items() if grant.operations & _WRITES]
        writes = self._open(info, writers, reading=False)
        kept = _STAMPS | {c.name for c in info.table.c if _is_fixed(c)}
        return Wall(table, "SELECT INSERT UPDATE", self._reads(info), writes, writes, kept=frozenset(kept))

    def _counts(self, table: sa.Table, info: EntityInfo) -> Wall:
        """Numbers of rows are open where the rows are; triggers append to them as whoever writes the rows."""
        readers = [(r, g) for r, g in _readers(info) if g.scope in REGION_SCOPES | {"A"} and not g.where]
        reads = self._seen(info, readers, table.name)
        return Wall(table.name, "SELECT INSERT UPDATE DELETE", reads, _EVERYBODY)

    def _past(self, table: sa.Table, info: EntityInfo) -> Wall:
        """Rows as they were are open by today's rights on what stood in them; whoever changes a row adds to them."""
        return Wall(table.name, "SELECT INSERT", self._seen(info, _readers(info), table.name), _EVERYBODY)

    def _reads(self, info: EntityInfo) -> str:
        found = f"{info.table.name}.deleted_at IS NULL AND ({self._seen(info, _readers(info))})"
        if info.facts.about is None:
            return found
        column = f"{info.table.name}.{info.facts.about}"
        return f"{found} AND ({column} IS NULL OR {column} = ANY {self._slot('told')})"

    def _seen(self, info: EntityInfo, cells: Sequence[tuple[Role, Grant]], at: str | None = None) -> str:
        """The rows that cells open to be shown; to who holds none of those, the rows that cells open to be counted."""
        showing = [(role, grant) for role, grant in cells if not grant.aggregate_only]
        counting = [(role, grant) for role, grant in cells if grant.aggregate_only]
        unless = "".join(f" !{role.name}" for role, _ in showing)
        shown = self._open(info, showing, reading=True, at=at)
        return f"{shown} OR {self._open(info, counting, reading=True, at=at, unless=unless)}" if counting else shown

    def _open(
        self, info: EntityInfo, cells: Sequence[tuple[Role, Grant]], *, reading: bool, at: str | None = None,
        unless: str = "",
    ) -> str:  # fmt: skip
        """The rows that some cells of the matrix open: any of them is enough. None to who holds a role `unless`."""
        parts: list[str] = []
        for where in dict.fromkeys(grant.where for _, grant in cells):
            alike = [(role, grant) for role, grant in cells if grant.where == where]
            opened = self._scoped(info, alike, at or info.table.name, reading, unless)
            met = _met(at or info.table.name, where)
            parts += [" AND ".join([*met, f"({' OR '.join(opened)})"])] if met else opened
        climbing = _roles((r, g) for r, g in cells if g.scope == "L" or _by_range(info, g))
        if reading and info.facts.owner == "self" and climbing:
            # Who climbs from a region, such as a predecessor in another district, passes those above it unseen.
            parts.append(f"{at or info.table.name}.{info.scope_column} = ANY {self._slot(f'climb {climbing}{unless}')}")
        return " OR ".join(parts) or "false"

    def _scoped(
        self, info: EntityInfo, cells: Sequence[tuple[Role, Grant]], name: str, reading: bool, unless: str
    ) -> list[str]:
        """What the scopes of some cells open, each by itself."""

        def names(among: Iterable[tuple[Role, Grant]]) -> str:
            return found + unless if (found := _roles(among)) else ""

        by_range = [(role, grant) for role, grant in cells if _by_range(info, grant)]
        by_committee = names((r, g) for r, g in cells if g.scope == "K" and info.facts.committee)
        parts: list[str] = []
        if roles := names((r, g) for r, g in cells if g.scope == "A"):
            parts.append(f"{self._slot(f'held {roles}')} IS NOT NULL")
        if roles := names((r, g) for r, g in cells if g.scope == "T"):
            parts.append(f"({name}.technical AND {self._slot(f'held {roles}')} IS NOT NULL)")
        if (roles := names(by_range)) and info.scope_column:
            parts.append(self._within(f"{name}.{info.scope_column}", roles))
        if by_committee:
            parts.append(self._own(info, name, info.facts.committee or "", f"committees {by_committee}"))
            if info.facts.maker:  # whom a clerk just entered is appointed by nobody yet
                parts.append(
                    self._path(info, name, self.entities.walk(info, info.facts.maker), f"account {by_committee}")
                )
        if (roles := names((r, g) for r, g in cells if g.scope == "B")) and info.unit:
            parts.append(self._own(info, name, info.unit, f"below {roles}"))
        if (roles := names((r, g) for r, g in cells if g.scope == "G")) and info.facts.grid:
            parts.append(self._own(info, name, info.facts.grid, f"grids {roles}"))
        if (roles := names((r, g) for r, g in cells if g.scope == "O")) and info.facts.mediator:
            parts.append(self._own(info, name, info.facts.mediator, f"mediators {roles}"))
        partners = [(r, g) for r, g in cells if g.scope == "L"]
        if roles := names(partners):
            parts += [self._linked(info, name, link, roles) for link in info.facts.linked]
        above = names((r, g) for r, g in [*by_range, *partners] if g.above)
        if reading and above and info.scope_column:
            parts.append(f"{name}.{info.scope_column} = ANY {self._slot(f'above {above}')}")
        return parts or ["false"]

    @property
    def functions(self) -> list[str]:
        """The statements that make the functions which policies ask."""
        return [function(name, "SETOF uuid", f"BEGIN RETURN QUERY {body}; END") for body, name in self.bodies.items()]

    # --- own rows -----------------------------------------------------------------------------------------------------

    def _own(self, info: EntityInfo, name: str, path: str, slot: str) -> str:
        """Rows whose path of relations ends at one of the keys of a slot, or at the viewer's account."""
        steps = self.entities.walk(info, path)
        what, roles = slot.split(" ", 1)
        if steps and steps[-1].target == "UserAccount":
            slot = f"account {roles}"
        owned = self._path(info, name, steps, slot)
        if what != "mediators" or not info.scope_column:
            return owned  # of committees, units and grids those within the limits are handed
        return f"({owned} AND {self._within(f'{name}.{info.scope_column}', f'{_LIMIT} {roles}')})"

    def _path(self, info: EntityInfo, name: str, steps: Sequence[Relation], slot: str) -> str:
        if not steps:
            return self._one_of(f"{name}.id", slot)
        first = f"{name}.{steps[0].near}"
        if len(steps) == 1 and not steps[0].many:
            return self._one_of(first, slot)
        return f"{first} IN (SELECT {self._function(info, self._owning(steps, slot, 1))})"

    def _owning(self, steps: Sequence[Relation], slot: str, depth: int) -> str:
        step, *rest = steps
        at = f"t{depth}"
        if not rest:
            end = self._one_of(f"{at}.id", slot)
        elif len(rest) == 1 and not rest[0].many:
            end = self._one_of(f"{at}.{rest[0].near}", slot)
        else:
            end = f"{at}.{rest[0].near} IN ({self._owning(rest, slot, depth + 1)})"
        return f"SELECT {at}.{step.far} FROM {self._from(step.target, at)} WHERE {at}.deleted_at IS NULL AND {end}"

    # --- linked rows --------------------------------------------------------------------------------------------------

    def _linked(self, info: EntityInfo, name: str, link: Link, roles: str) -> str:
        steps = self.entities.walk(info, link.path)
        if not steps:
            return f"({self._tied(info, name, link, roles)})"
        found = self._leading(steps, link, roles, 1)
        return f"{name}.{steps[0].near} IN (SELECT {self._function(info, found)})"

    def _leading(self, steps: Sequence[Relation], link: Link, roles: str, depth: int) -> str:
        step, *rest = steps
        target, at, via = self.entities[step.target], f"t{depth}", f"v{depth}"
        end = (
            f"{at}.{rest[0].near} IN ({self._leading(rest, link, roles, depth + 1)})"
            if rest else self._tied(target, at, link, roles)
        )  # fmt: skip
        living = f"{at}.deleted_at IS NULL AND {end}"
        if step.through is None:
            return f"SELECT {at}.{step.far} FROM {self._from(step.target, at)} WHERE {living}"
        through = step.through
        between = [f"{via}.{through.far} = {at}.id", f"{via}.deleted_at IS NULL", *_fixed(via, through.where)]
        if through.since:
            between.append(f"{via}.{through.since} <= {TODAY}")
        if through.until:
            between.append(f"({via}.{through.until} IS NULL OR {via}.{through.until} >= {TODAY})")
        joined = f"{self._from(through.via, via)} JOIN {self._from(step.target, at)} ON {' AND '.join(between)}"
        return f"SELECT {via}.{through.near} FROM {joined} WHERE {living}"

    def _tied(self, info: EntityInfo, at: str, link: Link, roles: str) -> str:
        if link.unit is not None:
            tie = self._one_of(f"{at}.{link.unit}", f"units {roles}")
            if info.scope_column:
                tie += f" AND {self._within(f'{at}.{info.scope_column}', f'{_LIMIT} {roles}')}"
        else:
            tie = self._within(f"{at}.{info.scope_column}", roles) if info.scope_column else "false"
        return " AND ".join([tie, *_fixed(at, link.where)])

    # --- parts --------------------------------------------------------------------------------------------------------

    def _function(self, info: EntityInfo, body: str) -> str:
        """A function that finds keys in other tables, whatever the viewer may see of those."""
        name = self.bodies.setdefault(body, f"{info.key}_{len(self.bodies)}()")
        return f"{SCHEMA}.{name}"

    def _from(self, entity: str, alias: str) -> str:
        return f"public.{self.entities[entity].table.name} AS {alias}"

    def _within(self, column: str, roles: str) -> str:
        self.slots |= {f"low {roles}", f"high {roles}"}
        return within(column, roles)

    def _one_of(self, column: str, slot: str) -> str:
        self.slots.add(slot)
        return one_of(column, slot)

    def _slot(self, slot: str) -> str:
        self.slots.add(slot)
        return given(slot)


def _readers(info: EntityInfo) -> list[tuple[Role, Grant]]:
    """The cells that let rows be read, or counted: the wall parts rows, not columns."""
    return [(role, grant) for role, grant in info.grants.items() if "R" in grant.operations]


def _roles(cells: Iterable[tuple[Role, Grant]]) -> str:
    return " ".join(sorted({role.name for role, _ in cells}))


def _by_range(info: EntityInfo, grant: Grant) -> bool:
    """Whether a scope is one of ranges; a committee's and a grid's is, of rows that belong to none: its region."""
    without = {"K": not info.facts.committee, "G": not info.facts.grid}
    return grant.scope in REGION_SCOPES or without.get(grant.scope, False)


def _fixed(at: str, where: Sequence[tuple[str, tuple[str, ...]]]) -> list[str]:
    return [f"{at}.{column} IN ({listed(values)})" for column, values in where]


def _met(at: str, where: Where) -> list[str]:
    """What a grant's condition asks of a row; a column that is empty meets nothing."""
    return [
        f"{at}.{test.column} IS {str(test.values[0]).upper()}" if isinstance(test.values[0], bool)
        else f"{at}.{test.column} = ANY (ARRAY[{listed(map(str, test.values))}])"
        for test in where
    ]  # fmt: skip


def _is_fixed(column: sa.Column[object]) -> bool:
    facts: Facts = column.info["facts"]
    return facts.fixed


def _technical(table: sa.Table) -> Wall:
    """Tables that no read needs are shut to reads; who acts gets at them, of remembered writes at its own."""
    rights = _TECHNICAL.get(table.name, "SELECT INSERT UPDATE DELETE")
    if table.name in _OPEN:
        return Wall(table.name, rights, None)
    if table.name == "remembered_write":
        return Wall(table.name, rights, "false", _OWN, _OWN, f"{_OWN} OR at < now() - interval '24 hours'")
    return Wall(table.name, rights, "false", _EVERYBODY, _EVERYBODY, _EVERYBODY)


_known: dict[int, Walls] = {}


def _walls() -> Walls:
    entities = registry()
    if id(entities) not in _known:
        _known[id(entities)] = Walls(entities)
    return _known[id(entities)]


def guarded() -> list[str]:
    """The tables that the wall stands around."""
    return [wall.table for wall in _walls().tables if wall.reads is not None]


def statements(role: str) -> list[str]:
    """Every statement that puts up the wall for the run-time role (``db.walls.put_up``)."""
    walls = _walls()
    return plan(role, walls.tables, walls.functions)
