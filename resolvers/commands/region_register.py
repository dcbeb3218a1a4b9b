"""The register of regions in the database: what is valid, what ended, and the rows that an import changes.

Province by province, so that memory does not grow with the nation. Faults are collected to the end; once there is one,
nothing more is written, and the caller's transaction is refused.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db import search
from db.bulk import insert_rows
from db.clock import now
from db.enums import RegionKind, RegionLevel
from db.models.region import Region
from resolvers.commands.region_changes import (
    Changes,
    Counts,
    Current,
    Opened,
    Place,
    check_successor,
    compare,
    stated_parents,
)
from resolvers.commands.region_files import Change, Progress, fault
from resolvers.commands.region_tree import LEVELS, NATION, Node, kind, short_name
from resolvers.faults import Fault, Refused

TABLE: sa.Table = Region.__table__  # type: ignore[assignment]
COLUMNS = (
    "id", "code", "name", "short_name", "level", "kind", "path", "parent_id", "valid_from", "multi_ethnic", "remote",
    "created_at", "updated_at", "version", "created_by_id", "updated_by_id",
)  # fmt: skip


class _Ended(NamedTuple):
    """What is known of the regions that once had a code."""

    last: dt.date
    successors: set[str]


class Run:
    """One run over the provinces of a file, in the transaction of `connection`; `do` it once."""

    def __init__(
        self, connection: Connection, provinces: Mapping[str, list[Node]], mapping: Sequence[Change], day: dt.date,
        actor_id: str | None, progress: Progress, keys: Iterator[str],
    ) -> None:  # fmt: skip
        self.connection, self.provinces, self.day, self.progress = connection, provinces, day, progress
        self.actor_id, self.at, self.keys = actor_id, now(), keys
        self.counts, self.faults = Counts(), list[Fault]()
        self.done, self.size = 0, sum(map(len, provinces.values()))
        if connection.dialect.name != "sqlite":  # where the transaction holds the one write lock already
            connection.execute(sa.text("LOCK TABLE region IN SHARE ROW EXCLUSIVE MODE"))
        self.root = self._root()
        self.ended, self.used = _ended(connection)
        self.stated = stated_parents(mapping)
        self.successors = {line.old: line for line in mapping if line.old != line.new}
        named = {line.new for line in mapping}
        every = (node for nodes in provinces.values() for node in nodes if named)
        self.named = {node.code: node for node in every if node.code in named}

    def do(self) -> Counts:
        """Every province, then the successors, which may stand in another one."""
        closed: dict[str, str] = {}
        places: dict[str, Place] = {}
        for province, nodes in self.provinces.items():
            current = _current(self.connection, province)
            used = self.used | {row.path for row in current.values()}
            changes = compare(nodes, current, self.root, self.stated, used, self.keys)
            self._check(changes)
            self._write(changes)
            self.counts.add(changes)
            self._wrote(changes.unchanged + len(changes.renamed))
            closed |= {row.code: row.id for row in changes.closed if row.id not in changes.moved}
            places |= {code: changes.places[code] for code in self.named.keys() & changes.places.keys()}
        self._succeed(closed, places)
        if self.faults:
            raise Refused(self.faults)
        return self.counts

    def _root(self) -> Current:
        """The nation; it is made with the first province."""
        found = _select(self.connection, TABLE.c.code == NATION)
        if found:
            return found[0]
        nation = Current(next(self.keys), NATION, "中国", RegionLevel.NATION.name, None, "/", self.day)
        row = (
            nation.id, NATION, nation.name, nation.name, nation.level, RegionKind.STANDARD.name, nation.path, None,
            *self._rest(),
        )  # fmt: skip
        self.counts.opened += insert_rows(self.connection, TABLE, COLUMNS, [row])
        return nation

    def _check(self, changes: Changes) -> None:
        """The days must follow one another, and a successor must not stand below what it continues."""
        latest = max((row.valid_from for row in changes.closed), default=dt.date.min)
        reopened = [self.ended[new.node.code].last for new in changes.opened if new.node.code in self.ended]
        latest = max([latest, *reopened])
        if latest >= self.day:
            zh = f"有区划自 {latest} 起才启用或停用，这次的生效日期（--valid-from）必须晚于这一天，现在是 {self.day}"
            en = f"regions begin or end on {latest}; the day of the import must be later"
            self.faults.append(Fault(("validFrom",), "RANGE", zh, en))
        for row in changes.closed:
            line = self.successors.get(row.code)
            if line and (wrong := check_successor(line, row, self.named[line.new])):
                self.faults.append(wrong)

    def _write(self, changes: Changes) -> None:
        if self.faults:
            return  # all of it will be refused; the rest is only read, to find every fault
        changed = {"updated_at": self.at, "updated_by_id": self.actor_id, "version": TABLE.c.version + 1}
        self._update([row.id for row in changes.closed], {"valid_to": self.day - dt.timedelta(1), **changed})
        insert_rows(self.connection, TABLE, COLUMNS, map(self._row, changes.opened), self._wrote)
        self._link(changes.moved)
        names = [
            {"key": row.id, "name": node.name, "short": short_name(node.name, node.level, _kind(node))}
            for row, node in changes.renamed
        ]
        if names:
            values = {"name": sa.bindparam("name"), "short_name": sa.bindparam("short"), **changed}
            self.connection.execute(_one().values(values), names)
            told = ((name["key"], {"name": name["name"], "short_name": name["short"]}) for name in names)
            search.renew(self.connection, TABLE, told)

    def _row(self, new: Opened) -> tuple[Any, ...]:
        node, nature = new.node, _kind(new.node)
        short = short_name(node.name, node.level, nature)
        return (
            new.id, node.code, node.name, short, LEVELS[node.level].name, nature.name, new.path, new.parent_id,
            *self._rest(),
        )  # fmt: skip

    def _rest(self) -> tuple[Any, ...]:
        """From ``valid_from`` on, all new rows are alike."""
        return self.day, False, False, self.at, self.at, 1, self.actor_id, self.actor_id

    def _update(self, keys: list[str], values: dict[str, Any]) -> None:
        if keys:
            self.connection.execute(_one().values(values), [{"key": key} for key in keys])

    def _link(self, successors: Mapping[str, Place]) -> None:
        """Old id -> where the region is that took its place."""
        if successors:
            rows = [{"key": old, "heir": new.id, "below": new.path} for old, new in successors.items()]
            values: dict[str, Any] = {"successor_id": sa.bindparam("heir"), "successor_path": sa.bindparam("below")}
            self.connection.execute(_one().values(values), rows)

    def _succeed(self, closed: Mapping[str, str], places: Mapping[str, Place]) -> None:
        """Name the successors that the mapping states; what an earlier import did already is no fault."""
        for old, line in self.successors.items():
            if old not in closed and line.new not in self.ended.get(old, _NEVER).successors:
                zh = f"旧代码 {old} 不是现行的区划"
                self.faults.append(fault("mapping", line.number, "NOT_FOUND", zh, f"{old} is no region of today"))
        if not self.faults:
            links = {closed[old]: places[line.new] for old, line in self.successors.items() if old in closed}
            self._link(links)
            self.counts.succeeded += len(links)

    def _wrote(self, count: int) -> None:
        self.done += count
        self.progress(self.done, self.size, "写入")


_NEVER = _Ended(dt.date.min, set())


def _kind(node: Node) -> RegionKind:
    return kind(node.code, node.name, node.level)


def _one() -> sa.Update:
    return sa.update(TABLE).where(TABLE.c.id == sa.bindparam("key"))


def _current(connection: Connection, province: str) -> dict[str, Current]:
    """The regions of a province that are valid today, by code."""
    after = province[:-1] + chr(ord(province[-1]) + 1)
    return {row.code: row for row in _select(connection, TABLE.c.code >= province, TABLE.c.code < after)}


def _select(connection: Connection, *conditions: sa.ColumnElement[bool]) -> list[Current]:
    columns = (TABLE.c[name] for name in Current._fields)
    valid = (TABLE.c.valid_to.is_(None), TABLE.c.deleted_at.is_(None))
    return [Current(*row) for row in connection.execute(sa.select(*columns).where(*valid, *conditions))]


def _ended(connection: Connection) -> tuple[dict[str, _Ended], set[str]]:
    """Codes that once were and what came of them; and every path that is no longer of today."""
    successor = TABLE.alias()
    rows = connection.execute(
        sa.select(TABLE.c.code, TABLE.c.path, TABLE.c.valid_to, successor.c.code)
        .join_from(TABLE, successor, successor.c.id == TABLE.c.successor_id, isouter=True)
        .where(sa.or_(TABLE.c.valid_to.is_not(None), TABLE.c.deleted_at.is_not(None)))
    )
    ended: dict[str, _Ended] = {}
    used = set()
    for code, path, last, heir in rows:
        used.add(path)
        if last is not None:
            known = ended.get(code, _NEVER)
            ended[code] = _Ended(max(known.last, last), known.successors | ({heir} if heir else set()))
    return ended, used
