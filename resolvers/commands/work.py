"""One write under way: what every part of a command gets to see."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db import door
from db.clock import now, today
from db.entity_info import EntityInfo, Field, Relation
from db.identity import global_id
from db.models.cases.mediation_case import EntryChannel
from db.prepared import prepared
from db.registry import Registry
from permissions.actions import OpenRow
from permissions.ceilings import Ceiling
from permissions.viewer import Viewer
from resolvers.faults import Fault, Refused
from settings import Settings

Row = Mapping[str, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class Once:
    """A client's promise that requests with this `key` are one and the same; `digest` tells whether they are."""

    key: str
    digest: str


@dataclass(frozen=True)
class Origin:
    """Where a write comes from: by which way it was entered, and, where the client said so, that it counts once."""

    channel: EntryChannel = EntryChannel.PC
    once: Once | None = None
    acknowledge: frozenset[str] = frozenset()
    """Codes of the warnings that its writer has read and goes on in spite of."""


@dataclass
class Work:
    """A transaction of one viewer, with the moment and the day it happens on."""

    connection: Connection
    entities: Registry
    viewer: Viewer
    settings: Settings
    origin: Origin = Origin()
    now: dt.datetime = field(default_factory=now)
    today: dt.date = field(default_factory=today)
    known: dict[tuple[str, str], Row] = field(default_factory=dict)
    """Rows that were looked up by their key already; whatever writes an entity's rows forgets those (`forget`)."""
    peers: dict[str, set[str]] | None = None
    """Of a look at many rows, where nothing is written: entity -> keys that are asked for one after the other, so that
    what is asked of one is looked up for all. None: a write, which looks at everything as it comes to it."""
    registered: int = 0
    """How often this write was told that somebody's number is registered already (``uniqueness``)."""
    _together: dict[Hashable, dict[str, Any]] = field(default_factory=dict)

    @property
    def actor(self) -> str | None:
        """The account that writes; None for the server itself."""
        return self.viewer.account_id or None

    @functools.cached_property
    def ceiling(self) -> Ceiling:
        """What the viewer may give others, as it stands when it is first asked for."""
        return Ceiling(self.connection, self.viewer)

    def unanswered(self, faults: Iterable[Fault]) -> list[Fault]:
        """The faults that stand in the way: all but the warnings that were acknowledged. The server warns nobody."""
        return [fault for fault in faults if not self._goes_on(fault)]

    def _goes_on(self, fault: Fault) -> bool:
        return fault.severity == "WARN" and (self.actor is None or fault.code in self.origin.acknowledge)

    def table(self, entity: str) -> sa.Table:
        """The table of an entity."""
        return self.entities[entity].table

    def rows(self, statement: sa.Select[Any]) -> list[Row]:
        """All rows of a statement."""
        return [dict(row) for row in self.connection.execute(statement, self.viewer.binds).mappings()]

    def row(self, statement: sa.Select[Any]) -> Row | None:
        """The first row of a statement."""
        found = self.connection.execute(statement.limit(1), self.viewer.binds).mappings().one_or_none()
        return None if found is None else dict(found)

    def living(self, entity: str, *where: sa.ColumnElement[bool]) -> list[Row]:
        """The living rows of an entity that meet all conditions, whoever may see them, in the order of creation."""
        table = self.table(entity)
        return self.rows(sa.select(table).where(table.c.deleted_at.is_(None), *where).order_by(table.c.id))

    def get(self, entity: str, key: str | None) -> Row | None:
        """A row by its key, whoever may see it; None for no key."""
        if not key:
            return None
        if (entity, key) not in self.known:
            if self.peers is not None and key in self.peers.get(entity, ()):
                return self.together(("get", entity), entity, key, partial(self._rows_of, entity))
            self._look_up(entity, key, "get")
        return self.known.get((entity, key))

    def _rows_of(self, entity: str, keys: Sequence[str]) -> dict[str, Row | None]:
        table = self.table(entity)
        found = self.rows(sa.select(table).where(table.c.id.in_(keys)))
        self._meet(entity, found)
        return {**dict.fromkeys(keys), **{row["id"]: row for row in found}}

    def together(self, name: Hashable, entity: str, key: str, load: Callable[[Sequence[str]], Mapping[str, T]]) -> T:
        """What `load` finds for the row `key` of an entity; of rows that are looked at together, for all in one go."""
        if self.peers is None:
            return load([key])[key]
        known = self._together.setdefault(name, {})
        if key not in known:
            known |= load(sorted({key, *self.peers.get(entity, ())} - known.keys()))
        return known[key]  # type: ignore[no-any-return]

    def parts(self, entity: str, column: str, key: str) -> list[Row]:
        """The living rows of an entity that name the row `key` in `column`, in the order of creation."""
        table = self.table(entity)

        def load(keys: Sequence[str]) -> dict[str, list[Row]]:
            found: dict[str, list[Row]] = {each: [] for each in keys}
            for row in self.living(entity, table.c[column].in_(keys)):
                found[row[column]].append(row)
            self._meet(entity, [row for rows in found.values() for row in rows])
            return found

        return self.together(("parts", entity, column), table.c[column].info["facts"].target, key, load)

    def look_at(self, entity: str, rows: Sequence[Row]) -> None:
        """Judge these rows together from now on: what is asked of one, and of what it names, is asked for all."""
        self.peers = self.peers or {}
        self.known |= {(entity, row["id"]): row for row in rows}
        self._meet(entity, rows)

    def _meet(self, entity: str, rows: Sequence[Row]) -> None:
        if self.peers is None:
            return
        self.peers.setdefault(entity, set()).update(row["id"] for row in rows)
        for relation in self.entities[entity].references:
            named = {row[relation.near] for row in rows} - {None}
            self.peers.setdefault(relation.target, set()).update(named)

    def hold(self, entity: str, key: str) -> Row | None:
        """A row by its key; nobody else changes it, or what is decided under it, before this transaction ends."""
        if self.peers is not None:
            return self.get(entity, key)
        return self._look_up(entity, key, "hold")

    def _look_up(self, entity: str, key: str, purpose: str) -> Row | None:
        def statement() -> sa.Select[Any]:
            table = self.table(entity)
            found = sa.select(table).where(table.c.id == sa.bindparam("key"))
            return found.with_for_update(key_share=True) if purpose == "hold" else found

        rows = self.found((purpose, entity), statement, {"key": key})
        return self.learn(entity, rows[0] if rows else None)

    def found(
        self, key: tuple[Hashable, ...], make: Callable[[], sa.Select[Any]], values: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """The rows of a statement that is the same every time for its `key`; `make` builds it the first time."""
        return prepared(self.connection, key, make).rows(self.connection, {**self.viewer.binds, **values})

    def learn(self, entity: str, row: Row | None) -> Row | None:
        """Remember a whole row of `entity` as it stands now."""
        if row is not None:
            self.known[entity, row["id"]] = row
        return row

    def forget(self, entity: str | None = None) -> None:
        """Look up the rows of `entity`, or of all, anew: they were changed, or a change was taken back."""
        self.known = {place: row for place, row in self.known.items() if entity not in (None, place[0])}

    def insert(self, table: sa.Table, row: Row) -> None:
        """Write a new row, given with all its columns."""
        door.insert(self.connection, table, row)

    def made(self) -> dict[str, Any]:
        """The columns of a new row that say who made it when."""
        stamp = {"created_at": self.now, "updated_at": self.now, "version": 1}
        return stamp | {"created_by_id": self.actor, "updated_by_id": self.actor}

    def change(self, entity: str, key: str, /, **values: Any) -> None:
        """Set columns of a row as an effect of this write: it counts as a change of the row by the viewer."""
        self.forget(entity)
        door.change(self.connection, self.table(entity), key, values, at=self.now, by=self.actor)

    def change_all(self, entity: str, where: Sequence[sa.ColumnElement[bool]], **values: Any) -> int:
        """As ``change``, for every row that meets the conditions; how many."""
        self.forget(entity)
        return door.change_all(self.connection, self.table(entity), where, values, at=self.now, by=self.actor)


@dataclass
class Draft:
    """A row as it will be: `row` holds its columns, `before` what is stored (None: it is new).

    `given` are the columns the client sent, `clear` the clear text of encrypted ones among them, `broken` those that
    have a fault already: a rule says nothing about what is missing for another fault.
    """

    work: Work
    info: EntityInfo
    open: OpenRow | None = None
    row: dict[str, Any] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)
    clear: dict[str, str] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    memo: dict[str, Any] = field(default_factory=dict)
    """What several rules ask of the same rows, looked up once (``once``)."""
    early: bool = False
    """It is judged before the rows that it is made together with: what follows from them is missing still."""

    @property
    def before(self) -> Row | None:
        """The stored row."""
        return self.open.values if self.open else None

    @property
    def new(self) -> bool:
        """Whether the row is being created."""
        return self.open is None

    def whole(self, *columns: str) -> bool:
        """Whether all these columns have a value without a fault."""
        return all(self.row.get(column) is not None and column not in self.broken for column in columns)

    def changed(self, *columns: str) -> bool:
        """Whether one of these columns gets another value than is stored; in a new row every value is another."""
        before = self.before or {}
        return any(self.row.get(column) != before.get(column) for column in columns)

    def changes(self) -> dict[str, Any]:
        """The columns that get another value."""
        before = self.before or {}
        return {name: value for name, value in self.row.items() if self.new or value != before.get(name)}

    def once(self, name: str, look_up: Callable[[], T]) -> T:
        """What `look_up` finds, asked for once however many rules of this draft need it."""
        if name not in self.memo:
            self.memo[name] = look_up()
        return self.memo[name]  # type: ignore[no-any-return]

    def fault(self, column: str, code: str, zh: str, en: str, *inside: str | int) -> None:
        """Note a fault at a column: ``fault("ends_on", "RANGE", "早于任期开始", "is before startsOn")``, or `inside` of
        the document that it holds."""
        self.broken.add(column)
        self.faults.append(fault_at(self.info, column, code, zh, en, *inside))

    def warn(self, column: str, code: str, zh: str, en: str) -> None:
        """Note a warning at a column: it stops the write until the writer acknowledges its code."""
        self.faults.append(replace(fault_at(self.info, column, code, zh, en), severity="WARN"))

    def refuse(self) -> None:
        """Raise Refused where a fault stands in the way of the write."""
        if faults := self.work.unanswered(self.faults):
            raise Refused(faults)

    @property
    def sound(self) -> bool:
        """Whether nothing stands in the way so far: a warning that was acknowledged does not."""
        return not self.work.unanswered(self.faults)

    @property
    def acknowledged(self) -> list[str]:
        """Codes of the warnings in spite of which it is written."""
        return sorted({fault.code for fault in self.faults if fault.severity == "WARN"})

    def whole_fault(self, code: str, zh: str, en: str) -> None:
        """Note a fault of the row as a whole, or of what it stands in."""
        self.faults.append(Fault((), code, zh, en))


def named(info: EntityInfo, column: str) -> Field | Relation:
    """What clients know a stored column as: a field, or the relation stored in it."""
    name = column.removesuffix("_id")
    return info.relations[name] if name in info.relations and column not in info.fields else info.fields[column]


def fault_at(info: EntityInfo, column: str, code: str, zh: str, en: str, *inside: str | int) -> Fault:
    """A fault at a column, named by its Chinese label and by its public name."""
    known = named(info, column)
    label = known.facts.zh if isinstance(known, Field) else known.zh
    path = *place_of(info, known), *map(str, inside)
    return Fault(path, code, f"“{label}”{zh}。", f"{'.'.join(path)} {en}.")


def place_of(info: EntityInfo, known: Field | Relation) -> tuple[str, ...]:
    """Where an input names a field or a reference: one of a one-of reference inside that."""
    one_of = info.one_ofs.get((known.facts.one_of if known.facts else None) or "")
    return (one_of.public, known.public) if one_of else (known.public,)


def public_id(info: EntityInfo, key: str) -> str:
    """The global id of a row of the entity."""
    return global_id(info.facts.prefix, key)


def listed(words: Iterable[str]) -> str:
    """Chinese words as an enumeration: ``甲、乙``."""
    return "、".join(words)
